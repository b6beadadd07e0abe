"""Go packages of our own, tied to our runtime; compiled by the compiler itself.

A folder is an import path (`source/packages.py` finds them). `runtime/` is linked to every program, as the types of
run-time errors are there.
"""

from __future__ import annotations

ERROR_TYPES = ("errorString", "plainError", "boundsError", "*TypeAssertionError", "*PanicNilError")
"""The order runtime/error.py knows."""


def runtime_package() -> str:
    """LLVM text of package runtime, with the table `rt.errors` of its error types."""
    from morestack.pipeline import Compilation
    from morestack.source.packages import find_package

    text = Compilation(find_package("runtime") or (), package="runtime").llvm
    names = ", ".join(f'ptr @"type.{_link(name)}"' for name in ERROR_TYPES)
    return f"{text}@rt.errors = hidden constant [{len(ERROR_TYPES)} x ptr] [{names}]\n"


def _link(name: str) -> str:
    return f"*runtime.{name[1:]}" if name.startswith("*") else f"runtime.{name}"
