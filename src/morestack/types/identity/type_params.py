"""Predicates that hold for a type parameter if they hold for every type of its type set.

For other types, `all_integer` and similar predicates are the same as `is_integer` and its counterparts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from morestack.syntax.nodes import ChanDir
from morestack.types.core.kinds import is_string, is_type_param, traits_of
from morestack.types.core.types import (
    STRING,
    Basic,
    Chan,
    Interface,
    Kind,
    Map,
    Pointer,
    Signature,
    Slice,
    Traits,
    Type,
    TypeParam,
)
from morestack.types.core.under import constraint_interface, unalias, under
from morestack.types.identity.identical import identical, type_set
from morestack.types.identity.typestring import type_string


def all_boolean(t: Type) -> bool:
    return _all_traits(t, Traits.BOOLEAN)


def all_integer(t: Type) -> bool:
    return _all_traits(t, Traits.INTEGER)


def all_numeric(t: Type) -> bool:
    return _all_traits(t, Traits.NUMERIC)


def all_string(t: Type) -> bool:
    return _all_traits(t, Traits.STRING)


def all_ordered(t: Type) -> bool:
    """Whether `<` works on every type t stands for."""
    return _all_traits(t, Traits.ORDERED)


def all_numeric_or_string(t: Type) -> bool:
    return _all_traits(t, Traits.NUMERIC | Traits.STRING)


ordered = all_ordered


def _all_traits(t: Type, bits: int) -> bool:
    if type(t) is Basic:
        return t.traits & bits != 0
    if not is_type_param(t):
        return traits_of(t) & bits != 0
    return under_is(t, lambda u: isinstance(u, Basic) and u.traits & bits != 0)


def has_nil(t: Type) -> bool:
    """Whether nil is a value of t (of every type of t's type set)."""
    u = under(t)
    if isinstance(u, Basic):
        return u.kind is Kind.UNSAFE_POINTER
    if isinstance(u, Interface):
        return not is_type_param(t) or under_is(t, lambda v: v is not None and has_nil(v))
    return isinstance(u, (Slice, Pointer, Signature, Map, Chan))


def typeset(t: Type) -> Iterator[tuple[Type | None, Type | None]]:
    """Yield (type, underlying type) of each specific type t stands for, or (None, None) if there are no specific
    types."""
    p = unalias(t)
    if not isinstance(p, TypeParam):
        yield t, under(t)
        return
    terms = type_set(constraint_interface(p)).terms
    if not terms:  # all types, or none
        yield None, None
        return
    for term in terms:
        yield term.type, under(term.type)


def under_is(t: Type, condition: Callable[[Type | None], bool]) -> bool:
    """Whether condition holds for the underlying types of all specific types of t; None if there are none."""
    return all(condition(u) for _, u in typeset(t))


def common_under(
    t: Type, condition: Callable[[Type | None, Type | None], str | None] | None = None
) -> tuple[Type | None, str]:
    """`(the one underlying type of all types t stands for, "")`, or `(None, why there is none)`.

    A channel among channels of one element type and agreeing directions counts as common: the restricted
    one. `condition` may refuse a (type, underlying) pair with its own reason.
    """
    first: Type | None = None
    common: Type | None = None
    for s, u in typeset(t):
        if condition is not None:
            reason = condition(s, u)
            if reason is not None:
                return None, reason
        if u is None or s is None:
            return None, "no specific type"
        if common is None or first is None:
            first, common = s, u
            continue
        if isinstance(common, Chan) and isinstance(u, Chan):
            pair = f"channels {type_string(first)} and {type_string(s)}"
            if not identical(common.elem, u.elem):
                return None, f"{pair} have different element types"
            if common.dir is not u.dir:
                if common.dir is ChanDir.BOTH:
                    first, common = s, u
                elif u.dir is not ChanDir.BOTH:
                    return None, f"{pair} have conflicting directions"
            continue
        if not identical(common, u):
            return None, f"{type_string(first)} and {type_string(s)} have different underlying types"
    return common, ""


def core_type(t: Type) -> Type | None:
    """Return the common underlying type, or None if there is none."""
    return common_under(t)[0] if is_type_param(t) else under(t)


def core_string(t: Type) -> Type | None:
    """Like `core_type`, but a type parameter of strings and byte slices has core type string."""
    if not is_type_param(t):
        return under(t)
    has_string = False
    common: Type | None = None
    for _, u in typeset(t):
        if u is None:
            return None
        if is_string(u):
            has_string = True
            u = Slice(_BYTE_KIND)
        if common is not None and not identical(common, u):
            return None
        common = u
    return STRING if has_string else common


_BYTE_KIND = Basic(Kind.UINT8, Traits.INTEGER | Traits.UNSIGNED, "byte")
