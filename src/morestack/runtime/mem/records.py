"""Free records of one kind, such as Defer: a list for each P, and a central one for all.

        P's pool   -> r -> r -> r          linked through the first word; no lock
        central    -> r -> r -> ...        under its lock

A record may be taken on one P and returned on another, because a goroutine may change P wherever it stops. So a pool
that has grown to POOL_FULL moves half of its records to the central list. An empty pool takes as many from there before
it allocates new memory. New memory is allocated for several records at once, densely, because a million goroutines may
each have one. Records never return to the heap.

Invariants
- A record is in at most one list, once. There is no safe point while one is taken or returned, so the P stays the same.
- Records are not zeroed.
"""

from morestack.dialect.machine import Ptr, noinline, ptr_at, struct, u32, u64
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.sys.layout import RecordPool
from morestack.runtime.sys.lock import RANK_RECORDS, lock, unlock

POOL_FULL = u64(64)
BATCH = u64(32)
NEW_BYTES = u64(2048)
"""Bytes of new memory: it holds as many records as fit, at least one."""


@struct
class RecordCentral:
    """The records of one kind that all Ps share."""

    lock: u32
    list: u64
    count: u64


def central_init(c: Ptr[RecordCentral]) -> None:
    """Start with no free records."""
    c.at.lock = u32(0)
    c.at.list = u64(0)
    c.at.count = u64(0)


@noinline
def pool_refill(pool: Ptr[RecordPool], c: Ptr[RecordCentral], size: u64) -> None:
    """Fill an empty pool: with records of the central list, or new ones."""
    lock(c.field(RecordCentral.lock), RANK_RECORDS)
    n = min(c.at.count, BATCH)
    first = c.at.list
    last = first
    if n != 0:
        for _ in range(n - 1):
            last = ptr_at(u64, last)[0]
        c.at.list = ptr_at(u64, last)[0]
        c.at.count = u64(c.at.count - n)
    unlock(c.field(RecordCentral.lock))
    if n == 0:
        n = min(max(u64(NEW_BYTES // size), u64(1)), BATCH)
        first = persistentalloc(u64(n * size))
        last = u64(first + (n - 1) * size)
        for i in range(n - 1):
            ptr_at(u64, u64(first + i * size))[0] = u64(first + (i + 1) * size)
    ptr_at(u64, last)[0] = u64(0)
    pool.at.list = first
    pool.at.count = n


@noinline
def pool_release(pool: Ptr[RecordPool], c: Ptr[RecordCentral]) -> None:
    """Move a batch of a full pool to the central list."""
    first = pool.at.list
    last = first
    for _ in range(BATCH - 1):
        last = ptr_at(u64, last)[0]
    pool.at.list = ptr_at(u64, last)[0]
    pool.at.count = u64(pool.at.count - BATCH)
    lock(c.field(RecordCentral.lock), RANK_RECORDS)
    ptr_at(u64, last)[0] = c.at.list
    c.at.list = first
    c.at.count = u64(c.at.count + BATCH)
    unlock(c.field(RecordCentral.lock))


def pool_take(pool: Ptr[RecordPool], c: Ptr[RecordCentral], size: u64) -> u64:
    """Take a record of `size` bytes. Its contents are not cleared."""
    if pool.at.list == 0:
        pool_refill(pool, c, size)
    r = pool.at.list
    pool.at.list = ptr_at(u64, r)[0]
    pool.at.count = u64(pool.at.count - 1)
    return r


def pool_give(pool: Ptr[RecordPool], c: Ptr[RecordCentral], record: u64) -> None:
    """Return a record to the pool. Its first word is overwritten."""
    if pool.at.count >= POOL_FULL:
        pool_release(pool, c)
    ptr_at(u64, record)[0] = pool.at.list
    pool.at.list = record
    pool.at.count = u64(pool.at.count + 1)
