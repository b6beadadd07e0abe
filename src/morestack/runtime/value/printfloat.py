"""Floats as Go 1.27 prints them: the shortest digits that read back as the same value, as strconv's format
'g' with precision -1: with an exponent from 1e+06 up, and below 1e-04. (Before 1.27: +1.000000e+000.)
"""

from morestack.dialect.machine import Ptr, boolean, export, f64, f64_bits, i64, u8, u64
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.print import begin, end, put_byte, put_int
from morestack.runtime.value.dragon import dragon, shortest


def find_digits(v: f64, single: boolean) -> None:
    """Fill `dragon` with the digits of a finite v > 0."""
    bits = f64_bits(v)
    mantissa = u64(bits & 0xF_FFFF_FFFF_FFFF)
    exponent = i64(bits >> 52)
    if exponent == 0:
        exponent = i64(-1074)
    else:
        mantissa = u64(mantissa | 0x10_0000_0000_0000)
        exponent = i64(exponent - 1075)
    if not single:
        shortest(mantissa, exponent, mantissa == 0x10_0000_0000_0000 and exponent != -1074)
        return
    drop = i64(29)
    if exponent + 29 < -149:  # a float32 without the leading bit
        drop = i64(-149 - exponent)
    mantissa = u64(mantissa >> u64(drop))
    exponent = i64(exponent + drop)
    shortest(mantissa, exponent, mantissa == 0x80_0000 and exponent != -149)


def digit(at: u64) -> u8:
    """The character of a digit; '0' after the last."""
    return u8(48 + dragon.at.digits[at]) if at < dragon.at.count else u8(48)


def put_exponent(exponent: i64) -> None:
    """Print e, the sign, and at least two digits."""
    put_byte(u8(101))
    e = exponent
    if e < 0:
        put_byte(u8(45))
        e = i64(0 - e)
    else:
        put_byte(u8(43))
    if e < 10:
        put_byte(u8(48))
    put_int(e)


def put_finite(v: f64, single: boolean) -> None:
    """Print a finite v > 0."""
    find_digits(v, single)
    n = dragon.at.count
    point = dragon.at.point
    if point < -3 or point > 6:
        put_byte(digit(u64(0)))
        if n > 1:
            put_byte(u8(46))
        for i in range(n - 1):
            put_byte(digit(u64(i + 1)))
        put_exponent(i64(point - 1))
        return
    if point <= 0:
        put_byte(u8(48))
        put_byte(u8(46))
        for _ in range(i64(0 - point)):
            put_byte(u8(48))
        for i in range(n):
            put_byte(digit(i))
        return
    at = u64(0)
    while at < n or at < u64(point):
        if at == u64(point):
            put_byte(u8(46))
        put_byte(digit(at))
        at = u64(at + 1)


def put_float(v: f64, single: boolean, plus: boolean) -> None:
    """Print any value; `plus`: with a sign even if positive."""
    begin()
    bits = f64_bits(v)
    if v != v:
        if plus:
            put_byte(u8(43))
        put_byte(u8(78))
        put_byte(u8(97))
        put_byte(u8(78))
    else:
        infinite = u64(bits << 1) == u64(0xFFE0_0000_0000_0000)
        if bits >> 63 != 0:
            put_byte(u8(45))
        elif plus or infinite:
            put_byte(u8(43))
        if infinite:
            put_byte(u8(73))
            put_byte(u8(110))
            put_byte(u8(102))
        elif v == 0.0:
            put_byte(u8(48))
        else:
            put_finite(v if v > 0.0 else 0.0 - v, single)
    end()


def put_complex(re: f64, im: f64, single: boolean) -> None:
    """Print (re+imi)."""
    begin()
    put_byte(u8(40))
    put_float(re, single, False)
    put_float(im, single, True)
    put_byte(u8(105))
    put_byte(u8(41))
    end()


@export
def printfloat(g: Ptr[G], v: f64) -> None:
    """Print a float64."""
    put_float(v, False, False)


@export
def printfloat32(g: Ptr[G], v: f64) -> None:
    """Print a float32, widened."""
    put_float(v, True, False)


@export
def printcomplex(g: Ptr[G], re: f64, im: f64) -> None:
    """Print a complex128."""
    put_complex(re, im, False)


@export
def printcomplex64(g: Ptr[G], re: f64, im: f64) -> None:
    """Print a complex64, widened."""
    put_complex(re, im, True)
