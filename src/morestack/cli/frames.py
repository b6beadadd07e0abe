"""`morestack frames`: frame sizes and the stacks of goroutines, from a binary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from morestack.cli.output import Budgets, Output, budget_options, output_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from morestack.binary.frames import Frame, PathStep, Statement
    from morestack.process.model import Path
    from morestack.profile.budget import Budget, Finding
    from morestack.profile.paths import PathSet

DEFAULT_LIMIT = 20


class Regex(click.ParamType[str]):
    """A regular expression, which stays a text."""

    name = "regex"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            re.compile(value)
        except re.error as error:
            self.fail(f"{value!r} is not a regular expression: {error}", param, ctx)
        return str(value)


@click.command("frames")
@click.argument("binary")
@click.option("--diff", "old", metavar="OLD", help="An older build: show what changed since.")
@click.option(
    "--function", "pattern", type=Regex(), metavar="REGEX", help="Only functions, and what `go` starts, that match."
)
@click.option("--limit", type=click.IntRange(0), default=None, help="Rows of each table, 0 for all [20; all as JSON].")
@output_options
@budget_options
def command(
    binary: str, old: str | None, pattern: str | None, limit: int | None, out: Output, budgets: Budgets
) -> None:
    """Show the frame of each function of a Go program, and the stack each `go` statement's goroutine needs.

    BINARY is an executable built by Go: ELF, Mach-O or PE, stripped or not. Nothing is run.

    \b
    Examples: morestack frames ./server
              morestack frames ./server --diff ./server.old
              morestack frames ./server --function 'net/http' --limit 50
    """
    from morestack.binary import BinaryError, open_binary
    from morestack.binary.diff import compare
    from morestack.binary.frames import Frames
    from morestack.binary.report import diff_json, diff_text, frames_json, frames_text

    opened = open_binary(binary)
    frames = Frames(opened)
    builds = [frames] if old is None else [frames, Frames(open_binary(old))]
    if pattern and not any(build.functions(pattern, 1) or build.statements(pattern, 1) for build in builds):
        raise BinaryError(f"no function matches {pattern!r}")
    whole = out.as_json or out.format is not None
    most = (None if whole else DEFAULT_LIMIT) if limit is None else limit or None
    if old is not None:
        before = builds[1].binary
        difference = compare(builds[1], frames, pattern)
        out.emit(
            lambda: diff_text(before, opened, difference, most or len(difference.frames) + len(difference.statements)),
            lambda: diff_json(before, opened, difference),
            lambda: as_paths(str(opened.path), [row.new for row in difference.statements if row.new]),
        )
    else:
        functions = frames.functions(pattern, most, families=whole or pattern is not None)
        statements = frames.statements(pattern, most)
        out.emit(
            lambda: frames_text(opened, functions, statements),
            lambda: frames_json(opened, functions, statements),
            lambda: as_paths(str(opened.path), statements),
        )
    budgets.check(
        lambda budget: over(budget, frames.functions(pattern, families=False), frames.statements(pattern)), opened
    )


def as_path(steps: Iterable[PathStep]) -> Path:
    """Convert a path to the form used by `process`, innermost first."""
    from morestack.process.model import Frame

    made = [Frame(step.name, step.file, step.line, frame_bytes=step.frame_bytes) for step in steps]
    return tuple(reversed(made))


def as_paths(title: str, statements: Sequence[Statement]) -> PathSet:
    """Return the deepest path of each `go` statement, as if each statement had started one goroutine."""
    from morestack.profile.paths import STACK_TYPES, PathSet

    found = PathSet(title, STACK_TYPES, default=3, binary=title)
    for row in statements:
        if row.start is not None:
            path = as_path(row.path)
            found.add(path, goroutines=1, stack_bytes=row.own_stack_size, stack_used=row.own_bytes)
            found.add_frames(path)
    return found


def over(budget: Budget, functions: Sequence[Frame], statements: Sequence[Statement]) -> list[Finding]:
    """Return the frames and stacks that exceed the budget."""
    from morestack.process.model import Frame as PathFrame
    from morestack.process.model import Place
    from morestack.profile.budget import check_frames, check_stack

    found = check_frames(
        budget, ((PathFrame(row.name, row.file, row.line, frame_bytes=row.frame_bytes),) for row in functions)
    )
    for row in statements:
        if row.start is not None:
            at = Place(row.function, row.file, row.line)
            name = "the main goroutine" if row.is_main else row.start
            finding = check_stack(budget, name, row.own_stack_size, as_path(row.path), at)
            if finding is not None:
                found.append(finding)
    return found
