"""`morestack growth`: the code that pays for growing stacks, from a CPU profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from morestack.cli.output import Budgets, Output, budget_options, output_options

if TYPE_CHECKING:
    from morestack.profile.growth import Growth


@click.command("growth")
@click.argument("profile")
@click.option("--binary", metavar="FILE", help="The program it was taken from: adds bytes, sizes and `go` statements.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Rows of each table.")
@output_options
@budget_options
def command(profile: str, binary: str | None, limit: int, out: Output, budgets: Budgets) -> None:
    """Show who pays for growing stacks: callers, paths and `go` statements, by their share of time.

    PROFILE is a CPU profile: a file, `-` for standard input, or the URL of a pprof handler.

    \b
    Example: morestack growth cpu.pb.gz --binary ./server
    """
    from morestack.profile.budget import check_growth
    from morestack.profile.growth import growth
    from morestack.profile.paths import of_growth
    from morestack.profile.read import open_sizer, read_cpu
    from morestack.profile.report import growth_json, growth_text

    sizer = open_sizer(binary)
    found: Growth = growth(read_cpu(profile, sizer), sizer.full if sizer is not None else None)
    out.emit(lambda: growth_text(found, limit), lambda: growth_json(found), lambda: of_growth(found))
    budgets.check(lambda budget: check_growth(budget, found), sizer.binary if sizer is not None else None)
