"""Runtime calls that replace calls of Go functions."""

from __future__ import annotations

from morestack.ir.module import Block, Instr, Operand, Pos, Reg
from morestack.ir.ops import Effect, Op
from morestack.ir.runtime_calls import RUNTIME_CALLS
from morestack.ir.types import IRType
from morestack.irbuild.emit.emitter import Emitter


def call_runtime(fb: Emitter, name: str, args: list[Operand], results: tuple[IRType, ...], pos: Pos) -> tuple[Reg, ...]:
    """Emit the runtime call; if there are several results, they are the fields of one."""
    call = RUNTIME_CALLS[name]
    if call.atomic is not None:
        fb.nil_check(args[0], pos)
    if call.effect & Effect.NORETURN:
        fb.never(name, *args, pos=pos)
        fb.start(Block(0))
        return ()
    if not results:
        fb.rt_do(name, *args, pos=pos)
        return ()
    value = fb.rt(name, *args, pos=pos)
    if len(results) == 1:
        return (value,)
    parts = [fb.f.reg(t) for t in results]
    for n, part in enumerate(parts):
        fb.block.instrs.append(Instr(Op.EXTRACT, (part,), (value,), n))
    return tuple(parts)
