"""The places in code where control leaves a function: calls and jumps, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

CALL, JUMP, INDIRECT_CALL, INDIRECT_JUMP = 1, 2, 3, 4


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """Call sites by address: where, which kind, and the target of those that are direct (else 0)."""

    place: Ints
    kind: Bytes
    target: Ints

    @classmethod
    def of(cls, parts: list[tuple[Ints, Bytes, Ints]]) -> Sites:
        """The sites of all parts, sorted."""
        if not parts:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.int64))
        place = np.concatenate([part[0] for part in parts])
        order = np.argsort(place, kind="stable")
        kind, target = np.concatenate([part[1] for part in parts]), np.concatenate([part[2] for part in parts])
        return cls(place[order], kind[order], target[order])
