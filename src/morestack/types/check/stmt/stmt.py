"""Simple statements, and statements that contain others; switches and range loops have their own modules."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.syntax.nodes import unparen
from morestack.syntax.positions import pos_of
from morestack.types.check.checker import Checker
from morestack.types.check.expr import assignment, binary, expr, unary
from morestack.types.check.operand import ExprKind, Operand
from morestack.types.check.stmt import assign, switch
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_untyped
from morestack.types.identity.type_params import all_boolean, all_numeric
from morestack.types.identity.typestring import object_string


def expr_stmt(check: Checker, e: ast.Expr) -> None:
    x, kind = expr.raw_expr(check, e)
    if x.mode is Mode.BUILTIN:
        message, code = "must be called", Code.UNCALLED_BUILTIN
    elif x.mode is Mode.TYPE:
        message, code = "is not an expression", Code.NOT_AN_EXPR
    elif kind is ExprKind.STATEMENT:
        return
    else:
        message, code = "is not used", Code.UNUSED_EXPR
    check.error(x, code, f"{check.show(x)} {message}")


def assign_stmt(check: Checker, s: ast.Assign) -> None:
    if s.op is None:
        assign.assign_vars(check, s.lhs, s.rhs)
        return
    if len(s.lhs) != 1 or len(s.rhs) != 1:
        message = f"assignment operation {s.op.value}= requires single-valued expressions"
        check.error(s, Code.SYNTAX, message)
        return
    x = binary.check_binary(check, None, s.lhs[0], s.rhs[0], s.op)
    assign.assign_var(check, s.lhs[0], None, x, "assignment")


def inc_dec_stmt(check: Checker, s: ast.IncDec) -> None:
    x = expr.expr(check, s.x)
    if not x.valid:
        return
    if not all_numeric(x.type):
        op = "++" if s.inc else "--"
        message = f"invalid operation: {expr_string(s.x)}{op} (non-numeric type {check.type_str(x.type)})"
        check.error(s.x, Code.NON_NUMERIC_INC_DEC, message)
        return
    assign.assign_var(check, s.x, None, x, "assignment")


def send_stmt(check: Checker, s: ast.Send) -> None:
    ch = expr.expr(check, s.ch)
    value = expr.generic_expr(check, s.value)
    if not ch.valid or not value.valid:
        return
    elem = unary.channel_element(check, s, ch, receive=False)
    if elem is not None:
        assignment.assignment(check, value, elem, "send")


def suspended_call(check: Checker, keyword: str, e: ast.Expr) -> None:
    """Check the call of a go or defer statement."""
    code = Code.INVALID_GO if keyword == "go" else Code.INVALID_DEFER
    if not isinstance(unparen(e), ast.Call):
        check.error(e, code, f"expression in {keyword} must be function call")
        expr.use(check, e)
        return
    x, kind = expr.raw_expr(check, e)
    if kind is ExprKind.CONVERSION:
        message = "requires function call, not conversion"
    elif kind is ExprKind.EXPRESSION:
        message, code = "discards result of", Code.UNUSED_RESULTS
    else:
        return
    check.error(x, code, f"{keyword} {message} {check.show(x)}")


def return_stmt(check: Checker, s: ast.Return) -> None:
    if check.env.sig is None:
        return
    results = check.env.sig.results.vars
    if not s.results and results and results[0].name:
        for v in results:
            other = check.lookup(v.name)
            if v.name != "_" and other is not None and other is not v:
                message = f"result parameter {v.name} not in scope at return"
                note = f"{other.span}: inner declaration of {object_string(other, check.qualifier)}"
                check.error(s, Code.OUT_OF_SCOPE_RESULT, message, note)
        return
    if results or s.results:
        if s.results and not results:
            _too_many_results(check, s)
            return
        assign.init_vars(check, results, s.results, s)
        for v in results:
            # Returning a value assigns to a named result.
            if v.name:
                check.info.reassigned.add(v)


def _too_many_results(check: Checker, s: ast.Return) -> None:
    values = expr.expr_list(check, s.results)
    if values and all(x.valid for x in values):
        if len(values) == 1 and values[0].mode is Mode.NO_VALUE:
            return
        check.error(values[0], Code.WRONG_RESULT_COUNT, "too many return values", *_have_want(check, values))


def _have_want(check: Checker, values: list[Operand]) -> tuple[str, str]:
    return f"have {assignment.types_summary(check, [x.type for x in values], False, False)}", "want ()"


def condition(check: Checker, e: ast.Expr, statement: str) -> None:
    """Check the condition of an if or for statement."""
    x = expr.expr(check, e)
    if x.valid and not all_boolean(x.type):
        check.error(e, Code.INVALID_COND, f"non-boolean condition in {statement} statement")
    elif x.valid and is_untyped(x.type):
        assignment.assignment(check, x, None, "condition")


def if_stmt(check: Checker, s: ast.If) -> None:
    with check.scope(s):
        if s.init is not None:
            check.stmt(s.init)
        condition(check, s.cond, "if")
        check.stmt(s.then)
        if s.els is not None:
            check.stmt(s.els)


def for_stmt(check: Checker, s: ast.For) -> None:
    with check.scope(s):
        if s.init is not None:
            check.stmt(s.init)
        if s.cond is not None:
            condition(check, s.cond, "for")
        if s.post is not None:
            check.stmt(s.post)
            if isinstance(s.post, ast.Define):
                expr.use(check, *s.post.lhs)  # the syntax error has been reported
        check.stmt(s.body)


def select_stmt(check: Checker, s: ast.Select) -> None:
    switch.multiple_defaults(check, s.clauses)
    for clause in s.clauses:
        if not _is_communication(clause.comm):
            message = "select case must be send or receive (possibly with assignment)"
            at = clause.comm.x if isinstance(clause.comm, ast.ExprStmt) else clause.comm or clause
            check.error(at.span.at(pos_of(at)), Code.INVALID_SELECT_CASE, message)
            continue
        with check.scope(clause):
            if clause.comm is not None:
                check.stmt(clause.comm)
            check.stmts(clause.body)


def _is_communication(s: ast.Stmt | None) -> bool:
    match s:
        case None | ast.Send():
            return True
        case ast.ExprStmt(x=x):
            return isinstance(unparen(x), ast.Receive)
        case ast.Assign(rhs=rhs, op=None) | ast.Define(rhs=rhs):
            return len(rhs) == 1 and isinstance(unparen(rhs[0]), ast.Receive)
        case _:  # no other statement communicates
            return False
