"""`throw`: the runtime itself is broken or out of memory, and the process ends.

A Go program's own failures never call it: they set `exit_code` and `stopped`, and `schedule` then returns control to
the engine (see sched.py).
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    NoReturn,
    Ptr,
    atomic_store,
    cas,
    cstr,
    i32,
    i64,
    local,
    nosplit,
    static,
    u8,
    u32,
    u64,
)
from morestack.runtime.sys.os import FUTEX_WAKE_PRIVATE, exit_process, futex, strlen, write

exit_code = static(i64)
died = static(u32)
"""Nonzero if the program ended because it failed, not because it chose to."""
stopped = static(u32)
_ended = static(u32)
endnote = static(u32)
"""The note the engine's thread sleeps on."""


@nosplit(why="called with any lock held and with the heap in any state")
def write_error(text: Ptr[u8]) -> None:
    """Write a NUL-terminated text to stderr."""
    write(i32(2), text.addr, strlen(text.addr))


@nosplit(why="called with any lock held and with the heap in any state")
def write_number(n: u64) -> None:
    """Write a number to stderr."""
    digits = local(Array[u8, Literal[24]])
    at = u64(23)
    rest = n
    while rest >= 10:
        at = u64(at - 1)
        digits[0][at] = u8(48 + rest % 10)
        rest = u64(rest // 10)
    at = u64(at - 1)
    digits[0][at] = u8(48 + rest)
    write(i32(2), u64(digits.addr + at), u64(23 - at))


@nosplit(why="called with any lock held and with the heap in any state")
def throw(text: Ptr[u8]) -> NoReturn:
    """End the process: an invariant of the runtime does not hold."""
    write_error(cstr(b"fatal error: "))
    write_error(text)
    write_error(cstr(b"\n"))
    exit_process(i32(2))


def stop(code: i64) -> None:
    """End the program: `schedule` lets every thread return, and the engine makes each thread call it. The first call of
    `stop` or `die` decides the exit code."""
    _end(code, u32(0))


def die() -> None:
    """End the program with status 2, because it has failed."""
    _end(i64(2), u32(1))


def _end(code: i64, by_failure: u32) -> None:
    if cas(_ended.ptr, u32(0), u32(1)):
        exit_code.value = code
        died.value = by_failure
        atomic_store(stopped.ptr, u32(1))
        atomic_store(endnote.ptr, u32(1))
        futex(endnote.ptr, FUTEX_WAKE_PRIVATE, u32(1), i64(-1))  # a notewakeup; lock.py imports this module


def fatal_init() -> None:
    """Reset: the program has not ended."""
    exit_code.value = i64(0)
    died.value = u32(0)
    stopped.value = u32(0)
    _ended.value = u32(0)
    endnote.value = u32(0)
