"""Deferred calls: a record for each in the frame, linked from g, newest first.

        record   link fn sp pc      sp: the frame that deferred; pc: the function's exit continuation

DEFER fills a record of its own in the frame and links it; in a loop, where one place defers many times, the
runtime allocates the record (`deferproc`). DEFER_RETURN tail-jumps to the continuation behind it, the *exit
continuation*, which begins so: when g's newest record is this frame's, unlink it and call its closure, to return
to this same continuation. So running one, running the next, and resuming after a recovered panic (the runtime
jumps to `pc`) are one piece of code, which needs nothing but SP.

Rejected: bits that say which of a function's defers are pending (gc's open-coded defers). They save the list, but a
panic must then find and read them in the frame, by function-specific metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from morestack.abi.convention import CONTEXT_REG, LINK
from morestack.abi.structures import DEFER_FN, DEFER_LINK, DEFER_PC, DEFER_SP, G_DEFERS
from morestack.codegen.convention import argument_list
from morestack.ir.module import Instr
from morestack.ir.types import PTR

if TYPE_CHECKING:
    from morestack.codegen.emit.goroutine import SegmentBody


def emit_defer(body: SegmentBody, i: Instr) -> None:
    """Link a record for the closure."""
    lay = body.lay
    assert lay.exit is not None
    exit_pc = body.segment_of(lay.exit)
    fn = body.one(i.args[0])
    at = lay.defers.get(i)
    if at is None:
        target = body.let(f"load ptr, ptr {body.ctx.cell('deferproc')}")
        body.emit(f"call void {target}(ptr %g, ptr {fn}, ptr {body.frame_address(0)}, ptr {exit_pc})")
        return
    newest = body.gep("%g", G_DEFERS)
    record = body.frame_address(at)
    link = body.let(f"load ptr, ptr {newest}, align 8")
    for offset, value in (
        (DEFER_LINK, link), (DEFER_FN, fn), (DEFER_SP, body.frame_address(0)), (DEFER_PC, exit_pc),
    ):  # fmt: skip
        body.emit(f"store ptr {value}, ptr {body.gep(record, offset)}, align 8")
    body.emit(f"store ptr {record}, ptr {newest}, align 8")


def emit_defer_return(body: SegmentBody) -> None:
    """At the head of the exit continuation: call the newest closure that this frame has deferred, if any."""
    run, done = body.label(), body.label()
    fn = _pop_heap(body, run, done) if body.lay.heap_defers else _pop(body, run, done)
    code = body.let(f"load ptr, ptr {fn}, align 8")
    context = body.to_word(PTR, fn)
    body.emit(f"store ptr {body.segment_of(body.seg.head)}, ptr {body.frame_address(-8)}, align 8")
    callee_bp = body.frame_address(-LINK)
    body.emit(f"store ptr {body.own_bp()}, ptr {callee_bp}, align 8")
    body.tail_call(code, callee_bp, argument_list({CONTEXT_REG: context}))
    body.start(done)


def _pop(body: SegmentBody, run: str, done: str) -> str:
    """Unlink the newest record, when it is this frame's, in the block `run`: its closure."""
    newest = body.gep("%g", G_DEFERS)
    record = body.let(f"load ptr, ptr {newest}, align 8")
    look = body.label()
    body.emit(f"br i1 {body.let(f'icmp eq ptr {record}, null')}, label %{done}, label %{look}")
    body.start(look)
    sp = body.let(f"load ptr, ptr {body.gep(record, DEFER_SP)}, align 8")
    mine = body.let(f"icmp eq ptr {sp}, {body.frame_address(0)}")
    body.emit(f"br i1 {mine}, label %{run}, label %{done}")
    body.start(run)
    link = body.let(f"load ptr, ptr {body.gep(record, DEFER_LINK)}, align 8")
    body.emit(f"store ptr {link}, ptr {newest}, align 8")
    return body.let(f"load ptr, ptr {body.gep(record, DEFER_FN)}, align 8")


def _pop_heap(body: SegmentBody, run: str, done: str) -> str:
    """The same through the runtime, which frees records on the heap."""
    target = body.let(f"load ptr, ptr {body.ctx.cell('deferreturn')}")
    fn = body.let(f"call ptr {target}(ptr %g, ptr {body.frame_address(0)})")
    body.emit(f"br i1 {body.let(f'icmp eq ptr {fn}, null')}, label %{done}, label %{run}")
    body.start(run)
    return fn
