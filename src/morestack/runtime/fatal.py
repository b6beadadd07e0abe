"""`throw`: the runtime itself is broken or out of memory, and the process ends.

A Go program's own failures never come here: they set `exit_code` and `stopped`, and `schedule` then gives
control back to the engine (see sched.py).
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    NoReturn,
    Ptr,
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
from morestack.runtime.os import exit_process, strlen, write

exit_code = static(i64)
stopped = static(u32)


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
    """End the program: `schedule` gives every thread back to the engine."""
    if stopped.value == 0:
        stopped.value = u32(1)
        exit_code.value = code
