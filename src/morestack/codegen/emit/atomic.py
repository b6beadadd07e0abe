"""Atomic operations: runtime calls that are instructions, sequentially consistent as Go's memory model wants."""

from __future__ import annotations

from morestack.codegen.emit.body import Body
from morestack.ir.module import Instr
from morestack.ir.runtime_calls import AtomicOp, RuntimeCall
from morestack.ir.types import Scalar
from morestack.llvm.text import LLVM_TYPE

CHANGES = {AtomicOp.SWAP: "xchg", AtomicOp.ADD: "add", AtomicOp.AND: "and", AtomicOp.OR: "or"}


def atomic(body: Body, call: RuntimeCall, i: Instr) -> None:
    """Emit the instruction of an atomic runtime call."""
    assert call.atomic is not None and isinstance(call.width, Scalar)
    t = LLVM_TYPE[call.width.name]
    p, *values = [body.one(a) for a in i.args]
    how = f"seq_cst, align {call.width.size}"
    match call.atomic:
        case AtomicOp.LOAD:
            got = body.let(f"load atomic {t}, ptr {p} {how}")
        case AtomicOp.STORE:
            body.emit(f"store atomic {t} {values[0]}, ptr {p} {how}")
            return
        case AtomicOp.CAS:
            old, new = values
            pair = body.let(f"cmpxchg ptr {p}, {t} {old}, {t} {new} seq_cst seq_cst")
            got = body.let(f"extractvalue {{{t}, i1}} {pair}, 1")
        case _:
            got = body.let(f"atomicrmw {CHANGES[call.atomic]} ptr {p}, {t} {values[0]} {how}")
            if call.atomic is AtomicOp.ADD:
                got = body.let(f"add {t} {got}, {values[0]}")
    if i.dst:
        body.set(i.dst[0], (got,))
