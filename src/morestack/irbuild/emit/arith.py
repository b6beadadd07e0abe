"""Arithmetic, shifts, complex numbers, and the minimum and maximum of floats."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type
from morestack.ir.types import IRType
from morestack.irbuild.emit.emitter import FALSE, TRUE, Emitter, int64
from morestack.syntax.nodes import BinaryOp
from morestack.types.core.types import Traits, Type

_INT = {
    BinaryOp.ADD: Op.ADD,
    BinaryOp.SUB: Op.SUB,
    BinaryOp.MUL: Op.MUL,
    BinaryOp.AND: Op.AND,
    BinaryOp.OR: Op.OR,
    BinaryOp.XOR: Op.XOR,
}


_FLOAT = {BinaryOp.ADD: Op.FADD, BinaryOp.SUB: Op.FSUB, BinaryOp.MUL: Op.FMUL, BinaryOp.QUO: Op.FDIV}


def arithmetic(fb: Emitter, op: BinaryOp, x: Operand, y: Operand, t: Type, pos: Pos) -> Operand:
    """Emit x op y, where both have numeric type t."""
    traits = bt.traits(t)
    it = ir_type(t)
    if traits & Traits.FLOAT:
        return fb.op(_FLOAT[op], it, x, y)
    if traits & Traits.COMPLEX:
        return _complex(fb, op, x, y, it)
    simple = _INT.get(op)
    if simple is not None:
        return fb.op(simple, it, x, y)
    if op is BinaryOp.AND_NOT:
        return fb.op(Op.AND, it, x, complement(fb, y))
    if type(y) is not Const or not y.value:
        fb.do(Op.DIVCHECK, y, pos=pos)
    unsigned = bool(traits & Traits.UNSIGNED)
    if op is BinaryOp.QUO:
        return fb.op(Op.UDIV if unsigned else Op.SDIV, it, x, y)
    return fb.op(Op.UREM if unsigned else Op.SREM, it, x, y)


def shift(fb: Emitter, op: BinaryOp, x: Operand, count: Operand, t: Type, count_type: Type, pos: Pos) -> Operand:
    """Emit x << count or x >> count; a negative count panics."""
    signed = bt.is_signed(t)
    if type(count) is not Const and bt.is_signed(count_type):
        negative = fb.op(Op.SLT, ir.BOOL, count, Const(count.type, 0))
        bad, good = fb.new_block(), fb.new_block()
        fb.branch(negative, bad, good)
        fb.start(bad, keep=True)
        fb.never("panicshift", pos=pos)
        fb.start(good, keep=True)
    if count.type is not ir.I64:
        if type(count) is Const:
            count = int64(int(count.value))
        else:
            count = fb.op(Op.ZEXT, ir.I64, count)
    return fb.op(Op.SHL if op is BinaryOp.SHL else Op.ASHR if signed else Op.LSHR, ir_type(t), x, count)


def _complex(fb: Emitter, op: BinaryOp, x: Operand, y: Operand, t: IRType) -> Operand:
    assert isinstance(t, ir.Struct)
    part = t.fields[0]
    if op is BinaryOp.QUO:
        wide = fb.rt("complexdiv", _widen(fb, x), _widen(fb, y))
        if t is ir.COMPLEX128:
            return wide
        return fb.make(t, *[fb.op(Op.FPTRUNC, ir.F32, fb.op(Op.EXTRACT, ir.F64, wide, aux=n)) for n in (0, 1)])
    a, b, c, d = fb.extract(x, 0), fb.extract(x, 1), fb.extract(y, 0), fb.extract(y, 1)
    if op is BinaryOp.MUL:
        if part is ir.F32:  # gc multiplies in float64 and rounds once
            a, b, c, d = (fb.op(Op.FPEXT, ir.F64, v) for v in (a, b, c, d))
        w = ir.F64
        re = fb.op(Op.FSUB, w, fb.op(Op.FMUL, w, a, c), fb.op(Op.FMUL, w, b, d))
        im = fb.op(Op.FADD, w, fb.op(Op.FMUL, w, a, d), fb.op(Op.FMUL, w, b, c))
        if part is ir.F32:
            return fb.make(t, fb.op(Op.FPTRUNC, ir.F32, re), fb.op(Op.FPTRUNC, ir.F32, im))
        return fb.make(t, re, im)
    f = _FLOAT[op]
    return fb.make(t, fb.op(f, part, a, c), fb.op(f, part, b, d))


def _widen(fb: Emitter, x: Operand) -> Operand:
    if x.type is ir.COMPLEX128:
        return x
    return fb.make(ir.COMPLEX128, *[fb.op(Op.FPEXT, ir.F64, fb.extract(x, n)) for n in (0, 1)])


def inverted(fb: Emitter, x: Operand) -> Operand:
    """Emit `!x`."""
    if type(x) is Const:
        return FALSE if x.value else TRUE
    return fb.op(Op.NOT, ir.BOOL, x)


def complement(fb: Emitter, x: Operand) -> Operand:
    """Emit `^x`."""
    ones = Const(x.type, (1 << (x.type.size * 8)) - 1)
    if type(x) is Const:
        return Const(x.type, int(x.value) ^ int(ones.value))
    return fb.op(Op.XOR, x.type, x, ones)


def minus(fb: Emitter, x: Operand) -> Operand:
    """Emit `-x`, for any numeric type."""
    t = x.type
    if isinstance(t, ir.Struct):  # complex
        return fb.make(t, *[fb.op(Op.FNEG, t.fields[0], fb.extract(x, n)) for n in (0, 1)])
    if t is ir.F64 or t is ir.F32:
        return fb.op(Op.FNEG, t, x)
    return fb.op(Op.SUB, t, Const(t, 0), x)


def one(t: ir.IRType, fb: Emitter) -> Operand:
    """Return the constant 1 of a numeric type."""
    if isinstance(t, ir.Struct):
        return fb.make(t, Const(t.fields[0], 1.0), Const(t.fields[0], 0.0))
    return Const(t, 1.0 if t is ir.F64 or t is ir.F32 else 1)


def float_extreme(fb: Emitter, x: Operand, y: Operand, largest: bool) -> Operand:
    """Emit the minimum or maximum: NaN if either is NaN; -0 is less than +0."""
    t = x.type
    first, second = (x, y) if largest else (y, x)
    better = fb.op(Op.SELECT, t, fb.op(Op.FLT, ir.BOOL, first, second), y, x)
    bits = ir.I64 if t is ir.F64 else ir.I32
    a, b = fb.op(Op.BITCAST, bits, x), fb.op(Op.BITCAST, bits, y)
    zero = fb.op(Op.BITCAST, t, fb.op(Op.AND if largest else Op.OR, bits, a, b))
    equal = fb.op(Op.SELECT, t, fb.op(Op.FEQ, ir.BOOL, x, y), zero, better)
    with_y = fb.op(Op.SELECT, t, fb.op(Op.FNE, ir.BOOL, y, y), y, equal)
    return fb.op(Op.SELECT, t, fb.op(Op.FNE, ir.BOOL, x, x), x, with_y)
