"""STRESS=protect: who touches a freed stack is stopped at once; a stack that is used again is whole."""

from __future__ import annotations

import ctypes
import signal
from typing import Any

import pytest

from morestack.abi import settings
from tests.unit.runtime.test_lock import in_fork


def touch(address: int) -> None:
    ctypes.memset(address, 1, 8)


@pytest.mark.parametrize("size", [8192, 16384, 32768, 1 << 20])
def test_a_freed_stack_is_out_of_reach_until_it_is_used_again(rt: Any, size: int) -> None:
    rt.setdebug(settings.STRESS_PROTECT)
    pp = rt.g0.at.m.at.p
    lo = rt.stackalloc(pp, size)
    ctypes.memset(lo, 7, size)
    rt.stackfree(pp, lo, size)
    assert in_fork(lambda: touch(lo + size - 64))[0] == -signal.SIGSEGV
    assert rt.stackalloc(pp, size) == lo
    ctypes.memset(lo, 7, size)
    rt.stackfree(pp, lo, size)


def test_small_stacks_are_poisoned(rt: Any) -> None:
    rt.setdebug(settings.STRESS_PROTECT)
    pp = rt.g0.at.m.at.p
    lo = rt.stackalloc(pp, 4096)
    rt.stackfree(pp, lo, 4096)
    assert ctypes.string_at(lo + 8, 4088) == b"\xdb" * 4088


def test_spans_that_leave_the_stacks_can_be_used(rt: Any) -> None:
    rt.setdebug(settings.STRESS_PROTECT)
    pp = rt.g0.at.m.at.p
    stacks = [(rt.stackalloc(pp, size), size) for size in (16384, 32768, 65536) for _ in range(8)]
    for lo, size in stacks:
        rt.stackfree(pp, lo, size)
    rt.stackcache_clear(pp)
    rt.free_stack_spans()
    for lo, size in stacks:
        touch(lo + size - 64)
