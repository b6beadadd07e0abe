"""IR types, which describe only the representation of a value in memory.

Types are interned: equal types are the same object, so `is` compares them. Offsets follow Go's (natural) alignment on
linux/amd64. Signedness is a property of ops, and names are a property of Go's types. Go's string is `{ptr, i64}`, a
slice `{ptr, i64, i64}`, any interface `{ptr, ptr}`, complex128 `{f64, f64}`; func, map, chan, pointers and
unsafe.Pointer are `ptr`; uintptr is i64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A machine value: `name` is its text form."""

    name: str
    size: int
    align: int

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    """Fields at natural alignment; `offsets` has one entry per field."""

    fields: tuple[IRType, ...]
    offsets: tuple[int, ...]
    size: int
    align: int

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, self.fields)) + "}"


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """`len` elements without gaps."""

    elem: IRType
    len: int
    size: int
    align: int

    def __repr__(self) -> str:
        return f"[{self.len} x {self.elem!r}]"


IRType: TypeAlias = Scalar | Struct | Array

BOOL = Scalar("bool", 1, 1)
I8 = Scalar("i8", 1, 1)
I16 = Scalar("i16", 2, 2)
I32 = Scalar("i32", 4, 4)
I64 = Scalar("i64", 8, 8)
F32 = Scalar("f32", 4, 4)
F64 = Scalar("f64", 8, 8)
PTR = Scalar("ptr", 8, 8)
SCALARS = {t.name: t for t in (BOOL, I8, I16, I32, I64, F32, F64, PTR)}

_structs: dict[tuple[int, ...], Struct] = {}
_arrays: dict[tuple[int, int], Array] = {}


def struct(*fields: IRType) -> Struct:
    """Return the struct type with these fields."""
    key = tuple(map(id, fields))
    known = _structs.get(key)
    if known is None:
        offsets: list[int] = []
        at, align = 0, 1
        for f in fields:
            at = -(-at // f.align) * f.align
            offsets.append(at)
            at += f.size
            align = max(align, f.align)
        if at and not fields[-1].size:
            at += 1  # as in gc: the address of an empty last field must not be that of the next object
        known = _structs[key] = Struct(fields, tuple(offsets), -(-at // align) * align, align)
    return known


def array(elem: IRType, length: int) -> Array:
    """Return the type of an array of `length` elements."""
    key = (id(elem), length)
    known = _arrays.get(key)
    if known is None:
        known = _arrays[key] = Array(elem, length, elem.size * length, elem.align)
    return known


STRING = struct(PTR, I64)
SLICE = struct(PTR, I64, I64)
IFACE = struct(PTR, PTR)
COMPLEX64 = struct(F32, F32)
COMPLEX128 = struct(F64, F64)


def scalars(t: IRType, offset: int = 0) -> list[tuple[int, Scalar]]:
    """Return every scalar in t with its offset, in order."""
    match t:
        case Scalar():
            return [(offset, t)]
        case Struct(fields=fields, offsets=offsets):
            return [s for f, o in zip(fields, offsets, strict=True) for s in scalars(f, offset + o)]
        case Array(elem=elem, len=n):
            return [s for i in range(n) for s in scalars(elem, offset + i * elem.size)]


def pointer_words(t: IRType) -> int:
    """Return a bit mask: bit i is set if the 8-byte word i of t holds a pointer."""
    match t:
        case Scalar():
            return 1 if t is PTR else 0
        case Struct(fields=fields, offsets=offsets):
            bits = 0
            for f, o in zip(fields, offsets, strict=True):
                if inner := pointer_words(f):
                    bits |= inner << (o // 8)
            return bits
        case Array(elem=elem, len=n):
            inner = pointer_words(elem)
            if not inner or not n:
                return 0
            bits, have = inner, 1
            width = elem.size // 8
            while have < n:  # double the words so far, then trim
                bits |= bits << (have * width)
                have *= 2
            return bits & ((1 << (n * width)) - 1)
