"""`throw`: the runtime itself is broken or out of memory, and the process ends.

A Go program's own failures never come here: they set `exit_code` and `stopped`, and `schedule` then gives
control back to the engine (see sched.py). Locks are here because everything else needs both.
"""

from morestack.dialect.machine import NoReturn, Ptr, atomic_store, cas, cstr, i32, i64, nosplit, static, u8, u32
from morestack.runtime.os import exit_process, sched_yield, strlen, write

exit_code = static(i64)
stopped = static(u32)


@nosplit(why="called with any lock held and with the heap in any state")
def write_error(text: Ptr[u8]) -> None:
    """Write a NUL-terminated text to stderr."""
    write(i32(2), text.addr, strlen(text.addr))


@nosplit(why="called with any lock held and with the heap in any state")
def throw(text: Ptr[u8]) -> NoReturn:
    """End the process: an invariant of the runtime does not hold."""
    write_error(cstr(b"fatal error: "))
    write_error(text)
    write_error(cstr(b"\n"))
    exit_process(i32(2))


def lock(l: Ptr[u32]) -> None:
    """Take a lock that is only ever held for a few instructions."""
    while not cas(l, u32(0), u32(1)):
        sched_yield()


def unlock(l: Ptr[u32]) -> None:
    """Release it."""
    atomic_store(l, u32(0))


def stop(code: i64) -> None:
    """End the program: `schedule` gives every thread back to the engine."""
    if stopped.value == 0:
        stopped.value = u32(1)
        exit_code.value = code
