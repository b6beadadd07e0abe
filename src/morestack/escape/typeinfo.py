"""What escape analysis asks of types: pointers, sizes, and how a value sits in an interface.

A type parameter has pointers, is not an interface, is boxed, and counts as small where a size limit sends
things to the heap but as large where it would let a closure copy: each answer is the safe one.
"""

from __future__ import annotations

from morestack.types.core import sizes
from morestack.types.core.kinds import is_type_param
from morestack.types.core.sizes import has_constant_size, sizeof
from morestack.types.core.types import (
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
    Pointer,
    Slice,
    Struct,
    Tuple,
    Type,
)
from morestack.types.core.under import under
from morestack.types.identity.type_params import core_type

PTR_SIZE = 8
MAX_STACK_VAR_SIZE = 128 * 1024
"""Larger declared variables go to the heap."""
MAX_IMPLICIT_STACK_VAR_SIZE = 64 * 1024
"""Larger `new(T)`, `&T{}` and `make([]T, n)` go to the heap."""
MAX_BY_VALUE = 128
"""Larger variables are captured by reference."""


def underlying(t: Type | None) -> Type | None:
    return under(t) if t is not None else None


def is_interface(t: Type | None) -> bool:
    """An interface that is not a type parameter."""
    return t is not None and not is_type_param(t) and isinstance(under(t), Interface)


def has_pointers(t: Type | None) -> bool:
    """May a value of this type hold a pointer the collector must see?"""
    if t is None:
        return True
    if is_type_param(t):
        return True
    u = under(t)
    if isinstance(u, Basic):
        return u.kind in (Kind.STRING, Kind.UNSAFE_POINTER, Kind.UNTYPED_STRING, Kind.UNTYPED_NIL, Kind.INVALID)
    if isinstance(u, Array):
        return u.len != 0 and has_pointers(u.elem)
    if isinstance(u, Struct):
        return any(has_pointers(f.type) for f in u.fields)
    if isinstance(u, Tuple):
        return any(has_pointers(v.type) for v in u.vars)
    return True


def size(t: Type | None) -> int:
    """Bytes a value takes; 0 where a type parameter decides it."""
    return sizeof(t) if t is not None and has_constant_size(t) else 0


def fits_by_value(t: Type | None) -> bool:
    """May a closure hold a copy of a variable of this type, as far as its size goes?"""
    return t is not None and has_constant_size(t) and size(t) <= MAX_BY_VALUE


def is_direct_iface(t: Type | None) -> bool:
    """Is a value of this type one pointer, kept in the interface's data word itself?"""
    return t is not None and sizes.is_direct_iface(t)


def needs_box(dst: Type | None, src: Type | None) -> bool:
    """Does converting src to dst store a copy of the value behind an interface's data word?"""
    return is_interface(dst) and not is_interface(src) and not is_direct_iface(src)


def is_string(t: Type | None) -> bool:
    """Is it a string type?"""
    u = under(t) if t is not None else None
    return isinstance(u, Basic) and u.kind in (Kind.STRING, Kind.UNTYPED_STRING)


def is_kind(t: Type | None, kind: Kind) -> bool:
    """Is its underlying type this basic type?"""
    u = under(t) if t is not None else None
    return isinstance(u, Basic) and u.kind is kind


def pointer_base(t: Type | None) -> Type | None:
    """What t points to, if it is a pointer."""
    u = core_type(t) if t is not None else None
    return u.elem if isinstance(u, Pointer) else None


def element(t: Type | None) -> Type | None:
    """The element type of an array, slice or channel, else None."""
    u = core_type(t) if t is not None else None
    return u.elem if isinstance(u, Array | Slice | Chan) else None
