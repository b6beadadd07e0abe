"""Stack objects, as in Go: once an object in a frame is dead, it does not keep alive what it points to.

A frame whose words have TRACKED_OBJECTS set has a table of its objects in the function record, and in each site record
a mask of those that the function itself reads again. Any other object is live if something points into it: a slot, an
argument, a live object, a record of a deferred call, or a value in transit through a channel.

        refs   a bit for each word of the stack that something points to
        done   a bit for the first word of each object of a large frame that has been scanned

        stack lo ... [ roots | object | object ] linkage [ roots | object ] linkage ... hi

The roots (all words outside objects) of all frames are scanned first, because a callee may have stored the address of
one of its objects in its stack arguments, which lie in the caller's frame. Then the objects are scanned, newest frame
first, because escape analysis ensures that an object never points into a newer frame. Objects of one frame may point to
each other in any order, so they are scanned repeatedly until no new one is reached.

Objects on stacks of several segments (g.stktop) are not tracked: all of them count as live. For those `stack_size` is
0, and `reach` greys everything.

Rejected: a list of the pointers found, and a tree of objects to search (Go's stackScanState). Bits need no search, and
their size does not depend on the contents of the stack: twice a 64th of the used stack.
"""

from morestack.abi.convention import LINK
from morestack.abi.metadata import LARGE_BITMAP
from morestack.dialect.machine import Ptr, boolean, ctz, memset, nil, ptr_at, u8, u32, u64
from morestack.runtime.gc.mgcmark import grey
from morestack.runtime.gc.mgcwork import CHUNK_BYTES, GCWork, chunk_new
from morestack.runtime.mem.extra import stktop_of
from morestack.runtime.mem.mheap import (
    PAGE_SHIFT,
    PAGE_SIZE,
    SPAN_WORK,
    MSpan,
    mheap_alloc,
    mheap_free,
    out_of_memory,
    span_of,
)
from morestack.runtime.stack.unwind import frame_func, func_objects, record_of, site_used
from morestack.runtime.sys.layout import G, Stktop

PLACES = u64(12)
"""The offset in a table of objects at which their positions begin."""
LAST_BIT = u64(31)
"""The bit of a site's mask that all objects from this number on share."""


def stack_begin(w: Ptr[GCWork], g: Ptr[G]) -> None:
    """Prepare to scan a stopped goroutine."""
    w.at.stack_size = u64(0)
    if stktop_of(g) != nil(Stktop):
        return
    w.at.stack_lo = u64(g.at.sched.sp - LINK)
    w.at.stack_size = u64(g.at.stack_hi - w.at.stack_lo)
    size = u64(((w.at.stack_size >> 9) + 2) * 8)  # a read takes 64 words from any word on
    if size * 2 <= CHUNK_BYTES:
        if w.at.stack_map == 0:
            w.at.stack_map = chunk_new()
        w.at.refs = w.at.stack_map
    else:
        pages = u64((size * 2 + PAGE_SIZE - 1) >> PAGE_SHIFT)
        s = mheap_alloc(pages, SPAN_WORK)
        if s == nil(MSpan):
            out_of_memory(u64(pages << PAGE_SHIFT))
        w.at.refs = s.at.base
    w.at.done = u64(w.at.refs + size)
    memset(w.at.refs, u8(0), u64(size * 2))


def stack_end(w: Ptr[GCWork]) -> None:
    """Release what stack_begin prepared: the goroutine has been scanned."""
    if w.at.stack_size != 0 and w.at.refs != w.at.stack_map:
        mheap_free(span_of(w.at.refs))
    w.at.stack_size = u64(0)


def reach(w: Ptr[GCWork], p: u64) -> None:
    """Something points to p: record it if p is in the stack, else grey the object."""
    at = u64(p - w.at.stack_lo)
    if at < w.at.stack_size:
        word = ptr_at(u64, w.at.refs).add(at >> 9)
        word[0] = u64(word[0] | u64(1) << (at >> 3 & 63))
    else:
        grey(w, p)


def reach_bits(w: Ptr[GCWork], base: u64, mask: u64) -> None:
    """Reach what the words of a mask point to."""
    bits = mask
    while bits != 0:
        p = ptr_at(u64, u64(base + ctz(bits) * 8))[0]
        if p != 0:
            reach(w, p)
        bits = u64(bits & (bits - 1))


def reach_range(w: Ptr[GCWork], sp: u64, info: u32, bitmap: u64, first: u64, end: u64) -> None:
    """Reach what the pointers in a range of words of a frame point to."""
    if first >= end:
        return
    if info & LARGE_BITMAP == 0:
        mask = u64(u64(0xFFFF_FFFF_FFFF_FFFF) >> (64 - (end - first)))
        reach_bits(w, u64(sp + first * 8), u64(bitmap >> first & mask))
        return
    at = u64(first & ~u64(7))
    while at < end:
        bits = u64(ptr_at(u8, u64(bitmap + (at >> 3)))[0])
        if bits != 0:
            if at < first:
                bits = u64(bits >> (first - at) << (first - at))
            if end - at < 8:
                bits = u64(bits & ((u64(1) << (end - at)) - 1))
            reach_bits(w, u64(sp + at * 8), bits)
        at = u64(at + 8)


def scan_roots(w: Ptr[GCWork], pc: u64, sp: u64, info: u32, bitmap: u64, words: u64) -> None:
    """Reach what the words outside the objects of a frame point to."""
    objects = func_objects(frame_func(pc))
    if info & LARGE_BITMAP == 0:
        reach_bits(w, sp, u64(bitmap & ~ptr_at(u64, objects)[0]))
        return
    places = ptr_at(u32, u64(objects + PLACES))
    at = u64(0)
    for k in range(u64(ptr_at(u32, objects)[2])):
        first = u64(places[u64(k * 2)])
        reach_range(w, sp, info, bitmap, at, first)
        at = u64(first + u64(places[u64(k * 2 + 1)]))
    reach_range(w, sp, info, bitmap, at, words)


def scan_objects(w: Ptr[GCWork], pc: u64, sp: u64, info: u32, bitmap: u64) -> None:
    """Reach what a frame's live objects point to."""
    site = record_of(pc)
    objects = func_objects(frame_func(pc))
    if info & LARGE_BITMAP == 0:
        scan_small(w, sp, bitmap, u64(site_used(site)), objects)
    else:
        scan_large(w, sp, info, bitmap, u64(site_used(site)), objects)


def reached_words(w: Ptr[GCWork], sp: u64) -> u64:
    """A mask of those of the 64 words from sp on that something points to."""
    refs = ptr_at(u64, w.at.refs)
    at = u64((sp - w.at.stack_lo) >> 3)
    low = u64(refs[at >> 6] >> (at & 63))
    return u64(low | refs[(at >> 6) + 1] << 1 << (63 - (at & 63)))


def scan_small(w: Ptr[GCWork], sp: u64, bitmap: u64, used: u64, objects: u64) -> None:
    """Scan the live objects of a frame of at most 64 words."""
    theirs = ptr_at(u64, objects)[0]
    if used == 0 and reached_words(w, sp) & theirs == 0:
        return
    places = ptr_at(u32, u64(objects + PLACES))
    count = u64(ptr_at(u32, objects)[2])
    again = True
    while again:
        again = False
        reached = reached_words(w, sp)
        for k in range(count):
            first = u64(places[u64(k * 2)])
            own = u64(u64(0xFFFF_FFFF_FFFF_FFFF) >> (64 - u64(places[u64(k * 2 + 1)])) << first)
            if theirs & own != 0 and (used >> min(k, LAST_BIT) & 1 != 0 or reached & own != 0):
                theirs = u64(theirs & ~own)  # each is scanned once
                reach_bits(w, sp, u64(bitmap & own))
                again = True


def is_reached(w: Ptr[GCWork], first: u64, words: u64) -> boolean:
    """Whether something points to one of `words` words of the stack."""
    refs = ptr_at(u64, w.at.refs)
    at = first
    end = u64(first + words)
    while at < end:
        bits = u64(refs[at >> 6] >> (at & 63))
        if bits != 0 and ctz(bits) < end - at:
            return True
        at = u64((at | 63) + 1)
    return False


def scan_large(w: Ptr[GCWork], sp: u64, info: u32, bitmap: u64, used: u64, objects: u64) -> None:
    """Scan the live objects of a frame of more than 64 words."""
    places = ptr_at(u32, u64(objects + PLACES))
    count = u64(ptr_at(u32, objects)[2])
    done = ptr_at(u64, w.at.done)
    base = u64((sp - w.at.stack_lo) >> 3)
    again = True
    while again:
        again = False
        for k in range(count):
            first = u64(places[u64(k * 2)])
            words = u64(places[u64(k * 2 + 1)])
            at = u64(base + first)
            bit = u64(u64(1) << (at & 63))
            if done[at >> 6] & bit == 0 and (used >> min(k, LAST_BIT) & 1 != 0 or is_reached(w, at, words)):
                done[at >> 6] = u64(done[at >> 6] | bit)
                reach_range(w, sp, info, bitmap, first, u64(first + words))
                again = True
