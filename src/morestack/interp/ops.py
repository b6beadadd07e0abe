"""The meaning of every op without side effects, as Python code on unsigned ints and floats.

`compute(instr, values)` is the definition against which codegen is tested. Floats narrower than f64 are rounded after
each operation, which is exact for + - * / (double rounding from 53 to 24 bits is innocuous).
"""

from __future__ import annotations

import math
import struct as packing
from collections.abc import Callable, Sequence

from morestack.interp.memory import Value, zero
from morestack.ir.module import Instr
from morestack.ir.ops import Op
from morestack.ir.types import BOOL, F32, I32, I64, IRType


def signed(value: int, t: IRType) -> int:
    """Reinterpret an unsigned value of an integer type as two's complement."""
    bits = t.size * 8
    return value - (1 << bits) if value >> (bits - 1) else value


def mask(value: int, t: IRType) -> int:
    """Wrap to the type's width."""
    return value & ((1 << t.size * 8) - 1)


def round_float(value: float, t: IRType) -> float:
    """Round to the type's precision."""
    if t is not F32:
        return value
    try:
        return float(packing.unpack("<f", packing.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def divide(x: float, y: float) -> float:
    """IEEE 754 division."""
    if y != 0:
        return x / y
    if x == 0 or math.isnan(x):
        return math.nan
    return math.copysign(math.inf, x) * math.copysign(1.0, y)


def float_to_int(x: float, to: IRType, to_signed: bool) -> int:
    """Convert as gc's code for amd64 does, including out-of-range values.

    The machine converts to i32 or i64, and yields the most negative number if the value does not fit. gc uses the i32
    form for i32 and narrower types, and the i64 form for u32, i64 and u64 (for u64 it first subtracts 2^63 if
    needed).
    """

    def machine(value: float, bits: int) -> int:
        limit = 2.0 ** (bits - 1)
        fits = (not math.isnan(value) and -limit - (bits == 32) < value < limit) or value == -limit
        return int(value) if fits else -(1 << (bits - 1))

    if to is I64 and not to_signed and not x < 2.0**63:
        return mask(machine(x - 2.0**63, 64) | 1 << 63, to)
    wide = to is I64 or (to is I32 and not to_signed)
    return mask(machine(x, 64 if wide else 32), to)


def _sdiv(x: int, y: int) -> int:
    quotient = abs(x) // abs(y)
    return -quotient if (x < 0) != (y < 0) else quotient


def _int_op(f: Callable[[int, int], int], as_signed: bool = False) -> Callable[[IRType, Sequence[Value]], Value]:
    def run(t: IRType, v: Sequence[Value]) -> Value:
        x, y = v
        assert isinstance(x, int) and isinstance(y, int)
        return mask(f(signed(x, t), signed(y, t)) if as_signed else f(x, y), t)

    return run


def _float_op(f: Callable[[float, float], float]) -> Callable[[IRType, Sequence[Value]], Value]:
    def run(t: IRType, v: Sequence[Value]) -> Value:
        x, y = v
        assert isinstance(x, float) and isinstance(y, float)
        return round_float(f(x, y), t)

    return run


def _shift(op: Op) -> Callable[[IRType, Sequence[Value]], Value]:
    def run(t: IRType, v: Sequence[Value]) -> Value:
        x, count = v
        assert isinstance(x, int) and isinstance(count, int)
        count = min(count, t.size * 8)
        if op is Op.SHL:
            return mask(x << count, t)
        return mask(signed(x, t) >> count, t) if op is Op.ASHR else x >> count

    return run


ARITHMETIC: dict[Op, Callable[[IRType, Sequence[Value]], Value]] = {
    Op.ADD: _int_op(lambda x, y: x + y),
    Op.SUB: _int_op(lambda x, y: x - y),
    Op.MUL: _int_op(lambda x, y: x * y),
    Op.SDIV: _int_op(_sdiv, as_signed=True),
    Op.UDIV: _int_op(lambda x, y: x // y),
    Op.SREM: _int_op(lambda x, y: x - _sdiv(x, y) * y, as_signed=True),
    Op.UREM: _int_op(lambda x, y: x % y),
    Op.AND: _int_op(lambda x, y: x & y),
    Op.OR: _int_op(lambda x, y: x | y),
    Op.XOR: _int_op(lambda x, y: x ^ y),
    Op.SHL: _shift(Op.SHL),
    Op.LSHR: _shift(Op.LSHR),
    Op.ASHR: _shift(Op.ASHR),
    Op.FADD: _float_op(lambda x, y: x + y),
    Op.FSUB: _float_op(lambda x, y: x - y),
    Op.FMUL: _float_op(lambda x, y: x * y),
    Op.FDIV: _float_op(divide),
}

COMPARISONS: dict[Op, Callable[[IRType, Value, Value], bool]] = {
    Op.EQ: lambda t, x, y: x == y,
    Op.NE: lambda t, x, y: x != y,
    Op.SLT: lambda t, x, y: signed(x, t) < signed(y, t),  # type: ignore[arg-type]
    Op.SLE: lambda t, x, y: signed(x, t) <= signed(y, t),  # type: ignore[arg-type]
    Op.ULT: lambda t, x, y: x < y,  # type: ignore[operator]
    Op.ULE: lambda t, x, y: x <= y,  # type: ignore[operator]
    Op.FEQ: lambda t, x, y: x == y,
    Op.FNE: lambda t, x, y: x != y,
    Op.FLT: lambda t, x, y: x < y,  # type: ignore[operator]
    Op.FLE: lambda t, x, y: x <= y,  # type: ignore[operator]
}


def _bitcast(t: IRType, source: IRType, x: Value) -> Value:
    to_int = t in (I32, I64)
    size = "<d" if t.size == 8 else "<f"
    if to_int:
        return int.from_bytes(packing.pack(size, x), "little")
    assert isinstance(x, int)
    return float(packing.unpack(size, x.to_bytes(t.size, "little"))[0])


def _convert(op: Op, t: IRType, source: IRType, x: Value) -> Value:
    match op:
        case Op.TRUNC | Op.ZEXT | Op.PTRTOINT | Op.INTTOPTR:
            assert isinstance(x, int)
            return mask(x, t)
        case Op.SEXT:
            assert isinstance(x, int)
            return mask(signed(x, source), t)
        case Op.FPTOSI | Op.FPTOUI:
            assert isinstance(x, float)
            return float_to_int(x, t, op is Op.FPTOSI)
        case Op.SITOFP | Op.UITOFP:
            assert isinstance(x, int)
            return int_to_float(signed(x, source) if op is Op.SITOFP else x, t)
        case Op.FPEXT | Op.FPTRUNC:
            assert isinstance(x, float)
            return round_float(x, t)
        case _:
            return _bitcast(t, source, x)


def int_to_float(value: int, t: IRType) -> float:
    """Round an integer to a float type once; a conversion through f64 could round twice."""
    if t is not F32:
        return float(value)
    bits = abs(value).bit_length()
    if bits > 24:  # round to 24 bits, ties to even
        shift = bits - 24
        low = abs(value) & ((1 << shift) - 1)
        kept = abs(value) >> shift
        half = 1 << (shift - 1)
        kept += low > half or (low == half and kept & 1)
        value = (kept << shift) * (1 if value > 0 else -1)
    return float(value)


def compute(i: Instr, v: Sequence[Value]) -> Value:
    """Return the result of an instruction without effects for operand values v."""
    t = i.dst[0].type
    op = i.op
    if op in ARITHMETIC:
        return ARITHMETIC[op](t, v)
    if op in COMPARISONS:
        return int(COMPARISONS[op](i.args[0].type, v[0], v[1]))
    match op:
        case Op.COPY:
            return v[0]
        case Op.ZERO:
            return zero(t)
        case Op.SELECT:
            return v[1] if v[0] else v[2]
        case Op.FNEG:
            assert isinstance(v[0], float)
            return -v[0]
        case Op.NOT:
            assert isinstance(v[0], int) and t is BOOL
            return v[0] ^ 1
        case Op.MAKE:
            return tuple(v)
        case Op.EXTRACT:
            assert isinstance(v[0], tuple)
            return v[0][i.number]
        case Op.INSERT:
            assert isinstance(v[0], tuple)
            return (*v[0][: i.number], v[1], *v[0][i.number + 1 :])
        case Op.OFFSET:
            assert isinstance(v[0], int)
            return v[0] + i.number
        case Op.INDEX:
            assert isinstance(v[0], int) and isinstance(v[1], int)
            return mask(v[0] + signed(v[1], I64) * i.number, I64)
        case _:
            return _convert(op, t, i.args[0].type, v[0])
