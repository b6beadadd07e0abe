"""How `print` writes floating-point numbers: the shortest digits that read back, in Go's forms."""

import math
import struct as packing


def shortest(value: float, bits: int) -> tuple[str, int]:
    """Decimal digits and exponent (of the first digit) of the shortest text that rounds to value."""
    mantissa, power = "", "0"
    for precision in range(17):
        text = f"{value:.{precision}e}"
        back = float(text) if bits == 64 else packing.unpack("<f", packing.pack("<f", float(text)))[0]
        if back == value:
            mantissa, _, power = text.partition("e")
            break
    return mantissa.replace(".", ""), int(power)


def float_text(value: float, bits: int) -> str:
    """The text of println for a float of 32 or 64 bits: %g of strconv: exponents from 1e+06 on."""
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
