"""`morestack stacks`: goroutines of a real Go program by what they have in common, and what their stacks hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from morestack.process.model import Snapshot

BY = ("creator", "start", "path", "function", "size", "frame")
SORT = ("stack", "used", "free", "count", "largest", "name")


@click.command("stacks")
@click.argument("target")
@click.option("--by", type=click.Choice(BY), default="creator", show_default=True, help="What makes a group.")
@click.option("--sort", type=click.Choice(SORT), default="stack", show_default=True, help="Which groups come first.")
@click.option("--limit", type=click.IntRange(0), default=None, help="Groups to show, 0 for all [20; all with --json].")
@click.option("--json", "as_json", is_flag=True, help="As JSON; docs/json.md describes it.")
@click.option("--each", is_flag=True, help="With --json: every goroutine, with its path.")
@click.option("--stop", is_flag=True, help="Hold the process still while it is read, for an exact picture.")
@click.option("--system", is_flag=True, help="Count the runtime's own goroutines too.")
@click.option("--binary", metavar="FILE", help="The program, where the target does not lead to it or it is stripped.")
def command(
    target: str,
    by: str,
    sort: str,
    limit: int | None,
    as_json: bool,
    each: bool,
    stop: bool,
    system: bool,
    binary: str | None,
) -> None:
    """Group the goroutines of a running Go program, a core, a goroutine profile or a dump.

    TARGET is a process id, a core file, a profile or dump, the URL of a pprof handler, or - for standard input. A
    process is read while it runs, and nothing in it is stopped or changed unless --stop is given.

    \b
    Examples: morestack stacks 4711
              morestack stacks core.4711 --binary ./server --by path
              morestack stacks http://localhost:6060/debug/pprof/goroutine --binary ./server
    """
    from morestack.process.report import make_report, print_report, to_json

    if each and not as_json:
        raise click.UsageError("--each goes with --json.")
    report = make_report(read(target, binary, stop), by, sort, system)
    if as_json:
        click.echo(json.dumps(to_json(report, limit or 0, each), indent=1))
        return
    from rich.console import Console

    print_report(report, Console(), 20 if limit is None else limit)


def read(target: str, binary: str | None, stop: bool) -> Snapshot:
    """The goroutines of any target."""
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
