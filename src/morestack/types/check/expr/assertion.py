"""Type assertions, including those of type switches."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check import cycles
from morestack.types.check.checker import Checker
from morestack.types.check.expr import expr
from morestack.types.check.operand import Operand, invalid
from morestack.types.check.typexpr import typexpr
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_type_param, is_valid
from morestack.types.core.types import Interface, Type
from morestack.types.core.under import under
from morestack.types.relation import implements


def type_assert(check: Checker, e: ast.TypeAssert) -> Operand:
    x = expr.expr(check, e.x)
    if e.type is None:
        check.error(e, Code.SYNTAX, "invalid syntax tree: use of .(type) outside type switch")
        return invalid(e)
    if not x.valid:
        return x
    if is_type_param(x.type):
        message = f"invalid operation: cannot use type assertion on type parameter value {check.show(x)}"
        check.error(x, Code.INVALID_ASSERT, message)
        return invalid(e)
    if not isinstance(under(x.type), Interface):
        check.error(x, Code.INVALID_ASSERT, f"invalid operation: {check.show(x)} is not an interface")
        return invalid(e)
    t = typexpr.var_type(check, e.type)
    if not is_valid(t) or not cycles.is_complete(check, t):
        return invalid(e)
    type_assertion(check, e, x, t, in_switch=False)
    return Operand(Mode.COMMA_OK, e, t)


def type_assertion(check: Checker, e: ast.Expr, x: Operand, t: Type, in_switch: bool) -> None:
    """Report an assertion of x to t that can never hold."""
    ok, cause = implements.assertable_to(x.type, t, check.qualifier)
    if ok:
        return
    wanted, text = check.type_str(t), expr_string(e)
    if in_switch:
        detail = f"{check.show(x)} cannot have dynamic type {wanted} {cause}"
        check.error(e, Code.IMPOSSIBLE_ASSERT, f"impossible type switch case: {text}\n\t{detail}")
    else:
        detail = f"{wanted} does not implement {check.type_str(x.type)} {cause}"
        check.error(e, Code.IMPOSSIBLE_ASSERT, f"impossible type assertion: {text}\n\t{detail}")
