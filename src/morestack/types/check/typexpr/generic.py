"""Type parameters: declaring them, instantiating types and functions, and inferring type arguments of calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from morestack.source.codes import Code
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.syntax.positions import pos_of
from morestack.types.check.checker import Checker
from morestack.types.check.operand import Operand, Target
from morestack.types.check.typexpr import interface, typexpr
from morestack.types.core.info import Instance, Mode
from morestack.types.core.kinds import is_type_param, is_valid
from morestack.types.core.objects import TypeName, Var
from morestack.types.core.types import EMPTY_TUPLE, INVALID, Alias, Named, Pointer, Signature, Tuple, Type, TypeParam
from morestack.types.identity import instances, subst
from morestack.types.relation import implements, infer


def collect_type_params(check: Checker, decls: tuple[ast.TypeParamDecl, ...], owner: Named | Alias | Signature) -> None:
    """Declare type parameters in the current scope and give them to owner. Then resolve their constraints, which may
    refer to the parameters and to owner."""
    params: list[TypeParam] = []
    for d in decls:
        for name in d.names:
            params.append(declare_type_param(check, name, len(params)))
    owner.type_params = tuple(params)
    saved, check.in_type_params = check.in_type_params, True
    number = 0
    for d in decls:
        bound = interface.constraint(check, d.constraint)
        if is_type_param(bound):
            message = "cannot use a type parameter as constraint"
            check.error(d.constraint, Code.MISPLACED_TYPE_PARAM, message)
            bound = INVALID
        for _ in d.names:
            params[number].constraint = bound
            number += 1
    check.in_type_params = saved


def declare_type_param(check: Checker, name: ast.Name, number: int) -> TypeParam:
    """Declare one type parameter."""
    obj = TypeName(name.text, None, name.span, check.pkg)
    param = TypeParam(obj, number)
    obj.type = param
    check.declare(check.env.scope, name, obj)
    return param


def receiver_type(
    check: Checker, recv: ast.Param, base: ast.Expr, names: tuple[ast.Expr, ...], is_pointer: bool
) -> tuple[Type, tuple[TypeParam, ...]]:
    """Return the type of a generic receiver `*T[A, B]`, whose brackets declare type parameters."""
    t, cause = typexpr.generic_type(check, base)
    if cause:
        check.error(base, Code.INVALID_RECV, cause)
    params: list[TypeParam] = []
    for e in names:
        if not isinstance(e, ast.Name):
            message = f"receiver type parameter {expr_string(e)} must be an identifier"
            check.error(e, Code.BAD_DECL, message)
            e = ast.Name(e.span, "_")
        param = declare_type_param(check, e, len(params))
        check.info.uses[e] = param.obj
        check.record_type(e, Mode.TYPE, param)
        params.append(param)
    if not isinstance(t, Named):
        if is_valid(t):
            message = f"cannot define new methods on generic alias type {check.type_str(t)}"
            check.error(base, Code.INVALID_RECV, message)
        return INVALID, tuple(params)
    if len(params) != len(t.type_params):
        got = f"{len(params)} type parameter{'' if len(params) == 1 else 's'}"
        message = f"receiver declares {got}, but receiver base type declares {len(t.type_params)}"
        check.error(base, Code.BAD_RECV, message)
        return INVALID, tuple(params)
    mapping = dict(zip(t.type_params, params, strict=True))
    for param, original in zip(params, t.type_params, strict=True):
        if original.constraint is not None:
            param.constraint = subst.subst(original.constraint, mapping)
    result: Type = subst.instantiate_named(t, tuple(params))
    if isinstance(base, ast.Name):
        check.info.instances[base] = Instance(tuple(params), result)
    written = recv.type
    while isinstance(written, (ast.Paren, ast.Star)):
        check.record_type(written, Mode.TYPE, Pointer(result) if is_pointer else result)
        written = written.x
    check.record_type(written, Mode.TYPE, result)
    if is_pointer:
        result = Pointer(result)
    return result, tuple(params)


def instantiated_type(check: Checker, e: ast.Index) -> Type:
    """Return the type that `T[A, B]` denotes."""
    t, cause = typexpr.generic_type(check, e.x)
    if cause:
        listed = ", ".join(expr_string(i) for i in e.indices)
        message = f"invalid operation: {expr_string(e.x)}[{listed}] ({cause})"
        check.error(e.x, Code.NOT_A_GENERIC_TYPE, message)
    if not isinstance(t, (Named, Alias)):
        return INVALID
    args = typexpr.type_list(check, e.indices)
    if args is None:
        return INVALID
    name = t.obj.name
    params = t.type_params
    if len(args) != len(params):
        qualifier = "not enough" if len(args) < len(params) else "too many"
        message = f"{qualifier} type arguments for type {name}: have {len(args)}, want {len(params)}"
        check.error(e.x.span.at(pos_of(e.x)), Code.WRONG_TYPE_ARG_COUNT, message)
        return INVALID
    result: Named | Alias
    if isinstance(t, Named):
        instance_type = subst.instantiate_named(t, tuple(args))
        check.instance_spans.setdefault(instance_type, e.x.span.at(pos_of(e.x)))
        result = instance_type
    else:
        result = subst.instantiate_alias(t, tuple(args))
    instance = Instance(tuple(args), result)
    ident = e.x.sel if isinstance(e.x, ast.Selector) else e.x
    if isinstance(ident, ast.Name):
        check.info.instances[ident] = instance
    _verify_later(check, e.x.span, params, args, e.indices)
    return result


def _verify_later(
    check: Checker,
    at: Span,
    params: tuple[TypeParam, ...],
    args: Sequence[Type],
    written: Sequence[ast.Expr],
) -> None:
    """Once all types are complete, report a type argument that does not satisfy its constraint."""

    def verify() -> None:
        failed = implements.verify(params, tuple(args), check.qualifier)
        if failed is not None:
            number, cause = failed
            check.error(written[number] if number < len(written) else at, Code.INVALID_TYPE_ARG, cause)

    check.later(verify)


def instantiate_signature(
    check: Checker, at: Span, e: ast.Expr, sig: Signature, args: Sequence[Type], written: Sequence[ast.Expr]
) -> Signature:
    """Return the instance of a generic function that e names; record it, and verify it later."""
    result = instances.instantiate_signature(sig, tuple(args))
    ident = e
    while isinstance(ident, (ast.Paren, ast.Index)):
        ident = ident.x
    if isinstance(ident, ast.Selector):
        ident = ident.sel
    if isinstance(ident, ast.Name):
        check.info.instances[ident] = Instance(tuple(args), result)
    _verify_later(check, at, sig.type_params, args, written)
    return result


def instantiate_value(
    check: Checker, x: Operand, e: ast.Index | None, target: Target | None, may_infer: bool = True
) -> list[Type] | None:
    """Instantiate the generic function x with the type arguments of e and those that follow from target.

    Without may_infer, an incomplete list of type arguments is returned, and the call infers the others.
    """
    sig = x.type
    if not isinstance(sig, Signature):
        return None
    given: list[Type] = []
    written: tuple[ast.Expr, ...] = ()
    if e is not None:
        written = e.indices
        x.expr = e
        args = typexpr.type_list(check, written)
        if args is None:
            x.invalidate()
            return None
        given = args
    want = len(sig.type_params)
    if len(given) > want:
        message = f"got {len(given)} type arguments but want {want}"
        check.error(written[want], Code.WRONG_TYPE_ARG_COUNT, message)
        x.invalidate()
        return None
    if len(given) < want:
        if not may_infer:
            return given
        inferred = _infer_value(check, x, sig, given, target)
        if inferred is None:
            x.invalidate()
            return None
        given = inferred
    x.type = instantiate_signature(check, x.expr.span, x.expr, sig, given, written)
    x.mode = Mode.VALUE
    return None


def _infer_value(
    check: Checker, x: Operand, sig: Signature, given: list[Type], target: Target | None
) -> list[Type] | None:
    params = EMPTY_TUPLE
    args: list[Operand] = []
    if target is not None:
        plain = replace(sig, type_params=(), recv=None)
        params = Tuple((Var("", plain, is_param=True),))
        args = [Operand(Mode.VALUE, ast.Name(x.expr.span, target.what), target.sig)]
    fresh, renamed = subst.rename_type_params(sig.type_params, params)
    padded = [*given, *[None] * (len(fresh) - len(given))]
    result = infer.infer(fresh, padded, renamed, args, reverse=target is not None, qf=check.qualifier)
    if isinstance(result, infer.Failure):
        if result.message:
            check.error(x, Code.CANNOT_INFER_TYPE_ARGS, result.message)
        return None
    return list(result)


def infer_call(
    check: Checker,
    e: ast.Call,
    sig: Signature,
    type_args: list[Type],
    args: list[Operand],
    partial: list[list[Type]],
    params: list[Var],
    generic_args: list[int],
    written: tuple[ast.Expr, ...],
) -> tuple[Signature, list[Var]] | None:
    """Infer the type arguments of a generic function, and of generic functions among its arguments."""
    type_params: list[TypeParam] = []
    given: list[Type | None] = []
    own = len(sig.type_params)
    tuple_ = Tuple(tuple(params))
    if own:
        type_params, tuple_ = subst.rename_type_params(sig.type_params, tuple_)
        given = [*type_args, *[None] * (own - len(type_args))]
    for i in generic_args:
        arg = args[i]
        if not isinstance(arg.type, Signature):
            continue
        fresh, renamed = subst.rename_signature(arg.type)
        arg.type = replace(renamed, type_params=tuple(fresh))
        type_params += fresh
        more = partial[i] if i < len(partial) else []
        given += [*more, *[None] * (len(fresh) - len(more))]
    result = infer.infer(type_params, given, tuple_, args, qf=check.qualifier)
    if isinstance(result, infer.Failure):
        if result.message:
            at = args[result.arg].expr if result.arg is not None else e.span.at(e.lparen)
            message = f"in call to {expr_string(e.fun)}, {result.message}"
            check.error(at, Code.CANNOT_INFER_TYPE_ARGS, message)
        return None
    if own:
        sig = instantiate_signature(check, e.span.at(e.lparen), e.fun, sig, result[:own], written)
    tuple_ = subst.subst(tuple_, dict(zip(type_params, result, strict=True)))
    at_arg = own
    for i in generic_args:
        arg = args[i]
        if not isinstance(arg.type, Signature):
            continue
        end = at_arg + len(arg.type.type_params)
        arg.type = instantiate_signature(check, arg.expr.span, arg.expr, arg.type, result[at_arg:end], ())
        check.record(arg)
        at_arg = end
    return sig, list(tuple_.vars)
