"""Linking objects into the process.

Objects are position independent and use the small code model. ORC loads them into one library per program, so hidden
symbols resolve among them. This module does not depend on the dialect, so a cached program needs only this module.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from itertools import count
from typing import Any

import llvmlite.binding as llvm

from morestack.llvm.placement import close_together
from morestack.llvm.target import target_machine

ROOM = 1 << 28
"""More bytes than the code and data of any program take, and well below the 2 GB that references reach."""


@functools.cache
def _jit() -> Any:
    return llvm.create_lljit_compiler(target_machine(2, True))


_serial = count()


def link(objects: Iterable[bytes], exports: Iterable[str], imports: dict[str, int] | None = None) -> Any:
    """Load objects into one library, with the process's symbols and `imports`; `library[name]` is an address.

    The caller must keep the library alive as long as its code may run.
    """
    builder = llvm.JITLibraryBuilder().add_current_process()
    for obj in objects:
        builder.add_object_img(obj)
    for name, address in (imports or {}).items():
        builder.import_symbol(name, address)
    for name in exports:
        builder.export_symbol(name)
    with close_together(ROOM):
        return builder.link(_jit(), f"morestack.{os.getpid()}.{next(_serial)}")
