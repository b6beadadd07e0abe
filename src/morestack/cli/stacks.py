"""`morestack stacks`: the goroutines of a real Go program in groups, and the contents of their stacks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from morestack.cli.output import Budgets, Output, budget_options, output_options

if TYPE_CHECKING:
    from morestack.process.model import Snapshot
    from morestack.profile.budget import Budget, Finding
    from morestack.profile.paths import PathSet

BY = ("creator", "start", "path", "function", "size", "frame")
SORT = ("stack", "used", "free", "count", "largest", "name")


@click.command("stacks")
@click.argument("target")
@click.option("--by", type=click.Choice(BY), default="creator", show_default=True, help="What makes a group.")
@click.option("--sort", type=click.Choice(SORT), default="stack", show_default=True, help="Which groups come first.")
@click.option("--limit", type=click.IntRange(0), default=None, help="Groups to show, 0 for all [20; all with --json].")
@click.option("--each", is_flag=True, help="With --json: every goroutine, with its path.")
@click.option("--stop", is_flag=True, help="Hold the process still while it is read, for an exact picture.")
@click.option("--system", is_flag=True, help="Count the runtime's own goroutines too.")
@click.option("--binary", metavar="FILE", help="The program, where the target does not lead to it or it is stripped.")
@output_options
@budget_options
def command(
    target: str,
    by: str,
    sort: str,
    limit: int | None,
    each: bool,
    stop: bool,
    system: bool,
    binary: str | None,
    out: Output,
    budgets: Budgets,
) -> None:
    """Group the goroutines of a running Go program, a core, a goroutine profile or a dump.

    TARGET is a process id, a core file, a profile or dump, the URL of a pprof handler, or - for standard input. A
    process is read while it runs, and nothing in it is stopped or changed unless --stop is given.

    \b
    Examples: morestack stacks 4711
              morestack stacks core.4711 --binary ./server --by path
              morestack stacks http://localhost:6060/debug/pprof/goroutine --binary ./server
    """
    from morestack.process.report import make_report, plain, print_report, to_json

    if each and not out.as_json:
        raise click.UsageError("--each goes with --json.")
    snapshot = read(target, binary, stop)
    report = make_report(snapshot, by, sort, system)
    most = 20 if limit is None else limit

    def text() -> str:
        shown = report.groups[:most] if most else report.groups
        return "\n".join(plain(report, shown, len(report.groups) - len(shown))) + "\n"

    def paths() -> PathSet:
        from morestack.profile.paths import of_snapshot

        return of_snapshot(snapshot)

    if not out.as_json and out.format is None and out.file is None and sys.stdout.isatty():
        from rich.console import Console

        print_report(report, Console(), most)
    else:
        out.emit(text, lambda: to_json(report, limit or 0, each), paths)
    budgets.check(lambda budget: over(budget, snapshot))


def over(budget: Budget, snapshot: Snapshot) -> list[Finding]:
    """Return what exceeds a budget."""
    from morestack.profile.budget import check_snapshot

    return check_snapshot(budget, snapshot)


def read(target: str, binary: str | None, stop: bool) -> Snapshot:
    """Read the goroutines of any target."""
    from morestack.process.errors import ProcessError
    from morestack.process.target import is_target, open_source

    if is_target(target):
        source = open_source(target, binary)
        try:
            return source.snapshot(stop)
        finally:
            source.close()
    if stop:
        raise ProcessError("--stop goes with a process")
    from morestack.profile.read import is_profile
    from morestack.profile.read import read as read_profile

    if target != "-" and "://" not in target and not Path(target).exists():
        raise ProcessError(f"{target} is no process id, and there is no such file")
    if not is_profile(target):
        raise ProcessError(f"{target} is none of a process id, a core, a goroutine profile and a dump")
    found = read_profile(target, binary)
    from morestack.process.model import Snapshot

    if not isinstance(found, Snapshot):
        raise ProcessError(f"{target} is a profile, but not of goroutines (/debug/pprof/goroutine)")
    return found
