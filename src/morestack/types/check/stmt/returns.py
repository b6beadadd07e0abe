"""Terminating statements as the spec defines them: a function with results must end in one."""

from __future__ import annotations

from collections.abc import Sequence

from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.check.checker import Checker


def is_terminating(check: Checker, s: ast.Stmt, label: str) -> bool:
    """Whether control cannot reach the end of s; label is the label of s."""
    match s:
        case ast.Labeled(label=name, stmt=inner):
            return is_terminating(check, inner, name.text)
        case ast.ExprStmt(x=x):
            return unparen(x) in check.env.panics
        case ast.Return():
            return True
        case ast.Branch(kind=kind):
            return kind in (ast.BranchKind.GOTO, ast.BranchKind.FALLTHROUGH)
        case ast.Block(stmts=stmts):
            return _is_terminating_list(check, stmts)
        case ast.If(then=then, els=els):
            return els is not None and is_terminating(check, then, "") and is_terminating(check, els, "")
        case ast.Switch(clauses=clauses) | ast.TypeSwitch(clauses=clauses):
            return any(c.exprs is None for c in clauses) and _all_leave(check, [c.body for c in clauses], label)
        case ast.Select(clauses=comms):
            return _all_leave(check, [c.body for c in comms], label)
        case ast.For(cond=cond, body=body):
            return cond is None and not _has_break(body, label, True)
        case (
            ast.Empty()
            | ast.Send()
            | ast.IncDec()
            | ast.Assign()
            | ast.Define()
            | ast.DeclStmt()
            | ast.Go()
            | ast.Defer()
            | ast.Range()
        ):
            return False


def _all_leave(check: Checker, bodies: Sequence[Sequence[ast.Stmt]], label: str) -> bool:
    """Whether all clauses terminate without a break out of the statement with that label."""
    return all(not (not _is_terminating_list(check, body) or _has_break_in(body, label, True)) for body in bodies)


def _has_break_in(stmts: Sequence[ast.Stmt], label: str, implicit: bool) -> bool:
    return any(_has_break(s, label, implicit) for s in stmts)


def _has_break_in_clauses(bodies: Sequence[Sequence[ast.Stmt]], label: str) -> bool:
    if label:
        for body in bodies:
            if _has_break_in(body, label, False):
                return True
    return False


def _is_terminating_list(check: Checker, stmts: Sequence[ast.Stmt]) -> bool:
    for s in reversed(stmts):
        if not isinstance(s, ast.Empty):
            return is_terminating(check, s, "")
    return False


def _has_break(s: ast.Stmt, label: str, implicit: bool) -> bool:
    """Whether s contains a break to label or, if implicit is set, a break without a label."""
    match s:
        case ast.Labeled(stmt=inner):
            return _has_break(inner, label, implicit)
        case ast.Branch(kind=ast.BranchKind.BREAK, label=name):
            return implicit if name is None else name.text == label
        case ast.Block(stmts=stmts):
            return _has_break_in(stmts, label, implicit)
        case ast.If(then=then, els=els):
            return _has_break(then, label, implicit) or (els is not None and _has_break(els, label, implicit))
        case ast.Switch(clauses=clauses) | ast.TypeSwitch(clauses=clauses):
            return _has_break_in_clauses([c.body for c in clauses], label)
        case ast.Select(clauses=comms):
            return _has_break_in_clauses([c.body for c in comms], label)
        case ast.For(body=body) | ast.Range(body=body):
            return label != "" and _has_break(body, label, False)
        case _:  # simple statements contain no others
            return False
