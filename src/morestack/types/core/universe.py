"""The universe scope: predeclared types, constants, nil and functions; and package unsafe.

`any` is an alias with its own object, so that messages can say `any`; `error` and `comparable` are defined types, as
in go/types.
"""

from __future__ import annotations

from morestack.types.core.objects import Builtin, BuiltinId, Const, Func, Nil, Package, TypeName, Var
from morestack.types.core.scope import Scope
from morestack.types.core.types import (
    BASIC,
    BYTE,
    EMPTY_TUPLE,
    INVALID,
    RUNE,
    STRING,
    UNSAFE_POINTER,
    UNTYPED_BOOL,
    UNTYPED_INT,
    Alias,
    Interface,
    Kind,
    Named,
    Signature,
    Traits,
    Tuple,
)

UNIVERSE = Scope(None)
UNSAFE = Package("unsafe", "unsafe", Scope(UNIVERSE))

EMPTY_INTERFACE = Interface((), ())

_UNSAFE_IDS = {
    BuiltinId.ALIGNOF,
    BuiltinId.OFFSETOF,
    BuiltinId.SIZEOF,
    BuiltinId.ADD,
    BuiltinId.SLICE,
    BuiltinId.SLICE_DATA,
    BuiltinId.STRING,
    BuiltinId.STRING_DATA,
}


def _declare_types() -> None:
    for kind, basic in BASIC.items():
        if kind in (Kind.INVALID, Kind.UNSAFE_POINTER) or basic.traits & Traits.UNTYPED:
            continue
        UNIVERSE.insert(TypeName(basic.name, basic))
    UNIVERSE.insert(TypeName("byte", BYTE, is_alias=True))
    UNIVERSE.insert(TypeName("rune", RUNE, is_alias=True))


def _any() -> Alias:
    obj = TypeName("any", None, is_alias=True)
    alias = Alias(obj, EMPTY_INTERFACE)
    obj.type = alias
    UNIVERSE.insert(obj)
    return alias


def _error() -> Named:
    obj = TypeName("error", None)
    named = Named(obj)
    obj.type = named
    method = Func("Error", None)
    method.type = Signature(EMPTY_TUPLE, Tuple((Var("", STRING, is_result=True),)), recv=Var("", named, is_param=True))
    named.underlying = Interface((method,), ())
    UNIVERSE.insert(obj)
    return named


def _comparable() -> Named:
    obj = TypeName("comparable", None)
    named = Named(obj)
    obj.type = named
    named.underlying = Interface((), ())
    UNIVERSE.insert(obj)
    return named


_declare_types()
ANY = _any()
ERROR = _error()
COMPARABLE = _comparable()
UNIVERSE.insert(Const("true", UNTYPED_BOOL, True))
UNIVERSE.insert(Const("false", UNTYPED_BOOL, False))
IOTA = Const("iota", UNTYPED_INT, 0)
"""The checker assigns the current value to each use."""
UNIVERSE.insert(IOTA)
NIL = Nil()
UNIVERSE.insert(NIL)
for _id in BuiltinId:
    if _id in _UNSAFE_IDS:
        assert UNSAFE.scope is not None
        UNSAFE.scope.insert(Builtin(_id.value, _id, pkg=UNSAFE))
    else:
        UNIVERSE.insert(Builtin(_id.value, _id))
assert UNSAFE.scope is not None
UNSAFE.scope.insert(TypeName("Pointer", UNSAFE_POINTER, pkg=UNSAFE))

__all__ = ["ANY", "COMPARABLE", "EMPTY_INTERFACE", "ERROR", "INVALID", "IOTA", "NIL", "UNIVERSE", "UNSAFE"]
