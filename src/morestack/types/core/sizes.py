"""Sizes, alignments and field offsets on linux/amd64, as gc lays types out."""

from __future__ import annotations

from morestack.types.core.kinds import is_type_param
from morestack.types.core.types import Array, Basic, Chan, Interface, Kind, Map, Pointer, Signature, Slice, Struct, Type
from morestack.types.core.under import under

WORD = 8
MAX_SIZE = (1 << 63) - 1

_BASIC_SIZES = {
    Kind.BOOL: 1,
    Kind.INT8: 1,
    Kind.UINT8: 1,
    Kind.INT16: 2,
    Kind.UINT16: 2,
    Kind.INT32: 4,
    Kind.UINT32: 4,
    Kind.FLOAT32: 4,
    Kind.INT64: 8,
    Kind.UINT64: 8,
    Kind.FLOAT64: 8,
    Kind.COMPLEX64: 8,
    Kind.INT: 8,
    Kind.UINT: 8,
    Kind.UINTPTR: 8,
    Kind.UNSAFE_POINTER: 8,
    Kind.COMPLEX128: 16,
    Kind.STRING: 16,
}


def alignof(t: Type) -> int:
    return _measure(t, set())[1]


def sizeof(t: Type) -> int:
    """Bytes a value takes; may exceed `MAX_SIZE` for types gc refuses as too large."""
    return _measure(t, set())[0]


def offsetsof(struct: Struct) -> list[int]:
    """The byte offset of each field."""
    return _layout(struct, set())[0]


def _measure(t: Type, active: set[int]) -> tuple[int, int]:
    """(size, alignment) in one go: two recursions would take quadratic time in nested structs.

    `active` are the structs being measured: an invalid recursive one has been reported and counts nothing.
    """
    u = under(t)
    if isinstance(u, Basic):
        size = _BASIC_SIZES.get(u.kind, 0)
        return size, 4 if u.kind is Kind.COMPLEX64 else max(1, min(size, WORD))
    if isinstance(u, Array):
        size, align = _measure(u.elem, active)
        return max(0, u.len) * size, align
    if isinstance(u, Struct):
        return _layout(u, active)[1:]
    if isinstance(u, Slice):
        return 3 * WORD, WORD
    if isinstance(u, Interface):
        return 2 * WORD, WORD
    if isinstance(u, (Pointer, Map, Chan, Signature)):
        return WORD, WORD
    return 0, 1


def _layout(struct: Struct, active: set[int]) -> tuple[list[int], int, int]:
    offsets: list[int] = []
    if id(struct) in active:
        return offsets, 0, 1
    active.add(id(struct))
    at = 0
    size = 0
    largest = 1
    for f in struct.fields:
        assert f.type is not None
        size, align = _measure(f.type, active)
        largest = max(largest, align)
        at = -(-at // align) * align
        offsets.append(at)
        at += size
    active.discard(id(struct))
    if struct.fields and size == 0 and at > 0:
        at += 1  # a pointer to a final empty field must not point past the object
    return offsets, -(-at // largest) * largest, largest


def has_constant_size(t: Type) -> bool:
    """Whether unsafe.Sizeof of a t is a constant: not if it depends on a type parameter."""
    return _has_constant_size(t, set())


def _has_constant_size(t: Type, seen: set[int]) -> bool:
    if is_type_param(t):
        return False
    u = under(t)
    if id(u) in seen:
        return True
    seen.add(id(u))
    if isinstance(u, Array):
        return _has_constant_size(u.elem, seen)
    if isinstance(u, Struct):
        return all([f.type is None or _has_constant_size(f.type, seen) for f in u.fields])
    return True


def is_direct_iface(t: Type) -> bool:
    """Whether a value of t is a single pointer, which an interface holds in its data word itself."""
    if is_type_param(t):
        return False
    u = under(t)
    if isinstance(u, Basic):
        return u.kind is Kind.UNSAFE_POINTER
    if isinstance(u, Array):
        return u.len == 1 and is_direct_iface(u.elem)
    if isinstance(u, Struct):
        sized = [f.type for f in u.fields if f.type is not None and sizeof(f.type)]
        return len(sized) == 1 and has_constant_size(u) and sizeof(u) == WORD and is_direct_iface(sized[0])
    return isinstance(u, (Pointer, Map, Chan, Signature))
