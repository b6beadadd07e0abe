"""Kinds of objects: every size class without pointers, every class with headers, and each pointer layout that is used
often.

        number     0 .. 67      68 .. 135            136 .. 511
        objects    no pointers  header and any type  one class and one mask of pointers

A kind has spans of its own, so a layout needs at least one page. That pays off once FEW bytes of it have been
allocated. Until then its objects get headers, so that rare types share spans.

A layout is a size class and the mask of all words of a slot: the type's mask repeated to the slot's end, where the
words are zero. So []*T, *T and struct{a, b *T} of one class are one kind.

A class's layouts are a list that only grows, at its head, under the table's lock. The head is stored when the layout is
complete. Nothing in it changes later except `used`, which is increased by atomics. So reading the list needs no lock.
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    atomic_add,
    atomic_load,
    atomic_store,
    ptr_at,
    ptr_to,
    static,
    struct,
    u8,
    u32,
    u64,
)
from morestack.runtime.mem.sizeclasses import size_classes
from morestack.runtime.mem.type import Type
from morestack.runtime.sys.lock import RANK_TABLE, lock, unlock

HEADER_KINDS = u64(68)
FIRST_LAYOUT = u64(136)
NUM_KINDS = u64(512)
FEW = u64(1024)


@struct
class Layout:
    """A size class with a mask of pointers. `next` is the next layout of the class; `used`: bytes allocated so far."""

    mask: u64
    size_class: u64
    next: u64
    used: u64


@struct
class Kinds:
    """All layouts seen, indexed by number - FIRST_LAYOUT."""

    lock: u32
    count: u64
    of_class: Array[u64, Literal[68]]
    layout: Array[Layout, Literal[376]]


kinds = static(Kinds)
rare_only = static(u64)
"""Nonzero if every object with pointers gets a header (checkescape needs its type)."""


def kinds_init() -> None:
    """Forget all layouts."""
    kinds.at.lock = u32(0)
    kinds.at.count = u64(0)
    rare_only.value = u64(0)
    for c in range(68):
        kinds.at.of_class[c] = u64(0)


def class_of_kind(kind: u64) -> u64:
    """The size class of a kind."""
    if kind < HEADER_KINDS:
        return kind
    if kind < FIRST_LAYOUT:
        return u64(kind - HEADER_KINDS)
    return kinds.at.layout[u64(kind - FIRST_LAYOUT)].size_class


def slot_mask(t: Ptr[Type], words: u64) -> u64:
    """The mask of pointers in the first 64 words of consecutive values of a type. Requires: it has pointers."""
    if t.at.gcdata == 0:
        return u64((u64(1) << words) - 1) if words < 64 else u64(0xFFFF_FFFF_FFFF_FFFF)
    n = u64(t.at.ptrdata >> 3)
    stride = u64(t.at.size >> 3)
    gcdata = ptr_at(u8, t.at.gcdata)
    mask = u64(0)
    base = u64(0)
    while base < words:
        i = u64(0)
        while i < n and base + i < words:
            if gcdata[i >> 3] >> (i & 7) & 1 != 0:
                mask = u64(mask | u64(1) << (base + i))
            i = u64(i + 1)
        base = u64(base + stride)
    return mask


def layout_of(c: u64, mask: u64) -> u64:
    """The number of the layout of class c with this mask, or 0."""
    i = atomic_load(kinds.at.of_class.ptr.add(c))
    while i != 0:
        layout = kinds.at.layout[u64(i - FIRST_LAYOUT)]
        if layout.mask == mask:
            return i
        i = layout.next
    return u64(0)


def add_layout(c: u64, mask: u64) -> u64:
    """Add the layout, unless another thread has added it meanwhile. Returns its number, or 0 if there are too many."""
    lock(kinds.ptr.field(Kinds.lock), RANK_TABLE)
    i = layout_of(c, mask)
    if i == 0 and kinds.at.count < NUM_KINDS - FIRST_LAYOUT:
        layout = kinds.at.layout[kinds.at.count]
        layout.mask = mask
        layout.size_class = c
        layout.used = u64(0)
        layout.next = kinds.at.of_class[c]
        i = u64(kinds.at.count + FIRST_LAYOUT)
        kinds.at.count = u64(kinds.at.count + 1)
        atomic_store(kinds.at.of_class.ptr.add(c), i)
    unlock(kinds.ptr.field(Kinds.lock))
    return i


def kind_of(c: u64, t: Ptr[Type]) -> u64:
    """The kind for an object of class c that holds values of t; 0 if it is to have a header. Counts the bytes of the
    object."""
    if rare_only.value != 0:
        return u64(0)
    size = u64(size_classes.at.size[c])
    mask = slot_mask(t, u64(size >> 3))
    i = layout_of(c, mask)
    if i == 0:
        i = add_layout(c, mask)
    if i == 0:
        return u64(0)
    layout = ptr_to(kinds.at.layout[u64(i - FIRST_LAYOUT)])
    if layout.at.used < FEW and atomic_add(layout.field(Layout.used), size) < FEW:
        return u64(0)
    return i
