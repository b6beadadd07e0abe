"""Assignments, definitions and variable declarations.

With one value the order is that of gc: calls on the left, then the right side, then the address of the left side with
its checks, then the store. With several values, the operands on the left (without their checks) and all values come
first, then the stores from left to right. Variables in registers are read before any of them is written.
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir.module import Operand, Pos
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.emit.arith import arithmetic, one, shift
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.iface import converted
from morestack.irbuild.emit.memory import insert
from morestack.irbuild.emit.slice import concat_values
from morestack.irbuild.expr.compare import COMPARISONS
from morestack.irbuild.expr.literal import reads_nothing
from morestack.irbuild.expr.multi import keep, multi_value
from morestack.irbuild.expr.order import has_call, hoist
from morestack.irbuild.expr.value import value_as
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.stmt.place import (
    assign_loc,
    assign_value,
    hoist_left,
    left_type,
    map_slot,
    place_of,
    register_path,
    save_operands,
)
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, unparen
from morestack.types.core.types import Map, Traits, Type

MAY_PANIC = frozenset({BinaryOp.QUO, BinaryOp.REM})
"""Operators whose panics leave no new entry in a map, as in gc. A panic for a negative shift count does leave one."""


def assign_one(fb: FuncBuilder, lhs: ast.Expr, rhs: ast.Expr) -> None:
    """Build `lhs = rhs`."""
    t = left_type(fb, lhs)
    if t is None:
        fb.loc(rhs)
        return
    if not isinstance(lhs, ast.Name) and (has_call(fb, rhs) or has_call(fb, lhs)):
        hoist_left(fb, lhs)
        hoist(fb, rhs)
    it = ir_type(t)
    if is_ssa(it):
        inner = unparen(lhs)
        if isinstance(inner, ast.Index) and isinstance(under(fb.type_of(inner.x)), Map):
            save_operands(fb, lhs)
        assign_value(fb, lhs, value_as(fb, rhs, t))
        return
    if reads_nothing(fb, rhs):
        fb.into(rhs, place_of(fb, unparen(lhs)))
        return
    loc = fb.loc(rhs)
    source = loc if isinstance(loc, Mem) else fb.spill(loc)
    fb.move(place_of(fb, unparen(lhs)), source, it)


def assign_pairs(fb: FuncBuilder, lhs: tuple[ast.Expr, ...], rhs: tuple[ast.Expr, ...]) -> None:
    """Build `a, b = x, y`."""
    if any(has_call(fb, e) for e in (*lhs, *rhs)):
        for l in lhs:
            hoist_left(fb, l)
        for r in rhs:
            hoist(fb, r)
    for l in lhs:
        save_operands(fb, l)
    values: list[Loc] = []
    for l, r in zip(lhs, rhs, strict=True):
        t = left_type(fb, l)
        values.append(keep(fb, r, t if t is not None else fb.type_of(r)))
    for l, v in zip(lhs, values, strict=True):
        assign_loc(fb, l, v)


def assign_multi(fb: FuncBuilder, lhs: tuple[ast.Expr, ...], rhs: ast.Expr) -> None:
    """Build `a, b = f()` and the comma-ok forms."""
    for l in lhs:
        hoist_left(fb, l)
    if not isinstance(unparen(rhs), ast.Call):
        for l in lhs:
            save_operands(fb, l)
        values = multi_value(fb, rhs)
    else:
        values = multi_value(fb, rhs)
        for l in lhs:
            save_operands(fb, l)
    pos = fb.pos(rhs)
    for l, (v, source) in zip(lhs, values, strict=True):
        target = left_type(fb, l)
        if target is not None:
            assign_loc(fb, l, converted(fb, v, source, target, pos))


def assign(fb: FuncBuilder, s: ast.Assign) -> None:
    """Build `a, b = x, y` and `a op= x`."""
    if s.op is not None:
        op_assign(fb, s.lhs[0], s.op, s.rhs[0], fb.pos(s, s.op_pos))
    elif len(s.lhs) == len(s.rhs) == 1:
        assign_one(fb, s.lhs[0], s.rhs[0])
    elif len(s.lhs) == len(s.rhs):
        assign_pairs(fb, s.lhs, s.rhs)
    else:
        assign_multi(fb, s.lhs, s.rhs[0])
    fb.saved.clear()


def inc_dec(fb: FuncBuilder, s: ast.IncDec) -> None:
    """Build `a++` and `a--`."""
    op_assign(fb, s.x, BinaryOp.ADD if s.inc else BinaryOp.SUB, None, fb.pos(s))
    fb.saved.clear()


def op_assign(fb: FuncBuilder, lhs: ast.Expr, op: BinaryOp, rhs: ast.Expr | None, pos: Pos) -> None:
    """Build `lhs op= rhs`, with the operands of lhs evaluated once; rhs None means 1."""
    t = fb.type_of(lhs)
    if rhs is not None and has_call(fb, rhs):
        hoist_left(fb, lhs)
        hoist(fb, rhs)
    target = register_path(fb, lhs)
    if target is not None:
        reg, path = target
        part: Operand = reg
        for n in path:
            part = fb.extract(part, n)
        fb.assign(reg, insert(fb, reg, path, combined(fb, op, part, rhs, t, pos)))
        return
    save_operands(fb, lhs)
    inner = unparen(lhs)
    if isinstance(inner, ast.Index) and isinstance(under(fb.type_of(inner.x)), Map):
        if op in MAY_PANIC:  # a panic must not create an entry
            value = combined(fb, op, fb.copy(fb.expr(inner)), rhs, t, pos)
            fb.store(map_slot(fb, inner), value)
            return
        y = None if rhs is None else fb.copy(fb.expr(rhs))
        slot = map_slot(fb, inner)  # a new entry holds zero, as `m[k]` would return
        fb.store(slot, combine(fb, op, fb.load(slot, ir_type(t)), rhs, y, t, pos))
        return
    place = place_of(fb, inner)
    old = fb.load(place, ir_type(t))
    fb.store(place, combined(fb, op, old, rhs, t, pos))


def combined(fb: FuncBuilder, op: BinaryOp, x: Operand, rhs: ast.Expr | None, t: Type, pos: Pos) -> Operand:
    """Build x op rhs."""
    return combine(fb, op, x, rhs, None if rhs is None else fb.expr(rhs), t, pos)


def combine(
    fb: FuncBuilder, op: BinaryOp, x: Operand, rhs: ast.Expr | None, y: Operand | None, t: Type, pos: Pos
) -> Operand:
    """Build x op y, where y is the value of rhs; if both are None, y is 1."""
    assert op not in COMPARISONS
    if rhs is None or y is None:
        return arithmetic(fb, op, x, one(x.type, fb), t, pos)
    if op is BinaryOp.SHL or op is BinaryOp.SHR:
        return shift(fb, op, x, y, t, fb.type_of(rhs), pos)
    if bt.traits(t) & Traits.STRING:
        return concat_values(fb, [x, y], pos)
    return arithmetic(fb, op, x, y, t, pos)
