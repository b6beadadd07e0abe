"""Interfaces: equality of dynamic values, and itabs, created when a program tests whether a type implements an
interface.

        itab   inter typ hash pad fun[]       24 bytes and one code address for each method of inter

Itabs are cached in a hash table by (inter, typ). A type that does not implement the interface is cached too, as an
entry without an itab, so that a failing type switch costs one look-up.

Note [Reading itabs without a lock]: the table is one block that includes its size, and it only grows.
- An entry is filled under the lock, `inter` last, by an atomic store. So a reader that sees a nonzero `inter` sees the
  rest, and an entry never changes after that.
- A larger table is filled before its address is stored, atomically. A reader of the old one, which is never freed,
  finds an old entry or nothing.
- A reader that finds nothing takes the lock and searches again, in the current table. So a pair has only one itab.
"""

from morestack.abi.descriptors import (
    KIND_ARRAY,
    KIND_COMPLEX64,
    KIND_COMPLEX128,
    KIND_FLOAT32,
    KIND_FLOAT64,
    KIND_INTERFACE,
    KIND_STRING,
    KIND_STRUCT,
    TFLAG_REGULAR_MEMORY,
)
from morestack.abi.pending import PENDING_UNCOMPARABLE
from morestack.dialect.machine import (
    Ptr,
    atomic_load,
    atomic_store,
    boolean,
    cast,
    export,
    f32,
    f64,
    memcmp,
    nil,
    noinline,
    ptr_at,
    size_of,
    static,
    struct,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.mem.type import (
    ArrayType,
    InterfaceType,
    StructField,
    StructType,
    Type,
    UncommonType,
    imethod_at,
    is_blank_name,
    is_direct_iface,
    method_at,
    name_before,
    offset_from,
    same_method_name,
    same_name,
    same_type,
    uncommon,
)
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.lock import RANK_TABLE, lock, unlock


@struct
class Itab:
    """The method table of a type for an interface; `fun` continues after the structure."""

    inter: u64
    typ: u64
    hash: u32
    pad: u32


@struct
class ItabEntry:
    """A slot of the hash table; inter 0: free; itab 0: does not implement."""

    inter: u64
    typ: u64
    itab: u64


@struct
class ItabTable:
    """Open addressing, at most half full: the size, a power of two, then as many entries."""

    size: u64


@struct
class ItabTables:
    """The current table. A thread that adds to it holds the lock."""

    table: Ptr[ItabTable]
    count: u64
    lock: u32


itabs = static(ItabTables)
ITAB_TABLE_START = u64(256)


def new_itab_table(size: u64) -> Ptr[ItabTable]:
    """Allocate an empty table."""
    t = ptr_at(ItabTable, persistentalloc(u64(size_of(ItabTable) + size * size_of(ItabEntry))))
    t.at.size = size
    return t


def itab_init() -> None:
    """Start with an empty table."""
    itabs.at.lock = u32(0)
    itabs.at.count = u64(0)
    itabs.at.table = new_itab_table(ITAB_TABLE_START)


def itab_entry(t: Ptr[ItabTable], i: u64) -> Ptr[ItabEntry]:
    """Entry i."""
    return ptr_at(ItabEntry, u64(t.addr + size_of(ItabTable) + i * size_of(ItabEntry)))


def itab_slot(t: Ptr[ItabTable], inter: u64, typ: u64) -> Ptr[ItabEntry]:
    """The entry of a pair, or the free entry where it belongs; without the lock, that one may have been filled
    since."""
    mask = u64(t.at.size - 1)
    at = u64(u64((inter >> 4) * 31 + (typ >> 4)) & mask)
    while True:
        e = itab_entry(t, at)
        found = atomic_load(e.field(ItabEntry.inter))
        if found == 0 or (found == inter and e.at.typ == typ):
            return e
        at = u64((at + 1) & mask)


def itab_fill(e: Ptr[ItabEntry], inter: u64, typ: u64, itab: u64) -> None:
    """Fill a free entry. The lock is held."""
    e.at.typ = typ
    e.at.itab = itab
    atomic_store(e.field(ItabEntry.inter), inter)


def itab_grow() -> None:
    """Double the table. The lock is held."""
    old = itabs.at.table
    larger = new_itab_table(u64(old.at.size * 2))
    for i in range(old.at.size):
        e = itab_entry(old, i)
        if e.at.inter != 0:
            itab_fill(itab_slot(larger, e.at.inter, e.at.typ), e.at.inter, e.at.typ, e.at.itab)
    atomic_store(itabs.ptr.field(ItabTables.table), larger)


def find_method(inter: Ptr[InterfaceType], i: u64, typ: Ptr[Type], start: u64) -> u64:
    """Number of the method of typ, from `start` on, that is method i of the interface; mcount if there is none.

    Both are sorted by name. An unexported name may occur twice, so its package and the type are compared too.
    """
    u = uncommon(typ)
    if u == nil(UncommonType):
        return u64(0)
    want = imethod_at(inter, i)
    want_name = offset_from(inter.addr, want.at.name)
    want_type = offset_from(inter.addr, want.at.typ)
    n = u64(u.at.mcount)
    j = start
    while j < n:
        m = method_at(u, j)
        name = offset_from(typ.addr, m.at.name)
        if same_name(name, want_name):
            if same_method_name(name, want_name) and same_type(offset_from(typ.addr, m.at.mtyp), want_type):
                return j
        elif name_before(want_name, name):
            return n
        j = u64(j + 1)
    return n


def missing_method(inter: Ptr[InterfaceType], typ: Ptr[Type]) -> u64:
    """The encoded name of the first method of the interface that typ lacks, or 0."""
    u = uncommon(typ)
    n = u64(0) if u == nil(UncommonType) else u64(u.at.mcount)
    start = u64(0)
    for i in range(inter.at.methods_len):
        start = find_method(inter, i, typ, start)
        if start >= n:
            return offset_from(inter.addr, imethod_at(inter, i).at.name)
    return u64(0)


def make_itab(inter: Ptr[InterfaceType], typ: Ptr[Type]) -> u64:
    """Create an itab. Requires: no method is missing."""
    count = inter.at.methods_len
    tab = ptr_at(Itab, persistentalloc(u64(24 + count * 8)))
    tab.at.inter = inter.addr
    tab.at.typ = typ.addr
    tab.at.hash = typ.at.hash
    fun = ptr_at(u64, u64(tab.addr + 24))
    start = u64(0)
    for i in range(count):
        start = find_method(inter, i, typ, start)
        fun[i] = offset_from(typ.addr, method_at(uncommon(typ), start).at.ifn)
    return tab.addr


@export
def getitab(g: Ptr[G], inter: Ptr[InterfaceType], typ: Ptr[Type]) -> u64:
    """The itab of a pair, or 0 if typ does not implement the interface."""
    e = itab_slot(atomic_load(itabs.ptr.field(ItabTables.table)), inter.addr, typ.addr)
    # A slot that was free may have been filled since, for another pair.
    if atomic_load(e.field(ItabEntry.inter)) == inter.addr and e.at.typ == typ.addr:
        return e.at.itab
    return add_itab(inter, typ)


@noinline
def add_itab(inter: Ptr[InterfaceType], typ: Ptr[Type]) -> u64:
    """Find the itab of a pair under the lock, or create it. See Note [Reading itabs without a lock]."""
    lock(itabs.ptr.field(ItabTables.lock), RANK_TABLE)
    e = itab_slot(itabs.at.table, inter.addr, typ.addr)
    tab = u64(0)
    if e.at.inter != 0:
        tab = e.at.itab
    else:
        if missing_method(inter, typ) == 0:
            tab = make_itab(inter, typ)
        itab_fill(e, inter.addr, typ.addr, tab)
        itabs.at.count = u64(itabs.at.count + 1)
        if itabs.at.count * 2 > itabs.at.table.at.size:
            itab_grow()
    unlock(itabs.ptr.field(ItabTables.lock))
    return tab


def dynamic_type(static_type: Ptr[Type], word: u64) -> u64:
    """The dynamic type behind the first word of an interface value of the given interface type."""
    if word == 0 or cast(InterfaceType, static_type).at.methods_len == 0:
        return word
    return ptr_at(Itab, word).at.typ


def equal_struct(g: Ptr[G], t: Ptr[StructType], p: u64, q: u64) -> boolean:
    """Whether all fields except blank ones are equal."""
    for i in range(t.at.fields_len):
        f = ptr_at(StructField, u64(t.at.fields + i * size_of(StructField)))
        if not is_blank_name(f.at.name):
            if not equal(g, f.at.typ, u64(p + f.at.offset), u64(q + f.at.offset)):
                return False
    return True


def equal_iface(g: Ptr[G], t: Ptr[Type], p: u64, q: u64) -> boolean:
    """Whether two interface values in memory are equal."""
    a = dynamic_type(t, ptr_at(u64, p)[0])
    b = dynamic_type(t, ptr_at(u64, q)[0])
    if not same_type(a, b):
        return False
    if a == 0:
        return True
    return equal_data(g, ptr_at(Type, a), ptr_at(u64, u64(p + 8))[0], ptr_at(u64, u64(q + 8))[0])


def equal_data(g: Ptr[G], t: Ptr[Type], x: u64, y: u64) -> boolean:
    """Whether two interface data words of the same dynamic type hold equal values."""
    if t.at.equal == 0:
        g.at.pending = PENDING_UNCOMPARABLE
        g.at.m.at.pending_a = t.addr
        return False
    if is_direct_iface(t):
        return x == y
    return equal(g, t, x, y)


def equal_floats(p: u64, q: u64, single: boolean, count: u64) -> boolean:
    """Whether floats in memory are equal: -0 equals 0, and NaN equals nothing."""
    for i in range(count):
        if single:
            if f64(ptr_at(f32, p)[i]) != f64(ptr_at(f32, q)[i]):
                return False
        elif ptr_at(f64, p)[i] != ptr_at(f64, q)[i]:
            return False
    return True


def equal(g: Ptr[G], t: Ptr[Type], p: u64, q: u64) -> boolean:
    """Whether the values of type t at p and q are equal. Sets g.pending if a dynamic type cannot be compared."""
    if t.at.tflag & TFLAG_REGULAR_MEMORY != 0:
        return p == q or t.at.size == 0 or memcmp(p, q, t.at.size) == 0
    k = t.at.kind_
    if k == KIND_STRING:
        n = ptr_at(u64, u64(p + 8))[0]
        if n != ptr_at(u64, u64(q + 8))[0]:
            return False
        a = ptr_at(u64, p)[0]
        b = ptr_at(u64, q)[0]
        return n == 0 or a == b or memcmp(a, b, n) == 0
    if k == KIND_INTERFACE:
        return equal_iface(g, t, p, q)
    if k == KIND_STRUCT:
        return equal_struct(g, cast(StructType, t), p, q)
    if k == KIND_ARRAY:
        elem = cast(ArrayType, t).at.elem
        for i in range(cast(ArrayType, t).at.len):
            if not equal(g, elem, u64(p + i * elem.at.size), u64(q + i * elem.at.size)):
                return False
        return True
    if k == KIND_FLOAT32:
        return equal_floats(p, q, True, u64(1))
    if k == KIND_FLOAT64:
        return equal_floats(p, q, False, u64(1))
    if k == KIND_COMPLEX64:
        return equal_floats(p, q, True, u64(2))
    if k == KIND_COMPLEX128:
        return equal_floats(p, q, False, u64(2))
    return t.at.size == 0 or memcmp(p, q, t.at.size) == 0


@export
def efaceeq(g: Ptr[G], typ: Ptr[Type], x: u64, y: u64) -> boolean:
    """Whether two interfaces of this dynamic type, with these data words, are equal."""
    return equal_data(g, typ, x, y)


@export
def typeequal(g: Ptr[G], typ: Ptr[Type], p: u64, q: u64) -> boolean:
    """Whether the values at p and q are equal."""
    return equal(g, typ, p, q)
