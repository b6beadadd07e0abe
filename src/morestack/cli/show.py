"""`morestack show`: a program at one stage of its compilation."""

from __future__ import annotations

import click

from morestack.cli.common import compilation, program_argument

STAGES = ("ast", "types", "escape", "ir", "llvm", "asm")


@click.command("show")
@program_argument
@click.option("--stage", type=click.Choice(STAGES), required=True, help="What to show.")
@click.option("--func", "function", default=None, metavar="F", help="Only this function, such as main.fib.")
def command(program: tuple[str, ...], stage: str, function: str | None) -> None:
    """Show a program at one stage of its compilation.

    \b
    Example: morestack show --stage ir --func main.fib examples/fib.go
    """
    from morestack.observe.show import show_stage

    click.echo(show_stage(compilation(program), stage, function), nl=False)
