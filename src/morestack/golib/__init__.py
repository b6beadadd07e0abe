"""Go packages of our own, tied to our runtime; compiled by the compiler itself.

`runtime/` has what package runtime is in Go where ours is Go too: the types of run-time errors.
"""

from __future__ import annotations

from pathlib import Path

ERROR_TYPES = ("errorString", "plainError", "boundsError", "*TypeAssertionError", "*PanicNilError")
"""The order runtime/error.py knows."""


def runtime_package() -> str:
    """LLVM text of package runtime, with the table `rt.errors` of its error types."""
    from morestack.pipeline import Compilation
    from morestack.source.span import SourceFile

    path = Path(__file__).parent / "runtime" / "error.go"
    text = Compilation([SourceFile("runtime/error.go", path.read_bytes())], package="runtime").llvm
    names = ", ".join(f'ptr @"type.{_link(name)}"' for name in ERROR_TYPES)
    return f"{text}@rt.errors = hidden constant [{len(ERROR_TYPES)} x ptr] [{names}]\n"


def _link(name: str) -> str:
    return f"*runtime.{name[1:]}" if name.startswith("*") else f"runtime.{name}"
