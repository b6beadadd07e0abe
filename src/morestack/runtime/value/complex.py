"""Division of complex numbers as Go defines it: Smith's algorithm (CACM 5(8), 1962), then infinities and zeros are
corrected as in C99's annex G.
"""

from morestack.dialect.machine import Ptr, boolean, export, f64, f64_bits, f64_from_bits, fdiv, struct, u64
from morestack.runtime.sys.layout import G

SIGN = u64(0x8000_0000_0000_0000)
INFINITY = u64(0x7FF0_0000_0000_0000)


@struct
class Complex:
    """A complex128."""

    re: f64
    im: f64


def fabs(v: f64) -> f64:
    """The absolute value."""
    return f64_from_bits(u64(f64_bits(v) & ~SIGN))


def is_inf(v: f64) -> boolean:
    """Whether v is an infinity."""
    return f64_bits(fabs(v)) == INFINITY


def is_nan(v: f64) -> boolean:
    """Whether v is not a number."""
    return v != v


def is_finite(v: f64) -> boolean:
    """Whether v is neither an infinity nor a NaN."""
    return f64_bits(fabs(v)) < INFINITY


def with_sign(magnitude: u64, sign: f64) -> f64:
    """The float with the bits of `magnitude` and the sign of another float."""
    return f64_from_bits(u64(magnitude | f64_bits(sign) & SIGN))


def inf_to_one(v: f64) -> f64:
    """1 for an infinity, else 0, with the sign of v."""
    return with_sign(f64_bits(1.0) if is_inf(v) else u64(0), v)


@export
def complexdiv(g: Ptr[G], out: Ptr[Complex], a: f64, b: f64, c: f64, d: f64) -> None:
    """(a+bi) / (c+di)."""
    if fabs(c) >= fabs(d):
        ratio = fdiv(d, c)
        denom = c + ratio * d
        e = fdiv(a + b * ratio, denom)
        f = fdiv(b - a * ratio, denom)
    else:
        ratio = fdiv(c, d)
        denom = d + ratio * c
        e = fdiv(a * ratio + b, denom)
        f = fdiv(b * ratio - a, denom)
    if is_nan(e) or is_nan(f):
        if c == 0.0 and d == 0.0 and (not is_nan(a) or not is_nan(b)):
            e = with_sign(INFINITY, c) * a
            f = with_sign(INFINITY, c) * b
        elif (is_inf(a) or is_inf(b)) and is_finite(c) and is_finite(d):
            x = inf_to_one(a)
            y = inf_to_one(b)
            e = f64_from_bits(INFINITY) * (x * c + y * d)
            f = f64_from_bits(INFINITY) * (y * c - x * d)
        elif (is_inf(c) or is_inf(d)) and is_finite(a) and is_finite(b):
            x = inf_to_one(c)
            y = inf_to_one(d)
            e = 0.0 * (a * x + b * y)
            f = 0.0 * (b * x - a * y)
    out.at.re = e
    out.at.im = f
