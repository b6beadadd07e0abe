"""Constants as gc's messages print them, and Go string literals."""

from __future__ import annotations

import math
from fractions import Fraction

from morestack.types.const.exact import Complex, Float, Value, sign, to_big
from morestack.types.const.representable import round_float64


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
    big = to_big(v)
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
