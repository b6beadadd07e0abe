"""Expressions: the steps common to all of them, and the forms a context may require.

`raw_expr` checks one expression of any kind and records it. `expr` requires a single value, `expr_or_type` also
accepts a type, and `multi_expr` also accepts a call with several results or a comma-ok pair. The second result of
`raw_expr` tells whether the expression may stand as a statement.
"""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check.checker import Checker
from morestack.types.check.operand import ExprKind, Operand, Target
from morestack.types.check.typexpr import generic
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_generic
from morestack.types.core.objects import Var
from morestack.types.core.types import INVALID, UNTYPED_BOOL, Alias, Basic, Named, Signature, Tuple, Type


def raw_expr(
    check: Checker,
    e: ast.Expr,
    hint: Type | None = None,
    target: Target | None = None,
    allow_generic: bool = False,
) -> tuple[Operand, ExprKind]:
    """Check e and record the result. `hint` is the element type of an enclosing literal."""
    x, kind = check.walk.expr(check, e, hint, target)
    if not allow_generic:
        non_generic(check, x, target)
    check.record(x)
    return x, kind


def non_generic(check: Checker, x: Operand, target: Target | None = None) -> None:
    """Report a generic type or function used without its type arguments."""
    if x.mode is None or x.mode is Mode.NO_VALUE or isinstance(x.type, Basic):
        return
    what = ""
    if isinstance(x.type, (Named, Alias)):
        what = "type" if is_generic(x.type) else ""
    elif isinstance(x.type, Signature) and x.type.type_params:
        if target is not None:
            generic.instantiate_value(check, x, None, target)
            return
        what = "function"
    if what:
        check.error(
            x, Code.WRONG_TYPE_ARG_COUNT, f"cannot use generic {what} {expr_string(x.expr)} without instantiation"
        )
        x.invalidate()
        x.type = INVALID


def expr(check: Checker, e: ast.Expr, target: Target | None = None) -> Operand:
    """Check e as a single value."""
    x, _ = raw_expr(check, e, target=target)
    exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN, Mode.TYPE)
    single_value(check, x)
    return x


def generic_expr(check: Checker, e: ast.Expr, hint: Type | None = None) -> Operand:
    """Check e as a single value that may be a generic function."""
    x, _ = raw_expr(check, e, hint, allow_generic=True)
    exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN, Mode.TYPE)
    single_value(check, x)
    return x


def expr_or_type(check: Checker, e: ast.Expr, allow_generic: bool = False) -> Operand:
    """Check e as a single value or a type."""
    x, _ = raw_expr(check, e, allow_generic=allow_generic)
    exclude(check, x, Mode.NO_VALUE)
    single_value(check, x)
    return x


def multi_expr(check: Checker, e: ast.Expr, allow_comma_ok: bool) -> tuple[list[Operand], bool]:
    """Check e for one or several values; the flag tells whether they are a comma-ok pair."""
    x, _ = raw_expr(check, e)
    exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN, Mode.TYPE)
    at = e.span.at(e.span.start)
    if x.valid and isinstance(x.type, Tuple):
        results = []
        for number, v in enumerate(x.type.vars, 1):
            name = _stand_in(at, f"{number}{_ORDINALS.get(number, 'th')} function result")
            results.append(Operand(Mode.VALUE, name, v.type or INVALID))
        return results, False
    if allow_comma_ok and x.mode in (Mode.MAP_INDEX, Mode.COMMA_OK):
        return [x, Operand(Mode.VALUE, _stand_in(at, "ok value of (comma, ok) expression"), UNTYPED_BOOL)], True
    return [x], False


_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


def _stand_in(span: Span, text: str) -> ast.Name:
    """Return a name that messages can use for a value the program does not name."""
    return ast.Name(span, text)


def expr_list(check: Checker, exprs: tuple[ast.Expr, ...]) -> list[Operand]:
    """Check a list of values; a single call may return several."""
    if len(exprs) == 1:
        return multi_expr(check, exprs[0], False)[0]
    return [expr(check, e) for e in exprs]


def exclude(check: Checker, x: Operand, *modes: Mode) -> None:
    """Report x if its mode is one of modes."""
    if x.mode is None or x.mode not in modes:
        return
    shown = check.show(x)
    if x.mode is Mode.NO_VALUE:
        what = "value" if Mode.TYPE in modes else "value or type"
        check.error(x, Code.TOO_MANY_VALUES, f"{shown} used as {what}")
    elif x.mode is Mode.BUILTIN:
        check.error(x, Code.UNCALLED_BUILTIN, f"{shown} must be called")
    else:
        check.error(x, Code.NOT_AN_EXPR, f"{shown} is not an expression")
    x.invalidate()


def single_value(check: Checker, x: Operand) -> None:
    """Report a call with several results where a single value is required."""
    if x.mode is Mode.VALUE and isinstance(x.type, Tuple):
        check.error(x, Code.TOO_MANY_VALUES, f"multiple-value {check.show(x)} in single-value context")
        x.invalidate()


def use(check: Checker, *exprs: ast.Expr | None, lhs: bool = False) -> bool:
    """Check expressions in a context that is already invalid, to report their own errors and note their uses."""
    ok = True
    for e in exprs:
        if e is None:
            continue
        n = e
        while isinstance(n, ast.Paren):
            n = n.x
        if isinstance(n, ast.Name):
            if n.text == "_":
                continue
            obj = check.lookup(n.text) if lhs else None
            was_used = obj.used if isinstance(obj, Var) else False
            x = expr_or_type(check, n, allow_generic=True)
            if isinstance(obj, Var):
                obj.used = was_used
        elif isinstance(n, ast.KeyValue):
            ok = use(check, n.value) and ok
            continue
        else:
            x, _ = raw_expr(check, e, allow_generic=True)
        ok = ok and x.valid
    return ok
