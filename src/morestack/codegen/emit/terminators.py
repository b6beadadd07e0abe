"""Jumps inside one LLVM function; leaving it is the business of segments and leaves."""

from __future__ import annotations

from morestack.abi.convention import STACK_PREEMPT
from morestack.abi.structures import G_STACKGUARD0
from morestack.codegen.emit.body import COLD, Body
from morestack.codegen.emit.scalar import llvm_type
from morestack.ir.module import Instr
from morestack.ir.ops import Op


def emit_jump(body: Body, i: Instr, targets: list[str]) -> None:
    """A terminator other than RETURN; `targets` are the labels of its successors."""
    match i.op:
        case Op.JUMP:
            body.emit(f"br label %{targets[0]}")
        case Op.BRANCH:
            if targets[0] == targets[1]:
                body.emit(f"br label %{targets[0]}")
            else:
                body.emit(f"br i1 {body.one(i.args[0])}, label %{targets[0]}, label %{targets[1]}")
        case Op.LOOP_CHECK:
            guard = body.let(f"load i64, ptr {body.gep('%g', G_STACKGUARD0)}")
            ok = body.let(f"icmp ne i64 {guard}, {STACK_PREEMPT}")
            body.emit(f"br i1 {ok}, label %{targets[0]}, label %{targets[1]}{COLD}")
        case Op.SWITCH:
            t = llvm_type(i.args[0].type)
            mask = (1 << (8 * i.args[0].type.size)) - 1
            cases = " ".join(f"{t} {v & mask}, label %{n}" for v, n in zip(i.cases, targets, strict=False))
            body.emit(f"switch {t} {body.one(i.args[0])}, label %{targets[-1]} [ {cases} ]")
        case _:
            body.emit("unreachable")
