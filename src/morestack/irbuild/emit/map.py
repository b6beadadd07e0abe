"""Map operations by runtime calls; keys and values are passed by address."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Operand, Pos, Reg
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.emit.emitter import NULL, Emitter, Loc, Mem
from morestack.types.core.types import Map, Type


def value_or_zero(fb: Emitter, map_type: Type, m: Operand, key: Mem, pos: Pos) -> tuple[Loc, Operand]:
    """Return a copy of m[key] (zero if the key is absent), and whether the key is absent."""
    u = under(map_type)
    assert isinstance(u, Map)
    found = fb.rt("mapaccess", fb.mod.type_symbol(map_type), m, key.addr, pos=pos)
    t = ir_type(u.elem)
    absent = fb.op(Op.EQ, ir.BOOL, found, NULL)
    yes, no, done = fb.new_block(), fb.new_block(), fb.new_block()
    result: Loc = fb.f.reg(t) if is_ssa(t) else fb.temp(t)
    fb.branch(absent, no, yes)
    known = set(fb.nonnil)
    fb.start(yes, keep=True)
    if isinstance(result, Mem):
        fb.move(result, Mem(found), t)
    elif isinstance(result, Reg):
        fb.set(result, fb.load(Mem(found), t))
    fb.jump(done)
    fb.start(no)
    if isinstance(result, Mem):
        fb.clear(result, t)
    elif isinstance(result, Reg):
        fb.set(result, fb.zero(t))
    fb.jump(done)
    fb.start(done)
    fb.nonnil = known
    return result, absent


def assign_slot(fb: Emitter, map_type: Type, m: Operand, key: Mem, pos: Pos) -> Mem:
    """Return the place for the value of m[key]; an absent entry is created."""
    return Mem(fb.rt("mapassign", fb.mod.type_symbol(map_type), m, key.addr, pos=pos))
