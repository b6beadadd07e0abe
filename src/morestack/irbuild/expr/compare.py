"""Comparisons of operands of one type, of an interface with a concrete type, and with nil."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir.module import Operand, Pos
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.emit.compare import equal, iface_and_value, iface_equal, is_nil, less, negated
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp
from morestack.types.core.info import Mode
from morestack.types.core.types import Type

COMPARISONS = frozenset({BinaryOp.EQL, BinaryOp.NEQ, BinaryOp.LSS, BinaryOp.LEQ, BinaryOp.GTR, BinaryOp.GEQ})


def comparison(fb: FuncBuilder, e: ast.Binary) -> Operand:
    """Build `x op y` as a bool."""
    ordered(fb, (e.x, e.y))
    xt, yt = fb.type_of(e.x), fb.type_of(e.y)
    pos = fb.pos(e, e.op_pos)
    if e.op is BinaryOp.EQL or e.op is BinaryOp.NEQ:
        result = equality(fb, e, xt, yt, pos)
        return negated(fb, result) if e.op is BinaryOp.NEQ else result
    x, y = fb.expr(e.x), fb.expr(e.y)
    op = e.op
    if op is BinaryOp.GTR or op is BinaryOp.GEQ:
        x, y = y, x
        op = BinaryOp.LSS if op is BinaryOp.GTR else BinaryOp.LEQ
    return less(fb, op, x, y, xt)


def equality(fb: FuncBuilder, e: ast.Binary, xt: Type, yt: Type, pos: Pos) -> Operand:
    """Build `x == y`: with nil, of interfaces, of an interface and a concrete type, or of one type."""
    for value, other in ((e.x, e.y), (e.y, e.x)):
        tv = fb.types.get(other)
        if tv is not None and tv.mode is Mode.NIL:
            return is_nil(fb, fb.expr(value))
    x_iface, y_iface = bt.is_interface(xt), bt.is_interface(yt)
    if x_iface and y_iface:
        x = fb.expr(e.x)
        return iface_equal(fb, x, xt, fb.expr(e.y), yt, pos)
    if x_iface:
        x = fb.expr(e.x)
        return iface_and_value(fb, x, xt, fb.loc(e.y), yt, pos)
    if y_iface:
        x_loc = fb.loc(e.x)
        return iface_and_value(fb, fb.expr(e.y), yt, x_loc, xt, pos)
    if is_ssa(ir_type(xt)):
        x = fb.expr(e.x)
        return equal(fb, x, fb.expr(e.y), xt, pos)
    x_mem = fb.loc(e.x)
    return equal(fb, x_mem, fb.loc(e.y), xt, pos)
