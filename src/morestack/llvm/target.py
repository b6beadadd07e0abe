"""The machine that code is made for: the one setting of triple, data layout, processor and code model.

Compiled Go is for any x86-64 with SSE4.2 and POPCNT, so that its objects can be kept and moved. The runtime is compiled
where it runs, for all that this processor has.

What else is of x86-64 alone, for who ports it:
- abi/convention.py: INT_REGS. An indirect musttail call of the uniform prototype takes 11 integer registers.
- PAUSE and FLOAT_TO_INT below: intrinsics with x86's meaning (out of range gives the smallest integer).
- llvm/linking.py, llvm/placement.py: references of the small code model reach 2 GB.
- runtime/sys/os.py: the number of the futex call; golib/syscall: those of Go programs.
Stubs are LLVM IR (codegen/stubs.py): there is no assembly.
"""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm

TRIPLE = "x86_64-unknown-linux-gnu"
DATA_LAYOUT = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
CPU = "x86-64-v2"

HEADER = (f'target datalayout = "{DATA_LAYOUT}"', f'target triple = "{TRIPLE}"')
"""The first lines of every module."""

PAUSE = "llvm.x86.sse2.pause"
"""The hint of a loop that waits for another thread."""
FLOAT_TO_INT = {
    ("float", 32): "llvm.x86.sse.cvttss2si",
    ("float", 64): "llvm.x86.sse.cvttss2si64",
    ("double", 32): "llvm.x86.sse2.cvttsd2si",
    ("double", 64): "llvm.x86.sse2.cvttsd2si64",
}
"""Conversions to a signed integer, by the source's type and the result's width."""
SIMD_BYTES = 16
"""A vector register, in whose lowest element those take their operand."""


@functools.cache
def target_machine(opt: int = 2, here: bool = False) -> Any:
    """The machine at a level of code generation; `here`: with all features of this processor. Made once a process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_triple(TRIPLE).create_target_machine(
        cpu=llvm.get_host_cpu_name() if here else CPU,
        features=host_features() if here else "",
        opt=opt,
        reloc="pic",
        codemodel="small",
    )


@functools.cache
def host_features() -> str:
    """The features of this processor, as LLVM spells them."""
    return str(llvm.get_host_cpu_features().flatten())


def host() -> str:
    """What the runtime's objects depend on beside their source: part of the key under which they are kept."""
    return f"{llvm.llvm_version_info} {llvm.get_host_cpu_name()} {host_features()}"
