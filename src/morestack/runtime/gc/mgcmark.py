"""Marking: from a word that may be a pointer, find the object it points into, and from there all reachable objects.

A word that does not point into an allocated object is ignored: for example, a pointer to static data, into a stack, or
past the last object of a span. A pointer to a free object keeps nothing alive; the allocation bit identifies it. Such
pointers occur because a slice s[len(s):] points past its array.

Several threads may mark. They set mark bits by atomics, and the thread that sets a bit follows the object's pointers.
Nothing else is written. An object larger than OBLET bytes is scanned piece by piece, so that threads share large
arrays.
"""

from morestack.dialect.machine import Ptr, atomic_load, atomic_or, boolean, ctz, nil, ptr_at, u8, u64
from morestack.runtime.gc.mgcwork import GCShared, GCWork, share, shared, work_get, work_put
from morestack.runtime.mem.mheap import PAGE_SHIFT, SPAN_HEAP, MSpan, mheap
from morestack.runtime.mem.mspan import FORM_HEADER, FORM_MASK, FORM_NOSCAN, alloc_bits, mark_bits, object_index
from morestack.runtime.mem.sizeclasses import HEADER
from morestack.runtime.mem.type import Type

OBLET = u64(131072)
SHARE_EVERY = u64(128)


def heap_span(p: u64) -> Ptr[MSpan]:
    """The span of objects an address lies in, or nil."""
    if u64(p - mheap.at.arena_lo) >= u64(mheap.at.arena_used - mheap.at.arena_lo):
        return nil(MSpan)
    s = ptr_at(MSpan, ptr_at(u64, u64(mheap.at.spans + ((p - mheap.at.arena_lo) >> PAGE_SHIFT) * 8))[0])
    # Within a free run the table may name a span that no longer exists, so check its bounds.
    if s == nil(MSpan) or s.at.state != SPAN_HEAP or p < s.at.base or p >= s.at.limit:
        return nil(MSpan)
    return s


def grey(w: Ptr[GCWork], p: u64) -> None:
    """Mark the object that a word points into, if any, and queue it for scanning."""
    s = heap_span(p)
    if s == nil(MSpan):
        return
    i = object_index(s, p)
    bit = u64(u64(1) << (i & 63))
    marks = mark_bits(s)
    if marks[i >> 6] & bit != 0 or alloc_bits(s)[i >> 6] & bit == 0:
        return
    if w.at.parallel != 0:
        if atomic_or(marks.add(i >> 6), bit) & bit != 0:
            return
    else:
        marks[i >> 6] = u64(marks[i >> 6] | bit)
    if s.at.form != FORM_NOSCAN:
        work_put(w, u64(s.at.base + i * s.at.elemsize), s)


def scan_bits(w: Ptr[GCWork], base: u64, mask: u64) -> None:
    """Grey the objects that the words of a mask point to."""
    bits = mask
    while bits != 0:
        p = ptr_at(u64, u64(base + ctz(bits) * 8))[0]
        if p != 0:
            grey(w, p)
        bits = u64(bits & (bits - 1))


def scan_words(w: Ptr[GCWork], base: u64, n: u64) -> None:
    """Grey the objects that n words point to."""
    for i in range(n):
        p = ptr_at(u64, base)[i]
        if p != 0:
            grey(w, p)


def scan_mask(w: Ptr[GCWork], base: u64, words: u64, gcdata: u64) -> None:
    """Grey the objects that the words of a long mask point to: bit i & 7 of byte i >> 3 is word i."""
    at = u64(0)
    while at < words:
        bits = u64(ptr_at(u8, u64(gcdata + (at >> 3)))[0])
        if bits != 0:
            scan_bits(w, u64(base + at * 8), bits)
        at = u64(at + 8)


def scan_typed(w: Ptr[GCWork], base: u64, size: u64, t: Ptr[Type]) -> None:
    """Scan memory that holds consecutive values of a type."""
    stride = t.at.size
    words = u64(t.at.ptrdata >> 3)
    if words * 8 == stride and (t.at.gcdata == 0 or words == 1):
        scan_words(w, base, u64(size >> 3))
        return
    end = u64(base + size)
    at = base
    while at + stride <= end:
        if t.at.gcdata == 0:
            scan_words(w, at, words)
        else:
            scan_mask(w, at, words, t.at.gcdata)
        at = u64(at + stride)


def scan_object(w: Ptr[GCWork], p: u64, s: Ptr[MSpan]) -> None:
    """Follow the pointers of an object, as its span's form locates them."""
    if s.at.form == FORM_MASK:
        scan_bits(w, p, s.at.mask)
    elif s.at.form == FORM_HEADER:
        t = ptr_at(u64, p)[0]
        if t != 0:
            scan_typed(w, u64(p + HEADER), u64(s.at.elemsize - HEADER), ptr_at(Type, t))
    elif s.at.typ != 0:
        scan_large(w, p, s)


def scan_large(w: Ptr[GCWork], p: u64, s: Ptr[MSpan]) -> None:
    """Follow the pointers of a large object from p on, at most OBLET bytes; at its beginning, push its other pieces."""
    t = ptr_at(Type, s.at.typ)
    step = max(u64(OBLET // t.at.size * t.at.size), t.at.size)
    end = u64(s.at.base + s.at.elemsize)
    if p == s.at.base:
        at = u64(p + step)
        while at < end:
            work_put(w, at, s)
            at = u64(at + step)
    scan_typed(w, p, min(step, u64(end - p)), t)


def drain(w: Ptr[GCWork]) -> boolean:
    """Scan until this thread finds no more grey objects. Returns False if there is much to mark and help has not been
    requested yet. From time to time, check whether another thread waits for work."""
    n = u64(0)
    at = work_get(w)
    while at != 0:
        scan_object(w, ptr_at(u64, at)[0], ptr_at(MSpan, ptr_at(u64, at)[1]))
        n = u64(n + 1)
        if n & (SHARE_EVERY - 1) == 0:
            nfull = atomic_load(shared.ptr.field(GCShared.nfull))
            if w.at.asks != 0 and nfull != 0:
                return False
            if nfull == 0 and w.at.parallel != 0 and atomic_load(shared.ptr.field(GCShared.idle)) != 0:
                share(w)
        at = work_get(w)
    return True


def is_marked(p: u64) -> boolean:
    """Whether p points into a marked object, or does not point into an object."""
    s = heap_span(p)
    if s == nil(MSpan):
        return True
    i = object_index(s, p)
    return mark_bits(s)[i >> 6] >> (i & 63) & 1 != 0
