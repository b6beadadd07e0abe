"""Binary operators: arithmetic, logic, comparisons and shifts, constant or not."""

from __future__ import annotations

from collections.abc import Callable

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check import untyped
from morestack.types.check.checker import Checker
from morestack.types.check.expr import conversion, expr
from morestack.types.check.operand import Operand, composite_kind, invalid
from morestack.types.const import arith, exact
from morestack.types.core.info import Mode
from morestack.types.core.kinds import (
    default_type,
    is_integer,
    is_non_type_param_interface,
    is_type_param,
    is_typed,
    is_untyped,
    is_valid,
)
from morestack.types.core.types import UINT, UNTYPED_BOOL, UNTYPED_INT, Map, Pointer, Signature, Slice, Type
from morestack.types.core.under import under
from morestack.types.identity.comparable import comparable_type
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import (
    all_boolean,
    all_integer,
    all_numeric,
    all_numeric_or_string,
    all_ordered,
    all_string,
    has_nil,
)

_Op = ast.BinaryOp

_OPERANDS: dict[ast.BinaryOp, Callable[[Type], bool]] = {
    _Op.ADD: all_numeric_or_string,
    _Op.SUB: all_numeric,
    _Op.MUL: all_numeric,
    _Op.QUO: all_numeric,
    _Op.REM: all_integer,
    _Op.AND: all_integer,
    _Op.OR: all_integer,
    _Op.XOR: all_integer,
    _Op.AND_NOT: all_integer,
    _Op.LAND: all_boolean,
    _Op.LOR: all_boolean,
}


def check_binary(check: Checker, e: ast.Binary | None, lhs: ast.Expr, rhs: ast.Expr, op: ast.BinaryOp) -> Operand:
    """Check `lhs op rhs`; e is None for an assignment `lhs op= rhs`."""
    x = expr.expr(check, lhs)
    y = expr.expr(check, rhs)
    if not x.valid or not y.valid:
        return invalid(e or lhs)
    if op in untyped.SHIFTS:
        return _shift(check, x, y, e, op)
    match_types(check, x, y)
    if not x.valid or not y.valid:
        return invalid(e or lhs)
    if op in untyped.COMPARISONS:
        comparison(check, x, y, op)
        return x
    if not identical(x.type, y.type):
        if is_valid(x.type) and is_valid(y.type):
            text = expr_string(e) if e is not None else f"{expr_string(lhs)} {op.value}= {expr_string(rhs)}"
            mismatch = f"(mismatched types {check.type_str(x.type)} and {check.type_str(y.type)})"
            check.error(x, Code.MISMATCHED_TYPES, f"invalid operation: {text} {mismatch}")
        return invalid(e or lhs)
    if not _OPERANDS[op](x.type):
        check.error(x, Code.UNDEFINED_OP, f"invalid operation: operator {op.value} not defined on {check.show(x)}")
        return invalid(e or lhs)
    if op in (_Op.QUO, _Op.REM) and _divides_by_zero(x, y):
        check.error(y, Code.DIV_BY_ZERO, "invalid operation: division by zero")
        return invalid(e or lhs)
    if x.is_constant and y.is_constant:
        if x.value is None or y.value is None:
            x.value = None
            return x
        x.value = arith.binary_op(op, x.value, y.value, integer=is_integer(x.type))
        x.expr = e or lhs
        untyped.check_overflow(check, x)
        return x
    x.mode = Mode.VALUE
    return x


def _divides_by_zero(x: Operand, y: Operand) -> bool:
    if not y.is_constant or y.value is None or not (x.is_constant or all_integer(x.type)):
        return False
    return exact.sign(y.value) == 0


def match_types(check: Checker, x: Operand, y: Operand) -> None:
    """Convert an untyped operand to the type of the other operand if the two may be mixed."""
    if not _may_convert(x, y):
        return
    untyped.convert_untyped(check, x, y.type)
    if x.valid:
        untyped.convert_untyped(check, y, x.type)


def _may_convert(x: Operand, y: Operand) -> bool:
    """Whether to try a conversion; if not, the operands are reported as mismatched."""
    if is_typed(x.type) and is_typed(y.type):
        return False
    if all_numeric(x.type) != all_numeric(y.type):
        return False
    if is_non_type_param_interface(x.type) or is_non_type_param_interface(y.type):
        return True
    if all_boolean(x.type) != all_boolean(y.type):
        return False
    if all_string(x.type) != all_string(y.type):
        return False
    if x.is_nil:
        return has_nil(y.type)
    if y.is_nil:
        return has_nil(x.type)
    return not isinstance(under(x.type), Pointer) and not isinstance(under(y.type), Pointer)


def comparison(check: Checker, x: Operand, y: Operand, op: ast.BinaryOp, switch_case: bool = False) -> None:
    """Compare x and y: x becomes an untyped boolean, or an error is reported."""
    if not is_valid(x.type) or not is_valid(y.type):
        x.invalidate()
        return
    if switch_case:
        op = _Op.EQL
    code = Code.UNDEFINED_OP
    wrong: Operand | None = None
    cause = ""
    if not conversion.assignable(check, x, y.type)[0] and not conversion.assignable(check, y, x.type)[0]:
        code, wrong = Code.MISMATCHED_TYPES, y
        cause = f"mismatched types {check.type_str(x.type)} and {check.type_str(y.type)}"
    elif op in (_Op.EQL, _Op.NEQ):
        if x.is_nil or y.is_nil:
            if not has_nil(y.type if x.is_nil else x.type):
                wrong = y
        elif not comparable_type(x.type)[0]:
            wrong, cause = x, _incomparable_cause(check, x.type)
        elif not comparable_type(y.type)[0]:
            wrong, cause = y, _incomparable_cause(check, y.type)
    elif not all_ordered(x.type):
        wrong = x
    elif not all_ordered(y.type):
        wrong = y
    if wrong is not None:
        _report_comparison(check, x, y, op, switch_case, wrong, cause, code)
        x.invalidate()
        return
    if x.is_constant and y.is_constant:
        x.value = arith.compare(op, x.value, y.value) if x.value is not None and y.value is not None else None
    else:
        x.mode = Mode.VALUE
        untyped.update_type(check, x.expr, default_type(x.type), final=True)
        untyped.update_type(check, y.expr, default_type(y.type), final=True)
    x.type = UNTYPED_BOOL


def _report_comparison(
    check: Checker,
    x: Operand,
    y: Operand,
    op: ast.BinaryOp,
    switch_case: bool,
    wrong: Operand,
    cause: str,
    code: Code,
) -> None:
    if not cause:
        if is_type_param(x.type) or is_type_param(y.type):
            if not is_type_param(x.type):
                wrong = y
            cause = f"type parameter {check.type_str(wrong.type)} cannot use operator {op.value}"
        else:
            what = composite_kind(wrong.type) or check.type_str(wrong.type)
            cause = f"operator {op.value} not defined on {what}"
    left, right = expr_string(x.expr), expr_string(y.expr)
    if switch_case:
        check.error(x, code, f"invalid case {left} in switch on {right} ({cause})")
    else:
        check.error(wrong, code, f"invalid operation: {left} {op.value} {right} ({cause})")


def _incomparable_cause(check: Checker, t: Type) -> str:
    if isinstance(under(t), (Slice, Signature, Map)):
        return f"{composite_kind(t)} can only be compared to nil"
    return comparable_type(t, describe=check.type_str)[1]


def _shift(check: Checker, x: Operand, y: Operand, e: ast.Binary | None, op: ast.BinaryOp) -> Operand:
    """Check `x << y` or `x >> y`: y is any integer, x an integer or a constant that can become one."""
    failed = invalid(e or x.expr)
    whole = exact.to_int(x.value) if x.is_constant else None
    if not all_integer(x.type) and not (is_untyped(x.type) and whole is not None):
        message = f"invalid operation: shifted operand {check.show(x)} must be integer"
        check.error(x, Code.INVALID_SHIFT_OPERAND, message)
        return failed
    if not _check_count(check, y):
        return failed
    if x.is_constant:
        if y.is_constant:
            if x.value is None or y.value is None or whole is None:
                x.value = None
            else:
                count = exact.to_int(y.value)
                if count is None or count > arith.MAX_SHIFT:
                    message = f"invalid operation: invalid shift count {check.show(y)}"
                    check.error(y, Code.INVALID_SHIFT_COUNT, message)
                    return failed
                x.value = arith.shift(op, whole, count)
                x.expr = e or x.expr
            if not is_integer(x.type):
                x.type = UNTYPED_INT
            if x.value is not None:
                untyped.check_overflow(check, x)
            return x
        if is_untyped(x.type):
            # The operand takes the type it would have if the shift were replaced by it alone.
            untyped.mark_shift_operand(check, x.expr)
            x.mode = Mode.VALUE
            return x
    if not all_integer(x.type):
        message = f"invalid operation: shifted operand {check.show(x)} must be integer"
        check.error(x, Code.INVALID_SHIFT_OPERAND, message)
        return failed
    if y.is_constant:
        untyped.convert_untyped(check, y, UINT)  # go/types leaves it untyped
    x.mode = Mode.VALUE
    return x


def _check_count(check: Checker, y: Operand) -> bool:
    if y.is_constant:
        count = exact.to_int(y.value)
        if count is not None and count < 0:
            check.error(y, Code.INVALID_SHIFT_COUNT, f"invalid operation: negative shift count {check.show(y)}")
            return False
        if is_untyped(y.type):
            untyped.represent(check, y, UINT)
            return y.valid
        if all_integer(y.type) or count is not None:
            return True
    elif all_integer(y.type) and not is_untyped(y.type):
        return True
    elif is_untyped(y.type):
        untyped.convert_untyped(check, y, UINT)
        return y.valid
    message = f"invalid operation: shift count {check.show(y)} must be integer"
    check.error(y, Code.INVALID_SHIFT_COUNT, message)
    return False
