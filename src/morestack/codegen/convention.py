"""The calling convention: where each parameter and result of a goroutine function travels.

See docs/abi.md, "A frame". A value travels whole: all its scalars in registers, or its memory layout in the
caller's outgoing area. Values of memory types (see flat.py) always take the area.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from morestack.abi.convention import CONTEXT_REG, FLOAT_REGS, INT_REGS
from morestack.ir.flat import flat, is_float
from morestack.ir.types import PTR, IRType, pointer_words

UNIFORM = [f"i64 %x{i}" for i in range(INT_REGS)] + [f"double %d{i}" for i in range(FLOAT_REGS)]
PARAMS = "(ptr %g, ptr %bp, " + ", ".join(UNIFORM) + ")"
"""The parameter list every goroutine function and continuation has."""
ALL_ARGS = ", ".join(UNIFORM)
_POISON = ["i64 poison"] * INT_REGS + ["double poison"] * FLOAT_REGS


@dataclass(frozen=True, slots=True)
class Place:
    """Where one value travels: `regs` (0..8 are x0..x8, 9.. are d0..), or `stack`, its area offset."""

    type: IRType
    regs: tuple[int, ...]
    stack: int = -1


@dataclass(frozen=True, slots=True)
class Convention:
    """Places of parameters and results, and the size of the outgoing area a call needs."""

    params: tuple[Place, ...]
    results: tuple[Place, ...]
    args: int  # bytes of the area that hold arguments; results follow
    area: int
    param_bitmap: int  # bit i: x_i holds a pointer on entry
    area_bitmap: int  # bit i: word i of the area holds a pointer argument


def _assign(types: Iterable[IRType], int_regs: int, area: int) -> tuple[list[Place], int]:
    places: list[Place] = []
    x = d = 0
    for t in types:
        parts = flat(t)
        if parts is not None:
            floats = sum(is_float(s) for _, s in parts)
            ints = len(parts) - floats
            if x + ints <= int_regs and d + floats <= FLOAT_REGS:
                regs: list[int] = []
                for _, s in parts:
                    if is_float(s):
                        regs.append(INT_REGS + d)
                        d += 1
                    else:
                        regs.append(x)
                        x += 1
                places.append(Place(t, tuple(regs)))
                continue
        places.append(Place(t, (), area))
        area += -(-t.size // 8) * 8
    return places, area


def convention(params: Iterable[IRType], results: Iterable[IRType]) -> Convention:
    """The convention for a signature. x8 carries the context, so parameters stop at x7."""
    ins, area = _assign(params, CONTEXT_REG, 0)
    outs, total = _assign(results, INT_REGS, area)
    bitmap = area_bitmap = 0
    for place in ins:
        if place.stack >= 0:
            area_bitmap |= pointer_words(place.type) << (place.stack // 8)
            continue
        parts = flat(place.type)
        assert parts is not None
        for (_, s), r in zip(parts, place.regs, strict=True):
            if s is PTR:
                bitmap |= 1 << r
    return Convention(tuple(ins), tuple(outs), area, total, bitmap, area_bitmap)


def argument_list(values: dict[int, str]) -> str:
    """The text of x0..x8, d0..d7 for a tail call; registers that are not given are poison."""
    if not values:
        return _ALL_POISON
    out = list(_POISON)
    for r, v in values.items():
        out[r] = ("i64 " if r < INT_REGS else "double ") + v
    return ", ".join(out)


_ALL_POISON = ", ".join(_POISON)
