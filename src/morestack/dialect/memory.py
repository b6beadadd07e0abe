"""The process's memory, as the CPython side of the dialect reads and writes it.

One memoryview per machine type covers the whole user address space. A load is therefore one index operation, which
takes half the time of a ctypes object per access, and the view itself range-checks a store. Nothing is simulated:
native code uses the same bytes.

Misuse that can be detected (nil, an unaligned address, an index out of range, a value that does not fit) raises
MachineFault. A wrong address that is mapped cannot be detected, as on any real machine. An address that is not mapped
kills the process.
"""

import ctypes

ADDRESS_BITS = 47 if ctypes.sizeof(ctypes.c_void_p) == 8 else 31
NIL_PAGE = 4096
"""Lower addresses are treated as nil plus an offset."""


class MachineFault(Exception):
    """The dialect program did something that would be undefined or fatal in native code."""


_bytes = memoryview((ctypes.c_char * (1 << ADDRESS_BITS)).from_address(0)).cast("B")

u8_view = _bytes
i8_view = _bytes.cast("b")
u16_view = _bytes.cast("H")
i16_view = _bytes.cast("h")
u32_view = _bytes.cast("I")
i32_view = _bytes.cast("i")
u64_view = _bytes.cast("Q")
i64_view = _bytes.cast("q")
f32_view = _bytes.cast("f")
f64_view = _bytes.cast("d")


def check_address(addr: int, align: int, what: str) -> None:
    """Raise MachineFault unless addr may hold a value of this alignment."""
    if addr.__class__ is not int:
        raise MachineFault(f"address of {what} is {addr!r}, not an integer")
    if 0 <= addr < NIL_PAGE:
        raise MachineFault(f"nil dereference: {what} at address {addr:#x}")
    if addr & (align - 1):
        raise MachineFault(f"unaligned access: {what} at {addr:#x}, which is not a multiple of {align}")
    if addr >> ADDRESS_BITS:
        raise MachineFault(f"address {addr:#x} of {what} is outside of memory")


def move(dst: int, src: int, count: int) -> None:
    """Copy count bytes; the ranges may overlap."""
    if count == 0:
        return
    check_address(dst, 1, "memmove destination")
    check_address(src, 1, "memmove source")
    check_address(count + NIL_PAGE, 1, "memmove length")
    ctypes.memmove(dst, src, count)


def fill(dst: int, byte: int, count: int) -> None:
    """Set count bytes to one value."""
    if count == 0:
        return
    check_address(dst, 1, "memset destination")
    check_address(count + NIL_PAGE, 1, "memset length")
    if not 0 <= byte <= 255:
        raise MachineFault(f"memset value {byte} does not fit u8")
    ctypes.memset(dst, byte, count)


def compare(a: int, b: int, count: int) -> int:
    """Three-way comparison of count bytes: -1, 0 or 1."""
    if count == 0:
        return 0
    check_address(a, 1, "memcmp operand")
    check_address(b, 1, "memcmp operand")
    check_address(count + NIL_PAGE, 1, "memcmp length")
    x, y = bytes(u8_view[a : a + count]), bytes(u8_view[b : b + count])
    return (x > y) - (x < y)
