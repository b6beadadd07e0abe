"""One line about the machine on which figures were measured."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import llvmlite.binding as llvm

from morestack import __version__


def processor() -> str:
    """The processor's name as the kernel tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


def machine() -> str:
    """Processor, number of processors that can be used, system, versions."""
    cores = len(os.sched_getaffinity(0))
    llvm_version = ".".join(map(str, llvm.llvm_version_info))
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return (
        f"{processor()}, {cores} processors; {system}; "
        f"morestack {__version__}, LLVM {llvm_version}, Python {platform.python_version()}"
    )
