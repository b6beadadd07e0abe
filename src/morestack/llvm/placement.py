"""Make a linker's allocations lie close together in memory.

Objects refer to each other by 32-bit offsets. But LLVM maps each section separately, and Linux places a mapping in the
highest gap that is large enough. A process may have a large reservation just below its libraries (the heap of a program
that ran before, or another library's). The first sections then fill small gaps above the reservation, and the next ones
land below it, more than 2 GB away, where LLVM aborts. So while objects are linked, we find one gap that is large
enough for all of them, and close all gaps above it.

Rejected: the large code model (every call would be indirect), and a memory manager of our own (llvmlite cannot pass
one to ORC).
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import contextmanager

FAILED = (1 << 64) - 1
SMALLEST = mmap.PAGESIZE
PROT_NONE, FLAGS = 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000  # MAP_NORESERVE

_libc = ctypes.CDLL(None)
_mmap = _libc.mmap
_mmap.restype = ctypes.c_uint64
_mmap.argtypes = (ctypes.c_uint64, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64)
_munmap = _libc.munmap
_munmap.argtypes = (ctypes.c_uint64, ctypes.c_size_t)


def reserve(size: int) -> int:
    """Reserve addresses, so that nothing else is placed there; return their start, or FAILED."""
    return int(_mmap(0, size, PROT_NONE, FLAGS, -1, 0))


def release(at: int, size: int) -> None:
    """Undo `reserve`."""
    _munmap(at, size)


@contextmanager
def close_together(room: int) -> Iterator[None]:
    """Keep mappings made while the block runs together, if they total less than `room` bytes (a power of two)."""
    home = reserve(room)
    plugs: list[tuple[int, int]] = []
    size = room
    while home != FAILED and size >= SMALLEST:
        at = reserve(size)
        if at == FAILED or at < home:
            if at != FAILED:
                release(at, size)
            size >>= 1
        else:
            plugs.append((at, size))
    if home != FAILED:
        release(home, room)
    try:
        yield
    finally:
        for at, size in plugs:
            release(at, size)
