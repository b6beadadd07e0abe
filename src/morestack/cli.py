"""The command line: `morestack run|escape|show|compare|bench|switch`.

User errors are one clear text on stderr and exit code 1; a Go program's own exit code is passed on; Ctrl-C ends
with 130. Only what a command needs is imported, when it runs: a cached program starts without the compiler.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from morestack import __version__
from morestack.engine.discipline import DisciplineError, choose, disciplines

if TYPE_CHECKING:
    from morestack.pipeline import Compilation

STAGES = ("ast", "types", "escape", "ir", "llvm", "asm")


class UserError(click.ClickException):
    """A clear text on stderr, printed as it is."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class Commands(click.Group):
    """The group; turns what goes wrong below it into clear texts."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            leave(130)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            from morestack.engine.program import SettingError, StressError
            from morestack.engine.stepping import BreakError
            from morestack.observe.failures import MeasureError
            from morestack.observe.show import UnknownFunction
            from morestack.source.diagnostics import CompileError, InternalError
            from morestack.source.files import FileError

            if isinstance(
                error,
                BreakError
                | CompileError
                | DisciplineError
                | FileError
                | SettingError
                | StressError
                | UnknownFunction
                | MeasureError,
            ):
                raise UserError(str(error)) from None
            if os.environ.get("MORESTACK_DEBUG"):
                raise
            what = (
                str(error) if isinstance(error, InternalError) else f"internal error: {type(error).__name__}: {error}"
            )
            raise UserError(f"{what}\nthis is a bug in morestack; MORESTACK_DEBUG=1 shows where") from None


def leave(code: int) -> None:
    """End the process at once: other threads may be inside native code and cannot be joined."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def compilation(paths: Sequence[str]) -> Compilation:
    """The program in these files, or in the one directory given."""
    from morestack.observe.progress import progress
    from morestack.pipeline import Compilation
    from morestack.source.files import read_program

    return Compilation(read_program(paths), progress=progress())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="morestack")
def main() -> None:
    """Run Go programs on goroutine stacks you can watch."""


def program_argument(command: Callable[..., None]) -> Callable[..., None]:
    """The Go files, or one directory."""
    return click.argument("program", nargs=-1, required=True, metavar="PROG.GO...")(command)


@main.command()
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
def run(
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
    from morestack.engine.program import Program

    if as_json and not stacks:
        raise click.UsageError("--json goes with --stacks.")
    if count_syscalls and stats is None:
        raise click.UsageError("--count-syscalls goes with --stats.")
    if stop is not None:
        from morestack.engine.stepping import stop_in

        stop_in(stop)
        runtime = "python"
    chosen = choose(discipline, segment)
    compiled = compilation(program)
    ready = Program.load(compiled.objects, compiled.progress)
    compiled.progress("")
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


@main.command()
@program_argument
@click.option("--json", "as_json", is_flag=True, help="Decisions as JSON.")
@click.option("--explain", is_flag=True, help="Say why each value escapes, step by step.")
def escape(program: tuple[str, ...], as_json: bool, explain: bool) -> None:
    """Print what escapes to the heap, as `go build -gcflags='-m -l'` does.

    \b
    Example: morestack escape examples/escape.go
    """
    from morestack.escape import report

    result = compilation(program).escapes
    click.echo(report.to_json(result) if as_json else report.report(result, explain), nl=False)


@main.command()
@program_argument
@click.option("--stage", type=click.Choice(STAGES), required=True, help="What to show.")
@click.option("--func", "function", default=None, metavar="F", help="Only this function, such as main.fib.")
def show(program: tuple[str, ...], stage: str, function: str | None) -> None:
    """Show a program at one stage of its compilation.

    \b
    Example: morestack show --stage ir --func main.fib examples/fib.go
    """
    from morestack.observe.show import show_stage

    click.echo(show_stage(compilation(program), stage, function), nl=False)


@main.command()
@program_argument
@click.option(
    "--sweep", metavar="NAME=VALUES", help="A constant's values (1..64, 0..90+10, 1,2,5), or initial=2048..65536."
)
@click.option("--discipline", "names", multiple=True, type=click.Choice(disciplines()), help="Only these.")
@click.option("--repeat", type=click.IntRange(1, 1000), help="Rounds; without it as many as the budget allows.")
@click.option("--budget", type=click.FloatRange(0.1), default=10.0, metavar="SECONDS", help="For all rounds (10).")
@click.option("--json", "as_json", is_flag=True, help="All numbers as JSON.")
@click.option("--html", type=click.Path(dir_okay=False, writable=True), help="Also write a page with plots.")
def compare(
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
    from morestack.observe.compare import show as show_table
    from morestack.observe.comparing import run_compare

    show_table(run_compare(program, sweep, names or disciplines(), repeat, budget, as_json, html))


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="One run of each instead of as many as eight seconds a program allow.")
@click.option("--own", is_flag=True, help="Without other Go compilers.")
@click.option("--json", "as_json", is_flag=True, help="All numbers as JSON.")
@click.option("--markdown", type=click.Path(dir_okay=False, writable=True), help="Also write the results page.")
def bench(names: tuple[str, ...], quick: bool, own: bool, as_json: bool, markdown: str | None) -> None:
    """Time the benchmark suite, or some of it, under every discipline and under real Go.

    \b
    Example: morestack bench --quick fib ack
    """
    from morestack.observe import bench as suite
    from morestack.observe.compare import show as show_table
    from morestack.observe.progress import progress

    table = suite.run_bench(names, disciplines(), quick, own, progress())
    if markdown is not None:
        from morestack.observe.benchpage import write_page

        write_page(markdown, table)
    show_table(suite.to_json(table) if as_json else suite.to_text(table))


@main.command()
@click.argument("program", nargs=-1, metavar="[PROG.GO...]")
@click.option("--json", "as_json", is_flag=True, help="All numbers as JSON.")
def switch(program: tuple[str, ...], as_json: bool) -> None:
    """Show what a switch of goroutines changes and costs, beside the kernel's and Python's.

    \b
    Example: morestack switch examples/pingpong.go
    """
    from morestack.observe.progress import progress
    from morestack.observe.switchcost import run_switch

    click.echo(run_switch(program, as_json, progress()))
    leave(0)


if __name__ == "__main__":
    main()
