"""The functions of package unsafe, and which of their results are constants."""

from __future__ import annotations

from collections.abc import Callable

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.syntax.nodes import unparen
from morestack.types.check import cycles
from morestack.types.check.checker import Checker
from morestack.types.check.expr import assignment, expr, index
from morestack.types.check.expr.builtin.result import value
from morestack.types.check.operand import Operand, invalid
from morestack.types.core import sizes
from morestack.types.core.info import Mode, Selection, SelectionKind
from morestack.types.core.objects import BuiltinId, Func, Var
from morestack.types.core.types import BYTE, INVALID, STRING, UINTPTR, UNSAFE_POINTER, Pointer, Slice, Struct, Type
from morestack.types.core.under import under
from morestack.types.identity.type_params import core_type
from morestack.types.relation import lookup

_B = BuiltinId
_INVALID_ARG = "invalid argument: "


def check_slice_data(check: Checker, e: ast.Call, x: Operand) -> Operand:
    u = core_type(x.type)
    if not isinstance(u, Slice):
        check.error(x, Code.INVALID_UNSAFE, f"{_INVALID_ARG}{check.show(x)} is not a slice")
        return invalid(e)
    return value(check, e, Pointer(u.elem), u)


def check_string_data(check: Checker, e: ast.Call, x: Operand) -> Operand:
    assignment.assignment(check, x, STRING, "argument to unsafe.StringData")
    return value(check, e, Pointer(BYTE), STRING) if x.valid else invalid(e)


def _constant_size(check: Checker, e: ast.Call, x: Operand, t: Type, size: Callable[[], int]) -> Operand:
    if not cycles.size_is_known(check, t) or not sizes.has_constant_size(t):
        return value(check, e, UINTPTR, t)
    if size() > sizes.MAX_SIZE:
        check.error(x, Code.TYPE_TOO_LARGE, f"{check.show(x)} is too large")
        return invalid(e)
    return Operand(Mode.CONSTANT, e, UINTPTR, size())


def check_measure(check: Checker, e: ast.Call, which: BuiltinId, x: Operand) -> Operand:
    assignment.assignment(check, x, None, f"argument to unsafe.{which.value}")
    if not x.valid:
        return invalid(e)
    measure = sizes.sizeof if which is _B.SIZEOF else sizes.alignof
    return _constant_size(check, e, x, x.type, lambda: measure(x.type))


def check_offsetof(check: Checker, e: ast.Call) -> Operand:
    first = e.args[0]
    sel = unparen(first)
    if not isinstance(sel, ast.Selector):
        message = f"{expr_string(first)} is not a selector expression"
        check.error(first, Code.BAD_OFFSETOF_SYNTAX, _INVALID_ARG + message)
        expr.use(check, first)
        return invalid(e)
    x = expr.expr(check, sel.x)
    if not x.valid:
        return invalid(e)
    base = x.type
    u = under(base)
    if isinstance(u, Pointer) and isinstance(under(u.elem), Struct):
        base = u.elem
    name = check.type_str(base)
    found = lookup.lookup_field_or_method(base, False, check.pkg, sel.sel.text)
    if found.obj is None:
        message = f"{name} has no single field {sel.sel.text}"
        check.error(x, Code.MISSING_FIELD_OR_METHOD, _INVALID_ARG + message)
        return invalid(e)
    if isinstance(found.obj, Func):
        check.error(first, Code.INVALID_OFFSETOF, f"{_INVALID_ARG}{expr_string(first)} is a method value")
        return invalid(e)
    if found.indirect:
        message = f"field {sel.sel.text} is embedded via a pointer in {name}"
        check.error(x, Code.INVALID_OFFSETOF, _INVALID_ARG + message)
        return invalid(e)
    field: Var = found.obj
    t = field.type or INVALID
    check.info.uses[sel.sel] = field
    check.info.selections[sel] = Selection(SelectionKind.FIELD, base, field, tuple(found.index), False, t)
    check.record(Operand(x.mode, sel, t))
    return _constant_size(check, e, x, base, lambda: _offset(base, found.index))


def _offset(t: Type, path: tuple[int, ...]) -> int:
    """The offset of the field at the end of path."""
    offset = 0
    for number in path:
        struct = under(t)
        if not isinstance(struct, Struct):
            break
        offset += sizes.offsetsof(struct)[number]
        t = struct.fields[number].type or INVALID
    return offset


def check_add(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    assignment.assignment(check, args[0], UNSAFE_POINTER, "argument to unsafe.Add")
    if not args[0].valid or not index.is_valid_index(check, args[1], Code.INVALID_UNSAFE, "length", True):
        return invalid(e)
    return value(check, e, UNSAFE_POINTER, UNSAFE_POINTER, args[1].type)


def check_slice(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    u = core_type(args[0].type)
    if not isinstance(u, Pointer):
        check.error(args[0], Code.INVALID_UNSAFE, f"{_INVALID_ARG}{check.show(args[0])} is not a pointer")
        return invalid(e)
    if not index.is_valid_index(check, args[1], Code.INVALID_UNSAFE, "length", False):
        return invalid(e)
    return value(check, e, Slice(u.elem), u, args[1].type)


def check_string(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    assignment.assignment(check, args[0], Pointer(BYTE), "argument to unsafe.String")
    if not args[0].valid or not index.is_valid_index(check, args[1], Code.INVALID_UNSAFE, "length", False):
        return invalid(e)
    return value(check, e, STRING, Pointer(BYTE), args[1].type)
