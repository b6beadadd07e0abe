"""Which constants a type can represent, and the values they then have."""

from __future__ import annotations

from fractions import Fraction

from morestack.types.const.exact import Complex, Float, Real, Value, small_fraction, to_complex, to_float, to_int
from morestack.types.core.types import Basic, Kind, Traits


def _round_ieee(v: Real, bits: int, min_exp: int, max_exp: int) -> Fraction | None:
    """Round v once, to nearest even, to a binary format; return None if it overflows.

    `min_exp` is the exponent of the smallest subnormal's unit, `max_exp` that of the first power of two out
    of range.
    """
    if isinstance(v, Float):
        size = v.mant.bit_length() + v.exp
        if size > max_exp + 1:
            return None
        if size < min_exp - 2:
            return Fraction(0)
        v = small_fraction(v)
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
    """Round v to a float32; return None if it overflows."""
    return _round_ieee(v, 24, -149, 128)


def round_float64(v: Real) -> Fraction | None:
    """Round v to a float64; return None if it overflows."""
    return _round_ieee(v, 53, -1074, 1024)


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
        return (v, "") if t.traits & Traits.BOOLEAN else (None, "")
    if isinstance(v, bytes):
        return (v, "") if t.traits & Traits.STRING else (None, "")
    if t.traits & Traits.INTEGER:
        whole = to_int(v)
        if whole is not None and _fits_integer(whole, t):
            return whole, ""
        return None, "overflows" if isinstance(v, int) else "truncated"
    if t.traits & Traits.FLOAT:
        f = to_float(v)
        if f is None:
            return None, "overflows"
        if t.kind is not Kind.UNTYPED_FLOAT:
            f = round_float32(f) if t.kind is Kind.FLOAT32 else round_float64(f)
        return (None, "overflows") if f is None else (f, "")
    if t.traits & Traits.COMPLEX:
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
    if t.traits & Traits.UNSIGNED:
        return 0 <= v < 1 << bits
    return -(1 << (bits - 1)) <= v < 1 << (bits - 1)
