"""Every call in arm64 code: all instructions have 4 bytes, so a mask on an array finds them.

The words between a function's instructions that are no instructions (constants of assembly) could look like a call;
such a call leads to a function's entry by chance only, and calls that lead elsewhere are dropped with the rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from morestack.binary.sites import CALL, INDIRECT_CALL, INDIRECT_JUMP, JUMP, Sites

Ints = NDArray[np.int64]


def find_sites(text: memoryview, base: int, starts: Ints, ends: Ints) -> Sites:
    """The calls and jumps of the text, which begins at `base`; they all lie in functions."""
    words = np.frombuffer(text, np.uint32, len(text) // 4)
    kind = np.zeros(len(words), np.uint8)
    opcode = words >> 26
    kind[opcode == 0b100101] = CALL  # BL
    kind[opcode == 0b000101] = JUMP  # B
    kind[(words & 0xFFFFFC1F) == 0xD63F0000] = INDIRECT_CALL  # BLR
    kind[(words & 0xFFFFFC1F) == 0xD61F0000] = INDIRECT_JUMP  # BR
    hits = np.nonzero(kind)[0]
    kinds = kind[hits]
    place = base + 4 * hits.astype(np.int64)
    offset = (words[hits] & 0x3FFFFFF).astype(np.int64)
    offset = (offset ^ 0x2000000) - 0x2000000
    near = (kinds == CALL) | (kinds == JUMP)
    return Sites.of([(place, kinds, np.where(near, place + 4 * offset, 0))])
