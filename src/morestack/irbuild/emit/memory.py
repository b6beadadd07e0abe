"""Places: fields through pointers, elements after a bounds check, and parts of values in registers."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos
from morestack.ir.ops import Bounds, BoundsKind, Op
from morestack.ir.representation import ir_type, under
from morestack.irbuild.emit.emitter import Emitter, Loc, Mem
from morestack.types.core.types import Struct, Type


def insert(fb: Emitter, whole: Operand, path: list[int], value: Operand) -> Operand:
    """Return whole with the field at path replaced."""
    if not path:
        return value
    n = path[0]
    t = whole.type
    if isinstance(t, ir.Array) and not t.len:
        return whole  # the index check has failed
    part = value if len(path) == 1 else insert(fb, fb.extract(whole, n), path[1:], value)
    return fb.op(Op.INSERT, t, whole, part, aux=n)


def walk(fb: Emitter, loc: Loc, t: Type, path: tuple[int, ...], pos: Pos) -> tuple[Loc, Type]:
    """Follow field numbers from a value of type t, through pointers; return the place and type of the field."""
    for n in path:
        base = bt.pointer_base(t)
        if base is not None:
            p = fb.load(loc, ir.PTR) if isinstance(loc, Mem) else loc
            fb.nil_check(p, pos)
            loc, t = Mem(p), base
        s = under(t)
        assert isinstance(s, Struct)
        if isinstance(loc, Mem):
            layout = ir_type(s)
            assert isinstance(layout, ir.Struct)
            loc = Mem(loc.addr, loc.off + layout.offsets[n])
        else:
            loc = fb.extract(loc, n)
        t = bt.var_type(s.fields[n])
    return loc, t


def extend(fb: Emitter, value: Operand, t: Type) -> tuple[Operand, bool]:
    """Return an integer of type t as i64, and whether t is signed."""
    signed = bt.is_signed(t)
    if value.type is ir.I64:
        return value, signed
    return fb.op(Op.SEXT if signed else Op.ZEXT, ir.I64, value), signed


def bounds(fb: Emitter, kind: BoundsKind, index: Operand, limit: Operand, signed: bool, pos: Pos) -> None:
    """Emit a bounds check, unless both operands are constants that satisfy it."""
    if type(index) is Const and type(limit) is Const:
        fits = index.value < limit.value if kind is BoundsKind.INDEX else index.value <= limit.value
        if fits:
            return
    if type(index) is Const and index.value == 0 and kind is not BoundsKind.INDEX and kind is not BoundsKind.CONVERT:
        return  # 0 is within any limit
    fb.do(Op.BOUNDS, index, limit, aux=Bounds(kind, signed), pos=pos)


def element(fb: Emitter, base: Mem, index: Operand, size: int) -> Mem:
    """Return the place of an element whose index has been checked."""
    if not size:
        return base
    if type(index) is Const:
        return Mem(base.addr, base.off + int(index.value) * size)
    return Mem(fb.op(Op.INDEX, ir.PTR, fb.address(base), index, aux=size))
