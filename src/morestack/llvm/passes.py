"""Which of LLVM's passes run: short lists, chosen by measurement.

Compiled Go: registers and spills are explicit already, so what pays is inlining of small leaves, SROA (allocas to SSA;
a second time for objects whose address was in one), InstCombine, CFG clean-up, and unrolling of loops. Unrolling halves
the time of a loop of six instructions that hands values from variable to variable, at no compile time that can be
measured. Code generation takes most of the time.

The dialect, for unit tests and benchmarks of single functions: functions that are small, called once or @inline are
`alwaysinline` (dialect/lower.py), so the list does without LLVM's inliner and takes a sixth of the time of FULL.

The runtime of a program is compiled with FULL, LLVM's own O2 without vectorizers. Rejected: DIALECT for it. Compiling
took half the processor time, but a collection took 1.2 times as long and look-ups in maps up to 1.1 times.

Rejected too: NewGVN for compiled Go. It is the only redundancy elimination on offer, and LLVM itself does not enable
it, for doubts about its soundness.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import llvmlite.binding as llvm


class Passes(Enum):
    """A list of passes, each by llvmlite's name."""

    NONE = ()
    QUICK = ("always_inliner", "sroa")
    GO = (
        "always_inliner", "sroa", "instruction_combine", "simplify_cfg", "sroa", "loop_rotate", "loop_unroll",
        "simplify_cfg",
    )  # fmt: skip
    DIALECT = (
        "sroa", "simplify_cfg", "always_inliner", "global_dead_code_eliminate", "sroa", "instruction_combine",
        "aggressive_instcombine", "simplify_cfg", "post_order_function_attributes", "new_gvn", "instruction_combine",
        "simplify_cfg", "aggressive_dce",
    )  # fmt: skip
    FULL = ("O2",)


def run_passes(module: Any, machine: Any, passes: Passes) -> None:
    """Run a list of passes on a module."""
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    if passes is Passes.FULL:
        builder.getModulePassManager().run(module, builder)
        return
    manager = llvm.create_new_module_pass_manager()
    for name in passes.value:
        getattr(manager, f"add_{name}_pass")()
    manager.run(module, builder)
