"""The builtins append, copy and clear."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Operand, Pos
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.emit.emitter import Mem, int64
from morestack.irbuild.emit.slice import grown, memmove
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.expr.value import into_as, value_as
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.types import Map, Slice


def append(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    """Build `append(s, x, y)` and `append(s, t...)`."""
    t = under(fb.type_of(e))
    assert isinstance(t, Slice)
    ordered(fb, e.args)
    first = value_as(fb, e.args[0], fb.type_of(e))
    old = fb.copy(first)
    if e.has_dots:
        return _append_slice(fb, e, t, old, pos)
    extra = e.args[1:]
    if not extra:
        return old
    et = ir_type(t.elem)
    values: list[Operand | Mem] = []
    for a in extra:
        if is_ssa(et):
            values.append(fb.copy(value_as(fb, a, t.elem)))
        else:  # the array may move, so hold the value separately
            m = fb.temp(et)
            into_as(fb, a, t.elem, m)
            values.append(m)
    base, length = grown(fb, old, int64(len(extra)), t.elem, pos)
    start = fb.extract(old, 1)
    for n, v in enumerate(values):
        to = Mem(fb.op(Op.INDEX, ir.PTR, fb.extract(base, 0), start, aux=et.size), n * et.size)
        if isinstance(v, Mem):
            fb.move(to, v, et)
        else:
            fb.store(to, v)
    return fb.make(ir.SLICE, fb.extract(base, 0), length, fb.extract(base, 2))


def _append_slice(fb: FuncBuilder, e: ast.Call, t: Slice, old: Operand, pos: Pos) -> Operand:
    """Build `append(s, more...)`; more may be a string."""
    more = fb.copy(fb.expr(e.args[1]))
    if not isinstance(more.type, ir.Struct):  # nil
        return old
    source, added = fb.extract(more, 0), fb.extract(more, 1)
    room, length = grown(fb, old, added, t.elem, pos)
    size = ir_type(t.elem).size
    to = fb.op(Op.INDEX, ir.PTR, fb.extract(room, 0), fb.extract(old, 1), aux=size)
    memmove(fb, to, source, added, size)
    return fb.make(ir.SLICE, fb.extract(room, 0), length, fb.extract(room, 2))


def copy(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    """Build `copy(to, from)`."""
    ordered(fb, e.args)
    to = fb.copy(fb.expr(e.args[0]))
    source = fb.copy(fb.expr(e.args[1]))
    t = under(fb.type_of(e.args[0]))
    assert isinstance(t, Slice)
    a, b = fb.extract(to, 1), fb.extract(source, 1)
    n = fb.op(Op.SELECT, ir.I64, fb.op(Op.SLT, ir.BOOL, b, a), b, a)
    memmove(fb, fb.extract(to, 0), fb.extract(source, 0), n, ir_type(t.elem).size)
    return n


def clear(fb: FuncBuilder, e: ast.Call, pos: Pos) -> None:
    """Build `clear(x)`, for a map or slice."""
    (arg,) = e.args
    t = under(fb.type_of(arg))
    x = fb.expr(arg)
    if isinstance(t, Map):
        fb.rt_do("mapclear", fb.mod.type_symbol(fb.type_of(arg)), x, pos=pos)
        return
    assert isinstance(t, Slice)
    size = ir_type(t.elem).size
    if size:
        n = fb.extract(x, 1)
        count = n if size == 1 else fb.op(Op.MUL, ir.I64, n, int64(size))
        fb.rt_do("memclr", fb.extract(x, 0), count)
