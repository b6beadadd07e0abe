"""Range loops: over arrays, slices, strings, maps, channels, integers and functions."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check.checker import Checker
from morestack.types.check.expr import assignment, expr
from morestack.types.check.operand import Operand
from morestack.types.check.stmt import assign
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_boolean, is_integer, is_string, is_untyped, is_valid
from morestack.types.core.objects import Var
from morestack.types.core.types import (
    BOOL,
    INT,
    INVALID,
    RUNE,
    Array,
    Basic,
    Chan,
    Map,
    Pointer,
    Signature,
    Slice,
    Type,
)
from morestack.types.core.under import under
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import common_under

_KeyValue = tuple[Type | None, Type | None, str, bool]
"""The types of key and value, the cause of an error, and whether the type can be ranged over."""


def check_range(check: Checker, s: ast.Range) -> None:
    """Check `for k, v := range x {}` in all its forms."""
    x = expr.expr(check, s.x)
    key: Type | None = None
    value: Type | None = None
    if x.valid:
        key, value, cause, ok = _key_value(check, x.type)
        shown = check.show(x)
        if not ok:
            message = f"cannot range over {shown}: {cause}" if cause else f"cannot range over {shown}"
            check.error(x, Code.INVALID_RANGE_EXPR, message)
        elif key is None and s.key is not None:
            message = f"range over {shown} permits no iteration variables"
            check.error(s.key, Code.INVALID_ITER_VAR, message)
        elif value is None and s.value is not None:
            message = f"range over {shown} permits only one iteration variable"
            check.error(s.value, Code.INVALID_ITER_VAR, message)
    with check.scope(s):
        over_int = x.valid and is_integer(x.type)
        pairs = [(lhs, t) for lhs, t in ((s.key, key), (s.value, value)) if lhs is not None]
        if s.define:
            _declare(check, s, pairs, x if over_int else None)
        elif s.key is not None:
            _assign(check, pairs, x if over_int else None)
        elif over_int:
            assignment.assignment(check, x, None, "range clause")
        if x.valid and is_untyped(x.type):
            assignment.assignment(check, x, None, "range clause")
        check.stmt(s.body)


def _declare(check: Checker, s: ast.Range, pairs: list[tuple[ast.Expr, Type | None]], number: Operand | None) -> None:
    variables: list[Var] = []
    for lhs, t in pairs:
        if isinstance(lhs, ast.Name):
            v = Var(lhs.text, None, lhs.span, check.pkg, owner=check.env.func)
            check.info.defs[lhs] = v
            if lhs.text != "_":
                variables.append(v)
        else:
            check.error(lhs, Code.BAD_DECL, f"non-name {expr_string(lhs)} on left side of :=")
            v = Var("_", None, lhs.span, check.pkg, owner=check.env.func)
        if t is None or not is_valid(t):
            v.type = INVALID
            v.used = True  # avoid follow-up errors
            continue
        if number is not None:
            assign.init_var(check, v, number, "range clause")
        else:
            assign.init_var(check, v, Operand(Mode.VALUE, lhs, t), "assignment")
        if v.type is not None and is_valid(v.type):
            check.record_type(lhs, Mode.VARIABLE, v.type)
    if not variables:
        check.error(s, Code.NO_NEW_VAR, "no new variables on left side of :=")
    for v in variables:
        check.declare(check.env.scope, None, v)


def _assign(check: Checker, pairs: list[tuple[ast.Expr, Type | None]], number: Operand | None) -> None:
    for lhs, t in pairs:
        if t is None or not is_valid(t):
            continue
        if number is None:
            assign.assign_var(check, lhs, None, Operand(Mode.VALUE, lhs, t), "assignment")
            continue
        assign.assign_var(check, lhs, None, number, "range clause")
        if number.valid and not is_integer(number.type):
            message = f"cannot use iteration variable of type {check.type_str(number.type)}"
            check.error(lhs, Code.INVALID_RANGE_EXPR, message)


def _bad(cause: str = "") -> _KeyValue:
    return INVALID, INVALID, cause, False


def _key_value(check: Checker, t: Type) -> _KeyValue:
    def refuse(s: Type | None, u: Type | None) -> str | None:
        if isinstance(u, Chan) and u.dir is ast.ChanDir.SEND:
            return f"receive from send-only channel {check.type_str(s or INVALID)}"
        return None

    u, cause = common_under(t, refuse)
    if u is None:
        return _bad(cause)
    if isinstance(u, Pointer):
        array = under(u.elem)
        if not isinstance(array, Array):
            return _bad()
        u = array
    match u:
        case Basic() if is_string(u):
            return INT, RUNE, "", True
        case Basic() if is_integer(u):
            return t, None, "", True
        case Array(elem=elem) | Slice(elem=elem):
            return INT, elem, "", True
        case Map(key=key, elem=elem):
            return key, elem, "", True
        case Chan(elem=elem):
            return elem, None, "", True
        case Signature():
            return _iterator(check, u)
        case _:  # nothing else can be ranged over
            return _bad()


def _iterator(check: Checker, u: Signature) -> _KeyValue:
    """`func(yield func(K, V) bool)`."""
    shape = "func must be func(yield func(...) bool): "
    if len(u.params.vars) != 1:
        return _bad(shape + "wrong argument count")
    if u.results.vars:
        return _bad(shape + "unexpected results")
    param = u.params.vars[0].type or INVALID
    call, cause = common_under(param)
    if not isinstance(call, Signature):
        return _bad(shape + (f"in yield type, {cause}" if cause else "argument is not func"))
    types = [v.type for v in call.params.vars]
    results = [v.type or INVALID for v in call.results.vars]
    if len(types) > 2:
        return _bad(shape + "yield func has too many parameters")
    if len(results) != 1 or not identical(results[0], BOOL):
        if len(results) == 1 and is_boolean(results[0]):
            return _bad(shape + "yield func returns user-defined boolean, not bool")
        return _bad(shape + "yield func does not return bool")
    if call.variadic:
        return _bad(f"yield func of type {check.type_str(call)} cannot be variadic")
    return (*types, None, None)[0], (*types, None, None)[1], "", True
