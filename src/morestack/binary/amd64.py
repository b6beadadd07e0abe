"""Every call in amd64 code, 50 MB of it in a few seconds.

iced-x86 decodes a million instructions a second when Python looks at each, which is 15 s for a large program. So numpy
walks all functions at the same time, one instruction of each in a round; what follows an opcode stands in tables that
iced-x86 fills in, so that the knowledge of the instruction set is its own. When few functions are left, whose
thousands of instructions would make rounds of little work, iced-x86 reads them to their ends.

Invariant: the sites are those that iced-x86 finds instruction by instruction (tests/unit/binary compares them).
Rejected: searching for the bytes of a call, which also finds them inside other instructions.
"""

from __future__ import annotations

from functools import cache

import iced_x86 as iced
import numpy as np
from numpy.typing import NDArray

from morestack.binary.sites import CALL, INDIRECT_CALL, INDIRECT_JUMP, JUMP, Sites

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

LEGACY = (0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3)
NOT_OPCODES = ((*LEGACY, *range(0x40, 0x50), 0x0F, 0x62, 0xC4, 0xC5), (0x38, 0x3A), (), ())  # by map
ESCAPES = (b"", b"\x0f", b"\x0f\x38", b"\x0f\x3a")
VEX = len(ESCAPES)  # maps from here on are those of VEX and EVEX, which iced-x86 need not be asked for
VEX_IMMEDIATE = (0x70, 0x71, 0x72, 0x73, 0xC2, 0xC4, 0xC5, 0xC6)  # of the map 0F; all of 0F3A have one, of 0F38 none
FEW = 100  # functions left, below which rounds cost more than decoding one by one


@cache
def _opcodes() -> tuple[Bytes, Bytes]:
    """Whether ModRM follows an opcode, and the bytes of its immediate, by ModRM's middle field.

    The index is ((map * 2 + 66) * 2 + REX.W) * 256 + opcode.
    """
    modrm = np.zeros((VEX + 8, 2, 2, 256), np.uint8)
    imm = np.zeros((VEX + 8, 2, 2, 256, 8), np.uint8)
    for m, escape in enumerate(ESCAPES):
        for p66 in (0, 1):
            for wide in (0, 1):
                prefix = b"\x66" * p66 + bytes((0x40 | wide << 3,)) + escape
                for opcode in range(256):
                    if opcode in NOT_OPCODES[m]:
                        continue
                    for reg in range(8):
                        has, size = _behind(prefix, opcode, reg)
                        modrm[m, p66, wide, opcode] |= has
                        imm[m, p66, wide, opcode, reg] = size
    modrm[VEX:] = 1
    modrm[VEX + 1, :, :, 0x77] = 0  # vzeroupper
    imm[VEX + 1, :, :, VEX_IMMEDIATE] = 1
    imm[VEX + 3] = 1
    return modrm.reshape(-1), imm.reshape(-1, 8)


def _behind(prefix: bytes, opcode: int, reg: int) -> tuple[int, int]:
    """Whether ModRM follows, and the immediate's size, from the lengths of two forms that differ by a displacement."""
    for mandatory in (b"", b"\xf3", b"\xf2"):
        flat = _length(mandatory + prefix, opcode, 0xC0 | reg << 3)
        deep = _length(mandatory + prefix, opcode, 0x80 | reg << 3)
        if flat and deep:
            has = int(deep == flat + 4)
            return has, flat - has
        if flat:  # forms with a register only
            return 1, flat - 1
        if deep:  # forms with memory only
            return 1, deep - 5
    return 0, 0


def _length(prefix: bytes, opcode: int, modrm: int) -> int:
    """Bytes behind the opcode; 0 when there is no such instruction, or none."""
    instruction = iced.Decoder(64, prefix + bytes((opcode, modrm)) + bytes(12)).decode()
    return 0 if instruction.is_invalid else int(instruction.len) - len(prefix) - 1


@cache
def _modrm() -> Bytes:
    """Bytes behind ModRM (SIB and displacement), by ModRM * 8 + SIB's base."""
    behind = np.zeros((256, 8), np.uint8)
    for byte in range(256):
        mod, rm = byte >> 6, byte & 7
        if mod == 3:
            continue
        for base in range(8):
            sib = rm == 4
            none = mod == 0 and (rm == 5 or (sib and base == 5))
            behind[byte, base] = sib + (4 if none else (0, 1, 4)[mod])
    return behind.reshape(-1)


@cache
def _legacy() -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(LEGACY)] = True
    return table


def _step(code: Bytes, at: Ints) -> tuple[Ints, Bytes, NDArray[np.bool_], Bytes]:
    """One instruction at each place: its length, its opcode, whether that is of the one-byte map, and its ModRM."""
    has_modrm, immediate = _opcodes()
    q = at.copy()
    byte = code[q]
    state = np.zeros(len(at), np.int64)  # map * 4 + 66 * 2 + REX.W
    some = np.nonzero(_legacy()[byte])[0]
    while len(some):
        state[some] |= (byte[some] == 0x66).astype(np.int64) << 1
        q[some] += 1
        byte[some] = code[q[some]]
        some = some[_legacy()[byte[some]]]
    some = np.nonzero((byte & 0xF0) == 0x40)[0]
    state[some] |= byte[some] >> 3 & 1
    q[some] += 1
    byte[some] = code[q[some]]
    some = np.nonzero(byte == 0x0F)[0]
    if len(some):
        q[some] += 1
        second = code[q[some]]
        long = (second == 0x38) | (second == 0x3A)
        state[some] += np.where(second == 0x38, 8, np.where(second == 0x3A, 12, 4))
        q[some] += long
        byte[some] = code[q[some]]
    some = np.nonzero((byte == 0xC5) | (byte == 0xC4) | (byte == 0x62))[0]
    some = some[state[some] < 4]
    if len(some):
        kind = byte[some]
        m = np.where(kind == 0xC5, 1, code[q[some] + 1] & 7)
        state[some] = (VEX + m) * 4
        q[some] += np.where(kind == 0xC5, 2, np.where(kind == 0xC4, 3, 4))
        byte[some] = code[q[some]]
    key = state * 256 + byte
    modrm = code[q + 1]
    size = q - at + 1 + immediate[key, modrm >> 3 & 7]
    more = has_modrm[key] * (1 + _modrm()[modrm.astype(np.int64) * 8 + (code[q + 2] & 7)])
    return size + more, byte, state < 4, modrm


def find_sites(text: memoryview, base: int, starts: Ints, ends: Ints) -> Sites:
    """The calls and jumps of functions that lie at `starts` to `ends`, addresses; the text begins at `base`."""
    code = np.frombuffer(bytes(text) + bytes(32), np.uint8)
    at, stop = starts - base, ends - base
    found: list[tuple[Ints, Bytes, Ints]] = []
    while True:
        live = at < stop
        if not live.all():
            at, stop = at[live], stop[live]
        if len(at) < FEW:
            break
        size, opcode, one_byte, modrm = _step(code, at)
        kind = np.zeros(len(at), np.uint8)
        kind[opcode == 0xE8] = CALL
        kind[opcode == 0xE9] = JUMP
        group = opcode == 0xFF
        reg = modrm >> 3 & 7
        kind[group & (reg == 2)] = INDIRECT_CALL
        kind[group & (reg == 4)] = INDIRECT_JUMP
        kind *= one_byte
        hits = np.nonzero(kind)[0]
        if len(hits):
            place, kinds = at[hits], kind[hits]
            behind = place + size[hits]
            target = np.zeros(len(hits), np.int64)
            near = np.nonzero((kinds == CALL) | (kinds == JUMP))[0]
            field = behind[near] - 4
            raw = sum(code[field + k].astype(np.int64) << 8 * k for k in range(4))
            target[near] = behind[near] + (raw ^ 0x80000000) - 0x80000000 + base
            found.append((place + base, kinds, target))
        at = at + size
    for start, end in zip(at.tolist(), stop.tolist(), strict=True):
        found.append(_decode(code[start:end].tobytes(), base + start))
    return Sites.of(found)


KINDS = {
    iced.FlowControl.CALL: CALL,
    iced.FlowControl.UNCONDITIONAL_BRANCH: JUMP,
    iced.FlowControl.INDIRECT_CALL: INDIRECT_CALL,
    iced.FlowControl.INDIRECT_BRANCH: INDIRECT_JUMP,
}


def _decode(code: bytes, address: int) -> tuple[Ints, Bytes, Ints]:
    """The sites of one stretch of code, by iced-x86."""
    rows: list[tuple[int, int, int]] = []
    for instruction in iced.Decoder(64, code, ip=address):
        kind = KINDS.get(instruction.flow_control)
        if kind is None or (kind == JUMP and instruction.len == 2) or (kind == CALL and not instruction.is_call_near):
            continue  # a short jump stays in its function; iced-x86 takes system calls for calls
        target = instruction.near_branch_target if kind in (CALL, JUMP) else 0
        rows.append((instruction.ip, kind, target if target < 1 << 63 else 0))
    table = np.array(rows, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1].astype(np.uint8), table[:, 2]
