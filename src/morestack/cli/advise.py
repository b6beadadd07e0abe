"""`morestack advise`: changes that would save stack copies and stack memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from morestack.cli.output import Budgets, Output, budget_options, output_options

if TYPE_CHECKING:
    from morestack.process.model import Snapshot
    from morestack.profile.growth import Growth
    from morestack.profile.model import Profile
    from morestack.profile.sizes import Sizer


@click.command("advise")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--binary", metavar="FILE", help="The program that profiles were taken from.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="How many remedies.")
@click.option(
    "--adaptive/--no-adaptive", default=None, help="Whether GODEBUG=adaptivestackstart is on; by default, as Go has it."
)
@output_options
@budget_options
def command(
    targets: tuple[str, ...],
    binary: str | None,
    limit: int,
    adaptive: bool | None,
    out: Output,
    budgets: Budgets,
) -> None:
    """Say what to change: starting sizes, frames, pools; by simulating Go's stack allocator on what was seen.

    TARGET is a goroutine or CPU profile (file, `-` or URL), a dump, the PID of a running program, or a core. Give
    several: goroutines tell memory, a CPU profile tells time.

    \b
    Example: morestack advise cpu.pb.gz goroutines.pb.gz --binary ./server
    """
    from morestack.process.model import Snapshot
    from morestack.profile.advise import advise
    from morestack.profile.budget import check_growth, check_snapshot
    from morestack.profile.growth import growth
    from morestack.profile.paths import of_advice
    from morestack.profile.read import open_sizer
    from morestack.profile.report import advice_json, advice_text
    from morestack.profile.sources import changeable

    if binary is None and len(targets) == 1 and targets[0].isdecimal():
        binary = f"/proc/{targets[0]}/exe"
    sizer = open_sizer(binary)
    full = sizer.full if sizer is not None else None
    snapshots: list[Snapshot] = []
    growths: list[Growth] = []
    for target in targets:
        found = read_target(target, sizer)
        if isinstance(found, Snapshot):
            snapshots.append(found)
        else:
            growths.append(growth(found, full))
    build = sizer.binary if sizer is not None else None
    on = adaptive if adaptive is not None else build is None or build.release >= (1, 19)
    advised = advise(snapshots, growths, full, changeable(build), on)
    out.emit(
        lambda: advice_text(advised, limit),
        lambda: advice_json(advised),
        lambda: of_advice(advised),
    )
    budgets.check(
        lambda budget: (
            [f for s in snapshots for f in check_snapshot(budget, s)]
            + [f for g in growths for f in check_growth(budget, g)]
        ),
        build,
    )


def read_target(target: str, sizer: Sizer | None) -> Snapshot | Profile:
    """Read a target: a process or core through `process`, anything else as a profile."""
    from morestack.process.target import is_target, open_source
    from morestack.profile.read import read

    if is_target(target):
        source = open_source(target, str(sizer.binary.path) if sizer is not None else None)
        try:
            return source.snapshot(False)
        finally:
            source.close()
    return read(target, sizer=sizer)
