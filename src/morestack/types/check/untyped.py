"""Untyped operands: representability, implicit conversion, and recording the final types of expressions.

An untyped expression is recorded in `check.untyped` with the type it has so far. When its context decides the final
type, `update_type` walks down to the operands that are still untyped and records the final type for each, so
`info.types` says float64 for both operands of `var f float64 = 1 + 2.0*x`.
"""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check.checker import Checker, UntypedInfo
from morestack.types.check.operand import Operand
from morestack.types.const import exact, representable
from morestack.types.const.exact import Value
from morestack.types.core.info import Mode
from morestack.types.core.kinds import (
    default_type,
    is_boolean,
    is_integer,
    is_numeric,
    is_string,
    is_typed,
    is_untyped,
    is_valid,
    max_type,
)
from morestack.types.core.types import INVALID, Basic, Interface, Type, TypeParam
from morestack.types.core.under import unalias, under
from morestack.types.identity.identical import type_set
from morestack.types.identity.type_params import all_integer, has_nil, typeset

COMPARISONS = frozenset(
    {
        ast.BinaryOp.EQL,
        ast.BinaryOp.NEQ,
        ast.BinaryOp.LSS,
        ast.BinaryOp.LEQ,
        ast.BinaryOp.GTR,
        ast.BinaryOp.GEQ,
    }
)
SHIFTS = frozenset({ast.BinaryOp.SHL, ast.BinaryOp.SHR})

_OP_NAMES = {
    ast.BinaryOp.ADD: "addition ",
    ast.BinaryOp.SUB: "subtraction ",
    ast.BinaryOp.XOR: "bitwise XOR ",
    ast.BinaryOp.MUL: "multiplication ",
    ast.BinaryOp.SHL: "shift ",
}


def representation(x: Operand, t: Basic) -> tuple[Value | None, Code | None]:
    """Return the value of constant x as t holds it, or the reason why t cannot hold it."""
    if x.value is None:
        return None, None  # unknown: avoid follow-up errors
    value, _ = representable.representable(x.value, t)
    if value is not None:
        return value, None
    if is_numeric(x.type) and is_numeric(t):
        if not is_integer(x.type) and is_integer(t):
            return None, Code.TRUNCATED_FLOAT
        return None, Code.NUMERIC_OVERFLOW
    return None, Code.INVALID_UNTYPED_CONVERSION


def _report_conversion(check: Checker, code: Code, x: Operand, target: Type) -> None:
    shown, goal = check.show(x), check.type_str(target)
    if code is Code.TRUNCATED_FLOAT:
        message = f"{shown} truncated to {goal}"
    elif code is Code.NUMERIC_OVERFLOW:
        message = f"{shown} overflows {goal}"
    else:
        message = f"cannot convert {shown} to type {goal}"
    check.error(x, code, message)


def represent(check: Checker, x: Operand, t: Basic) -> None:
    """Round constant x to t, or report that it does not fit."""
    value, code = representation(x, t)
    if code is not None:
        _report_conversion(check, code, x, t)
        x.invalidate()
    else:
        x.value = value


def check_overflow(check: Checker, x: Operand) -> None:
    """Report a constant result that is too large for any type or for its own type."""
    at: Span = x.expr.span
    if isinstance(x.expr, ast.Binary):
        at = at.at(x.expr.op_pos)
    if x.value is None:
        check.error(at, Code.INVALID_CONST_VAL, "constant result is not representable")
        return
    if is_typed(x.type):
        u = under(x.type)
        if isinstance(u, Basic):
            represent(check, x, u)
        return
    if exact.overflows_untyped(x.value):
        name = ""
        if isinstance(x.expr, ast.Binary):
            name = _OP_NAMES.get(x.expr.op, "")
        elif isinstance(x.expr, ast.Unary) and x.expr.op is ast.UnaryOp.XOR:
            name = "bitwise complement "
        check.error(at, Code.INVALID_CONST_VAL, f"constant {name}overflow")
        x.value = None


def implicit_type(check: Checker, x: Operand, target: Type) -> tuple[Type | None, Value | None, Code | None]:
    """Return the type (and rounded value) of untyped x in a context that requires target, or why x has none."""
    if not x.valid or is_typed(x.type) or not is_valid(target):
        return x.type, None, None
    if is_untyped(target):
        larger = max_type(x.type, target)
        return (larger, None, None) if larger is not None else (None, None, Code.INVALID_UNTYPED_CONVERSION)
    if x.is_nil:
        return (target, None, None) if has_nil(target) else (None, None, Code.INVALID_UNTYPED_CONVERSION)
    if isinstance(unalias(target), TypeParam):
        for _, term in typeset(target):
            if term is None or implicit_type(check, x, term)[0] is None:
                return None, None, Code.INVALID_UNTYPED_CONVERSION
        return target, None, None
    u = under(target)
    if isinstance(u, Basic):
        if x.is_constant:
            value, code = representation(x, u)
            return (None, None, code) if code is not None else (target, value, None)
        matches = (
            (is_boolean(x.type) and is_boolean(target))
            or (is_numeric(x.type) and is_numeric(target))
            or (is_string(x.type) and is_string(target))
        )
        return (target, None, None) if matches else (None, None, Code.INVALID_UNTYPED_CONVERSION)
    if isinstance(u, Interface) and type_set(u).is_all():
        return default_type(x.type), None, None
    return None, None, Code.INVALID_UNTYPED_CONVERSION


def apply_implicit(check: Checker, x: Operand, new_type: Type, value: Value | None) -> None:
    """Give x the type and value `implicit_type` found."""
    if value is not None:
        x.value = value
        known = check.untyped.get(x.expr)
        if known is not None:
            known.value = value
            if not known.is_lhs and is_typed(new_type) and not isinstance(x.expr, ast.Paren):
                # new_type can hold this constant, as found above: none of its operands waits for a type
                x.type = new_type
                del check.untyped[x.expr]
                check.record_type(x.expr, known.mode, new_type, value)
                return
    if new_type is not x.type:
        x.type = new_type
        update_type(check, x.expr, new_type, final=False)


def convert_untyped(check: Checker, x: Operand, target: Type) -> None:
    """Convert x to target implicitly, or report that it cannot be converted."""
    new_type, value, code = implicit_type(check, x, target)
    if code is not None or new_type is None:
        goal = target if isinstance(unalias(target), TypeParam) else under(target)
        _report_conversion(check, code or Code.INVALID_UNTYPED_CONVERSION, x, goal)
        x.invalidate()
        return
    apply_implicit(check, x, new_type, value)


def update_type(check: Checker, e: ast.Expr, t: Type, final: bool) -> None:
    """Give untyped e, and the operands whose type depends on it, the type t; record t if it is typed or final."""
    old = check.untyped.get(e)
    if old is None:
        return
    match e:
        case ast.Paren(x=x):
            update_type(check, x, t, final)
        case ast.Unary(x=x) if old.value is None:
            update_type(check, x, t, final)
        case ast.Binary(op=op, x=x, y=y) if old.value is None and op not in COMPARISONS:
            update_type(check, x, t, final)
            if op not in SHIFTS:
                update_type(check, y, t, final)
    if not final and is_untyped(t):
        u = under(t)
        if isinstance(u, Basic):
            old.type = u
        return
    del check.untyped[e]
    if old.is_lhs and not all_integer(t):
        check.error(
            e,
            Code.INVALID_SHIFT_OPERAND,
            f"invalid operation: shifted operand {expr_string(e)} (type {check.type_str(t)}) must be integer",
        )
        return
    value = old.value
    if value is not None:
        c = Operand(old.mode, e, old.type, value)
        convert_untyped(check, c, t)
        if not c.valid:
            return
        if is_typed(t) and isinstance(under(t), Basic):
            value = c.value
    check.record_type(e, old.mode, t, value)


def mark_shift_operand(check: Checker, e: ast.Expr) -> None:
    """Note that untyped e is shifted by a non-constant count: its final type must be an integer."""
    known: UntypedInfo | None = check.untyped.get(e)
    if known is not None:
        known.is_lhs = True


def default_untyped(check: Checker, x: Operand) -> None:
    """Give an untyped operand its default type."""
    convert_untyped(check, x, default_type(x.type) if is_untyped(x.type) else INVALID)


def is_value_mode(mode: Mode | None) -> bool:
    """Whether an operand of that mode is a value that can be assigned."""
    return mode in (Mode.CONSTANT, Mode.VARIABLE, Mode.MAP_INDEX, Mode.VALUE, Mode.COMMA_OK, Mode.NIL)
