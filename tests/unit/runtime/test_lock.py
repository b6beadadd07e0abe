"""Locks, notes and the check of the order of locks."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import pytest

from morestack.abi import settings
from morestack.dialect.machine import Ptr, ptr_at, u32
from morestack.runtime.sys import lock, lockrank

ORDER = settings.STRESS_LOCK_ORDER


def words(n: int) -> list[Ptr[int]]:
    """Lock words, at rising addresses."""
    memory = (ctypes.c_uint32 * n)()
    pointers: list[Ptr[int]] = [ptr_at(u32, ctypes.addressof(memory) + 4 * i) for i in range(n)]
    for p in pointers:
        p.memory = memory  # type: ignore[attr-defined]  # stays as long as they do
    return pointers


def in_fork(body: Callable[[], None]) -> tuple[int, str]:
    """Exit code and stderr of a fork that runs the body."""
    with tempfile.TemporaryFile() as err:
        pid = os.fork()
        if pid == 0:
            faulthandler.disable()
            os.dup2(err.fileno(), 2)
            code = 70
            try:
                body()
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        err.seek(0)
        return os.waitstatus_to_exitcode(status), err.read().decode()


def test_ranks_are_named_as_their_constants() -> None:
    ranks = {n.removeprefix("RANK_").lower(): v for n, v in vars(lock).items() if n.startswith("RANK_")}
    assert ranks.pop("sudog") == ranks["records"]
    assert {ctypes.string_at(lockrank.rank_name(v).addr).decode(): v for v in ranks.values()} == ranks
    assert lockrank.RANK_ORDERED == lock.RANK_CHAN


def test_locks_in_order_pass(rt: Any) -> None:
    rt.setdebug(ORDER)
    a, b, c = words(3)
    rt.lock(a, lock.RANK_CHAN)
    rt.lock(b, lock.RANK_CHAN)
    rt.lock(c, lock.RANK_HEAP)
    for l in (b, a, c):
        rt.unlock(l)
    rt.lock(c, lock.RANK_SCHED)
    rt.unlock(c)


@pytest.mark.parametrize("first,second,text", [
    (lock.RANK_SCHED, lock.RANK_CHAN, "takes chan while it holds sched"),
    (lock.RANK_HEAP, lock.RANK_HEAP, "takes heap while it holds heap"),
])  # fmt: skip
def test_a_wrong_order_names_both_ranks(rt: Any, first: int, second: int, text: str) -> None:
    a, b = words(2)

    def body() -> None:
        rt.setdebug(ORDER)
        rt.lock(a, first)
        rt.lock(b, second)

    assert in_fork(body) == (2, f"fatal error: order of locks: {text}\n")


def test_channels_are_locked_by_address(rt: Any) -> None:
    a, b = words(2)

    def body() -> None:
        rt.setdebug(ORDER)
        rt.lock(b, lock.RANK_CHAN)
        rt.lock(a, lock.RANK_CHAN)

    assert in_fork(body) == (2, "fatal error: order of locks: takes chan while it holds chan\n")


def test_only_the_holder_releases(rt: Any) -> None:
    (a,) = words(1)

    def body() -> None:
        rt.setdebug(ORDER)
        taken = threading.Thread(target=lambda: rt.lock(a, lock.RANK_CHAN))
        taken.start()
        taken.join()
        rt.unlock(a)

    assert in_fork(body) == (2, "fatal error: order of locks: a thread releases a lock it does not hold\n")


def test_threads_exclude_each_other(rt: Any) -> None:
    if rt.side == "python":
        pytest.skip("CPython's own lock already does")
    l, count = words(2)
    rounds = 3000

    def work() -> None:
        for _ in range(rounds):
            rt.lock(l, lock.RANK_HEAP)
            count[0] = count[0] + 1
            rt.unlock(l)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert count[0] == 4 * rounds and l[0] == 0
