"""Assignability and conversion, with gc's causes.

An operand is anything with `mode`, `type` and `value`; `TypeAndValue` is one.
"""

from __future__ import annotations

from typing import Protocol

from morestack.syntax.nodes import ChanDir
from morestack.types.const.exact import Value, to_int
from morestack.types.const.representable import representable
from morestack.types.core.info import Mode, TypeAndValue
from morestack.types.core.kinds import (
    default_type,
    has_name,
    is_boolean,
    is_bytes_or_runes,
    is_complex,
    is_integer,
    is_integer_or_float,
    is_interface_pointer,
    is_numeric,
    is_pointer,
    is_string,
    is_type_param,
    is_uintptr,
    is_unsafe_pointer,
    is_untyped,
    is_untyped_nil,
    is_valid,
    max_type,
)
from morestack.types.core.types import Array, Basic, Chan, Interface, Pointer, Slice, Type, TypeParam
from morestack.types.core.under import unalias, under
from morestack.types.identity.identical import identical, identical_ignore_tags, type_set
from morestack.types.identity.type_params import has_nil, typeset, under_is
from morestack.types.identity.typestring import Qualifier, type_string
from morestack.types.relation.implements import implements


class OperandLike(Protocol):
    """The properties of an operand that this module uses."""

    @property
    def mode(self) -> Mode: ...
    @property
    def type(self) -> Type: ...
    @property
    def value(self) -> Value | None: ...


def _with_type(x: OperandLike, t: Type) -> TypeAndValue:
    return TypeAndValue(x.mode, t, x.value)


def implicit_type(x: OperandLike, target: Type) -> tuple[Type | None, Value | None, str]:
    """Convert an untyped operand implicitly to `target`: return its type and, if constant, its value, or None and the
    reason ("truncated", "overflows" or "")."""
    if not is_untyped(x.type) or not is_valid(target):
        return x.type, None, ""
    if is_untyped(target):
        return max_type(x.type, target), None, ""
    if is_untyped_nil(x.type):
        return (target if has_nil(target) else None), None, ""
    u = under(target)
    if isinstance(u, Basic):
        if x.mode is Mode.CONSTANT:
            value, reason = representable(x.value, u)
            return (target if value is not None else None), value, reason
        fits = (
            (is_boolean(x.type) and is_boolean(target))
            or (is_numeric(x.type) and is_numeric(target))
            or (is_string(x.type) and is_string(target))
        )
        return (target if fits else None), None, ""
    if isinstance(u, Interface):
        if is_type_param(target):
            ok = under_is(target, lambda v: v is not None and implicit_type(x, v)[0] is not None)
            return (target if ok else None), None, ""
        return (default_type(x.type) if type_set(u).is_all() else None), None, ""
    return None, None, ""


def assignable_to(x: OperandLike, target: Type, qf: Qualifier | None = None) -> tuple[bool, str]:
    """Whether x may be assigned to a variable of type target; if not, also gc's cause, if it gives one."""
    if not is_valid(x.type) or not is_valid(target):
        return True, ""
    v, t = unalias(x.type), unalias(target)
    if identical(v, t):
        return True, ""
    vu, tu = under(v), under(t)
    if is_untyped(vu):
        if isinstance(t, TypeParam):
            ok = all(s is not None and implicit_type(x, s)[0] is not None for s, _ in typeset(t))
            return ok, ""
        return implicit_type(x, t)[0] is not None, ""
    vp, tp = isinstance(v, TypeParam), isinstance(t, TypeParam)
    if not vp and not tp and (not has_name(v) or not has_name(t)) and identical(vu, tu):
        return True, ""
    if (isinstance(tu, Interface) and not tp) or is_interface_pointer(tu):
        ok, cause = implements(v, t, False, qf)
        if ok:
            return True, ""
        if not vp:
            return False, cause
    if isinstance(vu, Interface) and not vp and implements(t, v, False, qf)[0]:
        return False, "need type assertion"
    if isinstance(vu, Chan) and vu.dir is ChanDir.BOTH and isinstance(tu, Chan) and identical(vu.elem, tu.elem):
        return not has_name(v) or not has_name(t), ""
    if tp and not has_name(v):
        return _each_target(x, t, qf)
    if vp and not has_name(t):
        return _each_source(x, v, target, qf)
    return False, ""


def _each_target(x: OperandLike, t: Type, qf: Qualifier | None) -> tuple[bool, str]:
    for s, _ in typeset(t):
        if s is None:
            return False, ""
        ok, cause = assignable_to(x, s, qf)
        if not ok:
            text = f"cannot assign {type_string(x.type, qf)} to {type_string(s, qf)} (in {type_string(t, qf)})"
            return False, _join(text, cause)
    return True, ""


def _each_source(x: OperandLike, v: Type, target: Type, qf: Qualifier | None) -> tuple[bool, str]:
    for s, _ in typeset(v):
        if s is None:
            return False, ""
        ok, cause = assignable_to(_with_type(x, s), target, qf)
        if not ok:
            text = f"cannot assign {type_string(s, qf)} (in {type_string(v, qf)}) to {type_string(target, qf)}"
            return False, _join(text, cause)
    return True, ""


def _join(text: str, cause: str) -> str:
    return f"{text}\n\t{cause}" if cause else text


# -- conversions -----------------------------------------------------------------------------------


def constant_conversion(value: Value | None, source: Type, target: Type) -> tuple[bool, Value | None]:
    """T(c) for a constant c and a basic T: whether it is allowed, and its value."""
    u = under(target)
    if not isinstance(u, Basic):
        return False, None
    result, _ = representable(value, u)
    if result is not None:
        return True, result
    if is_integer(source) and is_string(u):
        code = to_int(value)
        if code is None or not 0 <= code <= 0x10FFFF or 0xD800 <= code < 0xE000:
            code = 0xFFFD
        return True, chr(code).encode("utf-8")
    return False, None


def convertible_to(x: OperandLike, target: Type, qf: Qualifier | None = None) -> tuple[bool, str]:
    """Whether T(x) is valid for an x that is not converted as a constant; if not, also gc's cause."""
    ok, cause = assignable_to(x, target, qf)
    if ok:
        return True, ""
    v, t = unalias(x.type), unalias(target)
    vu, tu = under(v), under(t)
    vp, tp = isinstance(v, TypeParam), isinstance(t, TypeParam)
    if not vp and not tp and identical_ignore_tags(vu, tu):
        return True, ""
    if isinstance(v, Pointer) and isinstance(t, Pointer):
        bases = not is_type_param(v.elem) and not is_type_param(t.elem)
        if bases and identical_ignore_tags(under(v.elem), under(t.elem)):
            return True, ""
    if _convertible_kinds(vu, tu):
        return True, ""
    if isinstance(vu, Slice):
        array = under(tu.elem) if isinstance(tu, Pointer) else tu
        if isinstance(array, Array) and identical(vu.elem, array.elem):
            return True, ""
    if not vp and not tp:
        return False, cause
    return _convertible_generic(x, v, t, target, cause, qf)


def _convertible_kinds(vu: Type, tu: Type) -> bool:
    if is_integer_or_float(vu) and is_integer_or_float(tu):
        return True
    if is_complex(vu) and is_complex(tu):
        return True
    if is_string(tu) and (is_integer(vu) or is_bytes_or_runes(vu)):
        return True
    if is_string(vu) and is_bytes_or_runes(tu):
        return True
    if is_unsafe_pointer(tu) and (is_pointer(vu) or is_uintptr(vu)):
        return True
    return is_unsafe_pointer(vu) and (is_pointer(tu) or is_uintptr(tu))


def _convertible_generic(
    x: OperandLike, v: Type, t: Type, target: Type, cause: str, qf: Qualifier | None
) -> tuple[bool, str]:
    """Check a conversion from or to a type parameter, which is valid if it is valid for all types of the type set."""

    def show(s: Type) -> str:
        return type_string(s, qf)

    for s, _ in typeset(v):
        if s is None:
            return False, cause
        source = _with_type(x, s) if isinstance(v, TypeParam) else x
        for d, _ in typeset(t):
            if d is None:
                return False, cause
            ok, inner = convertible_to(source, d, qf)
            if not ok:
                left = f"{show(s)} (in {show(v)})" if isinstance(v, TypeParam) else show(x.type)
                right = f"{show(d)} (in {show(t)})" if isinstance(t, TypeParam) else show(target)
                return False, _join(f"cannot convert {left} to type {right}", inner)
    return True, ""
