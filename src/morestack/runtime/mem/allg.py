"""All goroutines ever made, and their structures: an array in chunks, so that it grows without moving.

        directory   [chunk 0][chunk 1] ...          each chunk is CHUNK structures G in a row
        allg_at(i)  G number i, for i < allglen

Structures are never freed. A chunk is published whole, by `allglen`, before any of its structures is used. An unused
structure is zeroed, so its status is G_IDLE. So the collector's markers can divide [0, allglen) among themselves
without a lock.

Rejected: an array of pointers (8 bytes for each goroutine, a copy when it grows); a list through the structures, which
markers cannot divide.
"""

from morestack.dialect.machine import (
    Ptr,
    cstr,
    load_acquire,
    ptr_at,
    size_of,
    static,
    store_release,
    u32,
    u64,
)
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.lock import RANK_ALLG, lock, unlock
from morestack.runtime.sys.os import sys_reserve

CHUNK = u64(32)
CHUNK_SHIFT = u64(5)
MAX_CHUNKS = u64(1048576)

allglen = static(u64)
_lock = static(u32)
_directory = static(u64)
"""The address of the directory of chunks. It is reserved memory, because code may not be able to address a static that
large."""


def allg_init() -> None:
    """Start with no goroutines."""
    allglen.value = u64(0)
    _lock.value = u32(0)
    if _directory.value == 0:
        _directory.value = sys_reserve(u64(MAX_CHUNKS * 8))
        if _directory.value == 0:
            throw(cstr(b"cannot reserve memory for goroutines"))


def allg_count() -> u64:
    """The number of structures, including IDLE and DEAD ones."""
    return load_acquire(allglen.ptr)


def allg_at(i: u64) -> Ptr[G]:
    """Structure number i."""
    return ptr_at(G, u64(ptr_at(u64, _directory.value)[i >> CHUNK_SHIFT] + (i & (CHUNK - 1)) * size_of(G)))


def allg_grow() -> u64:
    """Add a chunk. Returns the number of its first structure."""
    lock(_lock.ptr, RANK_ALLG)
    first = allglen.value
    if first >> CHUNK_SHIFT == MAX_CHUNKS:
        throw(cstr(b"too many goroutines"))
    ptr_at(u64, _directory.value)[first >> CHUNK_SHIFT] = persistentalloc(u64(CHUNK * size_of(G)))
    store_release(allglen.ptr, u64(first + CHUNK))
    unlock(_lock.ptr)
    return first
