"""arm64 instructions in the shapes that `started` follows."""

from __future__ import annotations

from collections.abc import Iterator

import capstone
from capstone import arm64 as a

from morestack.binary.file import Binary
from morestack.binary.pclntab import Func
from morestack.binary.steps import Place, Step

LOADS = frozenset((a.ARM64_INS_LDR, a.ARM64_INS_LDUR))
STORES = frozenset((a.ARM64_INS_STR, a.ARM64_INS_STUR, a.ARM64_INS_STP))


def trace(binary: Binary, function: Func) -> Iterator[Step]:
    """The instructions of a function. An address takes two: the page, then the place on it."""
    engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_LITTLE_ENDIAN)
    engine.detail = True
    engine.skipdata = True  # constants between instructions
    code = binary.read(function.entry, function.end - function.entry)
    pages: dict[str, int] = {}
    for instruction in engine.disasm(code, function.entry):
        for step in _steps(instruction, pages):
            if step.kind == "call" or not step.falls or step.jumps:
                pages.clear()
            else:
                for place in (*step.clobbers, step.into):
                    if isinstance(place, str) and not (step.kind == "other" and instruction.id == a.ARM64_INS_ADRP):
                        pages.pop(place, None)
            yield step


def _steps(instruction: capstone.CsInsn, pages: dict[str, int]) -> Iterator[Step]:
    step = Step(instruction.address)
    if instruction.id == 0:
        yield step
        return
    operands = instruction.operands
    name = instruction.reg_name
    match instruction.id:
        case a.ARM64_INS_BL:
            step.kind, step.target = "call", operands[0].imm
        case a.ARM64_INS_BLR:
            step.kind = "call"
        case a.ARM64_INS_RET | a.ARM64_INS_BR:
            step.falls = False
        case a.ARM64_INS_B:
            step.jumps, step.target = True, operands[0].imm
            step.falls = instruction.cc not in (a.ARM64_CC_INVALID, a.ARM64_CC_AL)
        case a.ARM64_INS_CBZ | a.ARM64_INS_CBNZ | a.ARM64_INS_TBZ | a.ARM64_INS_TBNZ:
            step.jumps, step.target = True, operands[-1].imm
        case a.ARM64_INS_ADRP:
            pages[name(operands[0].reg)] = operands[1].imm
            step.clobbers = (name(operands[0].reg),)
        case a.ARM64_INS_ADD if operands[2].type == a.ARM64_OP_IMM and name(operands[1].reg) in pages:
            step.kind, step.into = "set", name(operands[0].reg)
            step.value = ("at", pages[name(operands[1].reg)] + operands[2].imm)
        case a.ARM64_INS_MOV if operands[1].type == a.ARM64_OP_REG:
            step.kind, step.into, step.source = "copy", name(operands[0].reg), name(operands[1].reg)
        case load if load in LOADS and _slot(instruction, operands[1]) is not None:
            step.kind, step.into, step.source = "copy", name(operands[0].reg), _slot(instruction, operands[1])
        case store if store in STORES:
            yield from _stores(instruction)
            return
        case _:
            _, written = instruction.regs_access()
            step.clobbers = tuple(name(register) for register in written)
    yield step


def _stores(instruction: capstone.CsInsn) -> Iterator[Step]:
    """A store of one register or of two side by side; what changes SP names no slot."""
    *sources, memory = (o for o in instruction.operands if o.type in (a.ARM64_OP_REG, a.ARM64_OP_MEM))
    for k, source in enumerate(sources):
        step = Step(instruction.address)
        register = instruction.reg_name(source.reg)
        slot = _slot(instruction, memory, 8 * k)
        if slot is not None:
            step.kind, step.into, step.source = "copy", slot, register
        elif memory.mem.disp + 8 * k == 0 and memory.mem.index == 0:
            step.kind, step.base, step.source = "store", instruction.reg_name(memory.mem.base), register
        yield step


def _slot(instruction: capstone.CsInsn, operand: object, more: int = 0) -> Place | None:
    """The stack slot that an operand names, by SP."""
    memory = getattr(operand, "mem", None)
    if memory is None or memory.base != a.ARM64_REG_SP or memory.index or instruction.writeback:
        return None
    return "sp", memory.disp + more
