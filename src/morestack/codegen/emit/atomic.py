"""Atomic operations: runtime calls that are instructions, sequentially consistent as Go's memory model wants."""

from __future__ import annotations

from morestack.codegen.emit.body import Body
from morestack.ir.module import Instr
from morestack.ir.runtime_calls import ATOMIC_TYPES
from morestack.llvm.text import LLVM_TYPE

CHANGES = {"swap": "xchg", "add": "add", "and": "and", "or": "or"}


def atomic(body: Body, name: str, i: Instr) -> None:
    """Emit the instruction for atomic<what><width>."""
    width = next(w for w in ATOMIC_TYPES if name.endswith(w))
    what = name.removeprefix("atomic").removesuffix(width)
    t = ATOMIC_TYPES[width]
    type_text = LLVM_TYPE[t.name]
    p, *values = [body.one(a) for a in i.args]
    place = f"ptr {p}"
    how = f"seq_cst, align {t.size}"
    match what:
        case "load":
            got = body.let(f"load atomic {type_text}, {place} {how}")
        case "store":
            body.emit(f"store atomic {type_text} {values[0]}, {place} {how}")
            return
        case "cas":
            old, new = values
            pair = body.let(f"cmpxchg {place}, {type_text} {old}, {type_text} {new} seq_cst seq_cst")
            got = body.let(f"extractvalue {{{type_text}, i1}} {pair}, 1")
        case _:
            got = body.let(f"atomicrmw {CHANGES[what]} {place}, {type_text} {values[0]} {how}")
            if what == "add":
                got = body.let(f"add {type_text} {got}, {values[0]}")
    if i.dst:
        body.set(i.dst[0], (got,))
