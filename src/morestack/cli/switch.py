"""`morestack switch`: the changes and costs of a switch between goroutines."""

from __future__ import annotations

import click

from morestack.cli.common import leave


@click.command("switch")
@click.argument("program", nargs=-1, metavar="[PROG.GO...]")
@click.option("--json", "as_json", is_flag=True, help="All numbers as JSON.")
def command(program: tuple[str, ...], as_json: bool) -> None:
    """Show what a switch of goroutines changes and costs, beside the kernel's and Python's.

    \b
    Example: morestack switch examples/pingpong.go
    """
    from morestack.bench.switch.command import run_switch
    from morestack.observe.progress import progress

    click.echo(run_switch(program, as_json, progress()))
    leave(0)
