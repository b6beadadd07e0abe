"""`morestack bench`: the suite under every discipline and under other Go compilers, in one run.

Everything runs with GOMAXPROCS=1 and is compared by processor time (user and system), which other processes on the
machine disturb least; without such processes it equals the wall time. Rows are measured one after the other, with the
columns of a row interleaved (measure.py). If a column's output differs from the others', that is an error, and no time
is shown.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from morestack.bench.compare.report import aligned, as_data, shown
from morestack.bench.estimate import Estimate, geometric_mean
from morestack.bench.failures import MeasureError
from morestack.bench.machine import machine
from morestack.bench.measure import Measured, Variant, measure, own_variant
from morestack.bench.peers import EMPTY, Peer, build, less_empty, peers
from morestack.bench.suite.programs import PAPER_GROUPS, SUITE, Benchmark

ENV = {"GOMAXPROCS": "1"}
TIME = "cpu_seconds"
BUDGET, QUICK_BUDGET = 8.0, 1.0
"""Seconds a program, for all its columns."""
OURS, PEER = "contiguous", "Go"


@dataclass(slots=True)
class Row:
    """One program's results by column."""

    program: Benchmark
    results: dict[str, Measured] = field(default_factory=dict)

    def time(self, column: str) -> Estimate | None:
        """The processor time in a column."""
        result = self.results.get(column)
        return result.value(TIME) if result is not None and not result.failure else None

    @property
    def ratio(self) -> float | None:
        """Our time over real Go's."""
        ours, theirs = self.time(OURS), self.time(PEER)
        return ours.median / theirs.median if ours and theirs and theirs.median else None


@dataclass(slots=True)
class Table:
    """What one run of the suite measured."""

    columns: list[str]
    versions: dict[str, str]
    absent: list[str]
    rows: list[Row] = field(default_factory=list)

    def ratios(self, groups: Sequence[str]) -> list[float]:
        """Our time over real Go's, of the programs of some groups."""
        return [r for row in self.rows if row.program.group in groups and (r := row.ratio) is not None]


def chosen(names: Sequence[str]) -> list[Benchmark]:
    """The programs named, or all."""
    known = {b.name: b for b in SUITE}
    if unknown := [n for n in names if n not in known]:
        raise MeasureError(f"no benchmark {unknown[0]}; there are: {', '.join(known)}")
    return [known[n] for n in dict.fromkeys(names)] if names else list(SUITE)


def run_bench(
    names: Sequence[str],
    disciplines: Sequence[str],
    quick: bool,
    own: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Table:
    """Measure programs in all columns; with `own` in our own only."""
    programs = chosen(names)
    found, absent = peers() if not own else ([], [])
    table = Table([*disciplines, *(p.name for p in found)], {p.name: p.version for p in found}, absent)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tell("empty programs")
        empties = {p.name: e for p in found if (e := empty(p, folder)) is not None}
        for number, program in enumerate(programs):
            label = f"{program.name} ({number + 1} of {len(programs)}), "
            variants = [own_variant(d, d, [str(program.path)], ENV) for d in disciplines]
            for peer in found:
                made = build(peer, program.path, folder, ENV) if peer.name in empties else None
                if made is not None:
                    variants.append(Variant(made.name, made.command, False, ENV, empties[peer.name].empty))
            results = measure(variants, QUICK_BUDGET if quick else BUDGET, 1 if quick else None, tell, label)
            agree(program, results)
            table.rows.append(Row(program, {r.variant.name: r for r in results}))
    return table


def empty(peer: Peer, folder: Path) -> Variant | None:
    """An empty program of a peer, with what it takes."""
    source = folder / "empty.go"
    source.write_text(EMPTY)
    made = build(peer, source, folder, ENV)
    return less_empty(made, made) if made is not None else None


def agree(program: Benchmark, results: Sequence[Measured]) -> None:
    """Check that all columns printed the same."""
    outputs = {r.output for r in results if not r.failure}
    if len(outputs) > 1:
        told = "; ".join(f"{r.variant.name}: {r.output.decode(errors='replace').strip()}" for r in results)
        raise MeasureError(f"{program.name} does not print the same everywhere: {told}")


def to_text(table: Table) -> str:
    """The table, its summary and what failed."""
    cells = [["", *table.columns, "ratio"]]
    group = ""
    for row in table.rows:
        if row.program.group != group:
            group = row.program.group
            cells.append([f"-- {group}", *("" for _ in table.columns), ""])
        times = [row.time(c) for c in table.columns]
        ratio = row.ratio
        shown_ratio = "-" if ratio is None else f"{ratio:.2f}"
        cells.append([row.program.name, *(shown(t.median if t else None, "s") for t in times), shown_ratio])
    lines = [*aligned(cells), "", "processor time, median; ratio: contiguous to Go", *summary(table), *table.absent]
    lines += sorted({r.failure for row in table.rows for r in row.results.values() if r.failure})
    return "\n".join(lines)


def summary(table: Table) -> list[str]:
    """How often we are faster than real Go, for the paper's programs and for ours."""
    said: list[str] = []
    for title, groups in (("the paper's programs", PAPER_GROUPS), ("the programs about stacks", ("stacks",))):
        if ratios := table.ratios(groups):
            wins = sum(r < 1 for r in ratios)
            share = f"{wins} of {len(ratios)} ({wins * 100 // len(ratios)} %)"
            said.append(
                f"{title}: contiguous is faster than Go in {share}, geometric mean {geometric_mean(ratios):.2f}"
            )
    return said


def to_json(table: Table) -> str:
    """All numbers as JSON."""
    programs: list[dict[str, Any]] = [
        {
            "name": row.program.name,
            "group": row.program.group,
            "ratio": row.ratio,
            "results": as_data(list(row.results.values())),
        }
        for row in table.rows
    ]
    data = {"machine": machine(), "versions": table.versions, "absent": table.absent, "programs": programs}
    return json.dumps(data, indent=1)
