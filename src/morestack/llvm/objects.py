"""From LLVM text to object code: parse, verify, optimise, emit.

The pass list is short and chosen by measurement: registers and spills are already explicit, so what pays is
inlining of small leaves, SROA (allocas to SSA; a second time for objects whose address was in one), InstCombine, CFG
clean-up, and unrolling of loops (a loop of six instructions that hands values from variable to variable takes half the
time, and it costs the compiler nothing that can be measured); code generation then takes most of the time. `opt` 0
leaves out all after the first SROA, 3 is LLVM's own O2, which takes twice as long. Rejected: NewGVN, the only
redundancy elimination on offer besides, which LLVM itself does not enable for doubts about its soundness.
"""

from __future__ import annotations

import llvmlite.binding as llvm

_machines: dict[int, llvm.TargetMachine] = {}
_ready = False


def target_machine(opt: int = 2) -> llvm.TargetMachine:
    """The machine all code is made for: x86-64 with SSE4, position independent, small code model."""
    global _ready
    if not _ready:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        _ready = True
    known = _machines.get(opt)
    if known is None:
        target = llvm.Target.from_default_triple()
        known = _machines[opt] = target.create_target_machine(
            cpu="x86-64-v2", opt=min(opt, 2), reloc="pic", codemodel="small"
        )
    return known


def optimize(text: str, opt: int = 2) -> llvm.ModuleRef:
    """Parse, verify and optimise LLVM text."""
    machine = target_machine(opt)
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=min(opt, 2))
    builder = llvm.create_pass_builder(machine, options)
    if opt > 2:
        options.loop_vectorization = options.slp_vectorization = False
        passes = builder.getModulePassManager()
    else:
        passes = llvm.create_new_module_pass_manager()
        passes.add_always_inliner_pass()
        passes.add_sroa_pass()
        if opt:
            passes.add_instruction_combine_pass()
            passes.add_simplify_cfg_pass()
            passes.add_sroa_pass()
            passes.add_loop_rotate_pass()
            passes.add_loop_unroll_pass()
            passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return module


def optimize_and_emit(text: str, opt: int = 2) -> bytes:
    """Object code of LLVM text."""
    module = optimize(text, opt)
    return bytes(target_machine(opt).emit_object(module))


def assembly(text: str, opt: int = 2) -> str:
    """Assembly text of LLVM text."""
    module = optimize(text, opt)
    return str(target_machine(opt).emit_assembly(module))
