"""From LLVM text to object code: parse, verify, optimise, emit. llvmlite has a global lock: threads do not help."""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm

from morestack.llvm.passes import Passes, run_passes
from morestack.llvm.target import target_machine


def parse(text: str, machine: Any = None) -> Any:
    """Parse LLVM text into a verified module."""
    if machine is None:
        target_machine()  # this registers LLVM's targets
    module = llvm.parse_assembly(text)
    module.verify()
    return module


def optimize(text: str, passes: Passes, machine: Any) -> Any:
    """Parse LLVM text into a module and optimise it."""
    module = parse(text, machine)
    run_passes(module, machine, passes)
    return module


def emit_object(text: str, passes: Passes = Passes.GO, *, here: bool = False) -> bytes:
    """Compile LLVM text to object code. With `here`, the code is for this processor only."""
    machine = target_machine(2 if passes not in (Passes.NONE, Passes.QUICK) else 0, here)
    return bytes(machine.emit_object(optimize(text, passes, machine)))


def assembly(text: str, passes: Passes = Passes.GO) -> str:
    """Compile LLVM text to assembly text."""
    machine = target_machine()
    return str(machine.emit_assembly(optimize(text, passes, machine)))
