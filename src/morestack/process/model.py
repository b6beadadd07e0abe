"""What is known of a program's goroutines at one moment: `Snapshot`, `Goroutine`, `Frame`.

One record for every source. `process` fills it from a live process or a core; `profile` fills the same from profiles
and dumps, where much is not known: what is not known is None, never zero. Paths are innermost first, as Go's own
dumps print them. A goroutine profile counts equal stacks, so a `Goroutine` may stand for many (`count`).

Invariants: the sizes of one goroutine satisfy 0 <= used_bytes <= stack_bytes; `frame_bytes` of a path's physical
frames sum to at most used_bytes. Equal paths of one snapshot are the same tuple object, so grouping by path
compares identities first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A function and the line in it that matters: of a `go` statement, or where a function starts."""

    function: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.function} {self.file}:{self.line}" if self.file else self.function


@dataclass(frozen=True, slots=True)
class Frame:
    """One function of a call path.

    An inlined call has no frame of its own: its bytes are in the physical frame that follows it, and
    `inlined` is true.
    """

    function: str
    file: str = ""
    line: int = 0
    pc: int = 0
    """The address the frame stands at, as found (a return address except for the innermost), or 0."""
    frame_bytes: int | None = None
    """Stack bytes from this frame's stack pointer to its caller's; 0 for an inlined call; None: not known."""
    inlined: bool = False

    @property
    def elided(self) -> bool:
        """Whether this stands for frames that a dump left out, `402 elided`."""
        return self.inlined and self.function.endswith(ELIDED)


ELIDED = " elided"
Path = tuple[Frame, ...]


@dataclass(slots=True)
class Goroutine:
    """One goroutine, or `count` goroutines that the source does not tell apart."""

    id: int | None
    status: str
    """idle, runnable, running, syscall, waiting, dead, copystack, preempted, leaked, or unknown."""
    wait_reason: str = ""
    wait_seconds: float | None = None
    creator: Place | None = None
    """The `go` statement; None for the main goroutine, and where the source does not tell."""
    start: Place | None = None
    stack_lo: int | None = None
    stack_hi: int | None = None
    used_bytes: int | None = None
    path: Path = ()
    approximate: bool = False
    """It was running while it was read: its path and use are of the last time it was seen at rest."""
    incomplete: bool = False
    """The path ends before the goroutine's first function."""
    elided: int = 0
    """Physical frames left out of the middle of a very long path."""
    elided_bytes: int | None = 0
    """None where a dump left them out: then `used_bytes` is what the frames that are shown have, a lower bound."""
    count: int = 1
    labels: tuple[tuple[str, str], ...] = ()
    system: bool = False
    """It belongs to the runtime (a collector's worker, the scavenger): Go's own count leaves it out."""
    address: int = 0
    """Of the runtime's g record, where there is one."""

    @property
    def stack_bytes(self) -> int | None:
        """Of one goroutine, whatever `count` is."""
        if self.stack_lo is None or self.stack_hi is None:
            return None
        return self.stack_hi - self.stack_lo

    @property
    def free_bytes(self) -> int | None:
        """Stack that is there and not in use."""
        whole = self.stack_bytes
        return None if whole is None or self.used_bytes is None else whole - self.used_bytes


@dataclass(slots=True)
class Loss:
    """Goroutines that could not be read, by the reason."""

    reason: str
    count: int


@dataclass(slots=True)
class Snapshot:
    """All goroutines of a program at one moment, or as nearly at one moment as the source allows."""

    source: str
    """What was read, in words for a reader: `process 4711 (/usr/bin/server)`."""
    goroutines: list[Goroutine]
    go_version: str = ""
    binary: str = ""
    pid: int | None = None
    exact: bool = False
    """The program stood still while it was read."""
    dead: int | None = None
    """Goroutines that have ended and wait to be used again, and the stacks they keep; profiles and dumps hide them."""
    dead_stack_bytes: int | None = None
    system_stacks: int | None = None
    """Stacks the runtime allocated for threads (g0 and signal stacks), and their bytes."""
    system_stack_bytes: int | None = None
    stack_in_use: int | None = None
    """All stack memory as the runtime counts it (MemStats.StackInuse): free stacks in its pools too."""
    losses: list[Loss] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a reader must know to trust the figures, one sentence each."""
    layout: str = ""
    """Where the runtime's structures were learned: `DWARF`, `cache`, `table go1.27.3`."""
    taken: float = 0.0
    """Seconds since the epoch; 0 where the source does not tell."""
    seconds: float = 0.0
    """How long reading took."""

    @property
    def count(self) -> int:
        """Goroutines, those of the runtime too, dead ones not."""
        return sum(g.count for g in self.goroutines)

    @property
    def stack_bytes(self) -> int | None:
        """Of all goroutines whose stacks are known; None when none is."""
        return total((g.stack_bytes, g.count) for g in self.goroutines)

    @property
    def used_bytes(self) -> int | None:
        """In use, of all goroutines whose use is known; None when none is."""
        return total((g.used_bytes, g.count) for g in self.goroutines)

    @property
    def pooled_bytes(self) -> int | None:
        """Free stacks in the runtime's pools, ready for new goroutines and for growth."""
        if self.stack_in_use is None:
            return None
        held = (self.stack_bytes or 0) + (self.dead_stack_bytes or 0) + (self.system_stack_bytes or 0)
        return max(0, self.stack_in_use - held)

    @property
    def approximate(self) -> int:
        """Goroutines that ran while they were read."""
        return sum(g.count for g in self.goroutines if g.approximate)

    @property
    def lost(self) -> int:
        """Goroutines that could not be read."""
        return sum(loss.count for loss in self.losses)


def total(values: Iterable[tuple[int | None, int]]) -> int | None:
    """The sum of value x count over the known values; None when nothing is known."""
    known = [value * count for value, count in values if value is not None]
    return sum(known) if known else None
