"""Options shared by the commands for real programs: JSON, output formats, budgets and their annotations.

A command takes `out` (`@output_options`), and calls `out.emit` with a function for each form of its result; only the
function for the requested form is called. It also takes `budgets` (`@budget_options`), and calls `budgets.check`
last, which exits with code 1 if a budget is exceeded.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from morestack.errors import UserError

if TYPE_CHECKING:
    from morestack.binary import Binary
    from morestack.profile.budget import Budget, Finding
    from morestack.profile.paths import PathSet

FORMATS = ("pprof", "folded", "speedscope", "html")
BINARY = frozenset({"pprof"})


@dataclass(frozen=True, slots=True)
class Output:
    """The form of a command's output, and its destination."""

    as_json: bool
    format: str | None
    file: str | None

    def emit(self, text: Callable[[], str], as_json: Callable[[], Any], paths: Callable[[], PathSet]) -> None:
        """Write the output in the requested form."""
        if self.format is not None:
            from morestack.profile.formats import FORMATS as WRITERS

            data = WRITERS[self.format](paths())
            if self.format in BINARY and self.file is None and sys.stdout.isatty():
                raise click.UsageError(f"--format {self.format} is not text: give a file with -o.")
        elif self.as_json:
            data = json.dumps(as_json(), indent=2).encode() + b"\n"
        else:
            data = text().encode()
        self.write(data)

    def write(self, data: bytes) -> None:
        """Write data to the file, or to standard output."""
        if self.file is None or self.file == "-":
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        try:
            with open(self.file, "wb") as file:
                file.write(data)
        except OSError as error:
            raise UserError(f"cannot write {self.file}: {error.strerror}") from None


def output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--json`, `--format` and `-o`, as the single argument `out`."""

    @functools.wraps(command)
    def wrapped(*args: Any, as_json: bool, format: str | None, file: str | None, **rest: Any) -> None:
        if as_json and format:
            raise click.UsageError("--json and --format exclude each other.")
        command(*args, out=Output(as_json, format, file), **rest)

    options = (
        click.option("--json", "as_json", is_flag=True, help="The answer as JSON; docs/json.md describes it."),
        click.option("--format", type=click.Choice(FORMATS), help="For other tools, or one HTML page."),
        click.option("-o", "--output", "file", metavar="FILE", help="Write there instead of standard output."),
    )
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


class Size(click.ParamType[int]):
    """A number of bytes: 4096, 4KB, "4 KB"."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from morestack.profile.budget import size
        from morestack.profile.errors import ProfileError

        try:
            return size(int(value) if str(value).isdigit() else value, "--fail-over")
        except ProfileError as error:
            self.fail(str(error), param, ctx)


@dataclass(frozen=True, slots=True)
class Budgets:
    """The budgets that apply, and how to report what exceeds them."""

    budgets: tuple[Budget, ...]
    sarif: str | None
    github: bool

    def check(self, find: Callable[[Budget], list[Finding]], binary: Binary | None = None) -> None:
        """Report everything that exceeds the budgets; exit with 1 if there is anything or nothing could be checked."""
        from morestack.profile.annotate import Sources, github, sarif, text
        from morestack.profile.budget import unchecked_text

        if not self.budgets:
            return
        found = [finding for budget in self.budgets for finding in find(budget)]
        sources = Sources(module(binary), os.getcwd())
        if self.sarif is not None:
            Output(False, None, self.sarif).write(sarif(found, sources).encode())
        if self.github:
            click.echo(github(found, sources), nl=False)
        click.echo("".join(map(unchecked_text, self.budgets)), nl=False, err=True)
        blind = [budget.source for budget in self.budgets if budget.blind()]
        if found:
            click.echo(text(found), nl=False, err=True)
        for source in blind:
            click.echo(f"nothing could be checked against {source}", err=True)
        if found or blind:
            raise click.exceptions.Exit(1)


def module(binary: Binary | None) -> str:
    """Return the path of a binary's main module, with which the names of its files begin under -trimpath."""
    if binary is None:
        return ""
    lines = (line.split("\t") for line in binary.build.module.splitlines())
    return next((parts[1] for parts in lines if parts[0] == "mod" and len(parts) > 1), "")


def read_budgets(file: str | None, fail_over: int | None) -> tuple[Budget, ...]:
    """Read the given budgets, before any work is done for them."""
    if file is None and fail_over is None:
        return ()
    from morestack.profile.budget import over, read_budget
    from morestack.profile.errors import ProfileError

    try:
        found = [read_budget(file)] if file is not None else []
    except ProfileError as error:
        raise click.UsageError(str(error)) from None
    return (*found, *([over(fail_over)] if fail_over is not None else []))


def budget_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--budget`, `--fail-over`, `--sarif` and `--github`, as the single argument `budgets`."""

    @functools.wraps(command)
    def wrapped(
        *args: Any, budget: str | None, fail_over: int | None, sarif: str | None, github: bool, **rest: Any
    ) -> None:
        if (sarif or github) and budget is None and fail_over is None:
            raise click.UsageError("--sarif and --github go with --budget or --fail-over.")
        command(*args, budgets=Budgets(read_budgets(budget, fail_over), sarif, github), **rest)

    options = (
        click.option("--budget", metavar="FILE", help="Exit with 1 when something is over this budget (TOML)."),
        click.option("--fail-over", type=Size(), metavar="BYTES", help="Exit with 1 when a frame or stack is larger."),
        click.option("--sarif", metavar="FILE", help="Write what is over budget as SARIF."),
        click.option("--github", is_flag=True, help="Print what is over budget as GitHub annotations."),
    )
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped
