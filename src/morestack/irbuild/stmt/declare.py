"""Definitions and variable declarations."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir.module import Pos
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.iface import converted
from morestack.irbuild.expr.multi import keep, multi_value
from morestack.irbuild.expr.order import has_call, hoist
from morestack.irbuild.expr.value import value_as
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.stmt.assign import assign_one
from morestack.irbuild.stmt.place import assign_loc, is_blank, left_type
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Var
from morestack.types.core.types import Type


def declare_from(fb: FuncBuilder, v: Var, rhs: ast.Expr) -> None:
    """Build `var v = rhs`."""
    t = bt.var_type(v)
    pos = fb.mod.pos(v.span) if v.span is not None else fb.pos(rhs)
    if is_ssa(ir_type(t)):
        fb.declare(v, pos, value_as(fb, rhs, t))
        return
    if fb.storage.get(v) is not None or fb.on_heap(v):
        # the initializer may still read the variable of the previous iteration
        loc = fb.mem(rhs)
        fb.move(fb.place(fb.declare(v, pos, clear=False)), loc, ir_type(t))
        return
    fb.into(rhs, fb.place(fb.declare(v, pos, clear=False)))


def declare_loc(fb: FuncBuilder, v: Var, loc: Loc, pos: Pos) -> None:
    """Create a variable with a value that has been evaluated."""
    if isinstance(loc, Mem):
        if is_ssa(ir_type(v.type)):
            fb.declare(v, pos, fb.load(loc, ir_type(v.type)))
        else:
            fb.move(fb.place(fb.declare(v, pos, clear=False)), loc, ir_type(v.type))
    else:
        fb.declare(v, pos, loc)


def define(fb: FuncBuilder, s: ast.Define) -> None:
    """Build `a, b := x, y`."""
    lhs, rhs = s.lhs, s.rhs
    defs = fb.info.defs
    if len(lhs) == len(rhs) == 1:
        v = defs.get(lhs[0]) if isinstance(lhs[0], ast.Name) else None
        if type(v) is Var and v.name != "_":
            declare_from(fb, v, rhs[0])
        else:
            assign_one(fb, lhs[0], rhs[0])
        fb.saved.clear()
        return
    if len(lhs) == len(rhs):
        if any(has_call(fb, e) for e in rhs):
            for r in rhs:
                hoist(fb, r)
        kept: list[tuple[Loc, Type]] = []
        for l, r in zip(lhs, rhs, strict=True):
            t = left_type(fb, l)
            wanted = t if t is not None else fb.type_of(r)
            kept.append((keep(fb, r, wanted), wanted))
        values = kept
    else:
        values = multi_value(fb, rhs[0])
    for l, (value, source) in zip(lhs, values, strict=True):
        if is_blank(l):
            continue
        assert isinstance(l, ast.Name)
        target = left_type(fb, l)
        assert target is not None
        loc = converted(fb, value, source, target, fb.pos(l))
        v = defs.get(l)
        if type(v) is Var:
            declare_loc(fb, v, loc, fb.pos(l))
        else:
            assign_loc(fb, l, loc)
    fb.saved.clear()


def decl_stmt(fb: FuncBuilder, s: ast.DeclStmt) -> None:
    """Build declarations in a function; only variables need code."""
    for d in s.decls:
        if isinstance(d, ast.VarDecl):
            _var_decl(fb, d)
    fb.saved.clear()


def _var_decl(fb: FuncBuilder, d: ast.VarDecl) -> None:
    defs = fb.info.defs
    variables = [defs.get(n) for n in d.names]
    if not d.values:
        for n, v in zip(d.names, variables, strict=True):
            if type(v) is Var and n.text != "_":
                fb.declare(v, fb.pos(n))
        return
    if len(d.values) == len(d.names) == 1:
        v = variables[0]
        if type(v) is Var and d.names[0].text != "_":
            declare_from(fb, v, d.values[0])
        else:
            t = bt.var_type(v) if type(v) is Var and v.type is not None else fb.type_of(d.values[0])
            keep(fb, d.values[0], t)
        return
    values: list[tuple[Loc, Type]] = []
    if len(d.values) == len(d.names):
        if any(has_call(fb, e) for e in d.values):
            for r in d.values:
                hoist(fb, r)
        for v, r in zip(variables, d.values, strict=True):
            t = bt.var_type(v) if type(v) is Var and v.type is not None else fb.type_of(r)
            values.append((keep(fb, r, t), t))
    else:
        values = multi_value(fb, d.values[0])
    for n, v, (value, source) in zip(d.names, variables, values, strict=True):
        if type(v) is Var and n.text != "_":
            declare_loc(fb, v, converted(fb, value, source, bt.var_type(v), fb.pos(n)), fb.pos(n))
