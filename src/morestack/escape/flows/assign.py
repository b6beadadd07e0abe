"""Assignments, definitions and returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from morestack.escape.flows.call import results_of, tuple_of
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole
from morestack.escape.selfassign import is_self_assign
from morestack.escape.text import position
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.objects import Var
from morestack.types.core.types import Type


def target_type(fb: FlowBuilder, lhs: ast.Expr) -> Type | None:
    """The type to convert to; None for the blank identifier."""
    lhs = unparen(lhs)
    if isinstance(lhs, ast.Name):
        if lhs.text == "_":
            return None
        v = fb.variable(lhs)
        if v is not None:
            return v.type
    return fb.type_of(lhs)


def assign(fb: FlowBuilder, s: ast.Assign) -> None:
    """`a, b = x, y` and `a op= x`."""
    if s.op is not None:
        k = fb.target(s.lhs[0])
        fb.expr(k.note(s, "assign"), s.rhs[0])
        mark_reassigned([k], ())
        return
    assign_list(fb, s, s.lhs, s.rhs, ())


def define(fb: FlowBuilder, s: ast.Define) -> None:
    """`a, b := x, y`."""
    new: list[Var] = []
    for lhs in s.lhs:
        v = fb.info.defs.get(lhs) if isinstance(lhs, ast.Name) else None
        if isinstance(v, Var) and v.name != "_":
            fb.declare(v)
            new.append(v)
    assign_list(fb, s, s.lhs, s.rhs, new)


def var_decl(fb: FlowBuilder, d: ast.VarDecl) -> None:
    """`var a, b = x, y`."""
    new: list[Var] = []
    for name in d.names:
        v = fb.info.defs.get(name)
        if isinstance(v, Var) and v.name != "_":
            fb.declare(v)
            new.append(v)
    if d.values:
        assign_list(fb, d, d.names, d.values, new)


def assign_list(
    fb: FlowBuilder, s: ast.Assign | ast.Define | ast.VarDecl, lhs: Sequence[ast.Expr], rhs: Sequence[ast.Expr],
    new: Sequence[Var],
) -> None:  # fmt: skip
    """`lhs... = rhs...`; `new` are the variables s declares."""
    ks = [fb.target(x) for x in lhs]
    if len(lhs) == len(rhs):
        why = "assign" if len(lhs) == 1 else "assign-pair"
        for k, x, y in zip(ks, lhs, rhs, strict=True):
            if isinstance(s, ast.Assign) and is_self_assign(fb.info, x, y):
                fb.batch.warn(position(s), f"{fb.fn.name} ignoring self-assignment in {shown(fb, s)}")
                k = fb.discard_hole()
            fb.convert(k.note(s, why), y, target_type(fb, x))
    else:
        t = fb.type_of(rhs[0])
        results = results_of(fb, rhs[0], tuple_of(t, len(lhs)), s)
        for k, x, result in zip(ks, lhs, results, strict=False):
            fb.operand(k.note(s, "assign-pair"), result, target_type(fb, x))
    mark_reassigned(ks, new)


def shown(fb: FlowBuilder, s: ast.Assign) -> str:
    """The assignment as messages print it."""
    texts = fb.batch.texts
    return f"{texts.args(s.lhs, 0)} = {texts.args(s.rhs, 0)}"


def mark_reassigned(ks: Iterable[Hole], new: Sequence[Var]) -> None:
    """Variables assigned other than by their declaration are captured by reference."""
    for k in ks:
        if k.dst.key not in new:
            k.dst.reassigned = True


def ret(fb: FlowBuilder, s: ast.Return, results: Sequence[ast.Expr]) -> None:
    """A return: its operands flow to the results."""
    fn = fb.fn
    while isinstance(fn.node, ast.Range) and fn.parent is not None:
        fn = fn.parent  # the body of a range over a function returns from the function around it
    holes = [Hole(fb.location_of_param(v, fn)) for v in fn.results]
    if len(results) == len(holes):
        for k, v, x in zip(holes, fn.results, results, strict=True):
            fb.convert(k.note(s, "return"), x, v.type)
    elif results:
        t = fb.type_of(results[0])
        temps = results_of(fb, results[0], tuple_of(t, len(holes)), s)
        for k, v, temp in zip(holes, fn.results, temps, strict=False):
            fb.operand(k.note(s, "return"), temp, v.type)
    mark_reassigned(holes, ())
