"""`morestack run`: compile a Go program, run it, and report on its stacks."""

from __future__ import annotations

import click

from morestack.cli.common import leave, program_argument, program_of
from morestack.engine.disciplines import choose, disciplines


@click.command("run")
@program_argument
@click.option("--stacks", is_flag=True, help="After the program, report what its stacks did (on stderr).")
@click.option("--json", "as_json", is_flag=True, help="With --stacks: the report as JSON.")
@click.option(
    "--runtime",
    type=click.Choice(["native", "python"]),
    default="native",
    help="python: runtime functions run under CPython, where pdb can stop in them.",
)
@click.option("--break", "stop", metavar="FUNCTION", help="Stop in pdb in a runtime function, such as copystack.")
@click.option("--discipline", type=click.Choice(disciplines()), default=None, help="What stacks do when full.")
@click.option("--segment", type=int, default=None, help="Bytes of a segment, for segmented stacks: 4096 or 8192.")
@click.option("--stats", metavar="FILE", help="Write what the run cost and the runtime's counters, as JSON.")
@click.option("--count-syscalls", is_flag=True, help="With --stats: system calls too, where the kernel counts them.")
def command(
    program: tuple[str, ...],
    stacks: bool,
    as_json: bool,
    runtime: str,
    stop: str | None,
    discipline: str | None,
    segment: int | None,
    stats: str | None,
    count_syscalls: bool,
) -> None:
    """Compile a Go program and run it.

    GOMAXPROCS, GOGC, GOMEMLIMIT, GODEBUG and GOTRACEBACK mean what they mean to Go; docs/environment.md lists all
    variables.

    \b
    Example: morestack run --stacks examples/tree.go
    """
    from morestack.engine.program import LinkedProgram

    if as_json and not stacks:
        raise click.UsageError("--json goes with --stacks.")
    if count_syscalls and stats is None:
        raise click.UsageError("--count-syscalls goes with --stats.")
    if stop is not None:
        from morestack.engine.stepping import stop_in

        stop_in(stop)
        runtime = "python"
    chosen = choose(discipline, segment)
    built = program_of(program)
    ready = LinkedProgram.load(built.objects, built.progress)
    built.progress("")
    if stats is None and not stacks:
        leave(ready.run(runtime == "python", stacks=chosen))
    from morestack.observe.usage import Usage, write_stats

    usage = Usage(count_syscalls)
    code = ready.run(runtime == "python", usage, chosen)
    ready.attach()
    if stats is not None:
        write_stats(stats, usage, code)
    if stacks:
        from morestack.observe.report import StackReport

        report = StackReport.collect(usage)
        if as_json:
            click.echo(report.to_json(), err=True)
        else:
            report.show()
    leave(code)
