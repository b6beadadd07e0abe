"""How IR values lie in LLVM registers.

A *flat* type has at most `MAX_LEAVES` scalars and no array of more than one element: its value is a tuple of
LLVM scalars (its leaves), so fields never need `extractvalue`, and each leaf has its own spill slot. Every
other type is a *memory* type: its value is the address of memory nobody else writes.

In registers bool is i1, in memory i8. Rejected: LLVM first-class aggregates, whose loads and stores the
middle end handles badly.
"""

from __future__ import annotations

import struct as pystruct
from typing import TypeAlias

from morestack.ir.module import Const
from morestack.ir.types import BOOL, F32, F64, I8, Array, IRType, Scalar, Struct, scalars

MAX_LEAVES = 8

Leaves: TypeAlias = tuple[tuple[int, Scalar], ...]
"""(byte offset, scalar) of each leaf, in order."""

_flat: dict[int, tuple[IRType, Leaves | None]] = {}

LLVM_TYPE = {
    "bool": "i1", "i8": "i8", "i16": "i16", "i32": "i32", "i64": "i64", "f32": "float", "f64": "double", "ptr": "ptr",
}  # fmt: skip
"""The LLVM type of a scalar in a register."""


def memory_type(s: Scalar) -> str:
    """The LLVM type of a scalar in memory."""
    return "i8" if s is BOOL else LLVM_TYPE[s.name]


def is_float(s: Scalar) -> bool:
    return s is F32 or s is F64


def _count(t: IRType) -> int:
    """Number of scalars of t, or more than MAX_LEAVES when it is no flat type."""
    match t:
        case Scalar():
            return 1
        case Struct(fields=fields):
            total = 0
            for f in fields:
                total += _count(f)
                if total > MAX_LEAVES:
                    break
            return total
        case Array(elem=elem, len=n):
            if n == 0:
                return 0
            return _count(elem) if n == 1 else MAX_LEAVES + 1


def leaves(t: IRType) -> Leaves | None:
    """The leaves of a flat type, None for a memory type."""
    known = _flat.get(id(t))
    if known is None:
        known = _flat[id(t)] = (t, tuple(scalars(t)) if _count(t) <= MAX_LEAVES else None)
    return known[1]


def flat_leaves(t: IRType) -> Leaves:
    """The leaves of a type that is known to be flat."""
    found = leaves(t)
    assert found is not None, t
    return found


def field_range(t: IRType, number: int) -> tuple[int, int]:
    """The half-open range of leaves that field `number` of a flat aggregate has."""
    if isinstance(t, Struct):
        first = 0
        for f in t.fields[:number]:
            first += len(flat_leaves(f))
        return first, first + len(flat_leaves(t.fields[number]))
    assert isinstance(t, Array)
    return 0, len(flat_leaves(t.elem))


def field_of(t: IRType, number: int) -> tuple[int, IRType]:
    """Byte offset and type of a field of a struct or an element of an array."""
    if isinstance(t, Struct):
        return t.offsets[number], t.fields[number]
    assert isinstance(t, Array)
    return number * t.elem.size, t.elem


def zero_text(s: Scalar) -> str:
    """LLVM's text for the zero of a scalar."""
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


def quote(name: str) -> str:
    """A global's name as LLVM text writes it."""
    if name.replace(".", "_").replace("$", "_").isalnum() or all(c.isalnum() or c in "._$-" for c in name):
        if name.isascii() and name:
            return "@" + name if not name[0].isdigit() else f'@"{name}"'
    out = "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in name.encode())
    return f'@"{out}"'


__all__ = [
    "I8", "LLVM_TYPE", "MAX_LEAVES", "Leaves", "const_text", "field_of", "field_range", "flat_leaves", "is_float",
    "leaves", "memory_type", "quote", "zero_text",
]  # fmt: skip
