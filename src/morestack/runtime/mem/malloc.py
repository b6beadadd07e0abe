"""Allocation of objects: zeroed memory, by size class up to 32 KB, in spans of their own above.

        newobject(typ)  -> P.types -> kind -> P.runs[kind]: next += size            the fast path
                                          \\-> refill (mcache) -> mcentral -> mheap

Objects without pointers under 16 bytes share a block of 16 (the tiny allocator). For objects with pointers, the span
tells where the pointers are (see Note [Layouts by span] in mspan.py), or a header of 8 bytes if they are large or rare.

Allocation never collects: it requests a collection, which happens at a check, where all goroutines can be scanned
exactly (mgc.py). So a new object need not be reachable yet.
"""

from morestack.abi.pending import PENDING_MAKESLICE_CAP, PENDING_MAKESLICE_LEN
from morestack.dialect.machine import (
    Ptr,
    boolean,
    export,
    i64,
    memset,
    mul_hi,
    noinline,
    ptr_at,
    static,
    u8,
    u64,
)  # fmt: skip
from morestack.runtime.mem.mcache import count_alloc_bytes, refill
from morestack.runtime.mem.mheap import PAGE_SHIFT, PAGE_SIZE, out_of_memory
from morestack.runtime.mem.mkind import HEADER_KINDS, kind_of
from morestack.runtime.mem.mspan import FORM_LARGE, alloc_bits, new_object_span
from morestack.runtime.mem.sizeclasses import HEADER, MAX_SMALL, MIN_FOR_HEADER, class_of
from morestack.runtime.mem.type import Type
from morestack.runtime.sys.layout import G, P
from morestack.runtime.sys.stress import stress

MAX_ALLOC = u64(1 << 48)
TINY_SIZE = u64(16)
TINY_CLASS = u64(2)
TYPE_SLOTS = u64(512)
CLASS_SHIFT = u64(48)

zerobase = static(u64)
word_type = static(Type)
"""The type of a word that may be a pointer, for the runtime's own objects: the collector scans all their words."""
_word_mask = static(u64)


def malloc_init() -> None:
    """Set up the type of the runtime's own objects."""
    _word_mask.value = u64(1)
    word_type.at.size = u64(8)
    word_type.at.ptrdata = u64(8)
    word_type.at.gcdata = _word_mask.addr


@noinline
def malloc_large(pp: Ptr[P], size: u64, typ: u64) -> u64:
    """Allocate an object in a span of its own; typ 0: no pointers."""
    if size > MAX_ALLOC:
        out_of_memory(size)
    npages = u64((size + PAGE_SIZE - 1) >> PAGE_SHIFT)
    s = new_object_span(u64(0), npages, u64(npages << PAGE_SHIFT), FORM_LARGE, u64(0))
    s.at.typ = typ
    if s.at.needzero != 0:
        memset(s.at.base, u8(0), s.at.elemsize)
    alloc_bits(s)[0] = u64(1)
    s.at.free_index = u64(1)
    pp.at.mallocs[0] = u64(pp.at.mallocs[0] + 1)
    count_alloc_bytes(pp, s.at.elemsize)
    return s.at.base


def take(pp: Ptr[P], kind: u64) -> u64:
    """Allocate an object of a kind."""
    run = pp.at.runs[kind]
    p = run.next
    if p == run.end:
        refill(pp, kind)
        p = run.next
    run.next = u64(p + run.size)
    return p


def malloc_tiny(pp: Ptr[P], size: u64) -> u64:
    """Allocate part of a block of 16 bytes, aligned as its size allows. The block lives as long as any part."""
    at = pp.at.tinyoffset
    if size & 7 == 0:
        at = u64((at + 7) & ~7)
    elif size & 3 == 0:
        at = u64((at + 3) & ~3)
    elif size & 1 == 0:
        at = u64((at + 1) & ~1)
    if at + size <= TINY_SIZE and pp.at.tiny != 0:
        pp.at.tinyoffset = u64(at + size)
        pp.at.tinyallocs = u64(pp.at.tinyallocs + 1)
        return u64(pp.at.tiny + at)
    p = take(pp, TINY_CLASS)
    if size < pp.at.tinyoffset or pp.at.tiny == 0:  # keep the block with more room
        pp.at.tiny = p
        pp.at.tinyoffset = size
    return p


def malloc_noscan(pp: Ptr[P], size: u64) -> u64:
    """Allocate memory without pointers."""
    if size < TINY_SIZE:
        if size == 0:
            return zerobase.addr
        return malloc_tiny(pp, size)
    if size > MAX_SMALL - HEADER:
        return malloc_large(pp, size, u64(0))
    return take(pp, class_of(size))


@noinline
def malloc_slow(pp: Ptr[P], size: u64, t: Ptr[Type], key: u64) -> u64:
    """Allocate memory for consecutive values of a type with pointers; P.types may cache its kind under `key`."""
    if size == 0:
        return zerobase.addr
    if size > MAX_SMALL - HEADER:
        return malloc_large(pp, size, t.addr)
    if size <= MIN_FOR_HEADER:
        kind = kind_of(class_of(size), t)
        if kind != 0:
            slot = pp.at.types[type_hash(key)]
            slot.key = key
            slot.run = kind
            return take(pp, kind)
    p = take(pp, u64(HEADER_KINDS + class_of(u64(size + HEADER))))
    ptr_at(u64, p)[0] = t.addr
    return u64(p + HEADER)


def type_hash(key: u64) -> u64:
    """The slot of P.types for a key."""
    return u64(((key >> 4) ^ (key >> 13) ^ (key >> CLASS_SHIFT) * 7) & (TYPE_SLOTS - 1))


def malloc_array(pp: Ptr[P], size: u64, elem: Ptr[Type]) -> u64:
    """Allocate `size` bytes for an array of elem."""
    if elem.at.ptrdata == 0:
        return malloc_noscan(pp, size)
    if size > MIN_FOR_HEADER:
        return malloc_slow(pp, size, elem, u64(0))
    key = u64(elem.addr | class_of(size) + 1 << CLASS_SHIFT)
    slot = pp.at.types[type_hash(key)]
    if slot.key == key:
        return take(pp, slot.run)
    return malloc_slow(pp, size, elem, key)


def mallocgc(pp: Ptr[P], size: u64, noscan: boolean) -> u64:
    """Allocate memory for the runtime itself: without pointers, or with a possible pointer in every word."""
    if noscan:
        return malloc_noscan(pp, size)
    return malloc_array(pp, size, word_type.ptr)


@export
def newobject(g: Ptr[G], typ: Ptr[Type]) -> u64:
    """Allocate a zeroed object of the type."""
    stress(g)
    pp = g.at.m.at.p
    slot = pp.at.types[type_hash(typ.addr)]
    if slot.key == typ.addr:
        return take(pp, slot.run)
    if typ.at.ptrdata == 0:
        return malloc_noscan(pp, typ.at.size)
    return malloc_slow(pp, typ.at.size, typ, typ.addr)


@export
def makeslice(g: Ptr[G], elem: Ptr[Type], length: i64, cap: i64) -> u64:
    """Allocate the array of make([]elem, length, cap)."""
    stress(g)
    size = elem.at.size
    fits = cap >= 0 and mul_hi(size, u64(cap)) == 0 and u64(size * u64(cap)) <= MAX_ALLOC
    if not fits or length < 0 or length > cap:
        # As in Go, complain about len if it alone is too large, even if cap is given.
        if length < 0 or mul_hi(size, u64(length)) != 0 or u64(size * u64(length)) > MAX_ALLOC:
            g.at.pending = PENDING_MAKESLICE_LEN
        else:
            g.at.pending = PENDING_MAKESLICE_CAP
        return u64(0)
    return malloc_array(g.at.m.at.p, u64(size * u64(cap)), elem)
