"""Function types: parameters, results, receivers."""

from __future__ import annotations

from collections.abc import Sequence

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.check.checker import Checker
from morestack.types.check.typexpr import generic, typexpr
from morestack.types.core.kinds import is_valid
from morestack.types.core.objects import Var
from morestack.types.core.types import (
    EMPTY_TUPLE,
    INVALID,
    Alias,
    Basic,
    Interface,
    Kind,
    Named,
    Pointer,
    Signature,
    Slice,
    Tuple,
    Type,
    TypeParam,
)
from morestack.types.core.under import deref, unalias, under

Owner = ast.FuncDecl | ast.FuncLit | None


def func_type(
    check: Checker,
    e: ast.FuncType,
    owner: Owner,
    recv: ast.Param | None = None,
    sig: Signature | None = None,
) -> Signature:
    """Return the signature of e, with its parameters declared in the scope recorded for e; sig, if given, is filled
    in."""
    sig = sig or Signature(EMPTY_TUPLE, EMPTY_TUPLE)
    with check.scope(e):
        receiver: Var | None = None
        recv_params: tuple[TypeParam, ...] = ()
        if recv is not None:
            receiver, recv_params = _receiver(check, recv, owner)
        if e.type_params:
            generic.collect_type_params(check, e.type_params, sig)
        params = _collect(check, e.params, owner, is_result=False)
        results = _collect(check, e.results, owner, is_result=True)
        if recv is not None and receiver is not None and recv.names:
            _declare(check, [(recv.names[0], receiver)])
        _declare(check, params)
        _declare(check, results)
    sig.recv = receiver
    sig.recv_type_params = recv_params
    sig.params = Tuple(tuple(v for _, v in params)) if params else EMPTY_TUPLE
    sig.results = Tuple(tuple(v for _, v in results)) if results else EMPTY_TUPLE
    sig.variadic = bool(e.params) and e.params[-1].variadic
    return sig


def _declare(check: Checker, params: Sequence[tuple[ast.Name | None, Var]]) -> None:
    for name, v in params:
        if name is not None:
            check.declare(check.env.scope, name, v)


def _collect(
    check: Checker, params: tuple[ast.Param, ...], owner: Owner, is_result: bool
) -> list[tuple[ast.Name | None, Var]]:
    result: list[tuple[ast.Name | None, Var]] = []
    for number, p in enumerate(params):
        t = typexpr.var_type(check, p.type)
        if p.variadic:
            if is_result or number < len(params) - 1 or len(p.names) > 1:
                message = "can only use ... with final parameter in list"
                check.error(p, Code.SYNTAX, message)
            else:
                t = Slice(t)
        for name in p.names:
            result.append((name, _variable(check, name.text, name, t, owner, is_result)))
        if not p.names:
            v = _variable(check, "", p, t, owner, is_result)
            check.info.implicits[p] = v
            result.append((None, v))
    return result


def _variable(check: Checker, name: str, at: ast.Name | ast.Param, t: Type, owner: Owner, is_result: bool) -> Var:
    return Var(name, t, at.span, check.pkg, is_param=not is_result, is_result=is_result, owner=owner)


def unpack_receiver(e: ast.Expr) -> tuple[bool, ast.Expr, tuple[ast.Expr, ...]]:
    """Return whether a receiver type is a pointer, its base type, and the names of its type parameters."""
    base = unparen(e)
    is_pointer = isinstance(base, ast.Star)
    if isinstance(base, ast.Star):
        base = unparen(base.x)
    if isinstance(base, ast.Index):
        return is_pointer, base.x, base.indices
    return is_pointer, base, ()


def _receiver(check: Checker, recv: ast.Param, owner: Owner) -> tuple[Var, tuple[TypeParam, ...]]:
    is_pointer, base, names = unpack_receiver(recv.type)
    params: tuple[TypeParam, ...] = ()
    if names:
        t, params = generic.receiver_type(check, recv, base, names, is_pointer)
    else:
        t = typexpr.var_type(check, recv.type)
        inner, _ = deref(t)
        while isinstance(inner, Alias):
            actual, _ = deref(inner.actual or INVALID)
            if isinstance(actual, Named) and actual.type_args:
                message = f"cannot define new methods on instantiated type {check.type_str(actual)}"
                check.error(base, Code.INVALID_RECV, message)
                t = INVALID
                break
            inner = actual
    if recv.names:
        v = _variable(check, recv.names[0].text, recv.names[0], t, owner, False)
    else:
        v = _variable(check, "", recv, t, owner, False)
        check.info.implicits[recv] = v
    check.later(lambda: _valid_receiver(check, base, v))
    return v, params


def _valid_receiver(check: Checker, at: ast.Expr, recv: Var) -> None:
    full = recv.type or INVALID
    t, _ = deref(full)
    actual = unalias(t)
    if not is_valid(actual):
        return
    name = check.type_str(t)
    if isinstance(actual, Named):
        if actual.obj.pkg is not check.pkg:
            check.error(at, Code.INVALID_RECV, f"cannot define new methods on non-local type {name}")
            return
        u = under(actual)
        if isinstance(u, Basic) and u.kind is Kind.UNSAFE_POINTER:
            check.error(at, Code.INVALID_RECV, f"invalid receiver type {name} (unsafe.Pointer)")
        elif isinstance(u, (Pointer, Interface)):
            check.error(at, Code.INVALID_RECV, f"invalid receiver type {name} (pointer or interface type)")
    elif isinstance(actual, Basic):
        check.error(at, Code.INVALID_RECV, f"cannot define new methods on non-local type {name}")
    else:
        check.error(at, Code.INVALID_RECV, f"invalid receiver type {check.type_str(full)}")
