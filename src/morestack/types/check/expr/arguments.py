"""Matching the arguments of a call to its parameters, and inferring type arguments."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check.checker import Checker
from morestack.types.check.expr import assignment
from morestack.types.check.operand import Operand
from morestack.types.check.typexpr import generic
from morestack.types.core.objects import Var
from morestack.types.core.types import INVALID, Signature, Slice, Type


def arguments(
    check: Checker,
    e: ast.Call,
    sig: Signature,
    type_args: list[Type],
    args: list[Operand],
    partial: list[list[Type]] | None = None,
    written: tuple[ast.Expr, ...] = (),
) -> Signature:
    """Assign args to sig's parameters; return the signature, instantiated if it was generic."""
    params = _matching_params(check, e, sig, args)
    if params is None:
        return sig
    generic_args = [i for i, a in enumerate(args) if isinstance(a.type, Signature) and a.type.type_params]
    if sig.type_params or generic_args:
        inferred = generic.infer_call(check, e, sig, type_args, args, partial or [], params, generic_args, written)
        if inferred is None:
            return sig
        sig, params = inferred
    context = f"argument to {expr_string(e.fun)}"
    for a, p in zip(args, params, strict=True):
        assignment.assignment(check, a, p.type or INVALID, context)
    return sig


def _matching_params(check: Checker, e: ast.Call, sig: Signature, args: list[Operand]) -> list[Var] | None:
    """Return one parameter per argument, with the variadic one repeated, or None if the count is wrong."""
    params = list(sig.params.vars)
    count, want = len(args), len(params)
    fun = expr_string(e.fun)
    if sig.variadic:
        if e.has_dots:
            if len(e.args) == 1 and count > 1:
                message = f"cannot use ... with {count}-valued {expr_string(e.args[0])}"
                check.error(e, Code.INVALID_DOT_DOT_DOT, message)
                return None
        elif count >= want - 1:
            last = params.pop()
            elem = last.type.elem if isinstance(last.type, Slice) else last.type
            while len(params) < count:
                params.append(Var(last.name, elem, last.span, last.pkg, is_param=True))
            want = count
        else:
            want -= 1
    elif e.has_dots:
        check.error(e, Code.NON_VARIADIC_DOT_DOT_DOT, f"cannot use ... in call to non-variadic {fun}")
        return None
    if count == want:
        return params
    at: ast.Expr = e
    qualifier = "not enough"
    if count > want:
        at, qualifier = args[want].expr, "too many"
    elif count:
        at = args[-1].expr
    have = assignment.types_summary(check, [a.type for a in args], False, e.has_dots)
    need = assignment.types_summary(check, [v.type for v in sig.params.vars], sig.variadic, False)
    check.error(at, Code.WRONG_ARG_COUNT, f"{qualifier} arguments in call to {fun}", f"have {have}", f"want {need}")
    return None
