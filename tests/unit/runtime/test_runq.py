"""The run queue: order, overflow, stealing on both sides of the runtime; and with real threads that steal from an
owner."""

from __future__ import annotations

import ctypes
import functools
import threading
from typing import Any

import pytest

from morestack.dialect import memory
from morestack.dialect.machine import nil, ptr_at, size_of, u32
from morestack.dialect.native import Native, load
from morestack.runtime.sched import globrunq, runq
from morestack.runtime.sys import fatal, layout, lock, lockrank, os
from morestack.runtime.sys.layout import G, P
from tests.runtime_sides import runtime_sides
from tests.unit.runtime import runq_threads

MODULES = (layout, os, fatal, lockrank, lock, globrunq, runq, runq_threads)
side = runtime_sides(*MODULES)
ROUNDS, COUNT, THIEVES = 40, 1000, 3


class Memory:
    """Zeroed processors and goroutines."""

    def __init__(self, goroutines: int, processors: int) -> None:
        self.gs = ctypes.create_string_buffer(goroutines * size_of(G) + 16)
        self.ps = ctypes.create_string_buffer(processors * size_of(P) + 16)
        self.first_g = ctypes.addressof(self.gs) + 15 & -16
        self.first_p = ctypes.addressof(self.ps) + 15 & -16

    def g(self, i: int) -> Any:
        return ptr_at(G, self.first_g + i * size_of(G))

    def p(self, i: int) -> Any:
        return ptr_at(P, self.first_p + i * size_of(P))


def test_the_last_readied_is_next_then_first_come_first_served(side: Any) -> None:
    m = Memory(4, 1)
    for i in range(4):
        side(runq.runqput)(m.p(0), m.g(i))
    assert side(runq.runnext_take)(m.p(0)) == m.g(3)
    assert side(runq.runnext_take)(m.p(0)) == nil(G)
    assert [side(runq.runqget_ring)(m.p(0)) for _ in range(4)] == [m.g(0), m.g(1), m.g(2), nil(G)]
    assert side(runq.runq_empty)(m.p(0))


def test_a_full_ring_gives_half_to_all(side: Any) -> None:
    m = Memory(257, 1)
    for i in range(257):
        side(runq.runqput_ring)(m.p(0), m.g(i))
    taken = [side(globrunq.globrunqtake)() for _ in range(130)]
    assert taken == [m.g(i) for i in range(128)] + [m.g(256), nil(G)]
    assert [side(runq.runqget_ring)(m.p(0)) for _ in range(129)] == [m.g(i) for i in range(128, 256)] + [nil(G)]


def test_a_thief_takes_half_and_runnext_only_when_told(side: Any) -> None:
    m = Memory(8, 2)
    for i in range(7):
        side(runq.runqput_ring)(m.p(0), m.g(i))
    assert side(runq.runqsteal)(m.p(1), m.p(0), False) == m.g(3)
    assert [side(runq.runqget_ring)(m.p(1)) for _ in range(4)] == [m.g(0), m.g(1), m.g(2), nil(G)]
    assert [side(runq.runqget_ring)(m.p(0)) for _ in range(4)] == [m.g(4), m.g(5), m.g(6), nil(G)]
    side(runq.runqput)(m.p(0), m.g(7))
    assert side(runq.runqsteal)(m.p(1), m.p(0), False) == nil(G)
    assert side(runq.runqsteal)(m.p(1), m.p(0), True) == m.g(7)
    assert side(runq.runq_empty)(m.p(0)) and side(runq.runq_empty)(m.p(1))


def test_a_share_of_the_global_queue_comes_along(side: Any) -> None:
    m = Memory(10, 1)
    globrunq.sched.at.nprocs = 2
    for i in range(10):
        side(globrunq.globrunqput)(m.g(i))
    assert side(runq.globrunqget)(m.p(0), 0) == m.g(0) and side(runq.runq_empty)(m.p(0))
    assert side(runq.globrunqget)(m.p(0), 128) == m.g(1)
    assert [side(runq.runqget_ring)(m.p(0)) for _ in range(5)] == [m.g(i) for i in range(2, 6)] + [nil(G)]


@functools.cache
def native() -> Native:
    return load(list(MODULES))


@pytest.mark.parametrize("every", [1, 2, 7])
def test_nothing_is_lost_or_run_twice_when_threads_steal(every: int) -> None:
    """Real threads, without the interpreter between their steps."""
    code = native()
    code.bind_statics()
    try:
        m = Memory(ROUNDS * COUNT, THIEVES + 1)
        for k in range(THIEVES + 1):
            m.p(k).at.status = layout.P_RUNNING if k == every % 2 else layout.P_IDLE
        over = ctypes.c_uint32(0)
        ran: list[int] = []
        thief, owner = code.function(runq_threads.thief), code.function(runq_threads.owner)
        flag = ptr_at(u32, ctypes.addressof(over))
        threads = [
            threading.Thread(target=lambda k=k: ran.append(thief(m.p(k), m.p(0), flag))) for k in range(1, THIEVES + 1)
        ]
        for thread in threads:
            thread.start()
        for turn in range(ROUNDS):
            ran.append(owner(m.p(0), m.first_g, turn * COUNT, COUNT, every))
        over.value = 1
        for thread in threads:
            thread.join()
        ran += [code.function(runq_threads.drain)(m.p(k)) for k in range(THIEVES + 1)]
        ran.append(code.function(runq_threads.drain_global)())
        assert sum(ran) == ROUNDS * COUNT
        at = G.__kind__.fields["goid"].offset  # type: ignore[attr-defined]
        counts = {memory.u64_view[(m.first_g + i * size_of(G) + at) >> 3] for i in range(ROUNDS * COUNT)}
        assert counts == {1}
    finally:
        code.bind_statics(False)
