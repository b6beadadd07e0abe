"""The text of LLVM IR: types, constants and names.

A bool is i1 in registers and i8 in memory.
"""

from __future__ import annotations

import functools
import struct as pystruct

from morestack.ir.flat import is_float
from morestack.ir.module import Const
from morestack.ir.types import BOOL, F32, Scalar

LLVM_TYPE = {
    "bool": "i1", "i8": "i8", "i16": "i16", "i32": "i32", "i64": "i64", "f32": "float", "f64": "double", "ptr": "ptr",
}  # fmt: skip
"""The LLVM type of a scalar in a register."""


def memory_type(s: Scalar) -> str:
    """The LLVM type of a scalar in memory."""
    return "i8" if s is BOOL else LLVM_TYPE[s.name]


def zero_text(s: Scalar) -> str:
    """LLVM's text for the zero value of a scalar."""
    if s.name == "ptr":
        return "null"
    if is_float(s):
        return "0.0"
    return "false" if s is BOOL else "0"


def const_text(c: Const) -> str:
    """LLVM's text for a constant."""
    s = c.type
    assert isinstance(s, Scalar)
    if is_float(s):
        value = float(c.value)
        if s is F32:
            try:
                value = pystruct.unpack("<f", pystruct.pack("<f", value))[0]
            except OverflowError:
                value = float("inf") if value > 0 else float("-inf")
        return f"0x{pystruct.unpack('<Q', pystruct.pack('<d', value))[0]:016X}"
    number = int(c.value)
    if s.name == "ptr":
        return "null" if number == 0 else f"inttoptr (i64 {number} to ptr)"
    if s is BOOL:
        return "true" if number & 1 else "false"
    return str(number & ((1 << (8 * s.size)) - 1))


def is_symbol(value: str) -> bool:
    """Whether an LLVM value is the address of a global, which LLVM marks with an @."""
    return value[0] == "@"


def runtime_symbol(name: str) -> str:
    """The symbol of an exported function of the runtime."""
    return f"runtime.{name}"


def cell_symbol(name: str) -> str:
    """The symbol of the pointer cell through which compiled code calls a function of the runtime."""
    return f"cell.{name}"


def text_bytes(data: bytes) -> str:
    """The contents of an LLVM c"..." literal."""
    return "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:02X}" for b in data)


@functools.lru_cache(maxsize=1 << 16)
def quote(name: str) -> str:
    """A global's name as it is written in LLVM text."""
    if name.replace(".", "_").replace("$", "_").isalnum() or all(c.isalnum() or c in "._$-" for c in name):
        if name.isascii() and name:
            return "@" + name if not name[0].isdigit() else f'@"{name}"'
    out = "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in name.encode())
    return f'@"{out}"'
