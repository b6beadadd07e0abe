"""The builtins new and make, and Add, Slice and String of package unsafe."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.emit.emitter import ZERO64, int64
from morestack.irbuild.emit.memory import extend
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.expr.value import value_as
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.types.const import exact
from morestack.types.core.info import Mode
from morestack.types.core.types import Array, Chan, Map, Slice

MAX_STACK_SLICE = 64 << 10
"""The largest make([]T, n) with constant n that may stay in the frame, in bytes, as in gc."""


def new(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    """Build `new(T)` and `new(x)`."""
    t = bt.pointer_base(fb.type_of(e))
    assert t is not None
    (arg,) = e.args
    escapes = fb.mod.escapes.node_escapes(e)
    if fb.types[arg].mode is Mode.TYPE:
        return fb.allocate(t, escapes, pos).addr
    if is_ssa(ir_type(t)):  # new(x): a variable with that value
        value = value_as(fb, arg, t)
        m = fb.allocate(t, escapes, pos, clear=False)
        fb.store(m, value)
        return m.addr
    room = fb.temp(ir_type(t))
    fb.into(arg, room)
    m = fb.allocate(t, escapes, pos, clear=False)
    fb.move(m, room, ir_type(t))
    return m.addr


def length_of(fb: FuncBuilder, e: ast.Expr) -> Operand:
    """Build a size argument as i64; an unsigned value that is too large becomes negative and fails the same checks."""
    tv = fb.types[e]
    if tv.value is not None:
        number = exact.to_int(tv.value)
        assert number is not None
        return int64(number)
    value = fb.expr(e)
    return fb.copy(extend(fb, value, tv.type)[0])


def make(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    """Build `make` of a slice, map or channel."""
    t = fb.type_of(e)
    u = under(t)
    sizes = e.args[1:]
    ordered(fb, sizes)
    if isinstance(u, Map):
        return fb.rt("makemap", fb.mod.type_symbol(t), length_of(fb, sizes[0]) if sizes else ZERO64, pos=pos)
    if isinstance(u, Chan):
        return fb.rt("makechan", fb.mod.type_symbol(t), length_of(fb, sizes[0]) if sizes else ZERO64, pos=pos)
    assert isinstance(u, Slice)
    length = length_of(fb, sizes[0])
    cap = length_of(fb, sizes[1]) if len(sizes) > 1 else length
    et = ir_type(u.elem)
    if isinstance(cap, Const) and cap.value * et.size <= MAX_STACK_SLICE and not fb.mod.escapes.node_escapes(e):
        room = fb.allocate(Array(u.elem, int(cap.value)), False, pos).addr
        if not isinstance(length, Const):
            # a length greater than the capacity panics as in the runtime's makeslice
            fits = fb.op(Op.ULE, ir.BOOL, length, cap)
            bad, good = fb.new_block(), fb.new_block()
            fb.branch(fits, good, bad)
            fb.start(bad, keep=True)
            fb.rt("makeslice", fb.mod.type_symbol(u.elem), length, cap, pos=pos)
            fb.jump(good)
            fb.start(good)
        return fb.make(ir.SLICE, room, length, cap)
    base = fb.rt("makeslice", fb.mod.type_symbol(u.elem), length, cap, pos=pos)
    return fb.make(ir.SLICE, base, length, cap)


def unsafe_add(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    """Build `unsafe.Add`."""
    ordered(fb, e.args)
    p = fb.copy(fb.expr(e.args[0]))
    return fb.op(Op.INDEX, ir.PTR, p, length_of(fb, e.args[1]), aux=1)


def unsafe_slice(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    """Build `unsafe.Slice`."""
    ordered(fb, e.args)
    t = under(fb.type_of(e))
    assert isinstance(t, Slice)
    p = fb.copy(fb.expr(e.args[0]))
    n = length_of(fb, e.args[1])
    fb.rt_do("unsafeslice", fb.mod.type_symbol(t.elem), p, n, pos=pos)
    return fb.make(ir.SLICE, p, n, n)


def unsafe_string(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    """Build `unsafe.String`."""
    ordered(fb, e.args)
    p = fb.copy(fb.expr(e.args[0]))
    n = length_of(fb, e.args[1])
    fb.rt_do("unsafestring", p, n, pos=pos)
    return fb.make(ir.STRING, p, n)
