"""Assignments of every form: to variables, parameters and results, and by `:=`."""

from __future__ import annotations

from collections.abc import Sequence

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.syntax.nodes import unparen
from morestack.types.check.checker import At, Checker
from morestack.types.check.expr import captures, expr
from morestack.types.check.expr.assignment import assignment, types_summary
from morestack.types.check.operand import Operand, target_of
from morestack.types.core.info import Mode
from morestack.types.core.kinds import default_type, is_valid
from morestack.types.core.objects import Const, Var
from morestack.types.core.types import INVALID, UNTYPED_NIL, Type


def init_const(check: Checker, lhs: Const, x: Operand) -> None:
    """Initialize a constant."""
    if not x.valid or not is_valid(x.type) or (lhs.type is not None and not is_valid(lhs.type)):
        lhs.type = lhs.type or INVALID
        return
    if not x.is_constant:
        check.error(x, Code.INVALID_CONST_INIT, f"{check.show(x)} is not constant")
        lhs.type = lhs.type or INVALID
        return
    if lhs.type is None:
        lhs.type = x.type
    assignment(check, x, lhs.type, "constant declaration")
    if x.valid:
        lhs.value = x.value


def init_var(check: Checker, lhs: Var, x: Operand, context: str) -> None:
    """Initialize a variable; if it has no type yet, it takes the type of x."""
    if not x.valid or not is_valid(x.type) or (lhs.type is not None and not is_valid(lhs.type)):
        lhs.type = lhs.type or INVALID
        x.invalidate()
        return
    if lhs.type is None:
        t = x.type
        if t is UNTYPED_NIL:
            check.error(x, Code.UNTYPED_NIL_USE, f"use of untyped nil in {context}")
            lhs.type = INVALID
            x.invalidate()
            return
        lhs.type = default_type(t)
    assignment(check, x, lhs.type, context)


def lhs_var(check: Checker, lhs: ast.Expr) -> Type | None:
    """Return the type of the left side of an assignment: None for `_`, INVALID after an error."""
    name = unparen(lhs)
    if isinstance(name, ast.Name):
        if name.text == "_":
            check.info.defs[name] = None
            return None
        obj = check.lookup(name.text)
        if isinstance(obj, Var):
            was_used = obj.used
            x = expr.expr(check, lhs)
            obj.used = was_used  # an assignment to a variable does not use it
        else:
            x = expr.expr(check, lhs)
    else:
        x = expr.expr(check, lhs)
    if not x.valid or not is_valid(x.type):
        return INVALID
    if x.mode in (Mode.VARIABLE, Mode.MAP_INDEX):
        captures.note_assignment(check, lhs)
        return x.type
    target = x.expr
    if isinstance(target, ast.Selector):
        expr.expr(check, target.x)  # gc checks it again, and reports the name of a package
        inner = check.info.types.get(target.x)
        if inner is not None and inner.mode is Mode.MAP_INDEX:
            message = f"cannot assign to struct field {expr_string(x.expr)} in map"
            check.error(x, Code.UNADDRESSABLE_FIELD_ASSIGN, message)
            return INVALID
    message = f"cannot assign to {expr_string(x.expr)} (neither addressable nor a map index expression)"
    check.error(x, Code.UNASSIGNABLE_OPERAND, message)
    return INVALID


def assign_var(check: Checker, lhs: ast.Expr, rhs: ast.Expr | None, x: Operand | None, context: str) -> None:
    """Check `lhs = rhs`, or `lhs = x` for a value that has been checked."""
    t = lhs_var(check, lhs)
    if t is not None and not is_valid(t):
        if x is not None:
            x.invalidate()
        else:
            expr.use(check, rhs)
        return
    if x is None:
        if rhs is None:
            return
        x = expr.expr(check, rhs, target_of(t, expr_string(lhs)))
    if t is None and context == "assignment":
        context = "assignment to _ identifier"
    assignment(check, x, t, context)


def _context(count: int) -> str:
    return "assignment" if count == 1 else "multiple assignment"


def _measure(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def assign_error(check: Checker, rhs: tuple[ast.Expr, ...], left: int, right: int) -> None:
    """Report a wrong number of values."""
    variables, values = _measure(left, "variable"), _measure(right, "value")
    first = unparen(rhs[0])
    if len(rhs) == 1 and isinstance(first, ast.Call):
        message = f"assignment mismatch: {variables} but {expr_string(first.fun)} returns {values}"
    else:
        message = f"assignment mismatch: {variables} but {values}"
    check.error(rhs[0], Code.WRONG_ASSIGN_COUNT, message)


def return_error(check: Checker, at: At, lhs: Sequence[Var], rhs: list[Operand]) -> None:
    """Report a wrong number of results."""
    qualifier = "not enough"
    if len(rhs) > len(lhs):
        at, qualifier = rhs[len(lhs)], "too many"
    elif rhs:
        at = rhs[-1]
    have = types_summary(check, [x.type for x in rhs], False, False)
    want = types_summary(check, [v.type for v in lhs], False, False)
    check.error(at, Code.WRONG_RESULT_COUNT, f"{qualifier} return values", f"have {have}", f"want {want}")


def init_vars(
    check: Checker,
    lhs: Sequence[Var],
    rhs: tuple[ast.Expr, ...],
    returning: ast.Return | None = None,
) -> None:
    """Initialize several variables, or a function's results."""
    left, right = len(lhs), len(rhs)
    context = "return statement" if returning is not None else _context(left)
    is_call = right == 1 and isinstance(unparen(rhs[0]), ast.Call)
    if left == right and not is_call:
        for v, e in zip(lhs, rhs, strict=True):
            what = v.name or ("result variable" if returning is not None else "")
            init_var(check, v, expr.expr(check, e, target_of(v.type, what)), context)
        return
    if right != 1:
        if expr.use(check, *rhs):
            if returning is not None:
                return_error(check, returning, lhs, expr.expr_list(check, rhs))
            elif rhs:
                assign_error(check, rhs, left, right)
        _invalidate(lhs)
        return
    values, comma_ok = expr.multi_expr(check, rhs[0], left == 2 and returning is None)
    if left == len(values):
        for v, x in zip(lhs, values, strict=True):
            init_var(check, v, x, context)
        if comma_ok and values[0].valid and values[1].valid:
            check.record_comma_ok(rhs[0], values[0].type, values[1].type)
        return
    if values[0].valid:
        if returning is not None:
            return_error(check, returning, lhs, values)
        else:
            assign_error(check, rhs, left, len(values))
    _invalidate(lhs)


def _invalidate(lhs: Sequence[Var]) -> None:
    for v in lhs:
        if v.type is None:
            v.type = INVALID


def assign_vars(check: Checker, lhs: tuple[ast.Expr, ...], rhs: tuple[ast.Expr, ...]) -> None:
    """Check `a, b = x, y` in all its forms."""
    left, right = len(lhs), len(rhs)
    context = _context(left)
    is_call = right == 1 and isinstance(unparen(rhs[0]), ast.Call)
    if left == right and not is_call:
        for target, e in zip(lhs, rhs, strict=True):
            assign_var(check, target, e, None, context)
        return
    if right != 1:
        ok_left = expr.use(check, *lhs, lhs=True)
        if expr.use(check, *rhs) and ok_left:
            assign_error(check, rhs, left, right)
        return
    values, comma_ok = expr.multi_expr(check, rhs[0], left == 2)
    if left == len(values):
        for target, x in zip(lhs, values, strict=True):
            assign_var(check, target, None, x, context)
        if comma_ok and values[0].valid and values[1].valid:
            check.record_comma_ok(rhs[0], values[0].type, values[1].type)
        return
    if values[0].valid:
        assign_error(check, rhs, left, len(values))
    expr.use(check, *lhs, lhs=True)


def short_var_decl(check: Checker, s: ast.Define) -> None:
    """Check `a, b := x, y`, which declares the names that are new in this scope."""
    top = len(check.delayed)
    scope = check.env.scope
    at = s.span.at(s.op_pos)
    seen: set[str] = set()
    variables: list[Var] = []
    fresh: list[Var] = []
    failed = False
    for lhs in s.lhs:
        dummy = Var("_", None, lhs.span, check.pkg, owner=check.env.func)
        if not isinstance(lhs, ast.Name):
            expr.use(check, lhs, lhs=True)
            check.error(lhs, Code.BAD_DECL, f"non-name {expr_string(lhs)} on left side of :=")
            failed = True
            variables.append(dummy)
            continue
        if lhs.text != "_":
            if lhs.text in seen:
                check.error(lhs, Code.REPEATED_DECL, f"{lhs.text} repeated on left side of :=")
                failed = True
                variables.append(dummy)
                continue
            seen.add(lhs.text)
        other = scope.lookup(lhs.text)
        if other is not None:
            check.info.uses[lhs] = other
            if isinstance(other, Var):
                variables.append(other)
                captures.note_assignment(check, lhs)
            else:
                check.error(lhs, Code.UNASSIGNABLE_OPERAND, f"cannot assign to {lhs.text}")
                failed = True
                variables.append(dummy)
            continue
        obj = Var(lhs.text, None, lhs.span, check.pkg, owner=check.env.func)
        variables.append(obj)
        if lhs.text != "_":
            fresh.append(obj)
        check.info.defs[lhs] = obj
    init_vars(check, variables, s.rhs)
    for lhs, v in zip(s.lhs, variables, strict=True):
        if v.type is not None and is_valid(v.type):
            check.record_type(lhs, Mode.VARIABLE, v.type)
    check.process_delayed(top)
    if not fresh and not failed:
        check.error(at, Code.NO_NEW_VAR, "no new variables on left side of :=")
        return
    for obj in fresh:
        check.declare(scope, None, obj)
