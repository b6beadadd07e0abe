"""The heap of objects: zeroed memory by size class, page runs for large objects. No collector yet.

        P.alloc_next/alloc_end [class * 2 + noscan]: the span objects of this kind are cut from, in order

Objects with and without pointers come from different spans, and a span knows its class and element size, so that
a collector finds the object an address belongs to by span_of, and need not look at half of the heap. Size classes
with malloc headers in Go (over 512 bytes, with pointers) are 8 bytes larger than asked for, as there.
"""

from morestack.dialect.machine import (
    Ptr,
    boolean,
    cstr,
    export,
    i64,
    memset,
    mul_hi,
    nil,
    noinline,
    static,
    u8,
    u64,
)  # fmt: skip
from morestack.runtime.copystack import stress
from morestack.runtime.event import stats
from morestack.runtime.fatal import throw
from morestack.runtime.layout import G, P
from morestack.runtime.mheap import PAGE_SHIFT, PAGE_SIZE, SPAN_HEAP, MSpan, mheap_alloc
from morestack.runtime.sizeclasses import HEADER, MAX_SMALL, MIN_FOR_HEADER, class_of, size_classes
from morestack.runtime.type import Type

MAX_ALLOC = u64(1 << 48)
PENDING_MAKESLICE_LEN = u64(4)
PENDING_MAKESLICE_CAP = u64(5)

zerobase = static(u64)


@noinline
def refill(pp: Ptr[P], index: u64) -> None:
    """Begin a new span for a size class."""
    c = u64(index >> 1)
    npages = u64(size_classes.at.pages[c])
    s = mheap_alloc(npages, SPAN_HEAP)
    if s == nil(MSpan):
        throw(cstr(b"runtime: out of memory"))
    size = u64(size_classes.at.size[c])
    bytes_ = u64(npages << PAGE_SHIFT)
    if s.at.needzero != 0:
        memset(s.at.base, u8(0), bytes_)
    s.at.elemsize = size
    s.at.spanclass = index
    count = u64(bytes_ // size)
    s.at.alloc_count = count
    pp.at.alloc_next[index] = s.at.base
    pp.at.alloc_end[index] = u64(s.at.base + count * size)


@noinline
def malloc_large(size: u64, noscan: boolean) -> u64:
    """An object of its own span."""
    if size > MAX_ALLOC:
        throw(cstr(b"runtime: out of memory"))
    s = mheap_alloc(u64((size + PAGE_SIZE - 1) >> PAGE_SHIFT), SPAN_HEAP)
    if s == nil(MSpan):
        throw(cstr(b"runtime: out of memory"))
    if s.at.needzero != 0:
        memset(s.at.base, u8(0), size)
    s.at.elemsize = size
    s.at.spanclass = u64(1) if noscan else u64(0)
    s.at.alloc_count = u64(1)
    return s.at.base


def mallocgc(pp: Ptr[P], size: u64, noscan: boolean) -> u64:
    """Zeroed memory, aligned as its size class."""
    if size == 0:
        return zerobase.addr
    stats.at.heap_bytes = u64(stats.at.heap_bytes + size)
    stats.at.heap_objects = u64(stats.at.heap_objects + 1)
    if size > MAX_SMALL - HEADER:
        return malloc_large(size, noscan)
    need = u64(size + HEADER) if not noscan and size > MIN_FOR_HEADER else size
    c = class_of(need)
    index = u64(c * 2 + (1 if noscan else 0))
    p = pp.at.alloc_next[index]
    if p == pp.at.alloc_end[index]:
        refill(pp, index)
        p = pp.at.alloc_next[index]
    pp.at.alloc_next[index] = u64(p + u64(size_classes.at.size[c]))
    return p


@export
def newobject(g: Ptr[G], typ: Ptr[Type]) -> u64:
    """A zeroed object of the type."""
    stress(g)
    return mallocgc(g.at.m.at.p, typ.at.size, typ.at.ptrdata == 0)


@export
def makeslice(g: Ptr[G], elem: Ptr[Type], length: i64, cap: i64) -> u64:
    """The array of make([]elem, length, cap)."""
    stress(g)
    size = elem.at.size
    fits = cap >= 0 and mul_hi(size, u64(cap)) == 0 and u64(size * u64(cap)) <= MAX_ALLOC
    if not fits or length < 0 or length > cap:
        # As Go: complain about len when it alone is too much, even if cap is given.
        if length < 0 or mul_hi(size, u64(length)) != 0 or u64(size * u64(length)) > MAX_ALLOC:
            g.at.pending = PENDING_MAKESLICE_LEN
        else:
            g.at.pending = PENDING_MAKESLICE_CAP
        return u64(0)
    return mallocgc(g.at.m.at.p, u64(size * u64(cap)), elem.at.ptrdata == 0)
