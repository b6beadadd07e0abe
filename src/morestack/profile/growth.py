"""Who pays for growing stacks: the samples of a CPU profile that stand in morestack, newstack and copystack.

Go's profiler walks from the runtime's system stack on to the goroutine that grew, so such a sample names the function
whose prologue asked, its callers and the `go` statement. With a binary, the bytes in use at that point are known, and
from them the sizes the growth went between, on a goroutine that had called nothing deeper before.

`newstack` also serves preemption, and the collector calls `copystack` to shrink: those samples are counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from morestack.process.model import Path
from morestack.profile.allocator import Step, deepest, simulate, steps
from morestack.profile.errors import ProfileError
from morestack.profile.model import Profile
from morestack.profile.statement import statement

GROW = frozenset({"runtime.morestack", "runtime.morestack_noctxt", "runtime.newstack"})
PREEMPT = frozenset({"runtime.gopreempt_m", "runtime.preemptPark", "runtime.goschedImpl", "runtime.schedule"})
PARTS = (
    ("allocate", ("runtime.stackalloc", "runtime.stackcacherefill", "runtime.stackpoolalloc")),
    ("free", ("runtime.stackfree", "runtime.stackcacherelease")),
    (
        "adjust pointers",
        ("runtime.adjustframe", "runtime.adjustsudogs", "runtime.adjustdefers", "runtime.adjustpanics"),
    ),
    ("walk frames", ("runtime.(*unwinder).next", "runtime.(*unwinder).init", "runtime.(*unwinder).initAt")),
    ("copy", ("runtime.memmove",)),
    ("find the frame's size", ("runtime.funcMaxSPDelta",)),
)


@dataclass(slots=True)
class Event:
    """Samples of one growing place: the path from the function whose prologue asked."""

    path: Path
    time: int
    samples: int
    old: int | None = None
    new: int | None = None
    used: int | None = None

    @property
    def function(self) -> str:
        """The function whose prologue asked."""
        return self.path[0].function if self.path else "unknown"


@dataclass(slots=True)
class Growth:
    """What a CPU profile says about growing."""

    source: str
    unit: str
    total: int
    samples: int
    events: list[Event] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)
    """Time by what the runtime was doing."""
    shrinking: int = 0
    preempting: int = 0
    callers: dict[str, int] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    """All paths that were sampled, growing or not, each once: how deep goroutines get."""
    notes: list[str] = field(default_factory=list)

    @property
    def time(self) -> int:
        """Time spent in growing."""
        return sum(e.time for e in self.events)

    def share(self, time: int) -> float:
        """A part of all time in the profile."""
        return time / self.total if self.total else 0.0


def growth(profile: Profile, full: Callable[[str], int | None] | None = None) -> Growth:
    """What the samples of a CPU profile say about growing stacks."""
    value, count = profile.index("cpu"), profile.index("samples")
    if value is None:
        names = ", ".join(kind.name for kind in profile.types)
        raise ProfileError(f"{profile.source} is not a CPU profile: it counts {names}")
    found = Growth(
        profile.source,
        profile.types[value].unit,
        sum(s.values[value] for s in profile.samples),
        sum(s.values[count] if count is not None else 1 for s in profile.samples),
        notes=list(profile.notes),
    )
    events: dict[Path, Event] = {}
    paths: dict[Path, None] = {}
    for sample in profile.samples:
        time = sample.values[value]
        kind, at = classify(sample.path)
        paths.setdefault(sample.path[at:])
        if kind == "shrink":
            found.shrinking += time
        elif kind == "preempt":
            found.preempting += time
        elif kind == "grow":
            path = sample.path[at:]
            event = events.setdefault(path, Event(path, 0, 0))
            event.time += time
            event.samples += sample.values[count] if count is not None else 1
            part = doing(sample.path[:at])
            found.parts[part] = found.parts.get(part, 0) + time
    found.paths = list(paths)
    for event in events.values():
        set_sizes(event, full)
    found.events = sorted(events.values(), key=lambda e: (-e.time, e.function))
    found.parts = dict(sorted(found.parts.items(), key=lambda x: -x[1]))
    found.callers = summed((e.function, e.time) for e in found.events)
    found.statements = summed((statement(e.path), e.time) for e in found.events)
    return found


def summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sums by key, largest first."""
    out: dict[str, int] = {}
    for key, time in pairs:
        out[key] = out.get(key, 0) + time
    return dict(sorted(out.items(), key=lambda x: (-x[1], x[0])))


def classify(path: Path) -> tuple[str, int]:
    """What a sample was doing to stacks: `grow`, `shrink`, `preempt` or nothing; and where the grown path begins."""
    at, kind = 0, ""
    for i, frame in enumerate(path):
        name = frame.function
        if not name.startswith("runtime."):
            break
        if name == "runtime.shrinkstack":
            return "shrink", i
        if name in PREEMPT:
            kind = "preempt"
        elif name in GROW:
            kind = kind or "grow"
            at = i + 1
    return (kind, at) if at else ("", 0)


def doing(inner: Path) -> str:
    """What the runtime was at, from the frames inside newstack."""
    names = {f.function for f in inner}
    return next((part for part, functions in PARTS if names.intersection(functions)), "other")


def set_sizes(event: Event, full: Callable[[str], int | None] | None) -> None:
    """Find the sizes that a growth went between, where the frames' bytes are known."""
    callers = steps(event.path[1:])
    if callers is None or not event.path:
        return
    own = full(event.path[0].function) if full is not None else None
    event.used = deepest(callers)
    event.old = simulate(callers).size
    grown = simulate((*callers, Step(event.function, own or 0))).size
    event.new = grown if grown > event.old else event.old * 2
