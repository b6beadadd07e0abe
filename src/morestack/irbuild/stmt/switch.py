"""Expression switches and type switches.

A switch on an integer whose cases are all constants becomes a single SWITCH. In any other switch the cases are
compared in source order. Without a tag the cases are conditions.
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Block, Const, Instr, Operand
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.emit.compare import equal, iface_equal, is_nil
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.iface import box_into
from morestack.irbuild.expr.binary import condition
from morestack.irbuild.expr.multi import keep
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.info import Mode
from morestack.types.core.types import BOOL, Traits, Type

DENSE = 4
"""The least number of constant cases for which a switch becomes a SWITCH."""


def switch(fb: FuncBuilder, s: ast.Switch) -> None:
    """Build an expression switch, with or without a tag."""
    if s.init is not None:
        fb.stmt(s.init)
    done = fb.new_block()
    fb.breaks[s] = done
    blocks = [fb.new_block() for _ in s.clauses]
    default = next((b for c, b in zip(s.clauses, blocks, strict=True) if c.exprs is None), done)
    if s.tag is None:
        _conditions(fb, s, blocks, default)
    else:
        _tagged(fb, s, s.tag, blocks, default)
    fb.saved.clear()
    outer = fb.fallthrough
    for n, (clause, block) in enumerate(zip(s.clauses, blocks, strict=True)):
        fb.start(block)
        fb.fallthrough = blocks[n + 1] if n + 1 < len(blocks) else None
        fb.stmts(clause.body)
        fb.jump(done)
    fb.fallthrough = outer
    fb.start(done)


def _conditions(fb: FuncBuilder, s: ast.Switch, blocks: list[Block], default: Block) -> None:
    for clause, block in zip(s.clauses, blocks, strict=True):
        for e in clause.exprs or ():
            following = fb.new_block()
            tv = fb.types.get(e)
            if tv is not None and bt.is_interface(tv.type):  # `case x` compares x with true
                true = box_into(fb, Const(ir.BOOL, 1), BOOL, tv.type, fb.pos(e))
                fb.branch(iface_equal(fb, fb.expr(e), tv.type, true, tv.type, fb.pos(e)), block, following)
            else:
                condition(fb, e, block, following)
            fb.start(following)
            fb.saved.clear()
    fb.jump(default)


def _tagged(fb: FuncBuilder, s: ast.Switch, tag: ast.Expr, blocks: list[Block], default: Block) -> None:
    t = fb.type_of(tag)
    value = keep(fb, tag, t)
    fb.saved.clear()
    if not isinstance(value, Mem) and _dense(fb, s, value, t, blocks, default):
        return
    for clause, block in zip(s.clauses, blocks, strict=True):
        for e in clause.exprs or ():
            following = fb.new_block()
            fb.branch(_matches(fb, value, t, e), block, following)
            fb.start(following)
            fb.saved.clear()
    fb.jump(default)


def _dense(fb: FuncBuilder, s: ast.Switch, value: Operand, t: Type, blocks: list[Block], default: Block) -> bool:
    """Build a single SWITCH for constant integer cases."""
    if not bt.traits(t) & Traits.INTEGER or isinstance(value, Const):
        return False
    values: dict[int, Block] = {}
    for clause, block in zip(s.clauses, blocks, strict=True):
        for e in clause.exprs or ():
            tv = fb.types.get(e)
            if tv is None or tv.value is None or bt.is_interface(tv.type):
                return False
            c = fb.expr(e)
            assert isinstance(c, Const)
            values.setdefault(int(c.value), block)
    if len(values) < DENSE:
        return False
    fb.block.instrs.append(Instr(Op.SWITCH, (), (value,), tuple(values), (*values.values(), default)))
    return True


def _matches(fb: FuncBuilder, tag: Loc, t: Type, e: ast.Expr) -> Operand:
    """Build tag == e."""
    pos = fb.pos(e)
    tv = fb.types.get(e)
    if tv is not None and tv.mode is Mode.NIL:
        return is_nil(fb, fb.load(tag, ir_type(t)) if isinstance(tag, Mem) else tag)
    et = fb.type_of(e)
    if bt.is_interface(t) == bt.is_interface(et):
        other = fb.expr(e) if is_ssa(ir_type(et)) else fb.loc(e)
        if bt.is_interface(t):
            assert not isinstance(tag, Mem) and not isinstance(other, Mem)
            return iface_equal(fb, tag, t, other, et, pos)
        return equal(fb, tag, other, t, pos)
    # a mixed comparison: box the concrete operand
    other_value = fb.expr(e)
    whole = fb.load(tag, ir_type(t)) if isinstance(tag, Mem) else tag
    if bt.is_interface(t):
        return iface_equal(fb, whole, t, box_into(fb, other_value, et, t, pos), t, pos)
    return iface_equal(fb, box_into(fb, whole, t, et, pos), et, other_value, et, pos)
