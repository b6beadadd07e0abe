"""Calls of functions and methods, and conversions."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.types.check import cycles
from morestack.types.check.checker import Checker
from morestack.types.check.expr import arguments, conversion, expr, index
from morestack.types.check.expr.builtin import builtin
from morestack.types.check.operand import ExprKind, Operand, invalid, target_of
from morestack.types.check.typexpr import generic, typexpr
from morestack.types.core.info import Mode
from morestack.types.core.kinds import has_type_param, is_type_param, is_valid
from morestack.types.core.types import INVALID, Basic, Interface, Signature, Tuple, Type
from morestack.types.core.under import under
from morestack.types.identity.identical import type_set
from morestack.types.identity.type_params import common_under


def check_call(check: Checker, e: ast.Call) -> tuple[Operand, ExprKind]:
    """Check a call, a conversion or a call of a builtin."""
    instance: ast.Index | None = None
    if isinstance(e.fun, ast.Index):
        x, is_instance = index.check_index(check, e.fun)
        if is_instance:
            instance = e.fun
        x.expr = e.fun
        check.record(x)
    else:
        x = expr.expr_or_type(check, e.fun, allow_generic=True)
    if not x.valid:
        expr.use(check, *e.args)
        return invalid(e), ExprKind.STATEMENT
    if x.mode is Mode.TYPE:
        return _conversion(check, e, x), ExprKind.CONVERSION
    if x.mode is Mode.BUILTIN and x.builtin is not None:
        result = builtin.check_builtin(check, e, x.builtin)
        result.expr = e
        if result.valid and not result.is_constant:
            check.env.has_call_or_recv = True
        return result, builtin.kind_of(x.builtin) if result.valid else ExprKind.STATEMENT
    return _function_call(check, e, x, instance), ExprKind.STATEMENT


def _conversion(check: Checker, e: ast.Call, x: Operand) -> Operand:
    expr.non_generic(check, x)
    if not x.valid:
        return invalid(e)
    t = x.type
    name = check.type_str(t)
    if not cycles.is_complete(check, t):
        return invalid(e)
    if not e.args:
        check.error(e, Code.WRONG_ARG_COUNT, f"missing argument in conversion to {name}")
        return invalid(e)
    if len(e.args) > 1:
        expr.use(check, *e.args)
        check.error(e.args[-1], Code.WRONG_ARG_COUNT, f"too many arguments in conversion to {name}")
        return invalid(e)
    value = expr.expr(check, e.args[0], target_of(t, "conversion"))
    if not value.valid:
        return invalid(e)
    u = under(t)
    if isinstance(u, Interface) and not is_type_param(t) and not type_set(u).is_method_set():
        message = f"cannot use interface {name} in conversion (contains specific type constraints or is comparable)"
        check.error(e, Code.MISPLACED_CONSTRAINT_IFACE, message)
        return invalid(e)
    if e.has_dots:
        check.error(e.args[0], Code.BAD_DOT_DOT_DOT_SYNTAX, f"invalid use of ... in conversion to {name}")
        return invalid(e)
    conversion.check_conversion(check, value, t)
    value.expr = e
    return value


def _function_call(check: Checker, e: ast.Call, x: Operand, instance: ast.Index | None) -> Operand:
    def not_a_function(t: Type | None, u: Type | None) -> str | None:
        return None if u is None or isinstance(u, Signature) else f"{check.type_str(t or INVALID)} is not a function"

    if isinstance(x.type, Basic) and not is_valid(x.type):
        expr.use(check, *e.args)
        return invalid(e)
    sig, cause = common_under(x.type, not_a_function)
    if not isinstance(sig, Signature):
        check.error(x, Code.INVALID_CALL, f"invalid operation: cannot call {check.show(x)}: {cause}")
        return invalid(e)
    was_generic = bool(sig.type_params)
    type_args: list[Type] = []
    written: tuple[ast.Expr, ...] = ()
    if instance is not None:
        written = instance.indices
        given = typexpr.type_list(check, written)
        if given is None:
            expr.use(check, *e.args)
            return invalid(e)
        want = len(sig.type_params)
        if len(given) > want:
            message = f"got {len(given)} type arguments but want {want}"
            check.error(written[want], Code.WRONG_TYPE_ARG_COUNT, message)
            expr.use(check, *e.args)
            return invalid(e)
        if len(given) == want:
            sig = generic.instantiate_signature(check, instance.span.at(instance.lbrack), instance, sig, given, written)
        else:
            type_args = given
    args, partial = _generic_args(check, e.args)
    sig = arguments.arguments(check, e, sig, type_args, args, partial, written)
    if was_generic and not sig.type_params:
        check.record_type(e.fun, Mode.VALUE, sig)
    check.env.has_call_or_recv = True
    results = sig.results.vars
    if not results:
        return Operand(Mode.NO_VALUE, e, x.type)
    t = (results[0].type or INVALID) if len(results) == 1 else sig.results
    if len(results) == 1 and not cycles.is_complete(check, t):
        return invalid(e)
    if sig.type_params and has_type_param(t):
        return invalid(e)  # inference failed and has been reported
    return Operand(Mode.VALUE, e, t)


def _generic_args(check: Checker, args: tuple[ast.Expr, ...]) -> tuple[list[Operand], list[list[Type]]]:
    """Check the arguments, which may be generic functions; return them with the type arguments written for them."""
    if len(args) == 1 and not isinstance(args[0], ast.Index):
        x, _ = expr.raw_expr(check, args[0], allow_generic=True)
        expr.exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN, Mode.TYPE)
        if x.valid and isinstance(x.type, Tuple):
            return [Operand(Mode.VALUE, args[0], v.type or INVALID) for v in x.type.vars], []
        return [x], [[]]
    operands: list[Operand] = []
    partial: list[list[Type]] = []
    for e in args:
        given: list[Type] = []
        if isinstance(e, ast.Index):
            x, is_instance = index.check_index(check, e)
            if is_instance:
                left = generic.instantiate_value(check, x, e, None, may_infer=False)
                given = left or []
                x.expr = e
            if not given:
                x.expr = e
                check.record(x)
            expr.exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN, Mode.TYPE)
            expr.single_value(check, x)
        else:
            x = expr.generic_expr(check, e)
        operands.append(x)
        partial.append(given)
    return operands, partial
