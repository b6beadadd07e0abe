"""What a command's target is, and reading it again and again: a process or a core.

Profiles, dumps and URLs are read by `profile`, into the same `Snapshot`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from morestack.process.core import is_core
from morestack.process.errors import ProcessError
from morestack.process.model import Snapshot


class Source(Protocol):
    """Something goroutines can be read from, as often as wanted."""

    def snapshot(self, stop: bool = False) -> Snapshot:
        """All goroutines now."""

    def close(self) -> None:
        """Give files back."""


class ProgramSource:
    """A process or core of a program built by Go's own compiler."""

    def __init__(self, target: str, binary: str | None) -> None:
        from morestack.process.program import open_core, open_process

        path = Path(binary) if binary else None
        self.program = open_process(int(target), path) if target.isdecimal() else open_core(Path(target), path)

    def snapshot(self, stop: bool = False) -> Snapshot:
        """All goroutines now."""
        from morestack.process.snapshot import snapshot

        return snapshot(self.program, stop)

    def close(self) -> None:
        """Give files back."""
        self.program.close()


def is_target(target: str) -> bool:
    """Whether this is a process id or a core file."""
    return target.isdecimal() or is_core(Path(target))


def open_source(target: str, binary: str | None = None) -> Source:
    """The process or core a target names."""
    try:
        import numpy  # noqa: F401
    except ImportError:
        raise ProcessError("this needs the package numpy: pip install 'morestack[inspect]'") from None
    if not is_target(target):
        raise ProcessError(f"{target} is neither a process id nor a core file")
    return ProgramSource(target, binary)
