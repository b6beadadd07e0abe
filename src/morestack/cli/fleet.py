"""`morestack fleet`: collects many profiles in one table and queries it."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import click

from morestack.cli.output import Output


@click.group("fleet")
def command() -> None:
    """Collect the profiles of many hosts and versions, and ask about their stacks."""


@command.command("collect")
@click.argument("profiles", nargs=-1, required=True, metavar="PATTERN...")
@click.option(
    "--binary", "binaries", multiple=True, metavar="[NAME=]FILE", help="A build that profiles are of; give it for each."
)
@click.option("-o", "--output", "output", required=True, metavar="FILE", help="The Parquet file to write.")
@click.option("--dask", metavar="ADDRESS", help="Read on a Dask cluster, whose workers see the same files.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes on this machine.")
@click.option("--strict", is_flag=True, help="Exit with 1 when a profile was skipped.")
@click.option("--json", "as_json", is_flag=True, help="What was done, as JSON.")
def collect_command(
    profiles: tuple[str, ...],
    binaries: tuple[str, ...],
    output: str,
    dask: str | None,
    jobs: int | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Write one row a frame and profile to a Parquet file.

    Profiles are goroutine profiles, dumps and CPU profiles; each is matched to the build it is of. Those that cannot
    be read are told and skipped.

    \b
    Example: morestack fleet collect 'profiles/**/*.pb.gz' --binary v1=./server -o stacks.parquet
    """
    from morestack.profile.fleet.collect import collect, parse_version

    def progress(done: int, all: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done:,} of {all:,} profiles", nl=done == all, err=True)

    found = collect(profiles, [parse_version(text) for text in binaries], output, dask, jobs, progress)
    if as_json:
        skipped = [{"profile": name, "reason": reason} for name, reason in found.skipped]
        answer = {"schema": "morestack.fleet.collect/1", "output": found.output, "files": found.files}
        click.echo(json.dumps(answer | {"read": found.read, "rows": found.rows, "skipped": skipped}, indent=2))
    else:
        for name, reason in found.skipped:
            click.echo(f"skipped {name}: {reason}", err=True)
        text = f"{found.read:,} of {found.files:,} profiles read, {found.rows:,} rows in {found.output}"
        click.echo(text + (f"; {len(found.skipped):,} skipped" if found.skipped else ""))
    if strict and found.skipped:
        raise click.exceptions.Exit(1)


@command.command("query")
@click.argument("collection")
@click.argument("question", required=False)
@click.option("--sql", metavar="SELECT", help="Ask this instead: the views are rows and paths.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Rows, or paths for top.")
@click.option("--every", default="1 day", show_default=True, help="How time is cut, for top.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@click.option("-o", "--output", "file", metavar="FILE", help="Write there instead of standard output.")
def query_command(
    collection: str, question: str | None, sql: str | None, limit: int, every: str, as_json: bool, file: str | None
) -> None:
    """Ask a collection a ready question, or any in SQL.

    \b
    Questions:
      top          the paths whose goroutines take the most stack, over time
      regressions  what a goroutine of a `go` statement needs, where it grew between versions
      frames       functions whose frame grew between versions
      outliers     profiles with far more goroutines or larger stacks than the others
      growth       who pays for growing stacks, from CPU profiles

    \b
    Example: morestack fleet query stacks.parquet regressions
    """
    from morestack.profile.fleet.query import query

    if (question is None) == (sql is None):
        raise click.UsageError("Give a question or --sql.")
    answer = query(collection, question, sql, limit, every)
    if as_json:
        rows = [dict(zip(answer.columns, map(plain, row), strict=True)) for row in answer.rows]
        skipped = [{"profile": name, "reason": reason} for name, reason in answer.skipped]
        made = {"schema": "morestack.fleet.query/1", "question": question, "rows": rows, "skipped": skipped}
        text = json.dumps(made, indent=2) + "\n"
    else:
        text = table(answer.columns, answer.rows)
        if answer.skipped:
            text += f"{len(answer.skipped):,} profiles were skipped when this was collected.\n"
    Output(as_json, None, file).write(text.encode())


def plain(value: Any) -> Any:
    """Convert a value to a form that JSON supports."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int | float | str | bool | list | None) else str(value)


def shown(value: Any) -> str:
    """Format a value for a table."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}" if isinstance(value, float) else str(value)


def table(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    """Return aligned columns, with numbers on the right."""
    if not rows:
        return "nothing\n"
    cells = [[c.replace("_", " ") for c in columns], *([shown(v) for v in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    right = [isinstance(next((r[i] for r in rows if r[i] is not None), ""), int | float) for i in range(len(columns))]
    lines = []
    for row in cells:
        parts = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        lines.append("  ".join(parts).rstrip() + "\n")
    return "".join(lines)
