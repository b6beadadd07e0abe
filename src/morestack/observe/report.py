"""The stack report, which `morestack run --stacks` prints after the program's own output.

Counters are exact. Growths by place come from the event ring; if it was too small, the report says how many events
are missing. Text is plain in a pipe and coloured on a terminal.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass

from morestack.dialect.machine import offset_of
from morestack.observe.events import SOURCES, Event, crossing_records, events, function_name, lost, pc_place
from morestack.observe.usage import Usage
from morestack.runtime.sched import globrunq
from morestack.runtime.stack.segment import segment_size
from morestack.runtime.sys import allp, event
from morestack.runtime.sys.layout import PStats


@dataclass(frozen=True, slots=True)
class Change:
    """Growths caused by one function, called at one place, from one size to another; or shrinks of goroutines waiting
    there."""

    kind: str
    function: str
    place: str
    old_size: int
    new_size: int
    count: int
    copied: int
    frames: int
    pointers: int


@dataclass(frozen=True, slots=True)
class CrossingPlace:
    """A call whose callee did not fit in the segment: the numbers of segments it added, of kept segments among these,
    and of segments left again. `callee` is the first function that was called."""

    function: str
    place: str
    callee: str
    overflows: int
    kept: int
    left: int
    bytes: int
    frames_moved: int
    bytes_moved: int


@dataclass(frozen=True, slots=True)
class Switching:
    """Switches between goroutines by the runtime, next to thread switches by the kernel. `migrations` counts switches
    to a goroutine that last ran on another thread, and `handoffs` processors taken from threads in system calls.
    Context switches are those of the whole process during the run, from getrusage."""

    goroutine_switches: int
    migrations: int
    parks: int
    system_calls: int
    handoffs: int
    threads_created: int
    voluntary_context_switches: int
    involuntary_context_switches: int

    @classmethod
    def collect(cls, usage: Usage) -> Switching:
        """Read the counters of the program that ran; `usage` was around it."""
        return cls(
            counted("switches"), counted("migrations"), counted("parks"), counted("syscalls"), counted("handoffs"),
            globrunq.sched.at.mnext, int(usage.numbers["voluntary_switches"]),
            int(usage.numbers["involuntary_switches"]),
        )  # fmt: skip

    def lines(self) -> list[str]:
        """Return the figures as lines of text."""
        return [
            f"goroutine switches   {self.goroutine_switches:>12,}   to another thread {self.migrations:,}, "
            f"after parking {self.parks:,}",
            f"system calls         {self.system_calls:>12,}   processors taken from them {self.handoffs:,}",
            f"threads created      {self.threads_created:>12,}   switched by the kernel: "
            f"{self.voluntary_context_switches:,} times to wait, {self.involuntary_context_switches:,} preempted",
        ]


@dataclass(frozen=True, slots=True)
class StackReport:
    """The behaviour of a program's stacks. Sizes are in bytes."""

    goroutines_started: int
    goroutines_reused: int
    stacks_by_size: dict[int, int]
    stacks_by_source: dict[str, int]
    growths: int
    shrinks: int
    moves: int
    bytes_copied: int
    frames_adjusted: int
    pointers_adjusted: int
    largest_stack: int
    stack_bytes_max: int
    changes: list[Change]
    events_lost: int
    segment_overflows: int
    segment_crossings: int
    segments_kept: int
    segments_in_use: int
    frames_moved: int
    crossings: list[CrossingPlace]
    switching: Switching

    @classmethod
    def collect(cls, usage: Usage) -> StackReport:
        """Read the counters and the ring of the finished program, which ran within `usage`."""
        s = event.stats.at
        stacks = [allp.allp.at[i].at.stacks for i in range(allp.allp_n.value)]
        sizes = {1 << n: total for n in range(40) if (total := sum(p.by_size[n] for p in stacks))}
        sources = {name: sum(p.by_source[code] for p in stacks) for code, name in SOURCES.items()}
        return cls(
            counted("goroutines"), counted("goroutines_reused"), sizes, sources, s.grows, s.shrinks, s.moves,
            s.bytes_copied, s.frames_adjusted, s.pointers_adjusted, s.largest_stack, s.stack_inuse_max, changes(),
            lost(), s.segment_overflows, s.segment_crossings, s.segments_kept,
            2 * s.segment_overflows - s.segment_crossings, s.frames_moved, crossing_places(),
            Switching.collect(usage),
        )  # fmt: skip

    def to_json(self) -> str:
        """Return the report as one JSON object."""
        return json.dumps(asdict(self), indent=1)

    def to_text(self) -> str:
        """Return the report as lines of text."""
        lines = [
            f"goroutines started   {self.goroutines_started:>12,}   (on reused stacks: {self.goroutines_reused:,})",
            f"growths              {self.growths:>12,}   shrinks {self.shrinks:,}, moves {self.moves:,}",
            f"bytes copied         {self.bytes_copied:>12,}   in {self.frames_adjusted:,} frames, "
            f"{self.pointers_adjusted:,} pointers adjusted",
            f"largest stack        {size(self.largest_stack):>12}   "
            f"all stacks together at most {size(self.stack_bytes_max)}",
            "",
            "stacks allocated     " + "".join(f"{name:>12}" for name in self.stacks_by_source) + "   from",
            "                     " + "".join(f"{count:>12,}" for count in self.stacks_by_source.values()),
            "",
            f"{'size':>12}{'stacks':>12}",
            *(f"{size(n):>12}{count:>12,}" for n, count in sorted(self.stacks_by_size.items())),
        ]
        if self.changes:
            lines += ["", f"{'times':>9}  {'size':<18}{'copied':>14}{'frames':>10}{'pointers':>10}  where"]
            for c in self.changes:
                change = f"{size(c.old_size)} -> {size(c.new_size)}"
                figures = f"{c.count:>9,}  {change:<18}{c.copied:>14,}{c.frames:>10,}{c.pointers:>10,}"
                lines.append(f"{figures}  {c.function}  {c.place}")
        if self.crossings:
            lines += self.crossing_lines()
        lines += ["", *self.switching.lines()]
        if self.events_lost:
            lines.append(f"({self.events_lost:,} earlier events did not fit the ring and are missing in this table)")
        return "\n".join(lines)

    def crossing_lines(self) -> list[str]:
        """Return the table of calls that crossed to another segment."""
        lines = [
            "",
            f"segment overflows    {self.segment_overflows:>12,}   (to a kept segment: {self.segments_kept:,})",
            f"segment crossings    {self.segment_crossings:>12,}   frames moved {self.frames_moved:,}, "
            f"segments in use at the end {self.segments_in_use:,}",
            "",
            f"{'overflows':>12}{'kept':>12}{'left':>12}{'allocated':>18}{'frames':>10}  call",
        ]
        for c in self.crossings:
            figures = f"{c.overflows:>12,}{c.kept:>12,}{c.left:>12,}{c.bytes:>18,}{c.frames_moved:>10,}"
            lines.append(f"{figures}  {c.function} -> {c.callee}  {c.place}")
        return lines

    def show(self) -> None:
        """Print the report on stderr: in colour on a terminal, plain otherwise."""
        if not sys.stderr.isatty():
            print(self.to_text(), file=sys.stderr)
            return
        from rich.console import Console
        from rich.highlighter import RegexHighlighter

        class Highlighter(RegexHighlighter):
            """Highlights sizes, numbers and places."""

            base_style = "repr."
            highlights = [r"(?P<number>(?<!\S)[\d,]+(?!\S))", r"(?P<str>\d+ [KMG]?B)", r"(?P<path>\S+\.go:\d+)"]  # noqa: RUF012

        Console(stderr=True, highlighter=Highlighter(), soft_wrap=True).print(self.to_text())


def counted(counter: str) -> int:
    """Return the sum of a counter over all processors."""
    return allp.sum_of(offset_of(PStats, counter))


def changes() -> list[Change]:
    """Return the growths and shrinks in the ring, in descending order of bytes copied."""
    totals: dict[tuple[str, str, str, int, int], Counter[str]] = {}
    for e in events():
        if e.kind in ("grow", "shrink"):
            function = e.function or e.place.function
            add(totals.setdefault((e.kind, function, str(e.place), e.old_size, e.new_size), Counter()), e)
    found = [Change(*key, t["count"], t["copied"], t["frames"], t["pointers"]) for key, t in totals.items()]
    return sorted(found, key=lambda c: (-c.copied, -c.count, c.function, c.place, c.new_size))


def crossing_places() -> list[CrossingPlace]:
    """Return the calls that crossed to another segment, the most frequent first."""
    found = []
    for c in crossing_records():
        made, kept = c["made"], c["kept"]
        size = (made - kept) * segment_size.value + c["extra"]
        place = pc_place(c["pc"])
        callee = function_name(c["func"])
        found.append(
            CrossingPlace(place.function, str(place), callee, made, kept, c["left"], size, c["frames"], c["moved"])
        )
    return sorted(found, key=lambda c: (-c.overflows, c.function, c.place))


def add(total: Counter[str], e: Event) -> None:
    """Count one event."""
    total.update(count=1, copied=e.copied, frames=e.frames, pointers=e.pointers)


def size(n: int) -> str:
    """Format a size in bytes with the largest unit that keeps it a whole number."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if n >= unit and n % unit == 0:
            return f"{n // unit} {name}"
    return f"{n} B"
