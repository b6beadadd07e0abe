"""`morestack bench`: the benchmark suite under every discipline and under other Go compilers."""

from __future__ import annotations

import click

from morestack.engine.disciplines import disciplines


@click.command("bench")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="One run of each instead of as many as eight seconds a program allow.")
@click.option("--own", is_flag=True, help="Without other Go compilers.")
@click.option("--json", "as_json", is_flag=True, help="All numbers as JSON.")
@click.option("--markdown", type=click.Path(dir_okay=False, writable=True), help="Also write the results page.")
def command(names: tuple[str, ...], quick: bool, own: bool, as_json: bool, markdown: str | None) -> None:
    """Time the benchmark suite, or some of it, under every discipline and under real Go.

    \b
    Example: morestack bench --quick fib ack
    """
    from morestack.bench.compare.report import show as show_table
    from morestack.bench.suite import command as suite
    from morestack.observe.progress import progress

    table = suite.run_bench(names, disciplines(), quick, own, progress())
    if markdown is not None:
        from morestack.bench.suite.page import write_page

        write_page(markdown, table)
    show_table(suite.to_json(table) if as_json else suite.to_text(table))
