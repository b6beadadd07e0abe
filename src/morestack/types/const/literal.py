"""Converts literals to constant values, by the rules of the spec's lexical chapter.

`LiteralError` carries gc's message for a literal that has no value. Work is bounded: literals longer than
`MAX_LENGTH` are rejected, as in gc, and large decimal exponents are scaled in 640-bit arithmetic.
"""

from __future__ import annotations

from fractions import Fraction

from morestack.syntax.nodes import BasicLit, LitKind
from morestack.types.const.exact import MAX_EXPONENT, MAX_RAT_BITS, Complex, Float, Value, make_float

MAX_LENGTH = 10000
"""The maximum length of a numeric literal, in characters."""
_WORK_BITS = 640


class LiteralError(Exception):
    """A literal without a value; the text is the message for the user."""


def parse_literal(lit: BasicLit) -> Value:
    """The value of a literal; raises LiteralError."""
    text = lit.text
    if lit.kind is LitKind.STRING:
        return _string(text)
    if lit.kind is LitKind.CHAR:
        return _char(text)
    if len(text) > MAX_LENGTH:
        raise LiteralError(f"excessively long constant: {text[:10]}... ({len(text)} chars)")
    value: Value | None
    try:
        if lit.kind is LitKind.INT:
            value = _int(text)
        elif lit.kind is LitKind.FLOAT:
            value = _float(text)
        else:
            value = _imag(text)
    except ValueError:
        raise LiteralError(f"malformed constant: {text}") from None
    if value is None:
        raise LiteralError(f"malformed constant: {text}")
    return value


def _digits(text: str, base: int) -> int:
    """Compute int(text, base), without Python's limit on decimal digits."""
    if base != 10 or len(text) < 4000:
        return int(text, base)
    value = 0
    for i in range(0, len(text), 4000):
        part = text[i : i + 4000]
        value = value * 10 ** len(part) + int(part)
    return value


def _int(text: str) -> int:
    text = text.replace("_", "").lower()
    prefix = text[:2]
    if prefix == "0x":
        return _digits(text[2:], 16)
    if prefix == "0b":
        return _digits(text[2:], 2)
    if prefix == "0o":
        return _digits(text[2:], 8)
    if len(text) > 1 and text[0] == "0":
        return _digits(text, 8)
    return _digits(text, 10)


def _float(text: str) -> Fraction | Float | None:
    text = text.replace("_", "").lower()
    if text.startswith("0x"):
        body, _, exponent = text[2:].partition("p")
        exp2, exp10, base = int(exponent or "0"), 0, 16
    else:
        body, _, exponent = text.partition("e")
        exp2, exp10, base = 0, int(exponent or "0"), 10
    whole, _, fraction = body.partition(".")
    mant = _digits((whole + fraction) or "0", base)
    if mant == 0:
        return Fraction(0)
    if base == 16:
        exp2 -= 4 * len(fraction)
    else:
        exp10 -= len(fraction)
    return _scale(mant, exp2, exp10)


def _scale(mant: int, exp2: int, exp10: int) -> Fraction | Float | None:
    """mant * 2**exp2 * 10**exp10: exact when small, else a Float."""
    size = mant.bit_length() + exp2 + int(exp10 * 3.3219280948873626)
    if abs(size) > MAX_EXPONENT + 64:
        return None if size > 0 else Fraction(0)
    if abs(size) < MAX_RAT_BITS:
        power = Fraction(10) ** exp10
        return power * (mant << exp2) if exp2 >= 0 else power * Fraction(mant, 1 << -exp2)
    # Square and multiply at a precision that keeps 512 bits exact enough (go's own scaling has 64 extra).
    n = abs(exp10)
    power_mant, power_exp = 1, 0
    base_mant, base_exp = 5, 0
    while n:
        if n & 1:
            power_mant, power_exp = _cut(power_mant * base_mant, power_exp + base_exp)
        base_mant, base_exp = _cut(base_mant * base_mant, 2 * base_exp)
        n >>= 1
    exp2 += exp10
    if exp10 >= 0:
        return make_float(mant * power_mant, exp2 + power_exp)
    extra = power_mant.bit_length() + _WORK_BITS
    return make_float((mant << extra) // power_mant, exp2 - power_exp - extra)


def _cut(mant: int, exp: int) -> tuple[int, int]:
    excess = max(0, mant.bit_length() - _WORK_BITS)
    return mant >> excess, exp + excess


def _imag(text: str) -> Complex | None:
    body = text[:-1]
    lower = body.lower()
    value: int | Fraction | Float | None
    if lower[:2] in ("0b", "0o") or (lower[:2] == "0x" and "p" not in lower):
        value = _int(body)
    elif lower.replace("_", "").isdigit():
        value = _digits(lower.replace("_", ""), 10)  # 0123i is decimal, for backward compatibility
    else:
        value = _float(body)
    return None if value is None else Complex(0, value)


# -- strings and runes -----------------------------------------------------------------------------

_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34}


def _escape(text: str, at: int, quote: str) -> tuple[int, bool, int]:
    """Decode the escape whose backslash is at `at`: (value, whether it is a byte, offset after it)."""
    kind = text[at + 1 : at + 2]
    if kind in _SIMPLE and not (kind in "'\"" and kind != quote):
        return _SIMPLE[kind], False, at + 2
    if kind and kind in "01234567":
        size, base, first = 3, 8, at + 1
    elif kind in ("x", "u", "U") and kind:
        size, base, first = {"x": 2, "u": 4, "U": 8}[kind], 16, at + 2
    else:
        raise LiteralError("unknown escape")
    digits = text[first : first + size]
    if len(digits) < size or any(c not in "0123456789abcdefABCDEF"[: 8 if base == 8 else 22] for c in digits):
        raise LiteralError(f"invalid character in {'octal' if base == 8 else 'hexadecimal'} escape")
    value = int(digits, base)
    if base == 8 and value > 255:
        raise LiteralError(f"octal escape value {value} > 255")
    if size >= 4 and (value > 0x10FFFF or 0xD800 <= value < 0xE000):
        raise LiteralError(f"escape is invalid Unicode code point U+{value:04X}")
    return value, size < 4, first + size


def _string(text: str) -> bytes:
    if text.startswith("`"):
        return text[1:-1].replace("\r", "").encode("utf-8", "surrogateescape")
    body = text[1:-1]
    if "\\" not in body:
        return body.encode("utf-8", "surrogateescape")
    out = bytearray()
    at = 0
    while at < len(body):
        backslash = body.find("\\", at)
        if backslash < 0:
            backslash = len(body)
        out += body[at:backslash].encode("utf-8", "surrogateescape")
        if backslash == len(body):
            break
        value, is_byte, at = _escape(body, backslash, '"')
        if is_byte:
            out.append(value)
        else:
            out += chr(value).encode("utf-8")
    return bytes(out)


def _char(text: str) -> int:
    body = text[1:-1]
    if not body:
        raise LiteralError("empty rune literal or unescaped ' in rune literal")
    if body[0] == "\\":
        value, _, end = _escape(body, 0, "'")
    else:
        value, end = ord(body[0]), 1
        if 0xDC80 <= value <= 0xDCFF:
            value = 0xFFFD  # a byte that is not UTF-8
    if end != len(body):
        raise LiteralError("more than one character in rune literal")
    return value
