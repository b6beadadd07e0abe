"""Hashes of Go values.

`typehash` hashes a value by walking its type descriptor, so that values that are equal by == have the same hash: -0 and
0 do, blank fields do not count, and an interface hashes as its dynamic value. A NaN equals nothing and gets a random
hash, because otherwise a map full of NaNs would be one long chain.

The core is the folded multiplication of wyhash and foldhash: high half xor low half of a 128-bit product. The low bits
of the product depend only on the low bits of the factors, its high half on all bits; their xor combines both. One of
the factors contains the map's seed, so that an attacker who does not know it cannot choose keys that collide.

Rejected: AES rounds, as in Go. The dialect has no vector registers, and one multiplication is as fast.
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
from morestack.abi.pending import PENDING_UNHASHABLE
from morestack.dialect.machine import (
    Ptr,
    boolean,
    cast,
    export,
    f32,
    f64,
    f64_bits,
    inline,
    ptr_at,
    size_of,
    u8,
    u64,
)  # fmt: skip
from morestack.runtime.mem.type import ArrayType, StructField, StructType, Type, is_direct_iface
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.rand import K0, K1, fastrand, fold
from morestack.runtime.value.iface import dynamic_type

SHORT = u64(16)
"""The most bytes of memory that two words cover."""


def wordhash(x: u64, seed: u64) -> u64:
    """Hash of one word."""
    return fold(u64(x ^ seed), K0)


def load32(at: u64) -> u64:
    """4 bytes at any address, as one little-endian load."""
    p = ptr_at(u8, at)
    return u64(p[0]) | u64(p[1]) << 8 | u64(p[2]) << 16 | u64(p[3]) << 24


def load64(at: u64) -> u64:
    """8 bytes at any address, as one little-endian load."""
    p = ptr_at(u8, at)
    return (
        u64(p[0]) | u64(p[1]) << 8 | u64(p[2]) << 16 | u64(p[3]) << 24
        | u64(p[4]) << 32 | u64(p[5]) << 40 | u64(p[6]) << 48 | u64(p[7]) << 56
    )  # fmt: skip


@inline
def first_word(p: u64, n: u64) -> u64:
    """The first of two words that together cover at most 16 bytes."""
    if n >= 8:
        return load64(p)
    if n >= 4:
        return load32(p)
    return u64(ptr_at(u8, p)[0]) if n != 0 else u64(0)


@inline
def last_word(p: u64, n: u64) -> u64:
    """The second one; it overlaps the first."""
    if n >= 8:
        return load64(u64(p + n - 8))
    if n >= 4:
        return load32(u64(p + n - 4))
    return u64(ptr_at(u8, p)[n >> 1]) << 8 | u64(ptr_at(u8, p)[u64(n - 1)]) if n != 0 else u64(0)


def shorthash(first: u64, last: u64, n: u64, seed: u64) -> u64:
    """Hash of at most 16 bytes, given by two words. Equals memhash."""
    return fold(u64(first ^ u64(seed + n * K0)), u64(last ^ K1))


def memhash(p: u64, n: u64, seed: u64) -> u64:
    """Hash of n bytes. The last loads overlap earlier ones, so that no length needs a loop over bytes. The length is
    mixed into all bits of the seed, because in few bits it could cancel a difference in the bytes."""
    if n <= SHORT:
        return shorthash(first_word(p, n), last_word(p, n), n, seed)
    seed = u64(seed + n * K0)
    at = p
    last = u64(p + n - 16)
    while at < last:
        seed = fold(u64(load64(at) ^ seed), u64(load64(u64(at + 8)) ^ K0))
        at = u64(at + 16)
    return fold(u64(load64(last) ^ seed), u64(load64(u64(last + 8)) ^ K1))


def floathash(g: Ptr[G], x: f64, seed: u64) -> u64:
    """Hash of a float."""
    if x == 0.0:
        return wordhash(K1, seed)
    if x != x:
        return wordhash(fastrand(g.at.m), seed)
    return wordhash(f64_bits(x), seed)


def ifacehash(g: Ptr[G], t: Ptr[Type], p: u64, seed: u64) -> u64:
    """Hash of an interface value: that of its dynamic value. Sets g.pending if the type is not comparable."""
    typ = dynamic_type(t, ptr_at(u64, p)[0])
    if typ == 0:
        return wordhash(u64(0), seed)
    d = ptr_at(Type, typ)
    if d.at.equal == 0:
        g.at.pending = PENDING_UNHASHABLE
        g.at.m.at.pending_a = typ
        g.at.m.at.pending_b = u64(0)
        return u64(0)
    h = u64(seed ^ u64(d.at.hash))
    if is_direct_iface(d):
        return typehash(g, d, u64(p + 8), h)
    return typehash(g, d, ptr_at(u64, u64(p + 8))[0], h)


def is_blank_field(f: Ptr[StructField]) -> boolean:
    """Whether a field's name is _: its encoding is flags, length 1, the byte."""
    name = ptr_at(u8, f.at.name)
    return name[1] == 1 and name[2] == 95


def structhash(g: Ptr[G], t: Ptr[StructType], p: u64, seed: u64) -> u64:
    """Hash of all fields except blank ones."""
    h = seed
    for i in range(t.at.fields_len):
        f = ptr_at(StructField, u64(t.at.fields + i * size_of(StructField)))
        if not is_blank_field(f):
            h = typehash(g, f.at.typ, u64(p + f.at.offset), h)
    return h


def typehash(g: Ptr[G], t: Ptr[Type], p: u64, seed: u64) -> u64:
    """Hash of the value of type t at p. Sets g.pending if it contains a value that cannot be hashed."""
    if t.at.tflag & TFLAG_REGULAR_MEMORY != 0:
        return memhash(p, t.at.size, seed)
    k = t.at.kind_
    if k == KIND_STRING:
        return memhash(ptr_at(u64, p)[0], ptr_at(u64, p)[1], seed)
    if k == KIND_INTERFACE:
        return ifacehash(g, t, p, seed)
    if k == KIND_STRUCT:
        return structhash(g, cast(StructType, t), p, seed)
    if k == KIND_ARRAY:
        elem = cast(ArrayType, t).at.elem
        h = seed
        for i in range(cast(ArrayType, t).at.len):
            h = typehash(g, elem, u64(p + i * elem.at.size), h)
        return h
    if k == KIND_FLOAT32:
        return floathash(g, f64(ptr_at(f32, p)[0]), seed)
    if k == KIND_FLOAT64:
        return floathash(g, ptr_at(f64, p)[0], seed)
    if k == KIND_COMPLEX64:
        return floathash(g, f64(ptr_at(f32, p)[1]), floathash(g, f64(ptr_at(f32, p)[0]), seed))
    if k == KIND_COMPLEX128:
        return floathash(g, ptr_at(f64, p)[1], floathash(g, ptr_at(f64, p)[0], seed))
    return memhash(p, t.at.size, seed)


@export
def hashof(g: Ptr[G], t: Ptr[Type], p: u64, seed: u64) -> u64:
    """The hash of the value of a type at p, for Go's packages. Values that cannot be hashed panic."""
    return typehash(g, t, p, seed)
