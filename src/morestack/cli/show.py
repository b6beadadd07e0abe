"""`morestack show`: a program at one stage of its compilation."""

from __future__ import annotations

import click

from morestack.build.stages import OBJECT, OPT, STAGES
from morestack.cli.common import program_argument, program_of

SHOWN = [stage.name for stage in STAGES if stage is not OBJECT]


@click.command("show")
@program_argument
@click.option("--stage", type=click.Choice(SHOWN), required=True, help="What to show.")
@click.option("--func", "function", default=None, metavar="F", help="Only this function, such as main.fib.")
@click.option("--pass", "after", default=None, metavar="NAME", help="With --stage opt: after this pass of IR only.")
def command(program: tuple[str, ...], stage: str, function: str | None, after: str | None) -> None:
    """Show a program at one stage of its compilation.

    \b
    Example: morestack show --stage ir --func main.fib examples/fib.go
    """
    from morestack.observe.stages import show_stage

    if after is not None and stage != OPT.name:
        raise click.UsageError("--pass goes with --stage opt")
    click.echo(show_stage(program_of(program).root, stage, function, after), nl=False)
