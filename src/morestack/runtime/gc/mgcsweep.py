"""Sweeping frees what is not marked. It runs at once, with the world stopped, and reads only bits, never objects.

Mark bits become allocation bits. A span without marked objects returns to the page heap. A span with room goes to its
kind's list. The memory of free objects is zeroed when a run of them is made (mcache.py).

The sweeper walks the arena from its start, by the sizes of runs: span_of finds the span of each run's first page.
"""

from morestack.dialect.machine import Ptr, ctz, memset, popcount, static, u8, u32, u64
from morestack.runtime.gc.gcstats import gcstats
from morestack.runtime.mem.mcentral import mcentral_init, put_partial
from morestack.runtime.mem.mheap import PAGE_SHIFT, PAGE_SIZE, SPAN_HEAP, MSpan, mheap, mheap_free, span_of
from morestack.runtime.mem.mspan import FORM_HEADER, alloc_bits, bit_words, mark_bits
from morestack.runtime.mem.sizeclasses import HEADER, NUM_CLASSES

POISON = u8(0xDB)
poison_objects = static(u64)
live_objects = static(u64)


def arena_start() -> u64:
    """The first page of the arena."""
    return u64((mheap.at.arena_lo + PAGE_SIZE - 1) >> PAGE_SHIFT << PAGE_SHIFT)


def poison_span(s: Ptr[MSpan]) -> None:
    """Overwrite the objects that were allocated and are not marked. A header stays, because it must be a type or 0."""
    marks = mark_bits(s)
    allocated = alloc_bits(s)
    skip = HEADER if s.at.form == FORM_HEADER else u64(0)
    for w in range(bit_words(s)):
        dead = u64(allocated[w] & ~marks[w])
        while dead != 0:
            at = u64(s.at.base + ((w << 6) + ctz(dead)) * s.at.elemsize)
            memset(u64(at + skip), POISON, u64(s.at.elemsize - skip))
            dead = u64(dead & (dead - 1))


def sweep_span(s: Ptr[MSpan]) -> u64:
    """Sweep a span of objects. Returns the bytes that stay allocated."""
    if poison_objects.value != 0:
        poison_span(s)
    marks = mark_bits(s)
    allocated = alloc_bits(s)
    count = u64(0)
    for w in range(bit_words(s)):
        bits = marks[w]
        allocated[w] = bits
        marks[w] = u64(0)
        count = u64(count + popcount(bits))
    s.at.needzero = u32(1)
    if count == 0:
        mheap_free(s)
        return u64(0)
    s.at.free_index = u64(0)
    if count != s.at.nelems:
        put_partial(s)
    live_objects.value = u64(live_objects.value + count)
    c = u64(s.at.order)
    gcstats.at.live_of_class[c] = u64(gcstats.at.live_of_class[c] + count)
    return u64(count * s.at.elemsize)


def sweep() -> u64:
    """Sweep all spans. Returns the bytes in objects that stay. No processor has a run."""
    mcentral_init()
    live_objects.value = u64(0)
    for c in range(NUM_CLASSES):
        gcstats.at.live_of_class[c] = u64(0)
    live = u64(0)
    at = arena_start()
    while at < mheap.at.arena_used:
        s = span_of(at)
        at = u64(s.at.base + (s.at.npages << PAGE_SHIFT))
        if s.at.state == SPAN_HEAP:
            live = u64(live + sweep_span(s))
    return live
