"""Constants of Go types as operands."""

from __future__ import annotations

import struct
from fractions import Fraction

from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos
from morestack.ir.representation import ir_type, under
from morestack.ir.types import IRType
from morestack.irbuild.emit.emitter import FALSE, TRUE, Emitter
from morestack.irbuild.emit.iface import box_value, type_word_for
from morestack.types.const import exact, representable
from morestack.types.core.types import BOOL, COMPLEX128, FLOAT64, INT, STRING, Interface, Type


def float_of(value: exact.Value | None, t: IRType) -> float:
    """Return the nearest float of type t."""
    real = exact.to_float(value)
    if isinstance(real, exact.Float):
        rounded = representable.round_float32(real) if t is ir.F32 else representable.round_float64(real)
        real = rounded if rounded is not None else Fraction(0)
    number = float(real) if real is not None else 0.0
    if t is ir.F32:
        number = struct.unpack("<f", struct.pack("<f", number))[0]
    return number


def scalar_const(value: exact.Value, t: IRType) -> Const:
    """Return a constant of scalar type."""
    if t is ir.BOOL:
        return TRUE if value else FALSE
    if t is ir.F64 or t is ir.F32:
        return Const(t, float_of(value, t))
    number = exact.to_int(value)
    assert number is not None
    return Const(t, number & ((1 << (t.size * 8)) - 1))


def constant(fb: Emitter, value: exact.Value, t: Type) -> Operand:
    """Return a constant of Go type t as an operand."""
    u = under(t)
    if isinstance(u, Interface):
        source = default_type_of(value)
        data = box_value(fb, constant(fb, value, source), source, True, Pos("", 0, 0))
        return fb.make(ir.IFACE, type_word_for(fb, source, t), data)
    it = ir_type(t)
    if isinstance(value, bytes):
        return fb.string_const(value)
    if isinstance(it, ir.Struct):
        part = it.fields[0]
        re, im = exact.real(value), exact.imag(value)
        return fb.make(it, Const(part, float_of(re, part)), Const(part, float_of(im, part)))
    return scalar_const(value, it)


def default_type_of(value: exact.Value) -> Type:
    """Return the default type of an untyped constant with this value."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, bytes):
        return STRING
    if isinstance(value, int):
        return INT
    return COMPLEX128 if isinstance(value, exact.Complex) else FLOAT64
