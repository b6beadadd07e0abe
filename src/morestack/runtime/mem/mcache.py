"""A processor's runs: objects it can allocate by advancing a pointer.

        P.runs[kind]    next .. end: consecutive free objects, zeroed, their allocation bits set
        P.types[hash]   type (and size class of an array) -> kind

Runs replace Go's allocCache: the bits are read once for up to 64 objects, which are zeroed together. `heap_live` and
`total_alloc` count whole runs, by one atomic addition each. The unused rest of runs is subtracted when a collection
begins, or by the code that reports the figures (memstats.py). So allocating an object needs no counting.

A span belongs to one processor while that takes runs from it: take_span has removed it from mcentral's list, and only
the sweeper, with the world stopped, puts it back. So its bits and free_index need no lock.
"""

from morestack.abi.convention import STACK_PREEMPT
from morestack.dialect.machine import (
    Ptr,
    atomic_add,
    atomic_load,
    cas,
    memset,
    nil,
    noinline,
    ptr_at,
    static,
    u8,
    u64,
)
from morestack.runtime.mem.mcentral import take_span
from morestack.runtime.mem.mheap import MSpan
from morestack.runtime.mem.mkind import NUM_KINDS
from morestack.runtime.mem.mspan import give_back, next_run
from morestack.runtime.sys.layout import G, P

RUN_BYTES = u64(8192)
"""Bytes to zero ahead: more would push other data out of the cache."""

heap_live = static(u64)
next_gc = static(u64)
gc_wanted = static(u64)
"""Nonzero if a collection is wanted; GC_DEMANDED if the program itself asked for it."""
GC_DEMANDED = u64(2)
total_alloc = static(u64)


def gc_request(pp: Ptr[P]) -> None:
    """Request a collection: the next check of the allocating goroutine fails, and the next switch of any thread finds
    the request too. The first thread to see it stops the world."""
    cas(gc_wanted.ptr, u64(0), u64(1))
    g = pp.at.m.at.curg
    if g != nil(G):
        g.at.stackguard0 = STACK_PREEMPT


def count_alloc_bytes(pp: Ptr[P], size: u64) -> None:
    """Count allocated memory, and request a collection if there is too much."""
    atomic_add(total_alloc.ptr, size)
    if atomic_add(heap_live.ptr, size) >= atomic_load(next_gc.ptr):
        gc_request(pp)


@noinline
def refill(pp: Ptr[P], kind: u64) -> None:
    """Begin a new run of a kind."""
    run = pp.at.runs[kind]
    s = ptr_at(MSpan, run.span)
    if s == nil(MSpan):
        s = take_span(kind)
    size = s.at.elemsize
    most = u64(RUN_BYTES // size) if size < RUN_BYTES else u64(1)
    found = next_run(s, most)
    while found == 0:
        s = take_span(kind)
        found = next_run(s, most)
    first = u64(found >> 32)
    count = u64(found & 0xFFFF_FFFF)
    run.span = s.addr
    run.size = size
    run.next = u64(s.at.base + first * size)
    run.end = u64(run.next + count * size)
    if s.at.needzero != 0:
        memset(run.next, u8(0), u64(count * size))
    c = u64(s.at.order)
    pp.at.mallocs[c] = u64(pp.at.mallocs[c] + count)
    count_alloc_bytes(pp, u64(count * size))


def flush(pp: Ptr[P]) -> None:
    """Release all runs: a collection begins. The world is stopped."""
    for kind in range(NUM_KINDS):
        run = pp.at.runs[kind]
        if run.next != run.end:
            s = ptr_at(MSpan, run.span)
            give_back(s, run.next, run.end)
            left = u64(run.end - run.next)
            heap_live.value = u64(heap_live.value - left)
            total_alloc.value = u64(total_alloc.value - left)
            c = u64(s.at.order)
            pp.at.mallocs[c] = u64(pp.at.mallocs[c] - left // run.size)
        run.next = u64(0)
        run.end = u64(0)
        run.span = u64(0)
    pp.at.tiny = u64(0)
