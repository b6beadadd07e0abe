"""The table of a map: a Swiss table, like Abseil's and like Go's since 1.24.

        Map     used seed groups mask growth_left ...
                          |
                          v   mask + 1 groups, a power of two
        group   ctrl | key elem | key elem | ... 8 slots        the layout is the descriptor's `group` type
                 |
                 8 bytes, one a slot: 0 empty, 1 deleted, 0x80 | low 7 bits of the hash (H2)

The rest of the hash (H1) selects the group where the probe for a key begins; the next ones are 1, 3, 6, ... groups
further. A probe ends at a group with an empty slot, or after all groups. Within a group the 8 control bytes are
compared at once, as one word; a slot whose byte matches holds another key only once in 128 times.

Invariants
- A key is in at most one slot, and no group before its own on its probe sequence has an empty slot.
- growth_left + used + deleted slots = 7/8 of the slots; all 8 if there is one group.
- Unused slots are zero. An array of groups that was replaced is never written again, because iterators continue in it
  (mapiter.py).
- `groups` is 0 until the first assignment.

An empty slot is 0 here, where Go has 0x80. So fresh memory is an empty table, and clearing is a memset.

Rejected: Go's directory of tables of at most 1024 slots, which bounds how long one assignment takes. It costs every
look-up two dependent loads. Doubling a single table is cheap: it writes two sequential streams, because a group's keys
go to the group of the same number or to its mirror image in the new half.
"""

from morestack.abi.descriptors import KIND_STRING, KIND_STRUCT, TFLAG_REGULAR_MEMORY
from morestack.dialect.machine import (
    Ptr,
    boolean,
    cast,
    ctz,
    i64,
    inline,
    memcmp,
    memmove,
    memset,
    nil,
    noinline,
    ptr_at,
    size_of,
    struct,
    u8,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.mem.malloc import makeslice
from morestack.runtime.mem.type import StructField, StructType, Type
from morestack.runtime.sys.layout import G
from morestack.runtime.value.iface import equal
from morestack.runtime.value.maphash import (
    first_word,
    is_blank_field,
    last_word,
    load32,
    load64,
    memhash,
    typehash,
    wordhash,
)

GROUP_SLOTS = u64(8)
MAX_HINT = u64(1 << 44)

CTRL_DELETED = u8(1)
CTRL_FULL = u64(0x80)
LSB = u64(0x0101_0101_0101_0101)
MSB = u64(0x8080_8080_8080_8080)

NEED_KEY_UPDATE = u32(1)
HASH_MIGHT_PANIC = u32(2)
INDIRECT_KEY = u32(4)
INDIRECT_ELEM = u32(8)

# How keys are hashed and compared. The common kinds do not need their descriptor.
KEY_ANY = u8(0)
KEY_WORD = u8(1)
KEY_HALF = u8(2)
KEY_STRING = u8(3)
KEY_BYTE = u8(4)
KEY_SHORT = u8(5)  # a string of at most SHORT bytes; never the key_kind of a map


@struct
class MapType:
    """map[key]elem; group is struct{ctrl uint64; slots [8]struct{key; elem}}."""

    typ: Type
    key: Ptr[Type]
    elem: Ptr[Type]
    group: Ptr[Type]
    hasher: u64
    group_size: u64
    keys_off: u64
    key_stride: u64
    elems_off: u64
    elem_stride: u64
    elem_off: u64
    flags: u32
    pad: u32


@struct
class Map:
    """The structure a map value points to. clear_seq counts clears; writing: an operation that changes the map is
    running."""

    used: u64
    seed: u64
    groups: u64
    mask: u64
    growth_left: u64
    clear_seq: u32
    key_kind: u8
    writing: u8


def key_kind(t: Ptr[MapType]) -> u8:
    """How to hash and compare the keys of a map type."""
    key = t.at.key
    if key.at.kind_ == KIND_STRING:
        return KEY_STRING
    if key.at.tflag & TFLAG_REGULAR_MEMORY != 0:
        if key.at.size == 8 and key.at.align == 8:
            return KEY_WORD
        if key.at.size == 4 and key.at.align == 4:
            return KEY_HALF
        if key.at.size == 1:
            return KEY_BYTE
    return KEY_ANY


def hash_key(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], key: u64) -> u64:
    """The hash of the key at an address. May set g.pending."""
    kind = m.at.key_kind
    if kind == KEY_WORD:
        return wordhash(ptr_at(u64, key)[0], m.at.seed)
    if kind == KEY_STRING:
        return memhash(ptr_at(u64, key)[0], ptr_at(u64, key)[1], m.at.seed)
    if kind == KEY_HALF:
        return wordhash(u64(ptr_at(u32, key)[0]), m.at.seed)
    if kind == KEY_BYTE:
        return wordhash(u64(ptr_at(u8, key)[0]), m.at.seed)
    return typehash(g, t.at.key, key, m.at.seed)


def match_h2(ctrl: u64, h2: u64) -> u64:
    """Bit 7 of each byte that equals the control byte h2. It may also be set for another full slot above a match."""
    x = u64(ctrl ^ u64(h2 * LSB))
    return u64(u64(x - LSB) & u64(~x) & MSB)


def match_empty(ctrl: u64) -> u64:
    """Nonzero if a slot is empty; then its lowest set bit is in the byte of the first empty one."""
    return u64(u64(ctrl - LSB) & u64(~ctrl) & MSB)


def match_free(ctrl: u64) -> u64:
    """Bit 7 of each byte of an empty or deleted slot."""
    return u64(~ctrl & MSB)


def same_bytes(a: u64, b: u64, n: u64) -> boolean:
    """Whether n bytes are equal."""
    if a == b:
        return True
    if n > 16:
        return memcmp(a, b, n) == 0
    if n >= 8:
        return load64(a) == load64(b) and load64(u64(a + n - 8)) == load64(u64(b + n - 8))
    if n >= 4:
        return load32(a) == load32(b) and load32(u64(a + n - 4)) == load32(u64(b + n - 4))
    for i in range(n):
        if ptr_at(u8, a)[i] != ptr_at(u8, b)[i]:
            return False
    return True


def scan_word(t: Ptr[MapType], m: Ptr[Map], x: u64) -> u64:
    """The slot of an 8-byte key in the only group, or 0. Comparing with all of them takes less time than a hash."""
    full = u64(ptr_at(u64, m.at.groups)[0] & MSB)
    slot = u64(m.at.groups + t.at.keys_off)
    stride = t.at.key_stride
    while full != 0:
        if ptr_at(u64, slot)[0] == x and full & CTRL_FULL != 0:
            return slot
        slot = u64(slot + stride)
        full = u64(full >> 8)
    return u64(0)


def same_key(g: Ptr[G], t: Ptr[Type], p: u64, q: u64) -> boolean:
    """`equal`, with short memory and strings, also those in structs, compared in place."""
    if t.at.tflag & TFLAG_REGULAR_MEMORY != 0:
        return same_bytes(p, q, t.at.size)
    k = t.at.kind_
    if k == KIND_STRING:
        n = ptr_at(u64, p)[1]
        return n == ptr_at(u64, q)[1] and same_bytes(ptr_at(u64, p)[0], ptr_at(u64, q)[0], n)
    if k != KIND_STRUCT:
        return equal(g, t, p, q)
    s = cast(StructType, t)
    for i in range(s.at.fields_len):
        f = ptr_at(StructField, u64(s.at.fields + i * size_of(StructField)))
        if not is_blank_field(f) and not same_key(g, f.at.typ, u64(p + f.at.offset), u64(q + f.at.offset)):
            return False
    return True


def load_word(at: u64, kind: u8) -> u64:
    """The key of 8, 4 or 1 byte at an address."""
    if kind == KEY_WORD:
        return ptr_at(u64, at)[0]
    if kind == KEY_HALF:
        return u64(ptr_at(u32, at)[0])
    return u64(ptr_at(u8, at)[0])


@inline
def is_key(g: Ptr[G], t: Ptr[MapType], slot: u64, how: u8, x: u64, y: u64, n: u64) -> boolean:
    """Whether a slot holds the key that `probe` looks for."""
    if how == KEY_STRING:
        return ptr_at(u64, slot)[1] == n and same_bytes(ptr_at(u64, slot)[0], x, n)
    if how == KEY_SHORT:
        if ptr_at(u64, slot)[1] != n:
            return False
        data = ptr_at(u64, slot)[0]
        return first_word(data, n) == x and last_word(data, n) == y
    if how == KEY_ANY:
        return same_key(g, t.at.key, key_of(t, slot), x)
    return load_word(slot, how) == x


@inline
def probe(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], h: u64, how: u8, x: u64, y: u64, n: u64) -> u64:
    """Find the slot of a key, or 0. This is the only look-up loop, specialised by a constant `how` wherever it is used.

    x, y and n are what `how` compares: the key of 8, 4 or 1 byte; a string's address and length; the first and last
    word of a short one; the address of any other key.
    """
    mask = m.at.mask
    at = u64((h >> 7) & mask)
    h2 = u64(h & 127 | CTRL_FULL)
    step = u64(0)
    while True:
        group = u64(m.at.groups + at * t.at.group_size)
        ctrl = ptr_at(u64, group)[0]
        match = match_h2(ctrl, h2)
        while match != 0:
            slot = u64(group + t.at.keys_off + (ctz(match) >> 3) * t.at.key_stride)
            if is_key(g, t, slot, how, x, y, n):
                return slot
            match = u64(match & u64(match - 1))
        step = u64(step + 1)
        if match_empty(ctrl) != 0 or step > mask:
            return u64(0)
        at = u64((at + step) & mask)


def find_word(t: Ptr[MapType], m: Ptr[Map], h: u64, x: u64, kind: u8) -> u64:
    """The slot of a key of 8, 4 or 1 byte, or 0."""
    return probe(nil(G), t, m, h, kind, x, u64(0), u64(0))


@noinline
def find_string(t: Ptr[MapType], m: Ptr[Map], h: u64, data: u64, n: u64) -> u64:
    """The slot of a string key, or 0."""
    return probe(nil(G), t, m, h, KEY_STRING, data, u64(0), n)


def find_short(t: Ptr[MapType], m: Ptr[Map], h: u64, first: u64, last: u64, n: u64) -> u64:
    """The slot of a string key of at most SHORT bytes, or 0. It makes no calls, so everything stays in registers."""
    return probe(nil(G), t, m, h, KEY_SHORT, first, last, n)


@noinline
def find_any(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], h: u64, key: u64) -> u64:
    """The slot of the key at an address, or 0."""
    return probe(g, t, m, h, KEY_ANY, key, u64(0), u64(0))


def find(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], h: u64, key: u64) -> u64:
    """The slot of the key at an address, or 0. Requires: m has groups."""
    kind = m.at.key_kind
    if kind == KEY_WORD:
        return find_word(t, m, h, load_word(key, KEY_WORD), KEY_WORD)
    if kind == KEY_STRING:
        return find_string(t, m, h, ptr_at(u64, key)[0], ptr_at(u64, key)[1])
    if kind == KEY_HALF:
        return find_word(t, m, h, load_word(key, KEY_HALF), KEY_HALF)
    if kind == KEY_BYTE:
        return find_word(t, m, h, load_word(key, KEY_BYTE), KEY_BYTE)
    return find_any(g, t, m, h, key)


def key_of(t: Ptr[MapType], slot: u64) -> u64:
    """Address of a slot's key."""
    if t.at.flags & INDIRECT_KEY != 0:
        return ptr_at(u64, slot)[0]
    return slot


def elem_of(t: Ptr[MapType], slot: u64) -> u64:
    """Address of a slot's value."""
    if t.at.flags & INDIRECT_ELEM != 0:
        return ptr_at(u64, u64(slot + t.at.elem_off))[0]
    return u64(slot + t.at.elem_off)


def capacity_of(groups: u64) -> u64:
    """How many slots of `groups` groups may be in use."""
    return u64(groups * 7) if groups > 1 else GROUP_SLOTS


def groups_for(t: Ptr[MapType], hint: u64) -> u64:
    """The number of groups for `hint` entries; as in Go, 1 if so many could never be allocated."""
    groups = u64(1)
    if hint > MAX_HINT:
        return groups
    while capacity_of(groups) < hint:
        groups = u64(groups * 2)
    return groups if groups < MAX_HINT // t.at.group_size else u64(1)


def new_groups(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], groups: u64) -> None:
    """Give the map an empty array of groups."""
    m.at.groups = makeslice(g, t.at.group, i64(groups), i64(groups))
    m.at.mask = u64(groups - 1)
    m.at.growth_left = u64(capacity_of(groups) - m.at.used)


def slot_of(t: Ptr[MapType], ctrl: u64) -> u64:
    """The slot that belongs to a control byte: a group is aligned to 8 bytes and begins with its control bytes."""
    return u64(u64(ctrl & ~7) + t.at.keys_off + (ctrl & 7) * t.at.key_stride)


def find_free(t: Ptr[MapType], m: Ptr[Map], h: u64) -> u64:
    """Address of the control byte of the first free slot on the probe sequence. Requires: there is one."""
    mask = m.at.mask
    at = u64((h >> 7) & mask)
    step = u64(0)
    group = u64(m.at.groups + at * t.at.group_size)
    free = match_free(ptr_at(u64, group)[0])
    while free == 0:
        step = u64(step + 1)
        at = u64((at + step) & mask)
        group = u64(m.at.groups + at * t.at.group_size)
        free = match_free(ptr_at(u64, group)[0])
    return u64(group + (ctz(free) >> 3))


def copy_slot(to: u64, at: u64, size: u64) -> None:
    """Copy a slot; most slots are a few words."""
    if size & 7 != 0 or size > 64:
        memmove(to, at, size)
        return
    for i in range(size >> 3):
        ptr_at(u64, to)[i] = ptr_at(u64, at)[i]


@noinline
def rehash(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map]) -> None:
    """Replace the groups by twice as many, or by the same number if many slots are only marked deleted."""
    old = m.at.groups
    n = u64(m.at.mask + 1)
    new_groups(g, t, m, n if m.at.used <= n * 5 else u64(n * 2))
    for i in range(n):
        group = u64(old + i * t.at.group_size)
        full = u64(ptr_at(u64, group)[0] & MSB)
        while full != 0:
            slot = slot_of(t, u64(group + (ctz(full) >> 3)))
            h = hash_key(g, t, m, key_of(t, slot))
            ctrl = find_free(t, m, h)
            ptr_at(u8, ctrl)[0] = u8(h & 127 | CTRL_FULL)
            copy_slot(slot_of(t, ctrl), slot, t.at.key_stride)
            full = u64(full & u64(full - 1))


def take_slot(g: Ptr[G], t: Ptr[MapType], m: Ptr[Map], h: u64) -> u64:
    """Take a slot for a new key with this hash. Grows the table if needed, but reuses a deleted slot before that."""
    if m.at.growth_left == 0 and m.at.mask == 0:
        rehash(g, t, m)
    ctrl = find_free(t, m, h)
    if ptr_at(u8, ctrl)[0] != CTRL_DELETED:
        if m.at.growth_left == 0:
            rehash(g, t, m)
            ctrl = find_free(t, m, h)
        m.at.growth_left = u64(m.at.growth_left - 1)
    ptr_at(u8, ctrl)[0] = u8(h & 127 | CTRL_FULL)
    m.at.used = u64(m.at.used + 1)
    return slot_of(t, ctrl)


def release_slot(t: Ptr[MapType], m: Ptr[Map], h: u64, slot: u64) -> None:
    """Free a slot. It becomes empty if no probe can have continued past its group, else deleted."""
    mask = m.at.mask
    at = u64((h >> 7) & mask)
    step = u64(0)
    group = u64(m.at.groups + at * t.at.group_size)
    while u64(slot - group) >= t.at.group_size:
        step = u64(step + 1)
        at = u64((at + step) & mask)
        group = u64(m.at.groups + at * t.at.group_size)
    ctrl = ptr_at(u64, group)[0]
    i = u64(u32(slot - group - t.at.keys_off) // u32(t.at.key_stride)) if t.at.key_stride != 0 else u64(0)
    byte = ptr_at(u8, u64(group + i))
    if mask == 0 or match_empty(ctrl) != 0:
        byte[0] = u8(0)
        m.at.growth_left = u64(m.at.growth_left + 1)
    else:
        byte[0] = CTRL_DELETED
    memset(slot, u8(0), t.at.key_stride)
    m.at.used = u64(m.at.used - 1)
