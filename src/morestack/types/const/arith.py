"""Arithmetic, comparison and shifts on exact constant values."""

from __future__ import annotations

from fractions import Fraction

from morestack.syntax.nodes import BinaryOp, UnaryOp
from morestack.types.const.exact import (
    PRECISION,
    Complex,
    Float,
    Real,
    Value,
    as_real,
    fraction_to_float,
    make_float,
    normalize,
    sign,
    to_big,
    to_complex,
    to_int,
)

MAX_SHIFT = 1023 - 1 + 52


"""The largest constant shift count, which suffices to reach any float64 from 1."""


def _arith(op: BinaryOp, x: Real | None, y: Real | None) -> Real | None:
    """Compute + - * / on reals; dividing ints yields a Fraction."""
    if x is None or y is None:
        return None
    if isinstance(x, int) and isinstance(y, int) and op is not BinaryOp.QUO:
        return x + y if op is BinaryOp.ADD else x - y if op is BinaryOp.SUB else x * y
    if isinstance(x, Float) or isinstance(y, Float):
        return _float_arith(op, to_big(x), to_big(y))
    if op is BinaryOp.ADD:
        return normalize(Fraction(x + y))
    if op is BinaryOp.SUB:
        return normalize(Fraction(x - y))
    if op is BinaryOp.MUL:
        return normalize(Fraction(x * y))
    return normalize(Fraction(x) / y) if y else None


def _float_arith(op: BinaryOp, x: Float | None, y: Float | None) -> Float | None:
    if x is None or y is None:
        return None
    if op is BinaryOp.MUL:
        return make_float(x.mant * y.mant, x.exp + y.exp)
    if op is BinaryOp.QUO:
        if y.mant == 0:
            return None
        if y.mant < 0:
            x, y = Float(-x.mant, x.exp), Float(-y.mant, y.exp)
        quotient = fraction_to_float(x.mant, y.mant)
        return None if quotient is None else make_float(quotient.mant, quotient.exp + x.exp - y.exp)
    ymant = y.mant if op is BinaryOp.ADD else -y.mant
    if x.mant == 0 or ymant == 0:
        return make_float(x.mant, x.exp) if ymant == 0 else make_float(ymant, y.exp)
    high, low = (x.mant, x.exp), (ymant, y.exp)
    if x.mant.bit_length() + x.exp < ymant.bit_length() + y.exp:
        high, low = low, high
    shift = high[1] - low[1]
    if shift > 4 * PRECISION:
        return make_float(high[0], high[1])  # the other operand is far below the last bit
    if shift >= 0:
        return make_float((high[0] << shift) + low[0], low[1])
    return make_float(high[0] + (low[0] << -shift), high[1])


def _complex_arith(op: BinaryOp, x: Complex, y: Complex) -> Complex | None:
    a, b, c, d = x.re, x.im, y.re, y.im
    add, sub, mul, quo = BinaryOp.ADD, BinaryOp.SUB, BinaryOp.MUL, BinaryOp.QUO
    re: Real | None
    im: Real | None
    if op in (add, sub):
        re, im = _arith(op, a, c), _arith(op, b, d)
    elif op is mul:
        re = _arith(sub, _arith(mul, a, c), _arith(mul, b, d))
        im = _arith(add, _arith(mul, b, c), _arith(mul, a, d))
    elif op is quo:
        square = _arith(add, _arith(mul, c, c), _arith(mul, d, d))
        if square is None or sign(square) == 0:
            return None
        re = _arith(quo, _arith(add, _arith(mul, a, c), _arith(mul, b, d)), square)
        im = _arith(quo, _arith(sub, _arith(mul, b, c), _arith(mul, a, d)), square)
    else:
        return None
    return None if re is None or im is None else Complex(re, im)


def binary_op(op: BinaryOp, x: Value | None, y: Value | None, integer: bool = False) -> Value | None:
    """`x op y` for arithmetic, bitwise and logical operators; `integer` makes `/` truncate.

    The caller must exclude divisions by zero. Shifts and comparisons have separate functions.
    """
    if isinstance(x, bool) and isinstance(y, bool):
        return (x and y) if op is BinaryOp.LAND else (x or y) if op is BinaryOp.LOR else None
    if isinstance(x, bytes) and isinstance(y, bytes):
        return x + y if op is BinaryOp.ADD else None
    if isinstance(x, Complex) or isinstance(y, Complex):
        cx, cy = to_complex(x), to_complex(y)
        return None if cx is None or cy is None else _complex_arith(op, cx, cy)
    if integer:
        ix, iy = to_int(x), to_int(y)
        return None if ix is None or iy is None else _int_op(op, ix, iy)
    if isinstance(x, int) and isinstance(y, int) and op is not BinaryOp.QUO:
        return _int_op(op, x, y)
    if op not in (BinaryOp.ADD, BinaryOp.SUB, BinaryOp.MUL, BinaryOp.QUO):
        return None
    return _arith(op, as_real(x), as_real(y))


def _int_op(op: BinaryOp, x: int, y: int) -> int | None:
    if op is BinaryOp.ADD:
        return x + y
    if op is BinaryOp.SUB:
        return x - y
    if op is BinaryOp.MUL:
        return x * y
    if op is BinaryOp.AND:
        return x & y
    if op is BinaryOp.OR:
        return x | y
    if op is BinaryOp.XOR:
        return x ^ y
    if op is BinaryOp.AND_NOT:
        return x & ~y
    if op in (BinaryOp.QUO, BinaryOp.REM) and y:
        quotient = abs(x) // abs(y)  # Go truncates, Python floors
        if (x < 0) != (y < 0):
            quotient = -quotient
        return quotient if op is BinaryOp.QUO else x - quotient * y
    return None


def unary_op(op: UnaryOp, v: Value | None, unsigned_bits: int = 0) -> Value | None:
    """`op v`; `unsigned_bits` is the width of an unsigned operand's type, for `^`, else 0."""
    if isinstance(v, bool):
        return (not v) if op is UnaryOp.NOT else None
    if v is None or isinstance(v, bytes):
        return None
    if op is UnaryOp.ADD:
        return v
    if op is UnaryOp.SUB:
        if isinstance(v, Complex):
            return Complex(_negate(v.re), _negate(v.im))
        return _negate(v)
    if op is UnaryOp.XOR and isinstance(v, int):
        return ~v & ((1 << unsigned_bits) - 1) if unsigned_bits else ~v
    return None


def _negate(v: Real) -> Real:
    return Float(-v.mant, v.exp) if isinstance(v, Float) else -v


def shift(op: BinaryOp, v: int, count: int) -> int:
    """`v << count` or `v >> count`, 0 <= count; left counts at most `MAX_SHIFT`."""
    return v << count if op is BinaryOp.SHL else v >> count


def compare(op: BinaryOp, x: Value | None, y: Value | None) -> bool | None:
    """Compute `x op y` for the six comparisons; None if the operator is not defined for the kinds."""
    if isinstance(x, Complex) or isinstance(y, Complex):
        cx, cy = to_complex(x), to_complex(y)
        if cx is None or cy is None:
            return None
        same = _order(cx.re, cy.re) == 0 and _order(cx.im, cy.im) == 0
        return same if op is BinaryOp.EQL else not same if op is BinaryOp.NEQ else None
    order: int
    if isinstance(x, bool) and isinstance(y, bool):
        if op not in (BinaryOp.EQL, BinaryOp.NEQ):
            return None
        order = x - y
    elif isinstance(x, bytes) and isinstance(y, bytes):
        order = (x > y) - (x < y)
    else:
        rx, ry = as_real(x), as_real(y)
        if rx is None or ry is None:
            return None
        order = _order(rx, ry)
    table = {
        BinaryOp.EQL: order == 0,
        BinaryOp.NEQ: order != 0,
        BinaryOp.LSS: order < 0,
        BinaryOp.LEQ: order <= 0,
        BinaryOp.GTR: order > 0,
        BinaryOp.GEQ: order >= 0,
    }
    return table.get(op)


def _order(x: Real, y: Real) -> int:
    if isinstance(x, Float) or isinstance(y, Float):
        return sign(_arith(BinaryOp.SUB, x, y))
    return (x > y) - (x < y)
