"""Two builds of a program: which frames and which goroutines' stacks changed.

Functions are the same when their names are; `go` statements when the functions are that they stand in and start, in
the order of the code when there are several. The compiler numbers closures, so one that moved within its function
shows as another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from morestack.binary.frames import Frame, Frames, Statement


@dataclass(frozen=True, slots=True)
class FrameChange:
    """A function in two builds; None where it is not in one."""

    name: str
    old: Frame | None
    new: Frame | None

    @property
    def change(self) -> int:
        """Bytes more now."""
        return (self.new.frame_bytes if self.new else 0) - (self.old.frame_bytes if self.old else 0)


@dataclass(frozen=True, slots=True)
class StatementChange:
    """A `go` statement in two builds; None where it is not in one."""

    key: str
    old: Statement | None
    new: Statement | None

    @property
    def change(self) -> int:
        """Bytes more now, through direct calls of the program's own functions."""
        return (self.new.own_bytes if self.new else 0) - (self.old.own_bytes if self.old else 0)

    @property
    def crosses(self) -> bool:
        """Whether the goroutine's stack is of another size class now."""
        return self.old is not None and self.new is not None and self.old.own_stack_size != self.new.own_stack_size


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed: functions in both builds, statements in both, and how many are in one only."""

    frames: list[FrameChange]
    statements: list[StatementChange]
    added: int
    removed: int
    statements_added: int
    statements_removed: int


def compare(old: Frames, new: Frames, pattern: str | None = None) -> Difference:
    """The changes from one build to another, the largest growth first."""
    before, after = _by_name(old.functions(pattern)), _by_name(new.functions(pattern))
    frames = [FrameChange(name, before[name], after[name]) for name in before.keys() & after.keys()]
    was, now = _by_key(old.statements(pattern)), _by_key(new.statements(pattern))
    statements = [StatementChange(key[0], was[key], now[key]) for key in was.keys() & now.keys()]
    return Difference(
        sorted((row for row in frames if row.change), key=lambda row: (-row.change, row.name)),
        sorted((row for row in statements if row.change or row.crosses), key=lambda row: (-row.change, row.key)),
        len(after.keys() - before.keys()),
        len(before.keys() - after.keys()),
        len(now.keys() - was.keys()),
        len(was.keys() - now.keys()),
    )


def _by_name(rows: Iterable[Frame]) -> dict[str, Frame]:
    """The largest frame of each name: assembly and its wrapper share one."""
    found: dict[str, Frame] = {}
    for row in rows:
        found.setdefault(row.name, row)
    return found


def _by_key(rows: Iterable[Statement]) -> dict[tuple[str, int], Statement]:
    count: dict[str, int] = defaultdict(int)
    found: dict[tuple[str, int], Statement] = {}
    for row in sorted(rows, key=lambda row: (row.key, row.file, row.line)):
        found[row.key, count[row.key]] = row
        count[row.key] += 1
    return found
