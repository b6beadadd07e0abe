"""Instructions in the few shapes that following a func value needs, the same for every architecture."""

from __future__ import annotations

from dataclasses import dataclass

Value = tuple[str, int]  # ("at", an address) or ("new", the address of the call that made the object)
Place = str | tuple[str, int]  # a register, or ("sp", offset)


@dataclass(slots=True)
class Step:
    """One instruction: what it sets, and where it may go."""

    place: int
    kind: str = "other"  # set, copy, store, call, other
    into: Place | None = None  # set, copy: what gets the value
    value: Value | None = None
    source: Place | None = None
    base: str = ""  # store: through this register, at its offset 0
    clobbers: tuple[Place, ...] = ()
    target: int = 0  # call, jump
    jumps: bool = False
    falls: bool = True
