"""Whether `==` works on a type, and why not."""

from __future__ import annotations

from collections.abc import Callable

from morestack.types.core.kinds import is_type_param
from morestack.types.core.types import (
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
    Pointer,
    Struct,
    Type,
)
from morestack.types.core.under import under


def comparable_type(
    t: Type, dynamic: bool = True, describe: Callable[[Type], str] | None = None, seen: set[int] | None = None
) -> tuple[bool, str]:
    """Whether == works on t, and if not gc's reason ("" when the type itself says it).

    With `dynamic`, interfaces compare (they may panic at run time); without, only what never panics does.
    `seen` holds the types this question is being asked about already.
    """
    return _comparable(t, dynamic, describe, set() if seen is None else seen)


def _comparable(t: Type, dynamic: bool, describe: Callable[[Type], str] | None, seen: set[int]) -> tuple[bool, str]:
    if id(t) in seen:
        return True, ""
    seen.add(id(t))
    if describe is None:
        from morestack.types.identity.typestring import type_string

        describe = type_string
    u = under(t)
    if isinstance(u, Basic):
        return u.kind is not Kind.UNTYPED_NIL, ""
    if isinstance(u, Pointer | Chan):
        return True, ""
    if isinstance(u, Struct):
        for f in u.fields:
            if f.type is not None and not _comparable(f.type, dynamic, describe, seen)[0]:
                return False, f"struct containing {describe(f.type)} cannot be compared"
        return True, ""
    if isinstance(u, Array):
        ok = _comparable(u.elem, dynamic, describe, seen)[0]
        return (True, "") if ok else (False, f"{describe(t)} cannot be compared")
    if isinstance(u, Interface):
        from morestack.types.identity.type_set import type_set

        terms = type_set(u)
        if (dynamic and not is_type_param(t)) or terms.is_comparable(seen):
            return True, ""
        return False, "empty type set" if terms.is_empty() else "incomparable types in type set"
    return False, ""
