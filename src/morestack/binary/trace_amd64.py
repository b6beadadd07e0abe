"""amd64 instructions in the shapes that `started` follows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import iced_x86 as iced

from morestack.binary.file import Binary
from morestack.binary.pclntab import Func
from morestack.binary.steps import Place, Step

NAMES = {value: name for name, value in vars(iced.Register).items() if isinstance(value, int)}
FLOWS = {
    iced.FlowControl.UNCONDITIONAL_BRANCH: (True, False),
    iced.FlowControl.CONDITIONAL_BRANCH: (True, True),
    iced.FlowControl.INDIRECT_BRANCH: (False, False),
    iced.FlowControl.RETURN: (False, False),
}
WRITES = frozenset(
    (iced.OpAccess.WRITE, iced.OpAccess.COND_WRITE, iced.OpAccess.READ_WRITE, iced.OpAccess.READ_COND_WRITE)
)


@cache
def _full(register: int) -> str:
    """The 64-bit register that one is a part of."""
    return NAMES.get(iced.RegisterExt.full_register(register), "")  # type: ignore[arg-type]


def trace(binary: Binary, function: Func) -> Iterator[Step]:
    """The instructions of a function."""
    code = binary.read(function.entry, function.end - function.entry)
    factory = iced.InstructionInfoFactory()
    for instruction in iced.Decoder(64, code, ip=function.entry):
        step = Step(instruction.ip)
        flow = instruction.flow_control
        if flow == iced.FlowControl.CALL and instruction.is_call_near:
            step.kind, step.target = "call", instruction.near_branch_target
        elif flow in (iced.FlowControl.CALL, iced.FlowControl.INDIRECT_CALL):
            step.kind = "call"
        elif flow in FLOWS:
            step.jumps, step.falls = FLOWS[flow]
            step.target = instruction.near_branch_target if step.jumps else 0
        else:
            _move(instruction, step, factory)
        yield step


def _move(instruction: iced.Instruction, step: Step, factory: iced.InstructionInfoFactory) -> None:
    mnemonic = instruction.mnemonic
    register = iced.OpKind.REGISTER
    if mnemonic == iced.Mnemonic.LEA and instruction.is_ip_rel_memory_operand:
        step.kind, step.into = "set", _full(instruction.op0_register)
        step.value = ("at", instruction.ip_rel_memory_address)
        return
    if mnemonic == iced.Mnemonic.MOV:
        to, source = instruction.op0_kind, instruction.op1_kind
        if to == register and source == register:
            step.kind, step.into, step.source = "copy", _full(instruction.op0_register), _full(instruction.op1_register)
            return
        slot = _slot(instruction)
        if to == register and source == iced.OpKind.MEMORY and slot is not None:
            step.kind, step.into, step.source = "copy", _full(instruction.op0_register), slot
            return
        if to == iced.OpKind.MEMORY:
            moved: Place | None = _full(instruction.op1_register) if source == register else None
            if slot is not None:
                step.kind, step.into, step.source = "copy", slot, moved
            elif instruction.memory_displacement == 0 and instruction.memory_index == iced.Register.NONE:
                step.kind, step.base, step.source = "store", _full(instruction.memory_base), moved
            return
    step.clobbers = tuple(
        _full(used.register) for used in factory.info(instruction).used_registers() if used.access in WRITES
    )


def _slot(instruction: iced.Instruction) -> Place | None:
    """The stack slot that an instruction names, by SP."""
    if instruction.memory_base == iced.Register.RSP and instruction.memory_index == iced.Register.NONE:
        return "sp", instruction.memory_displacement
    return None
