"""Constants and explicit conversions.

Numeric conversions have the same results as in gc on amd64: floats are converted to narrow integers through int32
(signed or small) or int64 (uint32), and integers of any width to floats through 64 or 32 bits.
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos
from morestack.ir.ops import Bounds, BoundsKind, Op
from morestack.ir.representation import ir_type, under
from morestack.ir.types import IRType
from morestack.irbuild.emit.emitter import Emitter, int64
from morestack.irbuild.emit.memory import extend
from morestack.types.core.types import Array, Basic, Kind, Pointer, Slice, Traits, Type


def convert(fb: Emitter, x: Operand, source: Type, target: Type, pos: Pos) -> Operand:
    """Convert a value between non-interface types."""
    su, tu = under(source), under(target)
    if isinstance(tu, Basic) and tu.traits & Traits.STRING:
        return _to_string(fb, x, su, source)
    if isinstance(su, Basic):
        if su.traits & Traits.STRING and isinstance(tu, Slice):
            runes = bt.kind(tu.elem) is Kind.INT32
            return fb.rt("stringtoslicerune" if runes else "stringtoslicebyte", x, pos=pos)
        if isinstance(tu, Basic):
            return _numeric(fb, x, su, tu)
    if isinstance(tu, Basic) and tu.kind is Kind.UINTPTR and x.type is ir.PTR:
        return fb.op(Op.PTRTOINT, ir.I64, x)
    if isinstance(su, Slice) and isinstance(tu, Pointer):
        return slice_to_pointer(fb, x, tu, pos)
    return x


def _to_string(fb: Emitter, x: Operand, su: Type, source: Type) -> Operand:
    if isinstance(su, Slice):
        runes = bt.kind(su.elem) is Kind.INT32
        return fb.rt("slicerunetostring" if runes else "slicebytetostring", x)
    if isinstance(su, Basic) and su.traits & Traits.INTEGER:
        if isinstance(x, Const):
            bits = x.type.size * 8
            number = int(x.value)
            if bt.is_signed(source) and number >> (bits - 1):
                number -= 1 << bits
            return fb.rt("intstring", int64(number))
        return fb.rt("intstring", extend(fb, x, source)[0])
    return x


def _numeric(fb: Emitter, x: Operand, su: Basic, tu: Basic) -> Operand:
    s, t = x.type, ir_type(tu)
    if s is ir.PTR or t is ir.PTR:
        if s is t:
            return x
        return fb.op(Op.PTRTOINT if s is ir.PTR else Op.INTTOPTR, t, x)
    if tu.traits & Traits.COMPLEX:
        if s is t:
            return x
        assert isinstance(t, ir.Struct)
        op = Op.FPEXT if t is ir.COMPLEX128 else Op.FPTRUNC
        return fb.make(t, *[fb.op(op, t.fields[0], fb.extract(x, n)) for n in (0, 1)])
    from_float, to_float = bool(su.traits & Traits.FLOAT), bool(tu.traits & Traits.FLOAT)
    if from_float and to_float:
        if s is t:
            return x
        return fb.op(Op.FPEXT if t is ir.F64 else Op.FPTRUNC, t, x)
    if to_float:
        return _int_to_float(fb, x, bool(su.traits & Traits.UNSIGNED), t)
    if from_float:
        return _float_to_int(fb, x, bool(tu.traits & Traits.UNSIGNED), t)
    if s is t:
        return x
    if t.size < s.size:
        return fb.op(Op.TRUNC, t, x)
    return fb.op(Op.ZEXT if su.traits & Traits.UNSIGNED else Op.SEXT, t, x)


def _int_to_float(fb: Emitter, x: Operand, unsigned: bool, t: IRType) -> Operand:
    if x.type.size == 8:
        return fb.op(Op.UITOFP if unsigned else Op.SITOFP, t, x)
    wide = ir.I64 if x.type.size == 4 and unsigned else ir.I32
    if x.type is not wide:
        x = fb.op(Op.ZEXT if unsigned else Op.SEXT, wide, x)
    return fb.op(Op.SITOFP, t, x)


def _float_to_int(fb: Emitter, x: Operand, unsigned: bool, t: IRType) -> Operand:
    if t.size == 8:
        return fb.op(Op.FPTOUI if unsigned else Op.FPTOSI, t, x)
    wide = ir.I64 if t.size == 4 and unsigned else ir.I32
    value = fb.op(Op.FPTOSI, wide, x)
    return value if wide is t else fb.op(Op.TRUNC, t, value)


def slice_to_pointer(fb: Emitter, s: Operand, target: Pointer, pos: Pos) -> Operand:
    """Emit `(*[N]T)(s)`: a pointer to the slice's own array, if the slice is long enough."""
    array = under(target.elem)
    assert isinstance(array, Array)
    if array.len:
        fb.do(Op.BOUNDS, int64(array.len), fb.extract(s, 1), aux=Bounds(BoundsKind.CONVERT, True), pos=pos)
    return fb.extract(s, 0)
