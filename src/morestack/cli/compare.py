"""`morestack compare`: one program under every stack discipline."""

from __future__ import annotations

import click

from morestack.cli.common import program_argument
from morestack.engine.disciplines import disciplines


@click.command("compare")
@program_argument
@click.option(
    "--sweep", metavar="NAME=VALUES", help="A constant's values (1..64, 0..90+10, 1,2,5), or initial=2048..65536."
)
@click.option("--discipline", "names", multiple=True, type=click.Choice(disciplines()), help="Only these.")
@click.option("--repeat", type=click.IntRange(1, 1000), help="Rounds; without it as many as the budget allows.")
@click.option("--budget", type=click.FloatRange(0.1), default=10.0, metavar="SECONDS", help="For all rounds (10).")
@click.option("--json", "as_json", is_flag=True, help="All numbers as JSON.")
@click.option("--html", type=click.Path(dir_okay=False, writable=True), help="Also write a page with plots.")
def command(
    program: tuple[str, ...],
    sweep: str | None,
    names: tuple[str, ...],
    repeat: int | None,
    budget: float,
    as_json: bool,
    html: str | None,
) -> None:
    """Run a program under every stack discipline and show what each costs.

    \b
    Example: morestack compare --sweep depth=144..176+8 examples/hotsplit.go
    """
    from morestack.bench.compare.command import run_compare
    from morestack.bench.compare.report import show as show_table

    show_table(run_compare(program, sweep, names or disciplines(), repeat, budget, as_json, html))
