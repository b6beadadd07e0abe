"""`morestack escape`: stack or heap for every allocation."""

from __future__ import annotations

import click

from morestack.cli.common import program_argument, program_of


@click.command("escape")
@program_argument
@click.option("--json", "as_json", is_flag=True, help="Decisions as JSON.")
@click.option("--explain", is_flag=True, help="Say why each value escapes, step by step.")
def command(program: tuple[str, ...], as_json: bool, explain: bool) -> None:
    """Print what escapes to the heap, as `go build -gcflags='-m -l'` does.

    \b
    Example: morestack escape examples/escape.go
    """
    from morestack.escape import report

    result = program_of(program).root.escapes
    click.echo(report.to_json(result) if as_json else report.report(result, explain), nl=False)
