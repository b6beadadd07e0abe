"""`print` and println write to `output`; floating-point numbers have the fewest digits that read back, in Go's
formats."""

from __future__ import annotations

import math
import struct as packing
from typing import TYPE_CHECKING

from morestack.interp.ops import signed
from morestack.ir.types import I64

if TYPE_CHECKING:
    from morestack.interp.interpreter import Interpreter


class Printing:
    """Runtime calls of print and println."""

    def __init__(self, machine: Interpreter) -> None:
        self.m = machine
        self.output = bytearray()

    def printlock(self) -> None:
        """Do nothing: on a single thread no print is interrupted."""

    printunlock = printlock

    def emit(self, text: str) -> None:
        self.output += text.encode()

    def printbool(self, x: int) -> None:
        self.emit("true" if x else "false")

    def printint(self, x: int) -> None:
        self.emit(str(signed(x, I64)))

    def printuint(self, x: int) -> None:
        self.emit(str(x))

    def printhex(self, x: int) -> None:
        self.emit(hex(x))

    printpointer = printhex

    def printfloat(self, x: float) -> None:
        self.emit(float_text(x, 64))

    def printfloat32(self, x: float) -> None:
        self.emit(float_text(x, 32))

    def printcomplex(self, z: tuple[float, float], bits: int = 64) -> None:
        self.emit(complex_text(z, bits))

    def printcomplex64(self, z: tuple[float, float]) -> None:
        self.printcomplex(z, 32)

    def printstring(self, s: tuple[int, int]) -> None:
        self.output += self.m.memory.text(s)

    def printslice(self, s: tuple[int, int, int]) -> None:
        self.emit(f"[{s[1]}/{s[2]}]{s[0]:#x}")

    def printiface(self, i: tuple[int, int]) -> None:
        self.emit(f"({i[0]:#x},{i[1]:#x})")

    def printsp(self) -> None:
        self.emit(" ")

    def printnl(self) -> None:
        self.emit("\n")


def shortest(value: float, bits: int) -> tuple[str, int]:
    """Return the digits of the shortest decimal that rounds to value, and the exponent of the first digit."""
    mantissa, power = "", "0"
    for precision in range(17):
        text = f"{value:.{precision}e}"
        back = float(text) if bits == 64 else packing.unpack("<f", packing.pack("<f", float(text)))[0]
        if back == value:
            mantissa, _, power = text.partition("e")
            break
    return mantissa.replace(".", ""), int(power)


def float_text(value: float, bits: int) -> str:
    """Return println's text for a float of 32 or 64 bits: strconv's %g, with exponents from 1e+06 on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    value = abs(value)
    if value == 0:
        return sign + "0"
    digits, exponent = shortest(value, bits)
    digits = digits.rstrip("0") or "0"
    if exponent < -4 or exponent >= 6:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    rest = digits[exponent + 1 :]
    return f"{sign}{whole}.{rest}" if rest else sign + whole


def complex_text(z: tuple[float, float], bits: int) -> str:
    """Return println's text for a complex number whose parts have 32 or 64 bits."""
    imaginary = float_text(z[1], bits)
    sign = "" if imaginary[0] in "+-" else "+"
    return f"({float_text(z[0], bits)}{sign}{imaginary}i)"
