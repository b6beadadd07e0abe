"""Predicates on the kind of a type: basic traits, names, pointers, untyped defaults.

`is_integer` and similar predicates examine the underlying type and are False for type parameters. The predicates in
`identity.type_params` test every type of a parameter's type set.
"""

from __future__ import annotations

from morestack.types.core.types import (
    BOOL,
    COMPLEX128,
    FLOAT64,
    INT,
    INVALID,
    RUNE,
    STRING,
    Alias,
    Basic,
    Interface,
    Kind,
    Named,
    Pointer,
    Slice,
    Traits,
    Type,
    TypeParam,
)
from morestack.types.core.under import components, unalias, under


def traits_of(t: Type) -> int:
    """The traits of t's underlying type, as `Basic.traits`."""
    u = t if isinstance(t, Basic) else under(t)
    return u.traits if isinstance(u, Basic) else 0


def is_valid(t: Type | None) -> bool:
    return t is not None and t is not INVALID and (type(t) is not Alias or unalias(t) is not INVALID)


def is_type_param(t: Type) -> bool:
    return isinstance(unalias(t) if type(t) is Alias else t, TypeParam)


def is_interface(t: Type) -> bool:
    """An interface, or a type parameter (go/types' IsInterface)."""
    return isinstance(under(t), Interface)


def is_non_type_param_interface(t: Type) -> bool:
    return not is_type_param(t) and is_interface(t)


def is_basic_kind(t: Type, kind: Kind) -> bool:
    u = under(t)
    return isinstance(u, Basic) and u.kind is kind


def is_boolean(t: Type) -> bool:
    return bool(traits_of(t) & Traits.BOOLEAN)


def is_integer(t: Type) -> bool:
    return bool(traits_of(t) & Traits.INTEGER)


def is_unsigned(t: Type) -> bool:
    return bool(traits_of(t) & Traits.UNSIGNED)


def is_float(t: Type) -> bool:
    return bool(traits_of(t) & Traits.FLOAT)


def is_complex(t: Type) -> bool:
    return bool(traits_of(t) & Traits.COMPLEX)


def is_numeric(t: Type) -> bool:
    return bool(traits_of(t) & Traits.NUMERIC)


def is_string(t: Type) -> bool:
    return bool(traits_of(t) & Traits.STRING)


def is_integer_or_float(t: Type) -> bool:
    return bool(traits_of(t) & (Traits.INTEGER | Traits.FLOAT))


def is_const_type(t: Type) -> bool:
    """Whether constants can have this type."""
    return bool(traits_of(t) & Traits.CONST_TYPE)


def is_untyped(t: Type) -> bool:
    return isinstance(t, Basic) and t.traits & Traits.UNTYPED != 0


def is_typed(t: Type) -> bool:
    return not isinstance(t, Basic) or t.traits & Traits.UNTYPED == 0


def is_untyped_nil(t: Type) -> bool:
    return isinstance(t, Basic) and t.kind is Kind.UNTYPED_NIL


def is_pointer(t: Type) -> bool:
    return isinstance(under(t), Pointer)


def is_unsafe_pointer(t: Type) -> bool:
    return is_basic_kind(t, Kind.UNSAFE_POINTER)


def is_uintptr(t: Type) -> bool:
    return is_basic_kind(t, Kind.UINTPTR)


def is_bytes_or_runes(t: Type) -> bool:
    u = under(t)
    if not isinstance(u, Slice):
        return False
    e = under(u.elem)
    return isinstance(e, Basic) and e.kind in (Kind.UINT8, Kind.INT32)


def has_name(t: Type) -> bool:
    """Whether t is predeclared, defined, or a type parameter."""
    return isinstance(unalias(t), (Basic, Named, TypeParam))


def is_generic(t: Type) -> bool:
    """Whether t is a generic type without type arguments."""
    if isinstance(t, Alias):
        return bool(t.type_params) and not t.type_args
    return isinstance(t, Named) and bool(t.type_params) and t.origin is None


def is_interface_pointer(t: Type) -> bool:
    u = under(t)
    return isinstance(u, Pointer) and is_interface(u.elem)


def has_type_param(t: Type | None) -> bool:
    """Whether t mentions a type parameter (types2's isParameterized)."""
    return _mentions_param(t, set())


def _mentions_param(t: Type | None, seen: set[int]) -> bool:
    if t is None or isinstance(t, Basic):
        return False
    if isinstance(t, TypeParam):
        return True
    if id(t) in seen:
        return False
    seen.add(id(t))
    for part in t.type_args if isinstance(t, Named) else components(t):  # noqa: SIM110  Note [Recursion over types]
        if _mentions_param(part, seen):
            return True
    return False


_DEFAULTS: dict[Kind, Type] = {
    Kind.UNTYPED_BOOL: BOOL,
    Kind.UNTYPED_INT: INT,
    Kind.UNTYPED_RUNE: RUNE,
    Kind.UNTYPED_FLOAT: FLOAT64,
    Kind.UNTYPED_COMPLEX: COMPLEX128,
    Kind.UNTYPED_STRING: STRING,
}


_RANK = {Kind.UNTYPED_INT: 0, Kind.UNTYPED_RUNE: 1, Kind.UNTYPED_FLOAT: 2, Kind.UNTYPED_COMPLEX: 3}


def default_type(t: Type) -> Type:
    """The type an untyped value takes where nothing else decides; untyped nil keeps its own."""
    return _DEFAULTS.get(t.kind, t) if isinstance(t, Basic) else t


def max_type(x: Type, y: Type) -> Type | None:
    """The later of two untyped numeric types in int, rune, float, complex; x if both are one type."""
    if x is y:
        return x
    if isinstance(x, Basic) and isinstance(y, Basic) and x.kind in _RANK and y.kind in _RANK:
        return x if _RANK[x.kind] > _RANK[y.kind] else y
    return None
