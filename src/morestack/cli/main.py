"""The commands: `morestack run|escape|show|compare|bench|switch`.

A user error prints one clear message on stderr and exits with code 1. The exit code of a Go program is passed on.
Ctrl-C exits with code 130. A command imports the modules it needs only when it runs, so a cached program starts
without loading the compiler.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from errno import EDQUOT, EFBIG, EIO, ENOSPC
from importlib import import_module
from typing import Any

import click

from morestack import __version__
from morestack.cli.common import leave
from morestack.errors import UserError

COMMANDS = (
    "run",
    "escape",
    "show",
    "compare",
    "bench",
    "switch",
    "frames",
    "stacks",
    "top",
    "growth",
    "advise",
    "fleet",
)
"""Each command is the module with its name in this folder, imported on first use."""
EXTRAS = {
    **dict.fromkeys(("lief", "iced_x86", "capstone", "elftools", "numpy", "google", "textual"), "inspect"),
    **dict.fromkeys(("duckdb", "dask", "distributed"), "fleet"),
}
"""The packages that only an extra installs, by import name."""


FULL = (ENOSPC, EDQUOT, EFBIG, EIO)
"""Errors of writing, where there is no more place; those of a closed pipe are click's."""


class Failure(click.ClickException):
    """A clear message for stderr, printed unchanged."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class Commands(click.Group):
    """The command group, which turns exceptions in commands into clear messages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        found: click.Command = import_module(f"morestack.cli.{name}").command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            leave(130)
        except UserError as error:
            raise Failure(str(error)) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in FULL:
                discard_output()
                raise Failure(f"cannot write: {error.strerror}") from None
            if os.environ.get("MORESTACK_DEBUG") and not missing(error):
                raise
            raise self.failure(error) from None

    def failure(self, error: Exception) -> Failure:
        """A clear text for an error that nothing expected."""
        package = missing(error)
        if package:
            return Failure(f"this needs the package {package}: pip install 'morestack[{EXTRAS[package]}]'")
        from morestack.source.diagnostics import InternalError

        what = str(error) if isinstance(error, InternalError) else f"internal error: {type(error).__name__}: {error}"
        return Failure(f"{what}\nthis is a bug in morestack; MORESTACK_DEBUG=1 shows where")


def missing(error: Exception) -> str:
    """The package of an extra that is not installed, if that is the error."""
    package = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    return package if package in EXTRAS else ""


def discard_output() -> None:
    """Let what is still buffered go nowhere: Python would try to write it again when it ends, and complain."""
    with suppress(OSError):  # where standard output is no file of the system
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="morestack")
def main() -> None:
    """Run Go programs on goroutine stacks you can watch."""
