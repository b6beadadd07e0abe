"""Constants and explicit conversions.

Numeric conversions give what gc on amd64 gives: floats go to narrow integers through int32 (signed or small)
or int64 (uint32), integers of any width to floats through 64 bits or 32.
"""

from __future__ import annotations

import struct
from fractions import Fraction

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos
from morestack.ir.ops import Bounds, BoundsKind, Op
from morestack.ir.representation import ir_type, under
from morestack.ir.types import IRType
from morestack.irbuild.func import EXPR, FALSE, TRUE, FuncBuilder, Loc, Mem, builds, int64
from morestack.syntax import nodes as ast
from morestack.types.const import exact, representable
from morestack.types.core.types import (
    BOOL,
    COMPLEX128,
    FLOAT64,
    INT,
    STRING,
    Array,
    Basic,
    Interface,
    Kind,
    Pointer,
    Slice,
    Traits,
    Type,
)


def float_of(value: exact.Value | None, t: IRType) -> float:
    """The nearest float of type t."""
    real = exact.to_float(value)
    if isinstance(real, exact.Float):
        rounded = representable.round_float32(real) if t is ir.F32 else representable.round_float64(real)
        real = rounded if rounded is not None else Fraction(0)
    number = float(real) if real is not None else 0.0
    if t is ir.F32:
        number = struct.unpack("<f", struct.pack("<f", number))[0]
    return number


def scalar_const(value: exact.Value, t: IRType) -> Const:
    """A constant of scalar type."""
    if t is ir.BOOL:
        return TRUE if value else FALSE
    if t is ir.F64 or t is ir.F32:
        return Const(t, float_of(value, t))
    number = exact.to_int(value)
    assert number is not None
    return Const(t, number & ((1 << (t.size * 8)) - 1))


def constant(fb: FuncBuilder, value: exact.Value, t: Type) -> Operand:
    """A constant of Go type t as an operand."""
    u = under(t)
    if isinstance(u, Interface):
        from morestack.irbuild.iface import box_value, type_word_for

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
    """The default type of an untyped constant with this value."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, bytes):
        return STRING
    if isinstance(value, int):
        return INT
    return COMPLEX128 if isinstance(value, exact.Complex) else FLOAT64


@builds(EXPR, ast.BasicLit)
def basic_lit(fb: FuncBuilder, e: ast.BasicLit) -> Operand:
    tv = fb.types[e]
    assert tv.value is not None
    return constant(fb, tv.value, tv.type)


def conversion(fb: FuncBuilder, call: ast.Call) -> Operand:
    """`T(x)` of a type whose values live in registers."""
    (arg,) = call.args
    target = fb.type_of(call)
    source = fb.type_of(arg)
    if bt.is_interface(target):
        from morestack.irbuild.iface import box, iface_to_iface

        if bt.is_interface(source):
            return iface_to_iface(fb, fb.expr(arg), source, target)
        if fb.types[arg].value is not None and bt.traits(source) & Traits.UNTYPED:
            known = fb.types[arg].value
            assert known is not None
            return constant(fb, known, target)
        return box(fb, arg, source, target, fb.mod.escapes.node_escapes(call))
    if isinstance(under(source), Slice) and isinstance(under(target), Array):
        loc = slice_to_array(fb, call)
        return fb.value(loc, call)
    known = fb.types[arg].value
    if known is not None and not isinstance(known, bytes) and bt.traits(target) & Traits.NUMERIC:
        return constant(fb, known, target)  # of a type parameter's type: no constant to the checker
    value = fb.expr(arg)
    return convert(fb, value, source, target, fb.pos(call, call.lparen))


def convert(fb: FuncBuilder, x: Operand, source: Type, target: Type, pos: Pos) -> Operand:
    """A value converted between non-interface types."""
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
        return _slice_to_pointer(fb, x, tu, pos)
    return x


def _to_string(fb: FuncBuilder, x: Operand, su: Type, source: Type) -> Operand:
    if isinstance(su, Slice):
        runes = bt.kind(su.elem) is Kind.INT32
        return fb.rt("slicerunetostring" if runes else "slicebytetostring", x)
    if isinstance(su, Basic) and su.traits & Traits.INTEGER:
        from morestack.irbuild.expr import extend

        if isinstance(x, Const):
            bits = x.type.size * 8
            number = int(x.value)
            if bt.is_signed(source) and number >> (bits - 1):
                number -= 1 << bits
            return fb.rt("intstring", int64(number))
        return fb.rt("intstring", extend(fb, x, source)[0])
    return x


def _numeric(fb: FuncBuilder, x: Operand, su: Basic, tu: Basic) -> Operand:
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


def _int_to_float(fb: FuncBuilder, x: Operand, unsigned: bool, t: IRType) -> Operand:
    if x.type.size == 8:
        return fb.op(Op.UITOFP if unsigned else Op.SITOFP, t, x)
    wide = ir.I64 if x.type.size == 4 and unsigned else ir.I32
    if x.type is not wide:
        x = fb.op(Op.ZEXT if unsigned else Op.SEXT, wide, x)
    return fb.op(Op.SITOFP, t, x)


def _float_to_int(fb: FuncBuilder, x: Operand, unsigned: bool, t: IRType) -> Operand:
    if t.size == 8:
        return fb.op(Op.FPTOUI if unsigned else Op.FPTOSI, t, x)
    wide = ir.I64 if t.size == 4 and unsigned else ir.I32
    value = fb.op(Op.FPTOSI, wide, x)
    return value if wide is t else fb.op(Op.TRUNC, t, value)


# -- slices to arrays ------------------------------------------------------------------------------


def _slice_to_pointer(fb: FuncBuilder, s: Operand, target: Pointer, pos: Pos) -> Operand:
    """`(*[N]T)(s)`: the slice's own array, if it is long enough."""
    array = under(target.elem)
    assert isinstance(array, Array)
    if array.len:
        fb.do(Op.BOUNDS, int64(array.len), fb.extract(s, 1), aux=Bounds(BoundsKind.CONVERT, True), pos=pos)
    return fb.extract(s, 0)


def slice_to_array(fb: FuncBuilder, call: ast.Call) -> Loc:
    """`[N]T(s)`: the place of the first N elements."""
    (arg,) = call.args
    target = under(fb.type_of(call))
    assert isinstance(target, Array)
    s = fb.expr(arg)
    if not target.len:
        return fb.zero(ir_type(target))
    return Mem(_slice_to_pointer(fb, s, Pointer(target), fb.pos(call, call.lparen)))
