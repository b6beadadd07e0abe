"""The commands: `morestack run|escape|show|compare|bench|switch`.

A user error gives one clear text on stderr and exit code 1. A Go program's own exit code is passed on. Ctrl-C ends with
130. A command imports what it needs when it runs, so a cached program starts without the compiler.
"""

from __future__ import annotations

import os
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
"""Each is the module of its name in this folder, imported when it is used."""
EXTRAS = {
    **dict.fromkeys(("lief", "iced_x86", "capstone", "elftools", "numpy", "google", "textual"), "inspect"),
    **dict.fromkeys(("duckdb", "dask", "distributed"), "fleet"),
}
"""Packages that only an extra installs, by the name they are imported by."""


class Failure(click.ClickException):
    """A clear text on stderr, printed as it is."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class Commands(click.Group):
    """The group; turns what goes wrong below it into clear texts."""

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
            package = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
            if package in EXTRAS:
                raise Failure(f"this needs the package {package}: pip install 'morestack[{EXTRAS[package]}]'") from None
            if os.environ.get("MORESTACK_DEBUG"):
                raise
            from morestack.source.diagnostics import InternalError

            what = (
                str(error) if isinstance(error, InternalError) else f"internal error: {type(error).__name__}: {error}"
            )
            raise Failure(f"{what}\nthis is a bug in morestack; MORESTACK_DEBUG=1 shows where") from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="morestack")
def main() -> None:
    """Run Go programs on goroutine stacks you can watch."""
