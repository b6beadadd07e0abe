"""Map operations through the runtime: keys and values pass by address."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Operand, Pos, Reg
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.func import NULL, FuncBuilder, Loc, Mem
from morestack.irbuild.iface import into_as
from morestack.irbuild.order import ordered
from morestack.syntax import nodes as ast
from morestack.types.core.types import Map, Type


def key_place(fb: FuncBuilder, key: ast.Expr, t: Type) -> Mem:
    """The key in memory of its own."""
    m = fb.temp(ir_type(t))
    into_as(fb, key, t, m)
    return m


def map_index(fb: FuncBuilder, e: ast.Index, u: Map) -> Loc:
    """`m[k]`: the value, or zero."""
    return lookup(fb, e, u, False)[0]


def lookup(fb: FuncBuilder, e: ast.Index, u: Map, comma_ok: bool) -> tuple[Loc, Operand]:
    """`m[k]` and whether it was there. The value is a copy: a later assignment may move the map's own."""
    (k,) = e.indices
    ordered(fb, (e.x, k))
    m = fb.copy(fb.expr(e.x))
    key = key_place(fb, k, u.key)
    found = fb.rt("mapaccess", fb.mod.type_symbol(fb.type_of(e.x)), m, key.addr, pos=fb.pos(e, e.lbrack))
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
    return result, fb.op(Op.NOT, ir.BOOL, absent) if comma_ok else absent


def assign_slot(fb: FuncBuilder, map_type: Type, m: Operand, key: Mem, pos: Pos) -> Mem:
    """Where to store the value of m[key]; made if absent."""
    return Mem(fb.rt("mapassign", fb.mod.type_symbol(map_type), m, key.addr, pos=pos))
