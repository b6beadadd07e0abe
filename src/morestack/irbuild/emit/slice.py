"""Strings and slices: slicing, growing, concatenation."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos
from morestack.ir.ops import Op
from morestack.irbuild.emit.emitter import Emitter, Mem, int64
from morestack.types.core.types import Type


def concat_values(fb: Emitter, values: list[Operand], pos: Pos) -> Operand:
    """Concatenate strings, which are passed as an array in the frame."""
    room = fb.temp(ir.array(ir.STRING, len(values)))
    for i, v in enumerate(values):
        fb.store(Mem(room.addr, i * ir.STRING.size), v)
    return fb.rt("concatstrings", room.addr, int64(len(values)), pos=pos)


def grown(fb: Emitter, old: Operand, added: Operand, elem: Type, pos: Pos) -> tuple[Operand, Operand]:
    """Return a slice with room for `added` more elements, and the new length."""
    old_len, cap = fb.extract(old, 1), fb.extract(old, 2)
    length = fb.op(Op.ADD, ir.I64, old_len, added)
    grown = fb.f.reg(ir.SLICE, "s")
    fb.set(grown, old)
    grow, done = fb.new_block(), fb.new_block()
    fb.branch(fb.op(Op.ULT, ir.BOOL, cap, length), grow, done)
    known = set(fb.nonnil)
    fb.start(grow, keep=True)
    bigger = fb.rt("growslice", fb.extract(old, 0), length, cap, added, fb.mod.type_symbol(elem), pos=pos)
    fb.set(grown, bigger)
    fb.jump(done)
    fb.start(done)
    fb.nonnil = known
    return grown, length


def memmove(fb: Emitter, to: Operand, source: Operand, n: Operand, size: int) -> None:
    """Emit a copy of n elements of this size."""
    if not size:
        return
    count = n if size == 1 else fb.op(Op.MUL, ir.I64, n, int64(size))
    fb.rt_do("memmove", to, source, count)


def part_of(
    fb: Emitter, is_string: bool, base: Operand, lo: Operand, hi: Operand, limit: Operand, size: int
) -> Operand:
    """Return the string or slice from lo to hi of the memory at base; its capacity ends at `limit`."""
    if type(lo) is Const and lo.value == 0:
        return fb.make(ir.STRING, base, hi) if is_string else fb.make(ir.SLICE, base, hi, limit)
    length = difference(fb, hi, lo)
    room = length if is_string else difference(fb, limit, lo)
    # an empty result must not point past the end of the array
    if type(room) is Const:
        start = base if room.value == 0 else fb.op(Op.INDEX, ir.PTR, base, lo, aux=size)
    else:
        moved = fb.op(Op.INDEX, ir.PTR, base, lo, aux=size)
        start = fb.op(Op.SELECT, ir.PTR, fb.op(Op.EQ, ir.BOOL, room, int64(0)), base, moved)
    return fb.make(ir.STRING, start, length) if is_string else fb.make(ir.SLICE, start, length, room)


def difference(fb: Emitter, a: Operand, b: Operand) -> Operand:
    """Emit a - b, for i64."""
    if type(a) is Const and type(b) is Const:
        return int64(int(a.value) - int(b.value))
    return fb.op(Op.SUB, ir.I64, a, b)
