"""Exact constant values, with the limits gc sets.

A value's Python type is its kind: `bool`, `bytes` (a Go string), `int`, `Fraction` or `Float` (a Go float;
a `Fraction` may be whole and is a float still), `Complex`. Functions that cannot give a value (infinite,
or operands that do not fit the operator) return None, go/constant's Unknown.

Fractions are exact while numerator and denominator stay under `MAX_RAT_BITS`; beyond that a `Float` of 512
bits takes over, as in go/constant, so `1e1000000` costs nothing. Rejected: `decimal` (its rounding is not
binary) and unlimited fractions (one literal could fill the memory).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

PRECISION = 512


"""Bits of a Float's mantissa, and of the largest untyped integer."""


MAX_RAT_BITS = 4 << 10


MAX_EXPONENT = (1 << 31) - 1


"""The exponent at which big.Float overflows to infinity."""


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
    """Whether v is a number but not a Complex."""
    return isinstance(v, (int, Fraction, Float)) and not isinstance(v, bool)


def as_real(v: Value | None) -> Real | None:
    if isinstance(v, (int, Fraction, Float)) and not isinstance(v, bool):
        return v
    return None


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


def fraction_to_float(num: int, den: int) -> Float | None:
    shift = max(0, PRECISION + 2 - (num.bit_length() - den.bit_length()))
    q, r = divmod(abs(num) << shift, den)
    # one more bit tells inexact results from exact halves
    q = (q << 1) | (1 if r else 0)
    return make_float(-q if num < 0 else q, -shift - 1)


def to_big(v: Real) -> Float | None:
    if isinstance(v, Float):
        return v
    if isinstance(v, Fraction):
        return fraction_to_float(v.numerator, v.denominator)
    return make_float(v, 0)


def _small(v: Float) -> bool:
    return abs(v.mant.bit_length() + v.exp) < MAX_RAT_BITS


def small_fraction(v: Float) -> Fraction:
    """The value as a fraction; only for `_small` ones."""
    return Fraction(v.mant << v.exp) if v.exp >= 0 else Fraction(v.mant, 1 << -v.exp)


def normalize(f: Fraction) -> Fraction | Float | None:
    """Keep small fractions exact, and convert others to Floats."""
    if f.numerator.bit_length() < MAX_RAT_BITS and f.denominator.bit_length() < MAX_RAT_BITS:
        return f
    return fraction_to_float(f.numerator, f.denominator)


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
    exact = small_fraction(v)
    if exact.denominator == 1:
        return exact.numerator
    # A result that misses an integer by its last bits was one before rounding.
    if v.exp < 0:
        excess = v.mant.bit_length() - (PRECISION - 4)
        if excess > 0:
            for mant in (v.mant >> excess, (v.mant >> excess) + 1):
                near = small_fraction(Float(mant, v.exp + excess))
                if near.denominator == 1:
                    return near.numerator
    return None


def to_float(v: Value | None) -> Real | None:
    """The value as a Fraction or Float, None if it is not a real number."""
    if isinstance(v, bool) or v is None or isinstance(v, bytes):
        return None
    if isinstance(v, int):
        return normalize(Fraction(v))
    if isinstance(v, Complex):
        return to_float(v.re) if sign(v.im) == 0 else None
    return v


def to_complex(v: Value | None) -> Complex | None:
    """The value as a Complex, None if it is not numeric."""
    if isinstance(v, Complex):
        return v
    real = as_real(v)
    return None if real is None else Complex(real, 0)


def real(v: Value | None) -> Real | None:
    return v.re if isinstance(v, Complex) else as_real(v)


def imag(v: Value | None) -> Real | None:
    if isinstance(v, Complex):
        return v.im
    return None if as_real(v) is None else 0


def sign(v: Value | None) -> int:
    """-1, 0 or 1; for a Complex 0 only if it is zero; 1 for a value that is not a number."""
    if isinstance(v, Complex):
        return 1 if sign(v.re) or sign(v.im) else 0
    if v is None or isinstance(v, (bool, bytes)):
        return 1
    n = v.numerator if isinstance(v, Fraction) else v.mant if isinstance(v, Float) else v
    return (n > 0) - (n < 0)


def overflows_untyped(v: Value | None) -> bool:
    """Whether v is an untyped integer that is larger than gc allows."""
    return isinstance(v, int) and v.bit_length() > PRECISION
