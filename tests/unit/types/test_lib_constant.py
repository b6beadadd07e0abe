"""Constant values: literals, exact arithmetic, rounding and text, as gc has them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from morestack.source.span import SourceFile, Span
from morestack.syntax.nodes import BasicLit, BinaryOp, LitKind, UnaryOp
from morestack.types.const import arith, exact, representable
from morestack.types.const.literal import LiteralError, parse_literal
from morestack.types.const.text import to_text
from morestack.types.core.types import (
    COMPLEX64,
    FLOAT32,
    FLOAT64,
    INT8,
    STRING,
    UINT8,
    UINT64,
    UNTYPED_FLOAT,
    UNTYPED_INT,
    Basic,
)

SPAN = Span(SourceFile("x.go", b""), 0, 0)


def value(text: str) -> exact.Value:
    if text[0] in '"`':
        kind = LitKind.STRING
    elif text[0] == "'":
        kind = LitKind.CHAR
    elif text[-1] == "i":
        kind = LitKind.IMAG
    elif text[:2].lower() == "0x":
        kind = LitKind.FLOAT if "p" in text.lower() else LitKind.INT
    else:
        kind = LitKind.FLOAT if any(ch in text for ch in ".eE") else LitKind.INT
    return parse_literal(BasicLit(SPAN, kind, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("0b1_01", 5),
        ("0o17", 15),
        ("017", 15),
        ("0X_fF", 255),
        ("1_000", 1000),
        ("1.5", Fraction(3, 2)),
        (".5e1", Fraction(5)),
        ("1e-2", Fraction(1, 100)),
        ("0x1p-2", Fraction(1, 4)),
        ("0x1.8p1", Fraction(3)),
        ("0123i", exact.Complex(0, 123)),
        ("0x10i", exact.Complex(0, 16)),
        ("1.5i", exact.Complex(0, Fraction(3, 2))),
        ("'a'", 97),
        (r"'\n'", 10),
        (r"'\''", 39),
        (r"'\xff'", 255),
        (r"'\377'", 255),
        (r"'\u1234'", 0x1234),
        (r"'\U0010ffff'", 0x10FFFF),
        ("'日'", 0x65E5),
        ('"a\\tb"', b"a\tb"),
        ('"\\xff\\377\\u00ff"', b"\xff\xff\xc3\xbf"),
        ("`a\\n\r`", b"a\\n"),
        ('""', b""),
    ],
)
def test_literals(text: str, expected: exact.Value) -> None:
    got = value(text)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1" * 10001, "excessively long constant: 1111111111... (10001 chars)"),
        ("1e10000000000", "malformed constant: 1e10000000000"),
        ("09", "malformed constant: 09"),
        ("''", "empty rune literal or unescaped ' in rune literal"),
        ("'ab'", "more than one character in rune literal"),
        (r"'\400'", "octal escape value 256 > 255"),
        (r"'\ud800'", "escape is invalid Unicode code point U+D800"),
        (r'"\q"', "unknown escape"),
    ],
)
def test_bad_literals(text: str, message: str) -> None:
    with pytest.raises(LiteralError) as info:
        value(text)
    assert str(info.value) == message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1e100", "1e+100"),
        ("1e1000", "1e+1000"),
        ("1e1000000", "1e+1000000"),
        ("1e-1000000", "1e-1000000"),
        ("1.0", "1"),
        ("0.1", "0.1"),
        ("123456789.0", "1.23457e+08"),
        ("1234567.5", "1.23457e+06"),
        ("123456.75", "123456.75"),  # %.6g would make it look like an integer
        ("2i", "(0 + 2i)"),
        ("'a'", "97"),
        ('"f\\no\\x80"', '"f\\no\\x80"'),
        ('"' + "x" * 100 + '"', '"' + "x" * 68 + "..."),
    ],
)
def test_text(text: str, shown: str) -> None:
    assert to_text(value(text)) == shown


def test_integers_of_any_length_print() -> None:
    assert to_text(10**20000 + 7) == "1" + "0" * 19999 + "7"
    assert to_text(-(10**9000)) == "-1" + "0" * 9000


def test_floats_stay_exact_while_small() -> None:
    third = arith.binary_op(BinaryOp.QUO, 1, 3)
    assert exact.to_int(arith.binary_op(BinaryOp.MUL, third, 3)) == 1


def test_large_floats_round_to_512_bits_and_overflow_to_nothing() -> None:
    x: exact.Value | None = value("1e1000000")
    assert isinstance(x, exact.Float)
    assert x.mant.bit_length() <= exact.PRECISION
    assert exact.to_int(arith.binary_op(BinaryOp.QUO, x, x)) == 1
    for _ in range(20):
        x = arith.binary_op(BinaryOp.MUL, x, x)
    assert x is None


@pytest.mark.parametrize(
    ("x", "y", "quotient", "rest"), [(7, 2, 3, 1), (-7, 2, -3, -1), (7, -2, -3, 1), (-7, -2, 3, -1)]
)
def test_integer_division_truncates(x: int, y: int, quotient: int, rest: int) -> None:
    assert arith.binary_op(BinaryOp.QUO, x, y, integer=True) == quotient
    assert arith.binary_op(BinaryOp.REM, x, y, integer=True) == rest


def test_complex_arithmetic() -> None:
    x, y = exact.Complex(1, 2), exact.Complex(3, -1)
    product = arith.binary_op(BinaryOp.MUL, x, y)
    assert product == exact.Complex(5, 5)
    assert arith.binary_op(BinaryOp.QUO, product, y) == exact.Complex(Fraction(1), Fraction(2))
    assert exact.to_int(exact.Complex(5, 0)) == 5
    assert arith.compare(BinaryOp.EQL, exact.Complex(5, 0), 5) is True


def test_unary() -> None:
    assert arith.unary_op(UnaryOp.XOR, 5) == -6
    assert arith.unary_op(UnaryOp.XOR, 5, 8) == 250
    assert arith.unary_op(UnaryOp.NOT, True) is False
    assert arith.unary_op(UnaryOp.SUB, exact.Complex(1, 2)) == exact.Complex(-1, -2)
    assert arith.unary_op(UnaryOp.SUB, b"x") is None


@pytest.mark.parametrize(
    ("v", "t", "expected"),
    [
        (255, UINT8, (255, "")),
        (256, UINT8, (None, "overflows")),
        (-129, INT8, (None, "overflows")),
        (Fraction(3, 2), UINT8, (None, "truncated")),
        (Fraction(3), UINT8, (3, "")),
        (1 << 64, UINT64, (None, "overflows")),
        (1 << 600, UNTYPED_INT, (1 << 600, "")),
        (Fraction(1, 3), UNTYPED_FLOAT, (Fraction(1, 3), "")),
        (Fraction(1, 10), FLOAT64, (Fraction(0.1), "")),
        (10**309, FLOAT64, (None, "overflows")),
        (Fraction(10**39), FLOAT32, (None, "overflows")),
        (exact.Complex(Fraction(10**39), 0), COMPLEX64, (None, "overflows")),
        (b"x", STRING, (b"x", "")),
        (b"x", UINT8, (None, "")),
        (True, UINT8, (None, "")),
    ],
)
def test_representable(v: exact.Value, t: Basic, expected: tuple[exact.Value | None, str]) -> None:
    assert representable.representable(v, t) == expected


def test_float32_is_rounded_once() -> None:
    # Half an ulp and a hair: by way of float64 the hair is lost and the tie goes down.
    exact = 1 + Fraction(1, 1 << 24) + Fraction(1, 1 << 60)
    assert representable.round_float32(exact) == 1 + Fraction(1, 1 << 23)
    assert representable.round_float32(Fraction(1, 1 << 150)) == 0
    assert representable.round_float32(Fraction(3, 1 << 151)) == Fraction(1, 1 << 149)


@given(st.fractions())
def test_float64_rounds_like_python(f: Fraction) -> None:
    assert representable.round_float64(f) == Fraction(f.numerator / f.denominator)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float64_keeps_floats(x: float) -> None:
    assert representable.round_float64(Fraction(x)) == Fraction(x)
