"""Unary and binary operators except comparisons; conditions."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Block, Const, Operand, Pos
from morestack.irbuild.emit.arith import arithmetic, complement, inverted, minus, shift
from morestack.irbuild.emit.slice import concat_values
from morestack.irbuild.expr.compare import COMPARISONS, comparison
from morestack.irbuild.expr.operand import address_of
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.func import FuncBuilder
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, UnaryOp, unparen
from morestack.types.core.types import Traits


def binary(fb: FuncBuilder, e: ast.Binary) -> Operand:
    """Build a binary operation."""
    op = e.op
    if op is BinaryOp.LAND or op is BinaryOp.LOR:
        return _short_circuit(fb, e)
    if op in COMPARISONS:
        return comparison(fb, e)
    t = fb.type_of(e)
    if op is BinaryOp.ADD and bt.traits(t) & Traits.STRING:
        return concat(fb, _chain(fb, e), fb.pos(e, e.op_pos))
    ordered(fb, (e.x, e.y))
    x = fb.expr(e.x)
    y = fb.expr(e.y)
    if op is BinaryOp.SHL or op is BinaryOp.SHR:
        return shift(fb, op, x, y, t, fb.type_of(e.y), fb.pos(e, e.op_pos))
    return arithmetic(fb, op, x, y, t, fb.pos(e, e.op_pos))


def _chain(fb: FuncBuilder, e: ast.Expr) -> list[ast.Expr]:
    """Return the operands of `a + b + c`, which is a single concatenation; constant parts are not split."""
    parts: list[ast.Expr] = []
    at: ast.Expr = e
    while True:
        inner = unparen(at)
        tv = fb.types.get(inner)
        if isinstance(inner, ast.Binary) and (tv is None or tv.value is None) and inner not in fb.saved:
            parts.append(inner.y)
            at = inner.x
            continue
        parts.append(at)
        parts.reverse()
        return parts


def concat(fb: FuncBuilder, parts: list[ast.Expr], pos: Pos) -> Operand:
    """Build the concatenation of strings that are evaluated together."""
    ordered(fb, parts)
    return concat_values(fb, [fb.expr(p) for p in parts], pos)


def _short_circuit(fb: FuncBuilder, e: ast.Binary) -> Operand:
    result = fb.f.reg(ir.BOOL)
    done, more = fb.new_block(), fb.new_block()
    land = e.op is BinaryOp.LAND
    cond = fb.expr(e.x)
    if type(cond) is Const:
        return fb.expr(e.y) if bool(cond.value) is land else cond
    fb.set(result, cond)
    if land:
        fb.branch(cond, more, done)
    else:
        fb.branch(cond, done, more)
    fb.start(more, keep=True)
    known = set(fb.nonnil)
    fb.set(result, fb.expr(e.y))
    fb.jump(done)
    fb.start(done)
    fb.nonnil = known
    return result


def condition(fb: FuncBuilder, e: ast.Expr, yes: Block, no: Block) -> None:
    """Jump to yes or no depending on e; `&&`, `||` and `!` become control flow."""
    inner = unparen(e)
    tv = fb.types.get(inner)
    if inner not in fb.saved and (tv is None or tv.value is None):
        if isinstance(inner, ast.Binary) and inner.op in (BinaryOp.LAND, BinaryOp.LOR):
            more = fb.new_block()
            if inner.op is BinaryOp.LAND:
                condition(fb, inner.x, more, no)
            else:
                condition(fb, inner.x, yes, more)
            fb.start(more)
            condition(fb, inner.y, yes, no)
            return
        if isinstance(inner, ast.Unary) and inner.op is UnaryOp.NOT:
            condition(fb, inner.x, no, yes)
            return
    fb.branch(fb.expr(e), yes, no)


def unary(fb: FuncBuilder, e: ast.Unary) -> Operand:
    """Build a unary operation except `*p` and `<-ch`."""
    match e.op:
        case UnaryOp.ADDR:
            return address_of(fb, e.x)
        case UnaryOp.NOT:
            return inverted(fb, fb.expr(e.x))
        case UnaryOp.SUB:
            return minus(fb, fb.expr(e.x))
        case UnaryOp.XOR:
            return complement(fb, fb.expr(e.x))
        case UnaryOp.ADD:
            return fb.expr(e.x)
        case UnaryOp.TILDE:
            raise InternalError("ir.build", "a constraint is not a value", e.span)
