"""stackalloc and stackfree: where a stack of a given size comes from and goes to.

        size < 32 KB:   the processor's cache -> the pool of the order -> a 32 KB span of the page heap
        size >= 32 KB:  stackLarge by log2(pages) -> a span of the page heap

Stack memory is not zeroed: the bitmaps of compiled code tell which words are live. A stack is identified by its lowest
address; its user knows the size (g.stack_hi - g.stack_lo).
"""

from morestack.abi.convention import STACK_MIN
from morestack.dialect.machine import (
    Ptr,
    atomic_load,
    boolean,
    cas,
    cstr,
    i64,
    memset,
    nil,
    ptr_at,
    static,
    u8,
    u32,
    u64,
)
from morestack.runtime.mem.mheap import PAGE_SHIFT, SPAN_STACK, MSpan, mheap_alloc, out_of_memory, span_of
from morestack.runtime.stack.stackcache import stackcacherefill, stackcacherelease
from morestack.runtime.stack.stacklarge import log2_floor, stacklarge_put, stacklarge_take
from morestack.runtime.stack.stackprotect import close_stack, open_stack
from morestack.runtime.sys.allp import stacks_inuse
from morestack.runtime.sys.event import (
    EVENT_ALLOC,
    EVENT_FREE,
    SOURCE_CACHE,
    SOURCE_HEAP,
    SOURCE_LARGE,
    SOURCE_POOL,
    Stats,
    event_record,
    event_wanted,
    stats,
)  # fmt: skip
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import STACK_CACHE_SIZE, P
from morestack.runtime.sys.os import MADV_HUGEPAGE, madvise

SMALL_STACK_END = u64(32768)
HUGE_STACK = u64(4194304)
"""Stacks of this size or larger request huge pages: most of the cost of copying into fresh memory is page faults."""
POISON_FREE = u8(0xDB)

poison_freed = static(u32)
starting_stack = static(u64)
"""Bytes of a new goroutine's first stack."""


def stack_order(size: u64) -> u64:
    """The free list a small stack belongs to. Requires: size is a power of two, at least STACK_MIN."""
    return u64(log2_floor(size) - 11)


def raise_to(maximum: Ptr[u64], value: u64) -> None:
    """Raise a maximum that other threads may raise concurrently."""
    before = atomic_load(maximum)
    while value > before and not cas(maximum, before, value):
        before = atomic_load(maximum)


def count_bytes(pp: Ptr[P], more: i64, looks: boolean) -> None:
    """Count bytes allocated or freed. The sum over all processors is computed only if this one reaches a new maximum,
    or if `looks` is set. So the maximum is exact with one processor, and never too large."""
    mine = pp.at.stacks
    mine.inuse = i64(mine.inuse + more)
    record = mine.inuse > mine.inuse_max
    if record:
        mine.inuse_max = mine.inuse
    if record or looks:
        raise_to(stats.ptr.field(Stats.stack_inuse_max), stacks_inuse())


def count_alloc(pp: Ptr[P], source: u32, size: u64) -> None:
    """Count an allocated stack."""
    mine = pp.at.stacks
    k = log2_floor(size)
    mine.by_source[source] = u64(mine.by_source[source] + 1)
    mine.by_size[k] = u64(mine.by_size[k] + 1)
    count_bytes(pp, i64(size), source != SOURCE_CACHE)
    raise_to(stats.ptr.field(Stats.largest_stack), size)


def stackalloc(pp: Ptr[P], size: u64) -> u64:
    """Allocate a stack of `size` bytes, a power of two from STACK_MIN up. Returns its lowest address."""
    if size < STACK_MIN or size & (size - 1) != 0:
        throw(cstr(b"stackalloc: stack size not a power of two"))
    source = SOURCE_CACHE
    if size < SMALL_STACK_END:
        order = stack_order(size)
        if pp.at.stackcache[order].list == 0:
            stackcacherefill(pp, order)
            source = SOURCE_POOL
        lo = pp.at.stackcache[order].list
        open_stack(lo, size)
        pp.at.stackcache[order].list = ptr_at(u64, lo)[0]
        pp.at.stackcache[order].size = u64(pp.at.stackcache[order].size - size)
    else:
        npages = u64(size >> PAGE_SHIFT)
        s = stacklarge_take(npages)
        source = SOURCE_LARGE
        if s == nil(MSpan):
            s = mheap_alloc(npages, SPAN_STACK)
            source = SOURCE_HEAP
            if s == nil(MSpan):
                out_of_memory(size)
            s.at.elemsize = size
            if size >= HUGE_STACK:
                madvise(s.at.base, size, MADV_HUGEPAGE)
        lo = s.at.base
        open_stack(lo, size)
    count_alloc(pp, source, size)
    if event_wanted(EVENT_ALLOC):
        e = event_record(EVENT_ALLOC)
        e.at.source = source
        e.at.new_size = size
        e.at.stack_lo = lo
    return lo


def stackfree(pp: Ptr[P], lo: u64, size: u64) -> None:
    """Free a stack of `size` bytes."""
    if poison_freed.value != 0:
        memset(lo, POISON_FREE, size)
    close_stack(lo, size)
    count_bytes(pp, i64(0 - i64(size)), False)
    if event_wanted(EVENT_FREE):
        e = event_record(EVENT_FREE)
        e.at.old_size = size
        e.at.stack_lo = lo
    if size < SMALL_STACK_END:
        order = stack_order(size)
        if pp.at.stackcache[order].size >= STACK_CACHE_SIZE:
            stackcacherelease(pp, order)
        ptr_at(u64, lo)[0] = pp.at.stackcache[order].list
        pp.at.stackcache[order].list = lo
        pp.at.stackcache[order].size = u64(pp.at.stackcache[order].size + size)
    else:
        s = span_of(lo)
        if s == nil(MSpan) or s.at.state != SPAN_STACK or s.at.base != lo:
            throw(cstr(b"stackfree: not a stack"))
        stacklarge_put(s)
