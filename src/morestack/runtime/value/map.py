"""Maps, as compiled code calls them: keys and values by address. maptable.py implements the table, mapiter.py
iteration.

Invariants
- Nothing is changed before the key is hashed, and only hashing can panic.
- The address that `mapaccess` or `mapassign` returns is valid until the next operation that changes the map. Compiled
  code loads from it or stores to it at once.
- An operation that changes the map sets `writing` after it has hashed its key, and clears it when it ends. An operation
  that finds it set at its start, or clear at its end, sets g.pending to a fatal error, as Go does: the program has a
  data race. Plain loads and stores are sufficient for a check that need not find every race, and their cost is not
  measurable.
"""

from morestack.abi.pending import PENDING_MAP_READ_WRITE, PENDING_MAP_WRITES, PENDING_NIL_MAP
from morestack.dialect.machine import (
    Ptr,
    boolean,
    export,
    i64,
    memmove,
    memset,
    nil,
    noinline,
    ptr_at,
    size_of,
    u8,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.mem.malloc import mallocgc, newobject
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.rand import fastrand
from morestack.runtime.sys.stress import stress
from morestack.runtime.value.maphash import SHORT, first_word, last_word, memhash, shorthash, typehash, wordhash
from morestack.runtime.value.maptable import (
    HASH_MIGHT_PANIC,
    INDIRECT_ELEM,
    INDIRECT_KEY,
    KEY_ANY,
    KEY_BYTE,
    KEY_HALF,
    KEY_STRING,
    KEY_WORD,
    NEED_KEY_UPDATE,
    Map,
    MapType,
    capacity_of,
    elem_of,
    find,
    find_any,
    find_short,
    find_string,
    find_word,
    groups_for,
    hash_key,
    key_kind,
    key_of,
    new_groups,
    release_slot,
    scan_word,
    take_slot,
)  # fmt: skip


@export
def makemap(g: Ptr[G], t: Ptr[MapType], hint: i64) -> Ptr[Map]:
    """make(map[key]elem, hint). For up to 8 entries the table is allocated when it is first needed."""
    stress(g)
    m = ptr_at(Map, mallocgc(g.at.m.at.p, size_of(Map), False))
    m.at.seed = fastrand(g.at.m)
    m.at.key_kind = key_kind(t)
    if hint > 8:
        new_groups(g, t, m, groups_for(t, u64(hint)))
    return m


@noinline
def check_key(g: Ptr[G], t: Ptr[MapType], key: u64) -> None:
    """Panic if the key of a look-up in an empty map cannot be hashed. The panic has its own text, selected by
    pending_b."""
    if t.at.flags & HASH_MIGHT_PANIC != 0:
        typehash(g, t.at.key, key, u64(0))
        if g.at.pending != 0:
            g.at.m.at.pending_b = u64(1)


def lookup(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], key: u64) -> u64:
    """Find the slot of a key, or 0. May set g.pending. Requires: m has groups."""
    kind = m.at.key_kind
    if kind == KEY_WORD:
        x = ptr_at(u64, key)[0]
        return find_word(t, m, wordhash(x, m.at.seed), x, KEY_WORD)
    if kind == KEY_STRING:
        data = ptr_at(u64, key)[0]
        n = ptr_at(u64, key)[1]
        return find_string(t, m, memhash(data, n, m.at.seed), data, n)
    if kind == KEY_HALF:
        half = u64(ptr_at(u32, key)[0])
        return find_word(t, m, wordhash(half, m.at.seed), half, KEY_HALF)
    if kind == KEY_BYTE:
        byte = u64(ptr_at(u8, key)[0])
        return find_word(t, m, wordhash(byte, m.at.seed), byte, KEY_BYTE)
    h = typehash(g, t.at.key, key, m.at.seed)
    if g.at.pending != 0:
        return u64(0)
    return find_any(g, t, m, h, key)


@noinline
def access(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], key: u64) -> u64:
    """mapaccess where a hash is needed. It is out of line, like the two below, so that each saves only its own
    registers."""
    slot = lookup(g, t, m, key)
    return elem_of(t, slot) if slot != 0 else u64(0)


@noinline
def access_word(t: Ptr[MapType], m: Ptr[Map], x: u64) -> u64:
    """mapaccess by a key of 8 bytes."""
    slot = find_word(t, m, wordhash(x, m.at.seed), x, KEY_WORD)
    return elem_of(t, slot) if slot != 0 else u64(0)


@noinline
def access_short(t: Ptr[MapType], m: Ptr[Map], data: u64, n: u64) -> u64:
    """mapaccess by a short string."""
    first = first_word(data, n)
    last = last_word(data, n)
    slot = find_short(t, m, shorthash(first, last, n, m.at.seed), first, last, n)
    return elem_of(t, slot) if slot != 0 else u64(0)


@export
def mapaccess(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], key: u64) -> u64:
    """Address of the value, or 0."""
    if m == nil(Map) or m.at.used == 0:
        check_key(g, t, key)
        return u64(0)
    if m.at.writing != 0:
        g.at.pending = PENDING_MAP_READ_WRITE
        return u64(0)
    if m.at.key_kind == KEY_WORD:
        if m.at.mask != 0:
            return access_word(t, m, ptr_at(u64, key)[0])
        slot = scan_word(t, m, ptr_at(u64, key)[0])
        return elem_of(t, slot) if slot != 0 else u64(0)
    if m.at.key_kind == KEY_STRING and ptr_at(u64, key)[1] <= SHORT:
        return access_short(t, m, ptr_at(u64, key)[0], ptr_at(u64, key)[1])
    return access(g, t, m, key)


def failed(g: Ptr[G], m: Ptr[Map]) -> boolean:
    """Whether hashing a key panicked."""
    return m.at.key_kind == KEY_ANY and g.at.pending != 0


def begin_write(g: Ptr[G], m: Ptr[Map]) -> boolean:
    """Set `writing`, unless another operation has: in that case the program ends."""
    if m.at.writing != 0:
        g.at.pending = PENDING_MAP_WRITES
        return False
    m.at.writing = u8(1)
    return True


def end_write(g: Ptr[G], m: Ptr[Map]) -> None:
    """Clear `writing`. If another operation has done so meanwhile, the program ends."""
    if m.at.writing == 0:
        g.at.pending = PENDING_MAP_WRITES
    m.at.writing = u8(0)


def store_key(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], slot: u64, key: u64) -> None:
    """Copy a key to a new slot, and allocate separate objects for large keys and values."""
    kind = m.at.key_kind
    if kind == KEY_WORD:
        ptr_at(u64, slot)[0] = ptr_at(u64, key)[0]
    elif kind == KEY_STRING:
        ptr_at(u64, slot)[0] = ptr_at(u64, key)[0]
        ptr_at(u64, slot)[1] = ptr_at(u64, key)[1]
    elif kind == KEY_HALF:
        ptr_at(u32, slot)[0] = ptr_at(u32, key)[0]
    elif kind == KEY_BYTE:
        ptr_at(u8, slot)[0] = ptr_at(u8, key)[0]
    elif t.at.flags & INDIRECT_KEY != 0:
        p = newobject(g, t.at.key)
        memmove(p, key, t.at.key.at.size)
        ptr_at(u64, slot)[0] = p
    else:
        memmove(slot, key, t.at.key.at.size)
    if t.at.flags & INDIRECT_ELEM != 0:
        ptr_at(u64, u64(slot + t.at.elem_off))[0] = newobject(g, t.at.elem)


@export
def mapassign(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], key: u64) -> u64:
    """Address of the value to store to; a new one is zero."""
    if m == nil(Map):
        g.at.pending = PENDING_NIL_MAP
        return u64(0)
    h = hash_key(g, t, m, key)
    if failed(g, m) or not begin_write(g, m):
        return u64(0)
    if m.at.groups == 0:
        new_groups(g, t, m, u64(1))
    slot = u64(0)
    kind = m.at.key_kind
    if kind == KEY_WORD:
        x = ptr_at(u64, key)[0]
        slot = scan_word(t, m, x) if m.at.mask == 0 else find_word(t, m, h, x, KEY_WORD)
    elif kind == KEY_STRING:
        data = ptr_at(u64, key)[0]
        n = ptr_at(u64, key)[1]
        slot = find_string(t, m, h, data, n)
    else:
        slot = find(g, t, m, h, key)
    if slot == 0:
        slot = take_slot(g, t, m, h)
        store_key(g, t, m, slot, key)
    elif t.at.flags & NEED_KEY_UPDATE != 0:
        # Equal keys need not be identical: -0 and 0.
        memmove(key_of(t, slot), key, t.at.key.at.size)
    end_write(g, m)
    return elem_of(t, slot)


@export
def mapdelete(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], key: u64) -> None:
    """delete(m, key)"""
    if m == nil(Map) or m.at.used == 0:
        check_key(g, t, key)
        return
    h = hash_key(g, t, m, key)
    if failed(g, m) or not begin_write(g, m):
        return
    slot = find(g, t, m, h, key)
    if slot != 0:
        release_slot(t, m, h, slot)
        if m.at.used == 0:
            # What timing reveals about the order of the old keys is useless for the next ones.
            m.at.seed = fastrand(g.at.m)
    end_write(g, m)


@export
def mapclear(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map]) -> None:
    """clear(m)"""
    if m == nil(Map) or m.at.groups == 0:
        return
    if not begin_write(g, m):
        return
    groups = u64(m.at.mask + 1)
    if m.at.growth_left != capacity_of(groups):
        memset(m.at.groups, u8(0), u64(groups * t.at.group_size))
        m.at.used = u64(0)
        m.at.growth_left = capacity_of(groups)
    m.at.clear_seq = u32(m.at.clear_seq + 1)
    m.at.seed = fastrand(g.at.m)
    end_write(g, m)


@export
def maplen(g: Ptr[G], m: Ptr[Map]) -> i64:
    """len(m)"""
    if m == nil(Map):
        return i64(0)
    return i64(m.at.used)
