"""Calls of predeclared functions: the checks common to all of them, and the dispatch.

Each rule takes the call and its checked arguments, and returns the operand of the call, which is invalid after an
error.
"""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check.checker import Checker
from morestack.types.check.expr import assignment, expr
from morestack.types.check.expr.builtin import unsafe as unsafe_builtins
from morestack.types.check.expr.builtin.memory import (
    check_append,
    check_clear,
    check_close,
    check_copy,
    check_delete,
    check_length,
    check_make,
    check_new,
)
from morestack.types.check.expr.builtin.numbers import check_complex, check_extreme, check_part
from morestack.types.check.expr.builtin.result import nothing, value
from morestack.types.check.operand import ExprKind, Operand, invalid
from morestack.types.core.objects import BuiltinId
from morestack.types.core.universe import EMPTY_INTERFACE

_B = BuiltinId

_ARITY: dict[BuiltinId, tuple[int, bool]] = {
    _B.APPEND: (1, True),
    _B.CAP: (1, False),
    _B.CLEAR: (1, False),
    _B.CLOSE: (1, False),
    _B.COMPLEX: (2, False),
    _B.COPY: (2, False),
    _B.DELETE: (2, False),
    _B.IMAG: (1, False),
    _B.LEN: (1, False),
    _B.MAKE: (1, True),
    _B.MAX: (1, True),
    _B.MIN: (1, True),
    _B.NEW: (1, False),
    _B.PANIC: (1, False),
    _B.PRINT: (0, True),
    _B.PRINTLN: (0, True),
    _B.REAL: (1, False),
    _B.RECOVER: (0, False),
    _B.ADD: (2, False),
    _B.ALIGNOF: (1, False),
    _B.OFFSETOF: (1, False),
    _B.SIZEOF: (1, False),
    _B.SLICE: (2, False),
    _B.SLICE_DATA: (1, False),
    _B.STRING: (2, False),
    _B.STRING_DATA: (1, False),
}
"""The minimum number of arguments, and whether more are allowed."""

_STATEMENTS = {_B.CLEAR, _B.CLOSE, _B.COPY, _B.DELETE, _B.PANIC, _B.PRINT, _B.PRINTLN, _B.RECOVER}
_UNEVALUATED = {_B.MAKE, _B.NEW, _B.OFFSETOF}
_INVALID_ARG = "invalid argument: "


def kind_of(builtin: BuiltinId) -> ExprKind:
    """Whether a call of the builtin may stand as a statement."""
    return ExprKind.STATEMENT if builtin in _STATEMENTS else ExprKind.EXPRESSION


def check_builtin(check: Checker, e: ast.Call, builtin: BuiltinId) -> Operand:
    """Check a call of a builtin."""
    name = builtin.value
    if e.has_dots and builtin is not _B.APPEND:
        message = f"invalid operation: invalid use of ... with built-in {name}"
        check.error(e, Code.INVALID_DOT_DOT_DOT, message)
        expr.use(check, *e.args)
        return invalid(e)
    had_call = check.env.has_call_or_recv
    if builtin in (_B.LEN, _B.CAP):
        check.env.has_call_or_recv = False
    args: list[Operand] = []
    count = len(e.args)
    if builtin not in _UNEVALUATED:
        args = expr.expr_list(check, e.args)
        count = len(args)
    if any(not a.valid for a in args):
        return invalid(e)
    least, variadic = _ARITY[builtin]
    if count < least or (count > least and not variadic):
        qualifier = "not enough" if count < least else "too many"
        counts = f"(expected {least}, found {count})"
        message = f"invalid operation: {qualifier} arguments for {expr_string(e)} {counts}"
        check.error(e, Code.WRONG_ARG_COUNT, message)
        return invalid(e)
    result = _rule(check, e, builtin, args)
    if builtin in (_B.LEN, _B.CAP):
        check.env.has_call_or_recv = had_call
    return result


def _rule(check: Checker, e: ast.Call, builtin: BuiltinId, args: list[Operand]) -> Operand:
    match builtin:
        case _B.LEN | _B.CAP:
            return check_length(check, e, args[0], builtin is _B.LEN)
        case _B.APPEND:
            return check_append(check, e, args)
        case _B.MAKE:
            return check_make(check, e)
        case _B.PANIC:
            return _panic(check, e, args)
        case _B.NEW:
            return check_new(check, e)
        case _B.COPY:
            return check_copy(check, e, args)
        case _B.DELETE:
            return check_delete(check, e, args)
        case _B.PRINT | _B.PRINTLN:
            return _print(check, e, args)
        case _B.RECOVER:
            return value(check, e, EMPTY_INTERFACE)
        case _B.CLEAR:
            return check_clear(check, e, args)
        case _B.CLOSE:
            return check_close(check, e, args)
        case _B.MIN | _B.MAX:
            return check_extreme(check, e, args, builtin is _B.MAX)
        case _B.COMPLEX:
            return check_complex(check, e, args)
        case _B.REAL | _B.IMAG:
            return check_part(check, e, args[0], builtin is _B.REAL)
        case _B.ALIGNOF | _B.SIZEOF:
            return unsafe_builtins.check_measure(check, e, builtin, args[0])
        case _B.OFFSETOF:
            return unsafe_builtins.check_offsetof(check, e)
        case _B.ADD:
            return unsafe_builtins.check_add(check, e, args)
        case _B.SLICE:
            return unsafe_builtins.check_slice(check, e, args)
        case _B.SLICE_DATA:
            return unsafe_builtins.check_slice_data(check, e, args[0])
        case _B.STRING:
            return unsafe_builtins.check_string(check, e, args)
        case _B.STRING_DATA:
            return unsafe_builtins.check_string_data(check, e, args[0])


def _panic(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    check.env.panics.add(e)
    assignment.assignment(check, args[0], EMPTY_INTERFACE, "argument to panic")
    return nothing(check, e, EMPTY_INTERFACE) if args[0].valid else invalid(e)


def _print(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    name = expr_string(e.fun)
    for a in args:
        assignment.assignment(check, a, None, f"argument to built-in {name}")
        if not a.valid:
            return invalid(e)
    return nothing(check, e, *(a.type for a in args))
