"""`morestack top`: the goroutines of a running Go program, live."""

from __future__ import annotations

import json
import sys
import time

import click

from morestack.cli.stacks import BY, SORT


@click.command("top")
@click.argument("target", metavar="PID")
@click.option("--by", type=click.Choice(BY), default="creator", show_default=True, help="What makes a group.")
@click.option("--sort", type=click.Choice(SORT), default="stack", show_default=True, help="Which groups come first.")
@click.option(
    "--interval", type=click.FloatRange(0.05), default=2.0, show_default=True, help="Seconds between readings."
)
@click.option("--count", type=click.IntRange(1), default=None, help="Print this many readings and end.")
@click.option("--once", is_flag=True, help="Print one reading and end.")
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Groups to print, 0 for all.")
@click.option("--json", "as_json", is_flag=True, help="Print readings as JSON, one a line.")
@click.option("--stop", is_flag=True, help="Hold the process still during each reading.")
@click.option("--system", is_flag=True, help="Count the runtime's own goroutines too.")
@click.option("--binary", metavar="FILE", help="The program, where the process's own is stripped.")
def command(
    target: str,
    by: str,
    sort: str,
    interval: float,
    count: int | None,
    once: bool,
    limit: int,
    as_json: bool,
    stop: bool,
    system: bool,
    binary: str | None,
) -> None:
    """Watch the goroutines of a running Go program: totals, groups, and how fast they grow and shrink.

    On a terminal: b groups by something else, s sorts, / filters, Enter shows a goroutine's path and frames, p pauses,
    q ends. With --once, --count or --json, or when the output is no terminal, readings are printed instead.

    \b
    Examples: morestack top 4711
              morestack top 4711 --interval 10 --count 6 --json
    """
    from morestack.process.errors import ProcessError
    from morestack.process.history import History
    from morestack.process.target import open_source

    if not target.isdecimal():
        raise click.UsageError("PID is a process id; `morestack stacks` reads cores and profiles.")
    history = History(by, sort, system)
    source = open_source(target, binary)
    try:
        if sys.stdout.isatty() and not (once or count or as_json):
            try:
                from morestack.process.screen import Top
            except ImportError:
                raise ProcessError(
                    "the live screen needs the package textual: pip install 'morestack[inspect]'; "
                    "--once and --count print without it"
                ) from None
            Top(source, history, interval, stop).run()
            return
        left = 1 if once else count
        while True:
            began = time.monotonic()
            try:
                sample = history.add(source.snapshot(stop))
            except ProcessError:
                if history.latest is None:
                    raise
                click.echo(f"process {target} has ended", err=True)
                return
            from morestack.process.history import sample_json, sample_text

            if as_json:
                click.echo(json.dumps(sample_json(sample, limit)))
            else:
                click.echo("\n".join(sample_text(sample, limit)) + "\n")
            sys.stdout.flush()
            if left is not None:
                left -= 1
                if left == 0:
                    return
            time.sleep(max(0.0, interval - (time.monotonic() - began)))
    finally:
        source.close()
