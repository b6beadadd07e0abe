"""Interface types, and the unions and `~T` of constraints."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker
from morestack.types.check.typexpr import typexpr
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_type_param, is_valid
from morestack.types.core.objects import Func, TypeName, Var
from morestack.types.core.types import INVALID, Interface, Named, Signature, Type, Union
from morestack.types.core.under import under
from morestack.types.identity.identical import identical, type_set
from morestack.types.identity.typestring import type_string

MAX_UNION_TERMS = 100
"""The limit gc sets, because checking the terms for overlap takes quadratic time."""


def interface_type(check: Checker, e: ast.InterfaceType, def_: TypeName | None) -> Interface:
    """Return the type of `interface {...}`; def_ is the name being declared, whose type is the receiver of the
    methods."""
    result = Interface((), ())
    methods: list[Func] = []
    embedded: list[Type] = []
    spans: list[object] = []
    receiver: Type = result
    if def_ is not None and isinstance(def_.type, Named):
        receiver = def_.type
    for element in e.elements:
        if not isinstance(element, ast.MethodElem):
            embedded.append(_element(check, element))
            spans.append(element.span)
            continue
        if element.name.text == "_":
            message = "methods must have a unique non-blank name"
            check.error(element.name, Code.BLANK_IFACE_METHOD, message)
            continue
        sig = check.type_expr(element.type)
        assert isinstance(sig, Signature)
        check.record_type(element.type, Mode.TYPE, sig)
        sig.recv = Var("", receiver, element.name.span, check.pkg, is_param=True)
        method = Func(element.name.text, sig, element.name.span, check.pkg)
        check.info.defs[element.name] = method
        methods.append(method)
    result.methods = tuple(methods)
    result.embeddeds = tuple(embedded)
    result.embed_spans = tuple(spans)
    if methods or embedded:
        check.later(lambda: _verify(check, result))
    return result


def _verify(check: Checker, iface: Interface) -> None:
    """Report duplicate methods and types that cannot be embedded."""
    for t, span in zip(iface.embeddeds, iface.embed_spans, strict=True):
        if isinstance(span, Span) and is_type_param(t):
            message = "term cannot be a type parameter"
            check.error(span, Code.MISPLACED_TYPE_PARAM, message)

    def duplicate(method: Func, other: Func, number: int) -> None:
        at = method.span
        if number >= 0:
            span = iface.embed_spans[number]
            at = span if isinstance(span, Span) else at
        if at is not None:
            message = f"duplicate method {method.name}"
            note = f"{other.span}: other declaration of method {other.name}"
            check.error(at, Code.DUPLICATE_METHOD, message, note)

    type_set(iface, duplicate)


def _element(check: Checker, e: ast.Expr) -> Type:
    """Return the type of an embedded element: an interface, another type, or a union."""
    if isinstance(e, ast.UnionType) or (isinstance(e, ast.Unary) and e.op is ast.UnaryOp.TILDE):
        return _union(check, e)
    return typexpr.type_of(check, e)


def _union(check: Checker, e: ast.UnionType | ast.Unary) -> Type:
    terms: list[tuple[bool, Type]] = []
    written: list[ast.Expr] = []
    for term in e.terms if isinstance(e, ast.UnionType) else (e,):
        tilde = isinstance(term, ast.Unary) and term.op is ast.UnaryOp.TILDE
        inner = term.x if isinstance(term, ast.Unary) and tilde else term
        t = typexpr.type_of(check, inner)
        if is_type_param(t):
            if tilde:
                message = f"type in term ~{check.type_str(t)} cannot be a type parameter"
            else:
                message = "term cannot be a type parameter"
            check.error(inner, Code.MISPLACED_TYPE_PARAM, message)
            t = INVALID
        if not is_valid(t):
            return INVALID
        check.record_type(term, Mode.TYPE, t)
        terms.append((tilde, t))
        written.append(term)
    if len(terms) > MAX_UNION_TERMS:
        message = f"cannot handle more than {MAX_UNION_TERMS} union terms (implementation limitation)"
        check.error(written[MAX_UNION_TERMS], Code.INVALID_UNION, message)
        return INVALID
    union = Union(tuple(terms))
    check.record_type(e, Mode.TYPE, union)
    check.later(lambda: _verify_union(check, union, written))
    return union


def _verify_union(check: Checker, union: Union, written: list[ast.Expr]) -> None:
    for number, ((tilde, t), e) in enumerate(zip(union.terms, written, strict=True)):
        u = under(t)
        if isinstance(u, Interface):
            name = type_string(t)
            known = type_set(u)
            if tilde:
                message = f"invalid use of ~ ({check.type_str(t)} is an interface)"
                check.error(e, Code.INVALID_UNION, message)
            elif len(union.terms) > 1 and known.methods:
                check.error(e, Code.INVALID_UNION, f"cannot use {name} in union ({name} contains methods)")
            elif len(union.terms) > 1 and known.comparable:
                what = "comparable in union" if name == "comparable" else f"{name} in union ({name} embeds comparable)"
                check.error(e, Code.INVALID_UNION, f"cannot use {what}")
            continue
        if tilde and not identical(t, u):
            names = f"underlying type of {check.type_str(t)} is {check.type_str(u)}"
            check.error(e, Code.INVALID_UNION, f"invalid use of ~ ({names})")
            continue
        for other_tilde, other in union.terms[:number]:
            if isinstance(under(other), Interface):
                continue
            x, y = (under(t) if other_tilde else t), (under(other) if tilde else other)
            if identical(x, y):
                shown = f"{'~' if tilde else ''}{check.type_str(t)}"
                earlier = f"{'~' if other_tilde else ''}{check.type_str(other)}"
                check.error(e, Code.INVALID_UNION, f"overlapping terms {shown} and {earlier}")
                break


def constraint(check: Checker, e: ast.Expr) -> Type:
    """Return the type of a constraint: an interface; `~T` or a union stands for an interface that embeds it."""
    if isinstance(e, ast.UnionType) or (isinstance(e, ast.Unary) and e.op is ast.UnaryOp.TILDE):
        t = _union(check, e)
        if not is_valid(t):
            return INVALID
        return Interface((), (t,), (e.span,), implicit=True)
    return typexpr.type_of(check, e)
