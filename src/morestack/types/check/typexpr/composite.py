"""Types composed of one or two other types: arrays, slices, pointers, maps, channels."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker
from morestack.types.check.typexpr import typexpr
from morestack.types.const import exact, representable
from morestack.types.core.kinds import is_integer, is_type_param, is_untyped, is_valid
from morestack.types.core.objects import Const, Var
from morestack.types.core.types import INT, INVALID, Array, Chan, Map, Pointer, Slice, Type
from morestack.types.identity.comparable import comparable_type


def slice_type(check: Checker, e: ast.SliceType) -> Type:
    t = Slice(INVALID)
    t.elem = typexpr.var_type(check, e.elem)
    return t


def pointer_type(check: Checker, e: ast.Star) -> Type:
    t = Pointer(INVALID)
    t.elem = typexpr.var_type(check, e.x)
    return t if is_valid(t.elem) else INVALID


def chan_type(check: Checker, e: ast.ChanType) -> Type:
    t = Chan(e.dir, INVALID)
    t.elem = typexpr.var_type(check, e.elem)
    return t


def array_type(check: Checker, e: ast.ArrayType) -> Type:
    t = Array(INVALID, -1)
    if e.len is None:
        message = "invalid use of [...] array (outside a composite literal)"
        check.error(e, Code.BAD_DOT_DOT_DOT_SYNTAX, message)
    else:
        t.len = _array_length(check, e.len)
    t.elem = typexpr.var_type(check, e.elem)
    return t if t.len >= 0 else INVALID


def _array_length(check: Checker, e: ast.Expr) -> int:
    if isinstance(e, ast.Name):
        obj = check.lookup(e.text)
        if obj is None:
            message = f"undefined array length {e.text} or missing type constraint"
            check.error(e, Code.INVALID_ARRAY_LEN, message)
            return -1
        if not isinstance(obj, Const):
            if isinstance(obj, Var):
                obj.used = True
            check.error(e, Code.INVALID_ARRAY_LEN, f"invalid array length {e.text}")
            return -1
    x = check.walk.length(check, e)
    if not x.valid:
        return -1
    if not x.is_constant:
        check.error(x, Code.INVALID_ARRAY_LEN, f"array length {check.show(x)} must be constant")
        return -1
    if is_untyped(x.type) or is_integer(x.type):
        length = exact.to_int(x.value)
        if length is not None and length >= 0 and representable.representable(length, INT)[0] is not None:
            return length
    if is_integer(x.type):
        check.error(x, Code.INVALID_ARRAY_LEN, f"invalid array length {check.show(x)}")
    else:
        check.error(x, Code.INVALID_ARRAY_LEN, f"array length {check.show(x)} must be integer")
    return -1


def map_type(check: Checker, e: ast.MapType) -> Map:
    m = Map(INVALID, INVALID)
    m.key = typexpr.var_type(check, e.key)
    m.elem = typexpr.var_type(check, e.value)

    def verify() -> None:
        if is_valid(m.key) and not comparable_type(m.key)[0]:
            why = " (missing comparable constraint)" if is_type_param(m.key) else ""
            message = f"invalid map key type {check.type_str(m.key)}{why}"
            check.error(e.key, Code.INCOMPARABLE_MAP_KEY, message)

    check.later(verify)
    return m
