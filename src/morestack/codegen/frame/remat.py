"""Find registers that are cheaper to compute again than to keep in a slot: frame addresses and constants.

A register qualifies when its only definition is the address of a frame object, a constant or symbol, or a
constant offset from a register that qualifies. It then needs neither liveness nor a slot: every segment that
reads it computes it, as an address relative to BP. Therefore frames rarely hold pointers to their own objects, and
fewer words are adjusted when a stack moves.
"""

from __future__ import annotations

from typing import TypeAlias

from morestack.codegen.frame.split import Node
from morestack.ir.module import Const, Function, Instr, Reg, Sym
from morestack.ir.ops import Op

Remat: TypeAlias = dict[int, Instr]
"""Register number to its only definition."""


def rematerializable(f: Function, nodes: list[Node]) -> Remat:
    """The registers to compute again where they are read."""
    only: dict[int, Instr | None] = {r.id: None for r in f.params}
    if f.context is not None:
        only[f.context.id] = None
    for n in nodes:
        for i in n.instrs if n.suspend is None else (*n.instrs, n.suspend):
            for r in i.dst:
                only[r.id] = None if r.id in only else i
    found: Remat = {}
    offsets: list[Instr] = []
    for k, single in only.items():
        if single is None:
            continue
        if single.op is Op.ADDR or (single.op is Op.COPY and isinstance(single.args[0], Const | Sym)):
            found[k] = single
        elif single.op is Op.OFFSET and isinstance(single.args[0], Reg):
            offsets.append(single)
    changed = True
    while changed:  # offsets of offsets
        changed = False
        for i in offsets:
            base = i.args[0]
            if isinstance(base, Reg) and base.id in found and i.dst[0].id not in found:
                found[i.dst[0].id] = i
                changed = True
    return found
