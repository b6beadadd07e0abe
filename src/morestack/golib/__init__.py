"""Go packages of our own, tied to our runtime; compiled by the compiler itself.

A folder is an import path (`build/finder.py` finds them). `runtime/` is linked to every program, because the types of
run-time errors are there.
"""

ERROR_TYPES = ("errorString", "plainError", "boundsError", "*TypeAssertionError", "*PanicNilError")
"""The order runtime/fail/error.py knows."""


def error_table() -> str:
    """LLVM text of `rt.errors`, the descriptors of the error types: part of package runtime's module."""
    names = ", ".join(f'ptr @"type.{_link(name)}"' for name in ERROR_TYPES)
    return f"@rt.errors = hidden constant [{len(ERROR_TYPES)} x ptr] [{names}]\n"


def _link(name: str) -> str:
    return f"*runtime.{name[1:]}" if name.startswith("*") else f"runtime.{name}"
