"""Iteration over a map: all slots in order, starting at a random one.

The iterator lies in the goroutine's frame, whose pointer map treats all of its words as pointers. So they must be
addresses in the heap, or numbers below any stack's address. The iterator moves with the stack, so nothing may keep its
address.

Go guarantees that each entry is visited at most once, that entries deleted before they are reached are not visited, and
that values are current; added entries may be visited or not. While the map keeps its groups, walking the slots
satisfies this. If they were replaced, the iterator continues in the old ones, which are no longer written, and looks
each key up in the new ones. A key that is not found was deleted. But a NaN is never found, and only `clear` can remove
it, which clear_seq shows.
"""

from morestack.abi.pending import PENDING_MAP_ITERATION_WRITE
from morestack.dialect.machine import (
    Ptr,
    ctz,
    export,
    nil,
    noinline,
    ptr_at,
    struct,
    u64,
)  # fmt: skip
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.rand import fastrand
from morestack.runtime.value.iface import equal
from morestack.runtime.value.maptable import MSB, Map, MapType, elem_of, find, hash_key, key_of, slot_of


@struct
class Hiter:
    """An iterator: compiled code reads key and elem. Up to 12 words."""

    key: u64
    elem: u64
    typ: Ptr[MapType]
    m: Ptr[Map]
    groups: u64
    last: u64
    start: u64
    next: u64
    clear_seq: u64


@export
def mapiterinit(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], it: Ptr[Hiter]) -> None:
    """Advance to the first entry. Requires: the iterator is zero."""
    if m == nil(Map) or m.at.used == 0:
        return
    it.at.typ = t
    it.at.m = m
    it.at.groups = m.at.groups
    it.at.last = u64(m.at.mask * 8 + 7)
    it.at.start = u64(fastrand(g.at.m) & it.at.last)
    it.at.clear_seq = u64(m.at.clear_seq)
    mapiternext(g, it)


@noinline
def moved(g: Ptr[G], it: Ptr[Hiter], key: u64) -> u64:
    """The current slot of the key of an old slot, or 0."""
    m = it.at.m
    if m.at.used == 0:
        return u64(0)
    return find(g, it.at.typ, m, hash_key(g, it.at.typ, m, key), key)


@export
def mapiternext(g: Ptr[G], it: Ptr[Hiter]) -> None:
    """Go to the next entry; at the end, key is 0."""
    m = it.at.m
    it.at.key = u64(0)
    it.at.elem = u64(0)
    if m == nil(Map):
        return
    if m.at.writing != 0:
        g.at.pending = PENDING_MAP_ITERATION_WRITE
        return
    t = it.at.typ
    last = it.at.last
    n = it.at.next
    while n <= last:
        at = u64((n + it.at.start) & last)
        group = u64(it.at.groups + (at >> 3) * t.at.group_size)
        full = u64((ptr_at(u64, group)[0] & MSB) >> ((at & 7) * 8))
        if full == 0:
            n = u64(n + 8 - (at & 7))
            continue
        skip = u64(ctz(full) >> 3)
        n = u64(n + skip)
        if n > last:
            break
        n = u64(n + 1)
        slot = slot_of(t, u64(group + (at & 7) + skip))
        key = key_of(t, slot)
        if it.at.groups != m.at.groups:
            now = moved(g, it, key)
            if now != 0:
                slot = now
                key = key_of(t, slot)
            elif it.at.clear_seq != u64(m.at.clear_seq) or equal(g, t.at.key, key, key):
                continue
        it.at.key = key
        it.at.elem = elem_of(t, slot)
        break
    it.at.next = n
