"""Code that commands share: the program argument, its compilation, and ending the process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from morestack.build.program import Program


def leave(code: int) -> None:
    """End the process at once, because other threads may be in native code and cannot be joined."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def program_of(paths: Sequence[str]) -> Program:
    """Return the program in these files or in this directory."""
    from morestack.build.files import read_program
    from morestack.build.program import Program
    from morestack.observe.progress import progress

    return Program(read_program(paths), progress=progress())


def program_argument(command: Callable[..., None]) -> Callable[..., None]:
    """Add the argument for the Go files, or one directory, of a program."""
    return click.argument("program", nargs=-1, required=True, metavar="PROG.GO...")(command)
