"""Exact constant values and arithmetic on them, with the limits gc sets.

A value's Python type is its kind: `bool`, `bytes` (a Go string), `int`, `Fraction` or `Float` (a Go float;
a `Fraction` may be whole and is a float still), `Complex`. Functions that cannot give a value (infinite,
or operands that do not fit the operator) return None, go/constant's Unknown.

Fractions are exact while numerator and denominator stay under `MAX_RAT_BITS`; beyond that a `Float` of 512
bits takes over, as in go/constant, so `1e1000000` costs nothing. Rejected: `decimal` (its rounding is not
binary) and unlimited fractions (one literal could fill the memory).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from morestack.syntax.nodes import BinaryOp, UnaryOp
from morestack.types.types import Basic, Kind, Traits

PRECISION = 512
"""Bits of a Float's mantissa, and of the largest untyped integer."""
MAX_RAT_BITS = 4 << 10
MAX_EXPONENT = (1 << 31) - 1
"""Where big.Float overflows to infinity."""
MAX_SHIFT = 1023 - 1 + 52
"""The largest constant shift count: enough to make any float64 from 1."""


@dataclass(frozen=True, slots=True)
class Float:
    """`mant * 2**exp`, mant odd or zero and at most `PRECISION` bits long."""

    mant: int
    exp: int


@dataclass(frozen=True, slots=True)
class Complex:
    re: Real
    im: Real


Real: TypeAlias = int | Fraction | Float
Value: TypeAlias = bool | bytes | int | Fraction | Float | Complex


def is_real(v: Value | None) -> bool:
    """A number that is no Complex."""
    return isinstance(v, int | Fraction | Float) and not isinstance(v, bool)


def _as_real(v: Value | None) -> Real | None:
    if isinstance(v, int | Fraction | Float) and not isinstance(v, bool):
        return v
    return None


# -- Float -----------------------------------------------------------------------------------------


def _round_bits(mant: int, exp: int, bits: int, sticky: bool = False) -> tuple[int, int]:
    """Round mant * 2**exp to `bits` bits, to nearest even; `sticky` says that lower bits were cut off."""
    sign = -1 if mant < 0 else 1
    mant = abs(mant)
    excess = mant.bit_length() - bits
    if excess > 0:
        low = mant & ((1 << excess) - 1)
        mant >>= excess
        exp += excess
        half = 1 << (excess - 1)
        if low > half or (low == half and (sticky or mant & 1)):
            mant += 1
    return sign * mant, exp


def make_float(mant: int, exp: int, sticky: bool = False) -> Float | None:
    """The Float nearest to mant * 2**exp; None when its exponent is out of range."""
    mant, exp = _round_bits(mant, exp, PRECISION, sticky)
    if mant == 0:
        return Float(0, 0)
    zeros = (mant & -mant).bit_length() - 1
    mant >>= zeros
    exp += zeros
    size = mant.bit_length() + exp
    if size > MAX_EXPONENT:
        return None
    if size < -MAX_EXPONENT:
        return Float(0, 0)
    return Float(mant, exp)


def _fraction_to_float(num: int, den: int) -> Float | None:
    shift = max(0, PRECISION + 2 - (num.bit_length() - den.bit_length()))
    q, r = divmod(abs(num) << shift, den)
    # one more bit tells inexact results from exact halves
    q = (q << 1) | (1 if r else 0)
    return make_float(-q if num < 0 else q, -shift - 1)


def _to_big(v: Real) -> Float | None:
    if isinstance(v, Float):
        return v
    if isinstance(v, Fraction):
        return _fraction_to_float(v.numerator, v.denominator)
    return make_float(v, 0)


def _small(v: Float) -> bool:
    return abs(v.mant.bit_length() + v.exp) < MAX_RAT_BITS


def _exact(v: Float) -> Fraction:
    """The value as a fraction; only for `_small` ones."""
    return Fraction(v.mant << v.exp) if v.exp >= 0 else Fraction(v.mant, 1 << -v.exp)


def _norm(f: Fraction) -> Fraction | Float | None:
    """Keep small fractions exact, make Floats of the others."""
    if f.numerator.bit_length() < MAX_RAT_BITS and f.denominator.bit_length() < MAX_RAT_BITS:
        return f
    return _fraction_to_float(f.numerator, f.denominator)


# -- conversions between kinds ---------------------------------------------------------------------


def to_int(v: Value | None) -> int | None:
    """The value as an integer if it is one (up to the rounding of Floats), else None."""
    if isinstance(v, bool) or v is None or isinstance(v, bytes):
        return None
    if isinstance(v, int):
        return v
    if isinstance(v, Fraction):
        return v.numerator if v.denominator == 1 else None
    if isinstance(v, Complex):
        return to_int(to_float(v))
    if not _small(v):
        return None
    exact = _exact(v)
    if exact.denominator == 1:
        return exact.numerator
    # A result that misses an integer by its last bits was one before rounding.
    if v.exp < 0:
        excess = v.mant.bit_length() - (PRECISION - 4)
        if excess > 0:
            for mant in (v.mant >> excess, (v.mant >> excess) + 1):
                near = _exact(Float(mant, v.exp + excess))
                if near.denominator == 1:
                    return near.numerator
    return None


def to_float(v: Value | None) -> Real | None:
    """The value as a Fraction or Float, None if it is not a real number."""
    if isinstance(v, bool) or v is None or isinstance(v, bytes):
        return None
    if isinstance(v, int):
        return _norm(Fraction(v))
    if isinstance(v, Complex):
        return to_float(v.re) if sign(v.im) == 0 else None
    return v


def to_complex(v: Value | None) -> Complex | None:
    """The value as a Complex, None if it is not numeric."""
    if isinstance(v, Complex):
        return v
    real = _as_real(v)
    return None if real is None else Complex(real, 0)


def real(v: Value | None) -> Real | None:
    return v.re if isinstance(v, Complex) else _as_real(v)


def imag(v: Value | None) -> Real | None:
    if isinstance(v, Complex):
        return v.im
    return None if _as_real(v) is None else 0


def sign(v: Value | None) -> int:
    """-1, 0 or 1; for a Complex 0 only if it is zero; 1 for what is no number."""
    if isinstance(v, Complex):
        return 1 if sign(v.re) or sign(v.im) else 0
    if v is None or isinstance(v, bool | bytes):
        return 1
    n = v.numerator if isinstance(v, Fraction) else v.mant if isinstance(v, Float) else v
    return (n > 0) - (n < 0)


def overflows_untyped(v: Value | None) -> bool:
    """Whether an untyped integer is larger than gc allows."""
    return isinstance(v, int) and v.bit_length() > PRECISION


# -- operators -------------------------------------------------------------------------------------


def _arith(op: BinaryOp, x: Real | None, y: Real | None) -> Real | None:
    """+ - * / on reals; ints divide to a Fraction."""
    if x is None or y is None:
        return None
    if isinstance(x, int) and isinstance(y, int) and op is not BinaryOp.QUO:
        return x + y if op is BinaryOp.ADD else x - y if op is BinaryOp.SUB else x * y
    if isinstance(x, Float) or isinstance(y, Float):
        return _float_arith(op, _to_big(x), _to_big(y))
    if op is BinaryOp.ADD:
        return _norm(Fraction(x + y))
    if op is BinaryOp.SUB:
        return _norm(Fraction(x - y))
    if op is BinaryOp.MUL:
        return _norm(Fraction(x * y))
    return _norm(Fraction(x) / y) if y else None


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
        quotient = _fraction_to_float(x.mant, y.mant)
        return None if quotient is None else make_float(quotient.mant, quotient.exp + x.exp - y.exp)
    ymant = y.mant if op is BinaryOp.ADD else -y.mant
    if x.mant == 0 or ymant == 0:
        return make_float(x.mant, x.exp) if ymant == 0 else make_float(ymant, y.exp)
    high, low = (x.mant, x.exp), (ymant, y.exp)
    if x.mant.bit_length() + x.exp < ymant.bit_length() + y.exp:
        high, low = low, high
    shift = high[1] - low[1]
    if shift > 4 * PRECISION:
        return make_float(high[0], high[1])  # the other is far below the last bit
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

    Divisions by zero must be excluded by the caller. Shifts and comparisons have functions of their own.
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
    return _arith(op, _as_real(x), _as_real(y))


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
    """`x op y` for the six comparisons; None if the kinds do not compare so."""
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
        rx, ry = _as_real(x), _as_real(y)
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


# -- representation --------------------------------------------------------------------------------


def _round_ieee(v: Real, bits: int, min_exp: int, max_exp: int) -> Fraction | None:
    """v rounded once, to nearest even, to a binary format; None when it overflows.

    `min_exp` is the exponent of the smallest subnormal's unit, `max_exp` that of the first power of two out
    of range.
    """
    if isinstance(v, Float):
        size = v.mant.bit_length() + v.exp
        if size > max_exp + 1:
            return None
        if size < min_exp - 2:
            return Fraction(0)
        v = _exact(v)
    num, den = abs(v.numerator), v.denominator
    if num == 0:
        return Fraction(0)
    exp = num.bit_length() - den.bit_length()
    if exp > max_exp + 1:
        return None
    unit = max(exp - bits - 1, min_exp - 2)
    scaled, rest = divmod(num << max(0, -unit), den << max(0, unit))
    # `scaled` counts units a few bits finer than the format; find the format's own unit
    drop = max(scaled.bit_length() - bits, min_exp - unit)
    low = scaled & ((1 << drop) - 1)
    scaled >>= drop
    unit += drop
    half = 1 << (drop - 1)
    if low > half or (low == half and (rest or scaled & 1)):
        scaled += 1
    if scaled.bit_length() + unit > max_exp:
        return None
    result = Fraction(scaled << unit) if unit >= 0 else Fraction(scaled, 1 << -unit)
    return -result if v.numerator < 0 else result


def round_float32(v: Real) -> Fraction | None:
    """v as a float32 holds it; None when it overflows."""
    return _round_ieee(v, 24, -149, 128)


def round_float64(v: Real) -> Fraction | None:
    """v as a float64 holds it; None when it overflows."""
    return _round_ieee(v, 53, -1074, 1024)


_BOOLEAN = Traits.BOOLEAN.value
_COMPLEX = Traits.COMPLEX.value
_FLOAT = Traits.FLOAT.value
_INTEGER = Traits.INTEGER.value
_STRING = Traits.STRING.value
_UNSIGNED = Traits.UNSIGNED.value

INTEGER_BITS = {
    Kind.INT: 64,
    Kind.INT8: 8,
    Kind.INT16: 16,
    Kind.INT32: 32,
    Kind.INT64: 64,
    Kind.UINT: 64,
    Kind.UINT8: 8,
    Kind.UINT16: 16,
    Kind.UINT32: 32,
    Kind.UINT64: 64,
    Kind.UINTPTR: 64,
}


def representable(v: Value | None, t: Basic) -> tuple[Value | None, str]:
    """`(v as t holds it, "")`, or `(None, reason)`: "truncated", "overflows" or "" for unlike kinds."""
    if v is None:
        return None, ""
    if isinstance(v, bool):
        return (v, "") if t.bits & _BOOLEAN else (None, "")
    if isinstance(v, bytes):
        return (v, "") if t.bits & _STRING else (None, "")
    if t.bits & _INTEGER:
        whole = to_int(v)
        if whole is not None and _fits_integer(whole, t):
            return whole, ""
        return None, "overflows" if isinstance(v, int) else "truncated"
    if t.bits & _FLOAT:
        f = to_float(v)
        if f is None:
            return None, "overflows"
        if t.kind is not Kind.UNTYPED_FLOAT:
            f = round_float32(f) if t.kind is Kind.FLOAT32 else round_float64(f)
        return (None, "overflows") if f is None else (f, "")
    if t.bits & _COMPLEX:
        c = to_complex(v)
        if c is None or t.kind is Kind.UNTYPED_COMPLEX:
            return c, ""
        rounder = round_float32 if t.kind is Kind.COMPLEX64 else round_float64
        re, im = rounder(c.re), rounder(c.im)
        return (None, "overflows") if re is None or im is None else (Complex(re, im), "")
    return None, ""


def _fits_integer(v: int, t: Basic) -> bool:
    bits = INTEGER_BITS.get(t.kind)
    if bits is None:
        return True  # untyped
    if t.bits & _UNSIGNED:
        return 0 <= v < 1 << bits
    return -(1 << (bits - 1)) <= v < 1 << (bits - 1)


# -- text ------------------------------------------------------------------------------------------


def to_text(v: Value | None) -> str:
    """The value as gc prints it in messages: floats with six digits, long strings shortened."""
    if v is None:
        return "unknown"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, bytes):
        text = quote(v)
        return text if len(text) <= 72 else text[:69] + "..."
    if isinstance(v, int):
        return int_text(v)
    if isinstance(v, Complex):
        return f"({to_text(v.re)} + {to_text(v.im)}i)"
    return _float_text(v)


def int_text(v: int) -> str:
    """Decimal digits of an integer of any size (Python's own `str` refuses past 4300 digits)."""
    if v.bit_length() < 12000:
        return str(v)
    sign_text, v = ("-", -v) if v < 0 else ("", v)
    parts: list[str] = []
    base = 10**3000
    while v:
        v, low = divmod(v, base)
        parts.append(str(low).rjust(3000, "0"))
    return sign_text + "".join(reversed(parts)).lstrip("0")


def _float_text(v: Fraction | Float) -> str:
    rounded = round_float64(v)
    if rounded is not None and (rounded != 0 or sign(v) == 0):
        x = float(rounded)
        text = f"{x:.6g}"
        whole = v.denominator == 1 if isinstance(v, Fraction) else v.exp >= 0
        if not whole and "." not in text:
            text = f"{x:.17g}" if "e" in repr(x) and abs(x) < 1e21 and abs(x) >= 1e-4 else repr(x)
        return text
    big = _to_big(v)
    if big is None:
        return "+Inf" if sign(v) > 0 else "-Inf"
    size = big.mant.bit_length()
    mant = math.ldexp(float(big.mant >> max(0, size - 64)), max(0, size - 64) - size)
    digits = (size + big.exp) * math.log10(2)
    exp10 = int(digits)
    mant *= 10 ** (digits - exp10)
    if abs(mant) < 1 - 0.5e-6:
        mant *= 10
        exp10 -= 1
    elif abs(mant) >= 10:
        mant /= 10
        exp10 += 1
    return f"{mant:.6g}e{exp10:+d}"


_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def quote(s: bytes) -> str:
    """A Go string literal for s, as strconv.Quote writes it."""
    out = ['"']
    text = s.decode("utf-8", "surrogateescape")
    for ch in text:
        code = ord(ch)
        if 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif code in _ESCAPES:
            out.append(_ESCAPES[code])
        elif code == 0x20 or (ch.isprintable() and code != 0xA0):
            out.append(ch)
        elif code < 0x20 or code == 0x7F:
            out.append(f"\\x{code:02x}")
        elif code < 0x10000:
            out.append(f"\\u{code:04x}")
        else:
            out.append(f"\\U{code:08x}")
    out.append('"')
    return "".join(out)
