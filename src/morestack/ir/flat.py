"""The layout of IR values in registers.

A *flat* type has at most `MAX_SCALARS` scalars and no array of more than one element: its value is a tuple of
scalars, so fields never need to be extracted, and each scalar has its own spill slot. Every other type is
a *memory* type: its value is the address of memory that nothing else writes.

Rejected: LLVM first-class aggregates, whose loads and stores the middle end handles badly.
"""

from __future__ import annotations

from typing import TypeAlias

from morestack.ir.types import F32, F64, Array, IRType, Scalar, Struct, scalars

MAX_SCALARS = 8

Scalars: TypeAlias = tuple[tuple[int, Scalar], ...]
"""(byte offset, scalar) of each scalar, in order."""

_flat: dict[int, tuple[IRType, Scalars | None]] = {}


def is_float(s: Scalar) -> bool:
    return s is F32 or s is F64


def _count(t: IRType) -> int:
    """Return the number of scalars of t, or more than MAX_SCALARS if t is not a flat type."""
    match t:
        case Scalar():
            return 1
        case Struct(fields=fields):
            total = 0
            for f in fields:
                total += _count(f)
                if total > MAX_SCALARS:
                    break
            return total
        case Array(elem=elem, len=n):
            if n == 0:
                return 0
            return _count(elem) if n == 1 else MAX_SCALARS + 1


def flat(t: IRType) -> Scalars | None:
    """Return the scalars of a flat type, or None for a memory type."""
    known = _flat.get(id(t))
    if known is None:
        known = _flat[id(t)] = (t, tuple(scalars(t)) if _count(t) <= MAX_SCALARS else None)
    return known[1]


def flat_scalars(t: IRType) -> Scalars:
    """The scalars of a type that is known to be flat."""
    found = flat(t)
    assert found is not None, t
    return found


def field_range(t: IRType, number: int) -> tuple[int, int]:
    """Return the half-open range of the scalars that belong to field `number` of a flat aggregate."""
    if isinstance(t, Struct):
        first = 0
        for f in t.fields[:number]:
            first += len(flat_scalars(f))
        return first, first + len(flat_scalars(t.fields[number]))
    assert isinstance(t, Array)
    return 0, len(flat_scalars(t.elem))


def field_of(t: IRType, number: int) -> tuple[int, IRType]:
    """Return the byte offset and type of a struct field or an array element."""
    if isinstance(t, Struct):
        return t.offsets[number], t.fields[number]
    assert isinstance(t, Array)
    return number * t.elem.size, t.elem
