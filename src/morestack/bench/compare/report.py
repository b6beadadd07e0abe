"""`morestack compare`: one program under every discipline, side by side.

The table has a column for each discipline and a row for each quantity, because quantities have long names and there are
few disciplines. A quantity that could not be measured is `-`, never a guess. One that is 0 everywhere is shown too,
because that is a finding. Times have their interval beside them. `*` marks the fastest discipline and all whose
interval overlaps its interval.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from morestack.bench.estimate import Estimate
from morestack.bench.measure import Measured


@dataclass(frozen=True, slots=True)
class Quantity:
    """A row: its title, its unit (`s`, `B` or `` for a count) and the numbers' names, in order of preference.

    A name `a+b` is the sum of two numbers; if only one of them was reported, the other counts as 0.
    """

    title: str
    unit: str
    names: tuple[str, ...]
    note: str = ""


QUANTITIES = (
    Quantity("time", "s", ("seconds",), "wall time from the first goroutine to the last"),
    Quantity("processor time", "s", ("cpu_seconds",), "user and system time of the run, by getrusage"),
    Quantity("peak memory", "B", ("peak_memory",), "most resident bytes, above what was resident when the run began"),
    Quantity(
        "user stack",
        "B",
        ("stack_bytes_max", "stack_inuse_max"),
        "most bytes of goroutine stacks at one time: allocated, or such as may hold pages",
    ),
    Quantity(
        "kernel stack",
        "B",
        ("kernel_stack_bytes",),
        "threads seen at one time, each with the kernel stack that one thread adds to KernelStack in /proc/meminfo",
    ),
    Quantity("threads", "", ("threads",), "most threads seen at one time, Python's own not counted"),
    Quantity("growths", "", ("grows",), "stacks copied to larger ones"),
    Quantity(
        "bytes copied", "B", ("bytes_copied+frame_bytes_moved",), "by growing, shrinking and moving stacks and frames"
    ),
    Quantity(
        "segment overflows",
        "",
        ("segment_overflows",),
        "calls that went to another segment, as their frame did not fit",
    ),
    Quantity("segment crossings", "", ("segment_crossings",), "calls and returns from one segment to another"),
    Quantity("minor page faults", "", ("minor_faults",), "pages mapped without reading a disk, by getrusage"),
    Quantity("major page faults", "", ("major_faults",), "pages read from a disk, by getrusage"),
    Quantity("voluntary switches", "", ("voluntary_switches",), "a thread waited, by getrusage"),
    Quantity("involuntary switches", "", ("involuntary_switches",), "a thread was preempted, by getrusage"),
    Quantity(
        "system calls", "", ("system_calls", "syscalls"), "entries to the kernel in one run, by raw_syscalls:sys_enter"
    ),
)


def found(result: Measured, quantity: Quantity) -> Estimate | None:
    """The estimate of a quantity under the first of its names that was measured."""
    for name in quantity.names:
        if (value := result.value(*name.split("+"))) is not None:
            return value
    return None


def shown(value: float | None, unit: str) -> str:
    """A number with a fitting unit, three digits."""
    if value is None:
        return "-"
    if unit == "s":
        for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
            if value * factor >= 1:
                return f"{digits(value * factor)} {name}"
        return f"{digits(value * 1e9)} ns"
    if unit == "B":
        for size, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
            if value >= size:
                return f"{digits(value / size)} {name}"
        return f"{value:.0f} B"
    return f"{value:,.0f}"


def digits(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def interval(value: Estimate) -> str:
    """How far the interval reaches from the median, in percent of it: `-2 +5 %`."""
    if value.count < 2 or not value.median:
        return ""
    below = (value.median - value.low) / value.median * 100
    above = (value.high - value.median) / value.median * 100
    return f"-{below:.0f} +{above:.0f} %"


def fastest(results: Sequence[Measured]) -> set[str]:
    """The variants than which none was measurably faster."""
    times = {r.variant.name: t for r in results if (t := r.value("seconds")) is not None}
    if len(times) < 2:
        return set()
    best = min(times.values(), key=lambda t: t.median)
    return {name for name, t in times.items() if not t.differs(best)}


def to_text(results: Sequence[Measured]) -> str:
    """The table."""
    working = [r for r in results if not r.failure]
    lines: list[str] = []
    if working:
        best = fastest(working)
        cells = [["", *(r.variant.name for r in working)]]
        for quantity in QUANTITIES:
            values = [found(r, quantity) for r in working]
            row = [quantity.title]
            for result, value in zip(working, values, strict=True):
                mark = " *" if quantity.names == ("seconds",) and result.variant.name in best else ""
                row.append(shown(value.median if value else None, quantity.unit) + mark)
            cells.append(row)
            if quantity.names == ("seconds",):
                cells.append(["  interval", *(interval(v) if v else "" for v in values)])
        lines += aligned(cells)
        times = working[0].value("seconds")
        if times is not None:
            lines += ["", f"medians of {times.count} interleaved runs; {meaning(times)}"]
        if best:
            lines.append("*: no discipline was measurably faster")
    lines += [f"{r.failure}" for r in results if r.failure]
    return "\n".join(lines)


def meaning(times: Estimate) -> str:
    """What the interval is worth."""
    if times.count < 2:
        return "one run gives no interval"
    return f"the interval holds the true median with a probability of {times.coverage * 100:.1f} %"


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the first column to the left and the others to the right."""
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in cells
    ]


def as_data(results: Sequence[Measured]) -> list[dict[str, Any]]:
    """The results as plain data: every number that was measured, with its interval."""
    data: list[dict[str, Any]] = []
    for r in results:
        names = dict.fromkeys(name for run in (*r.runs, r.once) for name in run)
        numbers = {name: asdict(value) for name in names if (value := r.value(name)) is not None}
        data.append({"name": r.variant.name, "failure": r.failure or None, "numbers": numbers})
    return data


def to_json(results: Sequence[Measured]) -> str:
    """The results as JSON."""
    return json.dumps({"results": as_data(results)}, indent=1)


def show(text: str) -> None:
    """Print a table: marked ones in colour on a terminal, plain otherwise."""
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.console import Console
    from rich.highlighter import RegexHighlighter

    class Highlighter(RegexHighlighter):
        """The fastest; numbers with units; what is unknown."""

        base_style = "repr."
        highlights = [r"(?P<bool_true>\S+ \S+ \*)", r"(?P<number>(?<!\S)[\d,.]+(?!\S))", r"(?P<none>(?<!\S)-(?!\S))"]  # noqa: RUF012

    Console(highlighter=Highlighter(), soft_wrap=True, markup=False).print(text)
