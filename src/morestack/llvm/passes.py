"""Which of LLVM's passes run: short lists, chosen by measurement.

GO is for compiled Go. Registers and spills are explicit there already. The passes that pay are inlining of small leaf
functions, SROA (allocas to SSA; a second time for objects whose address was in an alloca), InstCombine, CFG clean-up,
and loop unrolling. Unrolling halves the time of a six-instruction loop that hands values from variable to variable,
and its compile time is too small to measure. Code generation takes most of the time.

DIALECT is for unit tests and benchmarks of single functions. Functions that are small, called once or marked @inline
are `alwaysinline` (dialect/lower.py), so the list does not need LLVM's inliner and takes a sixth of the time of FULL.

FULL, LLVM's own O2 without vectorizers, compiles the runtime of a program. Rejected: DIALECT for the runtime. It took
half the processor time to compile, but a collection took 1.2 times as long and map look-ups up to 1.1 times.

Rejected: NewGVN for compiled Go. It is the only redundancy elimination available, and LLVM itself does not enable it,
because of doubts about its soundness.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import llvmlite.binding as llvm


class Passes(Enum):
    """A list of passes, under llvmlite's names."""

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
