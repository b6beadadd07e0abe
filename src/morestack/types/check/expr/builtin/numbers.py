"""The predeclared functions on numbers: complex, real, imag, min and max."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check import untyped
from morestack.types.check.checker import Checker
from morestack.types.check.expr import assignment, binary
from morestack.types.check.expr.builtin.result import value
from morestack.types.check.operand import Operand, invalid
from morestack.types.const import arith, exact
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_numeric, is_type_param, is_untyped, is_valid
from morestack.types.core.types import (
    COMPLEX64,
    COMPLEX128,
    FLOAT32,
    FLOAT64,
    INVALID,
    UNTYPED_COMPLEX,
    UNTYPED_FLOAT,
    Basic,
    Kind,
    Type,
)
from morestack.types.core.under import under
from morestack.types.core.universe import EMPTY_INTERFACE
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import all_ordered, under_is

_INVALID_ARG = "invalid argument: "


_TO_COMPLEX: dict[Kind, Type] = {
    Kind.FLOAT32: COMPLEX64,
    Kind.FLOAT64: COMPLEX128,
    Kind.UNTYPED_FLOAT: UNTYPED_COMPLEX,
}


_TO_FLOAT: dict[Kind, Type] = {
    Kind.COMPLEX64: FLOAT32,
    Kind.COMPLEX128: FLOAT64,
    Kind.UNTYPED_COMPLEX: UNTYPED_FLOAT,
}


def _apply(check: Checker, table: dict[Kind, Type], x: Operand, name: str) -> Type | None:
    """Return the result type for x's type; a type parameter is an error, as in gc."""
    u = under(x.type)
    if not is_type_param(x.type):
        return table.get(u.kind) if isinstance(u, Basic) else None
    if not under_is(x.type, lambda t: isinstance(t, Basic) and t.kind in table):
        return None
    message = f"{check.show(x)} not supported as argument to built-in {name} for go1.18 (see go.dev/issue/50937)"
    check.error(x, Code.INVALID_COMPLEX, message)
    return INVALID


def check_complex(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    x, y = args
    x_untyped, y_untyped = is_untyped(x.type), is_untyped(y.type)
    if x_untyped and y_untyped:
        if x.is_constant and y.is_constant:
            for part in (x, y):
                if is_numeric(part.type) and exact.to_float(part.value) is not None:
                    part.type = UNTYPED_FLOAT
        else:
            untyped.convert_untyped(check, x, FLOAT64)
            untyped.convert_untyped(check, y, FLOAT64)
    elif x_untyped:
        untyped.convert_untyped(check, x, y.type)
    elif y_untyped:
        untyped.convert_untyped(check, y, x.type)
    if not x.valid or not y.valid:
        return invalid(e)
    if not identical(x.type, y.type):
        types = f"(mismatched types {check.type_str(x.type)} and {check.type_str(y.type)})"
        check.error(x, Code.INVALID_COMPLEX, f"invalid operation: {expr_string(e)} {types}")
        return invalid(e)
    result = _apply(check, _TO_COMPLEX, x, "complex")
    if result is None:
        message = f"arguments have type {check.type_str(x.type)}, expected floating-point"
        check.error(x, Code.INVALID_COMPLEX, _INVALID_ARG + message)
        return invalid(e)
    if not is_valid(result):
        return invalid(e)
    if x.is_constant and y.is_constant:
        re, im = exact.to_float(x.value), exact.to_float(y.value)
        both = exact.Complex(re, im) if re is not None and im is not None else None
        return Operand(Mode.CONSTANT, e, result, both)
    return value(check, e, result, x.type, x.type)


def check_part(check: Checker, e: ast.Call, x: Operand, is_real: bool) -> Operand:
    if is_untyped(x.type):
        if x.is_constant:
            if is_numeric(x.type):
                x.type = UNTYPED_COMPLEX
        else:
            untyped.convert_untyped(check, x, COMPLEX128)
            if not x.valid:
                return invalid(e)
    result = _apply(check, _TO_FLOAT, x, "real" if is_real else "imag")
    if result is None:
        code = Code.INVALID_REAL if is_real else Code.INVALID_IMAG
        message = f"argument has type {check.type_str(x.type)}, expected complex type"
        check.error(x, code, _INVALID_ARG + message)
        return invalid(e)
    if not is_valid(result):
        return invalid(e)
    if x.is_constant:
        part = exact.real(x.value) if is_real else exact.imag(x.value)
        return Operand(Mode.CONSTANT, e, result, part)
    return value(check, e, result, x.type)


def check_extreme(check: Checker, e: ast.Call, args: list[Operand], is_max: bool) -> Operand:
    name = "max" if is_max else "min"
    op = ast.BinaryOp.GTR if is_max else ast.BinaryOp.LSS
    x = args[0].copy()
    for number, a in enumerate(args):
        if not all_ordered(a.type):
            message = f"{check.show(a)} cannot be ordered"
            check.error(a, Code.INVALID_MIN_MAX_OPERAND, _INVALID_ARG + message)
            return invalid(e)
        if number == 0:
            continue
        binary.match_types(check, x, a)
        if not x.valid or not a.valid:
            return invalid(e)
        if not identical(x.type, a.type):
            types = f"{check.type_str(x.type)} (previous argument) and {check.type_str(a.type)}"
            message = f"mismatched types {types} (type of {expr_string(a.expr)})"
            check.error(a, Code.MISMATCHED_TYPES, _INVALID_ARG + message)
            return invalid(e)
        if x.is_constant and a.is_constant:
            if arith.compare(op, a.value, x.value):
                x = a.copy()
        else:
            x.mode = Mode.VALUE
    if not x.is_constant:
        x.mode = Mode.VALUE
        assignment.assignment(check, x, EMPTY_INTERFACE, f"argument to built-in {name}")
        if not x.valid:
            return invalid(e)
    for a in args:
        untyped.update_type(check, a.expr, x.type, final=True)
    if x.is_constant:
        return Operand(Mode.CONSTANT, e, x.type, x.value)
    return value(check, e, x.type, *[x.type] * len(args))
