"""Our own Go packages, which depend on our runtime; the compiler itself compiles them.

Each folder is an import path (`build/finder.py` finds them). `runtime/` is linked into every program, because it
declares the types of run-time errors.
"""

ERROR_TYPES = ("errorString", "plainError", "boundsError", "*TypeAssertionError", "*PanicNilError")
"""The error types, in the order that runtime/fail/error.py expects."""


def error_table() -> str:
    """Return the LLVM text of `rt.errors`, the table of descriptors of the error types, for the module of package
    runtime."""
    names = ", ".join(f'ptr @"type.{_link(name)}"' for name in ERROR_TYPES)
    return f"@rt.errors = hidden constant [{len(ERROR_TYPES)} x ptr] [{names}]\n"


def _link(name: str) -> str:
    return f"*runtime.{name[1:]}" if name.startswith("*") else f"runtime.{name}"
