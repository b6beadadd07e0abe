"""The target machine: the one place that sets triple, data layout, processor and code model.

Compiled Go runs on any x86-64 with SSE4.2 and POPCNT, so its objects can be cached and moved to another machine. The
runtime is compiled on the machine it runs on, and uses all features of that processor.

A port must also change these places, which assume x86-64:
- abi/convention.py: INT_REGS. An indirect musttail call of the uniform prototype takes 11 integer registers.
- PAUSE and FLOAT_TO_INT below: intrinsics with x86's semantics (out of range gives the smallest integer).
- llvm/linking.py, llvm/placement.py: references of the small code model reach 2 GB.
- runtime/sys/os.py: the number of the futex call; golib/syscall: the call numbers of Go programs.
There is no assembly: stubs are LLVM IR (codegen/stubs.py).
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
"""The hint to the processor in a loop that waits for another thread."""
FLOAT_TO_INT = {
    ("float", 32): "llvm.x86.sse.cvttss2si",
    ("float", 64): "llvm.x86.sse.cvttss2si64",
    ("double", 32): "llvm.x86.sse2.cvttsd2si",
    ("double", 64): "llvm.x86.sse2.cvttsd2si64",
}
"""Conversions to a signed integer, by the type of the source and the width of the result."""
SIMD_BYTES = 16
"""Bytes of a vector register. FLOAT_TO_INT's intrinsics take their operand in its lowest element."""


@functools.cache
def target_machine(opt: int = 2, here: bool = False) -> Any:
    """The machine for a level of code generation, made once; `here` gives it all features of this processor."""
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
    """What the runtime's objects depend on besides their source. It is part of their cache key."""
    return f"{llvm.llvm_version_info} {llvm.get_host_cpu_name()} {host_features()}"
