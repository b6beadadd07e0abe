"""Weighted call paths: what the output formats write, whatever command they come from.

A row is a path, innermost frame first, with a value of each type. `frame_bytes` is a frame's own bytes: a stack of
three frames gives three rows, one for each frame as the innermost, so that in a flame graph every frame is as wide as
its own bytes and what it called.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from morestack.process.model import Frame, Path, Snapshot
from morestack.profile.advise import Advised
from morestack.profile.allocator import simulate, steps
from morestack.profile.growth import Growth
from morestack.profile.model import ValueType
from morestack.profile.population import alike

STACK_TYPES = (
    ValueType("goroutines", "count"),
    ValueType("stack_bytes", "bytes"),
    ValueType("stack_used", "bytes"),
    ValueType("frame_bytes", "bytes"),
)


@dataclass(slots=True)
class Table:
    """A table for readers, beside the paths."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str | int | float, ...]]


@dataclass(slots=True)
class PathSet:
    """Paths with values, and what a reader is told beside them."""

    title: str
    types: tuple[ValueType, ...]
    rows: dict[Path, list[int]] = field(default_factory=dict)
    default: int = 0
    """The type that is shown first, and the one `folded` writes."""
    binary: str = ""
    taken: float = 0.0
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, path: Path, **values: int) -> None:
        """Add to the values of a path."""
        row = self.rows.setdefault(path, [0] * len(self.types))
        for i, kind in enumerate(self.types):
            row[i] += values.get(kind.name, 0)

    def add_frames(self, path: Path, count: int = 1) -> None:
        """Add each physical frame's own bytes."""
        for i, frame in enumerate(path):
            if frame.frame_bytes and not frame.inlined:
                self.add(path[i:], frame_bytes=frame.frame_bytes * count)


def of_snapshot(snapshot: Snapshot) -> PathSet:
    """Goroutines, their stacks' bytes, what is used of them, and each frame's bytes."""
    out = PathSet(snapshot.source, STACK_TYPES, default=1, binary=snapshot.binary, taken=snapshot.taken)
    out.notes = list(snapshot.notes)
    guessed = False
    counted: dict[Path, int] = {}
    for g, count in alike(snapshot):
        path = g.path[:-1] if g.path and g.path[-1].function == "runtime.goexit" else g.path
        path = path or (Frame("unknown"),)
        size = g.stack_bytes
        if size is None:
            known = steps(g.path)
            size = simulate(known).size if known else 0
            guessed = guessed or size > 0
        out.add(path, goroutines=count, stack_bytes=size * count, stack_used=(g.used_bytes or 0) * count)
        counted[path] = counted.get(path, 0) + count
    for path, count in counted.items():
        out.add_frames(path, count)
    if guessed:
        out.notes.append("stack_bytes is the least that these paths need: the source does not tell stacks' sizes.")
    if not any(row[1] for row in out.rows.values()):
        out.default = 0
    return out


def of_growth(growth: Growth) -> PathSet:
    """The paths whose innermost function asked for a larger stack, by time."""
    types = (ValueType("samples", "count"), ValueType("growth", growth.unit))
    out = PathSet(f"growing in {growth.source}", types, default=1, notes=list(growth.notes))
    for event in growth.events:
        out.add(event.path or (Frame("unknown"),), samples=event.samples, growth=event.time)
    out.tables.append(
        Table(
            "Who grows stacks",
            ("function", "share of all time"),
            [(name, round(growth.share(time), 4)) for name, time in growth.callers.items()],
        )
    )
    out.tables.append(
        Table(
            "Whose stacks grow",
            ("go statement", "share of all time"),
            [(name, round(growth.share(time), 4)) for name, time in growth.statements.items()],
        )
    )
    return out


def of_advice(advised: Advised) -> PathSet:
    """The paths that advice is about, by what it saves."""
    types = (
        ValueType("copies", "count"),
        ValueType("copied_bytes", "bytes"),
        ValueType("stack_bytes", "bytes"),
        ValueType("time", "nanoseconds"),
    )
    out = PathSet("advice", types, default=3 if advised.has_cpu else 1, notes=list(advised.notes))
    for item in advised.advice:
        name = Frame(f"[{item.kind}] {item.function or item.statement}")
        out.add(
            (*item.path, name),
            copies=max(item.copies, 0),
            copied_bytes=max(item.copied_bytes, 0),
            stack_bytes=max(item.stack_bytes, 0),
            time=item.time,
        )
    out.tables.append(
        Table(
            "Advice, best first",
            ("remedy", "share of time", "copies", "bytes copied", "stack bytes"),
            [(a.remedy, round(a.time_share, 4), a.copies, a.copied_bytes, a.stack_bytes) for a in advised.advice],
        )
    )
    return out
