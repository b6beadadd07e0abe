"""`docs/bench.md`, written by `morestack bench --markdown`: figures of one run, what they mean, and the paper's.

Sentences about causes stand here by program and are printed only where a run shows what they explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from morestack.bench.compare.report import QUANTITIES, found, shown
from morestack.bench.machine import machine
from morestack.bench.suite.command import OURS, PEER, Row, Table, summary
from morestack.bench.suite.programs import LEFT_OUT, PAPER_GROUPS, STACKS
from morestack.engine.disciplines import DISCIPLINES

PAPER = (
    'Kavon Farvardin and John Reppy, "From Folklore to Fact: Comparing Implementations of Stacks and Continuations", '
    "PLDI 2020 ([doi:10.1145/3385412.3385994](https://doi.org/10.1145/3385412.3385994))"
)

SLOWER = {
    "mcray": "calls through an interface, ten for each ray. With rays that meet nothing, where such calls are all that "
    "is left, a round takes 1.2 of Go's time, by the count of instructions: 79 where Go runs 61. A call stores the "
    "return address and the frame pointer, the loop's header is a segment of its own that finds its variables in the "
    "frame, and each round looks at the guard. Giving `nearest` one caller only changes nothing, so returns that are "
    "mispredicted are not the cause.",
    "barneshut": "nothing but the chain of divisions in `sqrt`, whose loop is the same code in both: one more `sqrt` a "
    "call doubles the time of both.",
    "tailfib": "a chain of additions, each of which needs the one before. Both compilers' loops are one addition a "
    "cycle; chance decides.",
    "mandelbrot": "a chain of multiplications and additions of which each needs the one before; the loop is the same "
    "code in both but for unrolling, and chance decides.",
    "minimax": "half of the time goes to collections, which mark a tree of 550,000 nodes. Without them (`GOGC=off`) it "
    "takes 0.83 of Go's time.",
}
"""Why a program is slower than under real Go, if it is."""

FINDINGS = (
    (
        "Contiguous and resizing stacks are the best choice for sequential programs; a resizing stack is preferred to "
        "a segmented one for its space (their section 6).",
        "time and memory of `contiguous` against the segmented disciplines, above",
    ),
    (
        "`ack` overflows 349,103 times on segmented stacks of 64 KB that move up to four frames at an overflow, and "
        "7 times on stacks that double (5.1.2; theirs is of 3 and 12, twice).",
        "growths, overflows and crossings of `ack`, above",
    ),
    (
        "`quicksort` too has far more segment overflows than resizings (5.1.2; their artifact's guide compares the "
        "counters of its run, no figure was published that we know of).",
        "the same of `quicksort`, above",
    ),
    (
        "Native call and return instructions gain 1.02 to 1.07 over jumps, through the return-address stack (5.2.2).",
        "our returns are jumps, Go's are native: `takl` and `evenodd` have the longest chains of them, above",
    ),
)
"""What the paper found, and where to look for it here."""

LEARNT = (
    ("hotsplit", "segmented", "A loop that calls where a segment ends makes one in every round (the hot split)"),
    ("hotsplit", "segmented-keep", "Keeping the last segment, and moving a few frames to it, ends the hot split"),
    ("ack", "segmented-keep", "But moved frames have a price where a deep stack goes up and down all the time"),
    ("deep", "segmented", "Segments are never copied, from which a deep recursion on a fresh goroutine gains most"),
    ("storm", "segmented", "So do many goroutines that each outgrow their stack once"),
    ("idle", "reserve", "A reservation takes a page and a page table where 2 KB would do, for each that only waits"),
    ("pingpong", "thread", "A kernel thread for each goroutine makes each switch the kernel's"),
    ("spawn", "thread", "And each start is a thread's"),
)
"""What a program shows of a discipline, beside `contiguous`."""

COUNTED = ("growths", "bytes copied", "segment overflows", "segment crossings", "peak memory", "user stack")


def write_page(path: str, table: Table) -> None:
    """Write the page."""
    Path(path).write_text(to_markdown(table))


def to_markdown(table: Table) -> str:
    """The page."""
    versions = "; ".join(f"{name} {version}" for name, version in table.versions.items())
    parts = [
        "# Stack disciplines and other compilers, measured",
        f"Written by `morestack bench --markdown docs/bench.md` on {date.today().isoformat()}.",
        f"**Machine.** {machine()}. Beside it: {versions or 'no other Go compiler'}.",
        METHOD,
        "## Time\n\nProcessor time, median; in brackets half the interval's width in percent of it; the ratio is "
        f"{OURS} to {PEER}.",
        *(times(table, group) for group in (*PAPER_GROUPS, STACKS)),
        "\n".join(f"- {line[:1].upper()}{line[1:]}." for line in summary(table)),
        slower(table),
        learnt(table),
        "## What stacks did",
        *(counts(row) for row in table.rows if row.program.name in ("ack", "quicksort", "hotsplit", "storm")),
        "## Beside the paper",
        f"The programs are those of {PAPER}, in its groups, each written anew in Go."
        " Their findings are quoted from notes on the paper, which was not at hand: check them there before relying on"
        " them.",
        "| they found | here |\n|---|---|\n" + "\n".join(f"| {a} | {b} |" for a, b in FINDINGS),
        "Left out:\n" + "\n".join(f"- {', '.join(f'`{n}`' for n in names)}: {why}." for names, why in LEFT_OUT),
    ]
    if absent := [*table.absent, *failures(table)]:
        parts.append("Not measured: " + "; ".join(absent) + ".")
    return "\n\n".join(p for p in parts if p) + "\n"


METHOD = """**Method.** Every cell is the median of fresh processes; the columns of a row run in turn, so that whatever
else the machine does hits all alike. Everything has `GOMAXPROCS=1`. Our figures are of the run itself, from the first
goroutine to the last; of a foreign binary an empty program's median is subtracted. Processor time is user and system
time. What each program prints must be the same in all columns."""


def times(table: Table, group: str) -> str:
    """The table of one group."""
    rows = [row for row in table.rows if row.program.group == group]
    if not rows:
        return ""
    lines = [
        f"### {group.capitalize()}\n",
        "| program | " + " | ".join(table.columns) + " | ratio | what it does |",
        "|---|" + "---:|" * (len(table.columns) + 1) + "---|",
    ]
    for row in rows:
        cells: list[str] = []
        for column in table.columns:
            time = row.time(column)
            spread = f" ({time.spread * 100:.0f})" if time is not None and time.count > 1 else ""
            cells.append("-" if time is None else shown(time.median, "s") + spread)
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(f"| {row.program.name} | {' | '.join(cells)} | {ratio} | {row.program.about} |")
    return "\n".join(lines)


def slower(table: Table) -> str:
    """Where real Go is faster, and why."""
    losses = [row for row in table.rows if row.ratio is not None and row.ratio >= 1]
    if not losses:
        return ""
    lines = [f"## Where {PEER} is faster\n"]
    for row in losses:
        why = SLOWER.get(row.program.name, "not explained yet.")
        lines.append(f"- `{row.program.name}` ({row.ratio:.2f}): {why}")
    return "\n".join(lines)


def learnt(table: Table) -> str:
    """What the disciplines cost beside `contiguous`."""
    rows = {row.program.name: row for row in table.rows}
    lines: list[str] = []
    for program, discipline, what in LEARNT:
        ours, other = (rows[program].time(c) if program in rows else None for c in (OURS, discipline))
        if ours and other and ours.median:
            lines.append(
                f"- {what}: `{program}` takes {other.median / ours.median:.3g} times as long under `{discipline}`."
            )
    return "## What was learnt\n\n" + "\n".join(lines) if lines else ""


def failures(table: Table) -> list[str]:
    """What did not run, and the last line it printed."""
    return [
        f"`{row.program.name}` under {result.failure}"
        for row in table.rows
        for result in row.results.values()
        if result.failure
    ]


def counts(row: Row) -> str:
    """The counters of one program under our disciplines."""
    names: Sequence[str] = [c for c in row.results if c in DISCIPLINES and not row.results[c].failure]
    quantities = [q for q in QUANTITIES if q.title in COUNTED]
    lines = [f"| {row.program.name} | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for quantity in quantities:
        values = [found(row.results[n], quantity) for n in names]
        cells = " | ".join(shown(v.median if v else None, quantity.unit) for v in values)
        lines.append(f"| {quantity.title} | {cells} |")
    return "\n".join(lines)
