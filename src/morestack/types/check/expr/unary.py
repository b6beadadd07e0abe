"""Prefix operators: address, indirection, arithmetic, logical, and receive."""

from __future__ import annotations

from collections.abc import Callable

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.check import cycles, untyped
from morestack.types.check.checker import At, Checker
from morestack.types.check.expr import captures, expr
from morestack.types.check.operand import Operand, invalid
from morestack.types.check.typexpr import typexpr
from morestack.types.const import arith
from morestack.types.core import sizes
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_type_param, is_unsigned
from morestack.types.core.types import Chan, Pointer, Type
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import all_boolean, all_integer, all_numeric, common_under, typeset

_OPERANDS: dict[ast.UnaryOp, Callable[[Type], bool]] = {
    ast.UnaryOp.ADD: all_numeric,
    ast.UnaryOp.SUB: all_numeric,
    ast.UnaryOp.XOR: all_integer,
    ast.UnaryOp.NOT: all_boolean,
}


def check_unary(check: Checker, e: ast.Unary) -> Operand:
    x = expr.expr(check, e.x)
    if not x.valid:
        return x
    if e.op is ast.UnaryOp.ADDR:
        return _address(check, e, x)
    if e.op is ast.UnaryOp.TILDE:
        hint = " (use ^ for bitwise complement)" if all_integer(x.type) else ""
        check.error(e, Code.UNDEFINED_OP, f"cannot use ~ outside of interface or type constraint{hint}")
        return invalid(e)
    if not _OPERANDS[e.op](x.type):
        check.error(x, Code.UNDEFINED_OP, f"invalid operation: operator {e.op.value} not defined on {check.show(x)}")
        return invalid(e)
    if x.is_constant:
        if x.value is None:
            return x
        bits = sizes.sizeof(x.type) * 8 if is_unsigned(x.type) else 0
        x.value = arith.unary_op(e.op, x.value, bits)
        x.expr = e
        untyped.check_overflow(check, x)
        return x
    x.mode = Mode.VALUE
    return x


def _address(check: Checker, e: ast.Unary, x: Operand) -> Operand:
    if not isinstance(unparen(e.x), ast.CompositeLit) and x.mode is not Mode.VARIABLE:
        message = f"invalid operation: cannot take address of {check.show(x)}"
        check.error(x, Code.UNADDRESSABLE_OPERAND, message)
        return invalid(e)
    captures.note_address(check, e.x)
    return Operand(Mode.VALUE, e, Pointer(x.type))


def check_receive(check: Checker, e: ast.Receive) -> Operand:
    x = expr.expr(check, e.x)
    if not x.valid:
        return x
    elem = channel_element(check, x, x, receive=True)
    if elem is None:
        return invalid(e)
    check.env.has_call_or_recv = True
    return Operand(Mode.COMMA_OK, e, elem)


def channel_element(check: Checker, at: At, x: Operand, receive: bool) -> Type | None:
    """Return the element type of channel x; if x does not allow the operation, report an error and return None."""
    wrong = ast.ChanDir.SEND if receive else ast.ChanDir.RECV
    common: Chan | None = None
    cause = ""
    for t, u in typeset(x.type):
        if u is None or t is None:
            cause = "no specific channel type"
        elif not isinstance(u, Chan):
            cause = f"non-channel {check.type_str(t)}"
        elif u.dir is wrong:
            cause = f"{'send' if receive else 'receive'}-only channel {check.type_str(t)}"
        elif common is not None and not identical(common.elem, u.elem):
            cause = common_under(x.type)[1]
        else:
            common = u
        if cause:
            break
    if common is not None and not cause:
        return common.elem
    what = "receive from" if receive else "send to"
    code = Code.INVALID_RECEIVE if receive else Code.INVALID_SEND
    if is_type_param(x.type):
        check.error(at, code, f"invalid operation: cannot {what} {check.show(x)}: {cause}")
    else:
        check.error(at, code, f"invalid operation: cannot {what} {cause} {check.show(x)}")
    return None


def star(check: Checker, e: ast.Star) -> Operand:
    """Check `*x`, which is a dereference or a pointer type."""
    x = expr.expr_or_type(check, e.x)
    if not x.valid:
        return x
    if x.mode is Mode.TYPE:
        typexpr.valid_var_type(check, e.x, x.type)
        return Operand(Mode.TYPE, e, Pointer(x.type))
    base: Type | None = None
    for _, u in typeset(x.type):
        if not isinstance(u, Pointer):
            check.error(x, Code.INVALID_INDIRECTION, f"invalid operation: cannot indirect {check.show(x)}")
            return invalid(e)
        if base is not None and not identical(u.elem, base):
            message = f"invalid operation: pointers of {check.show(x)} must have identical base types"
            check.error(x, Code.INVALID_INDIRECTION, message)
            return invalid(e)
        base = u.elem
    if base is None or not cycles.is_complete(check, base):
        return invalid(e)
    return Operand(Mode.VARIABLE, e, base)
