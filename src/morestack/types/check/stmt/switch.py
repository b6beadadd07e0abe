"""Expression and type switches."""

from __future__ import annotations

from collections.abc import Sequence

from morestack.source.codes import Code
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.syntax.positions import pos_of, start_of
from morestack.types.check import untyped
from morestack.types.check.checker import Checker
from morestack.types.check.expr import assertion, assignment, binary, expr
from morestack.types.check.operand import Operand
from morestack.types.check.typexpr import typexpr
from morestack.types.const.exact import Value
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_interface, is_type_param, is_untyped, is_valid
from morestack.types.core.objects import Nil, Var
from morestack.types.core.types import BOOL, INVALID, Type
from morestack.types.identity.comparable import comparable_type
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import has_nil

_Seen = dict[tuple[str, Value], list[tuple[Span, Type]]]


def check_switch(check: Checker, s: ast.Switch) -> None:
    """Check `switch tag { case a, b: ... }`."""
    with check.scope(s):
        if s.init is not None:
            check.stmt(s.init)
        if s.tag is not None:
            x = expr.expr(check, s.tag)
            assignment.assignment(check, x, None, "switch expression")
            if x.valid and not comparable_type(x.type)[0] and not has_nil(x.type):
                message = f"cannot switch on {check.show(x)} ({check.type_str(x.type)} is not comparable)"
                check.error(x, Code.INVALID_EXPR_SWITCH, message)
                x.invalidate()
        else:
            at = s.clauses[0].span if s.clauses else s.span.at(s.rbrace)
            x = Operand(Mode.CONSTANT, ast.Name(at, "true"), BOOL, True)
        multiple_defaults(check, s.clauses)
        seen: _Seen = {}
        for clause in s.clauses:
            for e in clause.exprs or ():
                _case(check, x, e, seen)
            with check.scope(clause):
                check.stmts(clause.body)


def _case(check: Checker, x: Operand, e: ast.Expr, seen: _Seen) -> None:
    v = expr.expr(check, e)
    if not x.valid or not v.valid:
        return
    untyped.convert_untyped(check, v, x.type)
    if not v.valid:
        return
    result = v.copy()
    binary.comparison(check, result, x.copy(), ast.BinaryOp.EQL, switch_case=True)
    if is_untyped(v.type) and v.valid:
        untyped.default_untyped(check, v)
    if not result.valid or not v.is_constant or v.value is None or isinstance(v.value, bool):
        return
    kind = "string" if isinstance(v.value, bytes) else "number"
    earlier = seen.setdefault((kind, v.value), [])
    for span, t in earlier:
        if identical(v.type, t):
            message = f"duplicate case {check.show(v)} in expression switch"
            check.error(v, Code.DUPLICATE_CASE, message, f"{span}: previous case")
            return
    earlier.append((v.expr.span.at(pos_of(v.expr)), v.type))


def check_type_switch(check: Checker, s: ast.TypeSwitch) -> None:
    """Check `switch bind := x.(type) { case T: ... }`."""
    with check.scope(s):
        if s.init is not None:
            check.stmt(s.init)
        bind = s.bind
        if bind is not None:
            if bind.text == "_":
                check.error(bind, Code.NO_NEW_VAR, "no new variable on left side of :=")
                bind = None
            else:
                check.info.defs[bind] = None  # each clause declares it
        subject = _subject(check, s)
        multiple_defaults(check, s.clauses)
        variables: list[Var] = []
        seen: list[tuple[Type | None, ast.Expr]] = []
        for clause in s.clauses:
            t = _case_types(check, subject, clause.exprs or (), seen)
            with check.scope(clause) as scope:
                if bind is not None:
                    v = Var(bind.text, t, bind.span, check.pkg, owner=check.env.func)
                    scope.insert(v)
                    check.info.implicits[clause] = v
                    variables.append(v)
                check.stmts(clause.body)
        if bind is not None and not any(v.used for v in variables):
            check.error(bind, Code.UNUSED_VAR, f"{bind.text} declared and not used")


def _subject(check: Checker, s: ast.TypeSwitch) -> Operand | None:
    x = expr.expr(check, s.x)
    if not x.valid:
        return None
    if is_type_param(x.type):
        message = f"cannot use type switch on type parameter value {check.show(x)}"
    elif is_interface(x.type):
        return x
    else:
        message = f"{check.show(x)} is not an interface"
    check.error(x, Code.INVALID_TYPE_SWITCH, message)
    return None


def _is_nil(check: Checker, e: ast.Expr) -> bool:
    name = unparen(e)
    return isinstance(name, ast.Name) and isinstance(check.lookup(name.text), Nil)


def _case_types(
    check: Checker, subject: Operand | None, exprs: tuple[ast.Expr, ...], seen: list[tuple[Type | None, ast.Expr]]
) -> Type:
    """Check the types of a clause; return the type of the clause's variable."""
    t: Type | None = None
    for e in exprs:
        t = None
        if _is_nil(check, e):
            expr.expr(check, e)
        else:
            t = typexpr.var_type(check, e)
            if not is_valid(t):
                continue
        other = next((o for u, o in seen if (t is None and u is None) or (t and u and identical(t, u))), None)
        if other is not None:
            name = check.type_str(t) if t is not None else "nil"
            message = f"duplicate case {name} in type switch"
            check.error(e, Code.DUPLICATE_CASE, message, f"{other.span.at(start_of(other))}: previous case")
            continue
        seen.append((t, e))
        if subject is not None and t is not None:
            assertion.type_assertion(check, e, subject, t, in_switch=True)
    if len(exprs) != 1 or t is None:
        return subject.type if subject is not None else INVALID
    return t


def multiple_defaults(check: Checker, clauses: Sequence[ast.CaseClause | ast.CommClause]) -> None:
    """Report a second default clause."""
    first: ast.CaseClause | ast.CommClause | None = None
    for c in clauses:
        if (c.exprs if isinstance(c, ast.CaseClause) else c.comm) is not None:
            continue
        if first is None:
            first = c
        else:
            check.error(c, Code.DUPLICATE_DEFAULT, f"multiple defaults (first at {first.span})")
