"""Spans of objects: the object that an address belongs to, and a mark bit and an allocation bit for each object.

        base                                                 limit
        | object 0 | object 1 | ...              | nelems-1 | unused |
        bits_of(base):  npages * 128 bytes of mark bits, npages * 128 bytes of allocation bits

The form of a span tells where the pointers of its objects are:

        FORM_NOSCAN   nowhere
        FORM_MASK     word i of each object is a pointer if bit i of span.mask is set (objects up to 512 bytes)
        FORM_HEADER   the object's first word is a type, which repeats from the second word on; 0: no object yet
        FORM_LARGE    one object; the type span.typ repeats (0: no pointers)

Invariants
- An allocation bit is set when a run with the object is given to a processor. At the start of a collection, the bits of
  objects that were not allocated are cleared again. From then on a set bit means: allocated.
- Mark bits are zero outside collections.
- Bits from nelems on are not used.

Note [Layouts by span]: gc writes a bitmap for each object with pointers when it allocates it. Here objects of one
layout share spans (mkind.py), so an allocation writes only the memory it returns, and marking reads no bitmap.
"""

from morestack.dialect.machine import Ptr, ctz, memset, nil, ptr_at, u8, u32, u64
from morestack.runtime.mem.mheap import BITS_PER_PAGE, PAGE_SHIFT, SPAN_HEAP, MSpan, mheap, mheap_alloc, out_of_memory

FORM_NOSCAN = u32(0)
FORM_MASK = u32(1)
FORM_HEADER = u32(2)
FORM_LARGE = u32(3)

FULL = u64(0xFFFF_FFFF_FFFF_FFFF)


def bits_of(base: u64) -> u64:
    """Address of the bits of a span's objects."""
    return u64(mheap.at.bits + ((base - mheap.at.arena_lo) >> PAGE_SHIFT) * BITS_PER_PAGE)


def mark_bits(s: Ptr[MSpan]) -> Ptr[u64]:
    """The mark bits of a span, as words."""
    return ptr_at(u64, bits_of(s.at.base))


def alloc_bits(s: Ptr[MSpan]) -> Ptr[u64]:
    """The allocation bits of a span, as words."""
    return ptr_at(u64, u64(bits_of(s.at.base) + s.at.npages * 128))


def bit_words(s: Ptr[MSpan]) -> u64:
    """Words that hold a bit for each object."""
    return u64((s.at.nelems + 63) >> 6)


def object_index(s: Ptr[MSpan], p: u64) -> u64:
    """The number of the object that an address of the span belongs to; exact for offsets below 2^32 / size (Go's
    magic)."""
    return u64((p - s.at.base) * s.at.divmul >> 32)


def new_object_span(c: u64, npages: u64, size: u64, form: u32, run: u64) -> Ptr[MSpan]:
    """Allocate a span for objects of size class c (0: one large object), no object allocated."""
    s = mheap_alloc(npages, SPAN_HEAP)
    if s == nil(MSpan):
        out_of_memory(u64(npages << PAGE_SHIFT))
    s.at.elemsize = size
    s.at.order = u32(c)
    s.at.form = form
    s.at.run = u32(run)
    s.at.nelems = u64(1) if form == FORM_LARGE else u64((npages << PAGE_SHIFT) // size)
    s.at.limit = u64(s.at.base + s.at.nelems * size)
    s.at.divmul = u64(0) if form == FORM_LARGE else u64(u64(0xFFFF_FFFF) // size + 1)
    s.at.free_index = u64(0)
    s.at.mask = u64(0)
    s.at.typ = u64(0)
    memset(bits_of(s.at.base), u8(0), u64(bit_words(s) * 8))
    memset(alloc_bits(s).addr, u8(0), u64(bit_words(s) * 8))
    if form == FORM_HEADER and s.at.needzero != 0:
        memset(s.at.base, u8(0), u64(npages << PAGE_SHIFT))  # a header is always a type or 0
        s.at.needzero = u32(0)
    return s


def next_run(s: Ptr[MSpan], most: u64) -> u64:
    """Take consecutive free objects, at most `most`. Returns first << 32 | count, or 0 if the span is full.

    A run lies within one word of the allocation bits. They are set.
    """
    bits = alloc_bits(s)
    i = s.at.free_index
    n = s.at.nelems
    while i < n:
        free = u64(u64(~bits[i >> 6]) >> (i & 63))
        if free == 0:
            i = u64((i >> 6) + 1 << 6)
            continue
        i = u64(i + ctz(free))
        if i >= n:
            break
        free = u64(u64(~bits[i >> 6]) >> (i & 63))
        count = min(min(ctz(u64(~free)), u64(n - i)), most)
        ones = FULL if count == 64 else u64((u64(1) << count) - 1)
        bits[i >> 6] = u64(bits[i >> 6] | ones << (i & 63))
        s.at.free_index = u64(i + count)
        return u64(i << 32 | count)
    s.at.free_index = n
    return u64(0)


def give_back(s: Ptr[MSpan], start: u64, end: u64) -> None:
    """Clear the allocation bits of those objects of a run that were not allocated."""
    bits = alloc_bits(s)
    i = object_index(s, start)
    count = u64((end - start) // s.at.elemsize)
    for k in range(count):
        j = u64(i + k)
        bits[j >> 6] = u64(bits[j >> 6] & ~(u64(1) << (j & 63)))
