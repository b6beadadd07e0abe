"""Whether `==` works on a type, and gc's words for why not."""

from __future__ import annotations

from collections.abc import Callable

from morestack.types.core.kinds import is_type_param
from morestack.types.core.types import Array, Basic, Chan, Interface, Kind, Pointer, Struct, Type
from morestack.types.core.under import under
from morestack.types.identity.identical import is_comparable_set, type_set
from morestack.types.identity.typestring import type_string


def comparable_type(t: Type, describe: Callable[[Type], str] = type_string) -> tuple[bool, str]:
    """Whether == is defined for t; if not, also gc's reason ("" if the type itself is the reason).

    Interfaces compare, though they may panic at run time: see `identical.strictly_comparable`.
    """
    return _comparable(t, describe, set())


def _comparable(t: Type, describe: Callable[[Type], str], seen: set[int]) -> tuple[bool, str]:
    if id(t) in seen:
        return True, ""
    seen.add(id(t))
    u = under(t)
    if isinstance(u, Basic):
        return u.kind is not Kind.UNTYPED_NIL, ""
    if isinstance(u, Struct):
        for f in u.fields:
            if f.type is not None and not _comparable(f.type, describe, seen)[0]:
                return False, f"struct containing {describe(f.type)} cannot be compared"
        return True, ""
    if isinstance(u, Array):
        ok = _comparable(u.elem, describe, seen)[0]
        return (True, "") if ok else (False, f"{describe(t)} cannot be compared")
    if isinstance(u, Interface):
        terms = type_set(u)
        if not is_type_param(t) or is_comparable_set(terms):
            return True, ""
        return False, "empty type set" if terms.is_empty() else "incomparable types in type set"
    return isinstance(u, (Pointer, Chan)), ""
