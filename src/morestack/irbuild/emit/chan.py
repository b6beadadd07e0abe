"""Receives and selects on operands. Values are passed by address, through the frame."""

from __future__ import annotations

from dataclasses import dataclass, field

from morestack.ir import types as ir
from morestack.ir.module import Block, Instr, Operand, Pos
from morestack.ir.ops import Op
from morestack.irbuild.emit.emitter import FALSE, NULL, TRUE, ZERO64, Emitter, Mem, int64

CASE = 16
"""Bytes of a select case {chan, elem}."""
ORDERED = 4
"""The number of cases whose order takes one word after the table (runtime/sync/select.py)."""


@dataclass(slots=True, eq=False)
class Comm:
    """One communication of a select: a channel, the address of the element, and the block that follows."""

    is_send: bool = False
    chan: Operand = NULL
    elem: Operand = NULL
    block: Block = field(default_factory=lambda: Block(-1))


def received(fb: Emitter, chan: Operand, elem: Operand, pos: Pos) -> Operand:
    """Emit a receive into the memory at elem, or one that drops the value; return whether there was a value."""
    return fb.op(Op.NE, ir.BOOL, fb.rt("chanrecv", chan, elem, pos=pos), ZERO64)


def communicate(fb: Emitter, comm: Comm, pos: Pos) -> Operand:
    """Emit the only case of a select without default as the plain operation; return whether a value was received."""
    if comm.is_send:
        fb.rt_do("chansend", comm.chan, comm.elem, pos=pos)
        return FALSE
    return received(fb, comm.chan, comm.elem, pos)


def try_to(fb: Emitter, comm: Comm, otherwise: Block, pos: Pos) -> Operand:
    """Emit the only case besides a default, with a jump to its block or to otherwise; return whether a value was
    received."""
    if comm.is_send:
        fb.branch(fb.rt("selectnbsend", comm.chan, comm.elem, pos=pos), comm.block, otherwise)
        return FALSE
    answer = fb.rt("selectnbrecv", comm.elem, comm.chan, pos=pos)
    selected = _bit(fb, answer, 1)
    ok = _bit(fb, answer, 2)
    fb.branch(selected, comm.block, otherwise)
    return ok


def select_among(fb: Emitter, comms: list[Comm], otherwise: Block | None, pos: Pos) -> Operand:
    """Emit a select with several cases: a table, sends first, and space for their order. The result of the call
    selects the block. With `otherwise` the select does not wait. Return whether a value was received."""
    pairs = ir.array(ir.struct(ir.PTR, ir.PTR), len(comms))
    table = fb.temp(ir.struct(pairs, ir.array(ir.I64, -(-len(comms) // ORDERED))))
    numbered = [c for c in comms if c.is_send] + [c for c in comms if not c.is_send]
    for n, comm in enumerate(numbered):
        fb.store(Mem(table.addr, n * CASE), comm.chan)
        fb.store(Mem(table.addr, n * CASE + 8), comm.elem)
    sends = sum(c.is_send for c in comms)
    block = FALSE if otherwise is not None else TRUE
    answer = fb.rt("selectgo", table.addr, int64(sends), int64(len(comms) - sends), block, pos=pos)
    ok = _bit(fb, answer, 1)
    index = fb.op(Op.ASHR, ir.I64, answer, int64(1))
    listed = numbered if otherwise is not None else numbered[:-1]
    targets = (*[c.block for c in listed], otherwise if otherwise is not None else numbered[-1].block)
    fb.block.instrs.append(Instr(Op.SWITCH, (), (index,), tuple(range(len(listed))), targets))
    return ok


def _bit(fb: Emitter, word: Operand, bit: int) -> Operand:
    return fb.op(Op.NE, ir.BOOL, fb.op(Op.AND, ir.I64, word, int64(bit)), ZERO64)
