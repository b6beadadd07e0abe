"""Spans with free objects, by kind, shared by all processors.

The sweeper rebuilds the lists after every collection. A span leaves its list when a processor takes it. A full span is
not in any list until a sweep finds room in it.
"""

from morestack.dialect.machine import Array, Literal, Ptr, nil, ptr_at, static, struct, u32, u64
from morestack.runtime.mem.mheap import MSpan
from morestack.runtime.mem.mkind import FIRST_LAYOUT, HEADER_KINDS, NUM_KINDS, class_of_kind, kinds
from morestack.runtime.mem.mspan import FORM_HEADER, FORM_MASK, FORM_NOSCAN, new_object_span
from morestack.runtime.mem.sizeclasses import size_classes
from morestack.runtime.sys.lock import RANK_CENTRAL, lock, unlock


@struct
class MCentral:
    """The first span with free objects of each kind; they are linked by `next`. Each kind has a lock."""

    locks: Array[u32, Literal[512]]
    partial: Array[u64, Literal[512]]


mcentral = static(MCentral)


def mcentral_init() -> None:
    """Forget all spans."""
    for i in range(NUM_KINDS):
        mcentral.at.locks[i] = u32(0)
        mcentral.at.partial[i] = u64(0)


def put_partial(s: Ptr[MSpan]) -> None:
    """Put a span that has free objects in its list. The world is stopped."""
    run = u64(s.at.run)
    s.at.next = ptr_at(MSpan, mcentral.at.partial[run])
    mcentral.at.partial[run] = s.addr


def take_span(kind: u64) -> Ptr[MSpan]:
    """Take a span of a kind for one processor: one with room if it exists, else a new one."""
    word = mcentral.at.locks.ptr.add(kind)
    lock(word, RANK_CENTRAL)
    s = ptr_at(MSpan, mcentral.at.partial[kind])
    if s != nil(MSpan):
        mcentral.at.partial[kind] = s.at.next.addr
        s.at.next = nil(MSpan)
    unlock(word)
    if s != nil(MSpan):
        return s
    c = class_of_kind(kind)
    form = FORM_NOSCAN if kind < HEADER_KINDS else (FORM_HEADER if kind < FIRST_LAYOUT else FORM_MASK)
    s = new_object_span(c, u64(size_classes.at.pages[c]), u64(size_classes.at.size[c]), form, kind)
    if form == FORM_MASK:
        s.at.mask = kinds.at.layout[u64(kind - FIRST_LAYOUT)].mask
    return s
