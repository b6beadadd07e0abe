"""Snapshots of one program, one after the other: what changed, how fast, and what it was before.

A goroutine is known by its id from one snapshot to the next, so growing and shrinking are counted stack by stack, not
guessed from totals: a program that frees as much as it grows shows both.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from morestack.process.group import Group, size_text
from morestack.process.model import Snapshot
from morestack.process.report import Report, columns, group_json, make_report, summary, to_json, warnings

KEPT = 600


@dataclass(slots=True)
class Change:
    """What happened to a group since the snapshot before, a second; None where no snapshot before tells."""

    goroutines: float | None = None
    stack_bytes: float | None = None
    grown: float | None = None
    """Stacks that grew."""
    shrunk: float | None = None


@dataclass(slots=True)
class Sample:
    """One snapshot, grouped, and its changes by group; `whole` is the change of all."""

    at: float
    report: Report
    changes: dict[str, Change]
    whole: Change
    begun: int | None = None
    """Goroutines that were not there before, and those that are gone; None for the first snapshot."""
    ended: int | None = None

    @property
    def groups(self) -> list[Group]:
        """The groups, in order."""
        return self.report.groups


@dataclass(slots=True)
class History:
    """The latest sample, and the totals of those before."""

    by: str = "creator"
    sort: str = "stack"
    system: bool = False
    latest: Sample | None = None
    totals: deque[tuple[float, int, int, int]] = field(default_factory=lambda: deque(maxlen=KEPT))
    """Time, goroutines, stack bytes, used bytes."""

    def add(self, snapshot: Snapshot) -> Sample:
        """Take a snapshot in."""
        report = make_report(snapshot, self.by, self.sort, self.system)
        sample = compare(self.latest, snapshot.taken, report)
        self.latest = sample
        self.totals.append((snapshot.taken, report.whole.goroutines, report.whole.stack_bytes, report.whole.used_bytes))
        return sample

    def regroup(self, by: str, sort: str) -> Sample | None:
        """Show the latest snapshot in another way; rates by group begin anew when the groups change."""
        same = by == self.by
        self.by, self.sort = by, sort
        if self.latest is None:
            return None
        report = make_report(self.latest.report.snapshot, by, sort, self.system)
        changes = self.latest.changes if same else {}
        self.latest = Sample(self.latest.at, report, changes, self.latest.whole, self.latest.begun, self.latest.ended)
        return self.latest


def compare(before: Sample | None, at: float, report: Report) -> Sample:
    """A sample with what changed since another."""
    sample = Sample(at, report, {}, Change())
    if before is None or at <= before.at:
        return sample
    seconds = at - before.at
    old = {g.id: g.stack_bytes or 0 for g in before.report.snapshot.goroutines if g.id is not None}
    old_groups = {g.key: g for g in before.groups} if before.report.by == report.by else {}
    for found in report.groups:
        change = sample.changes[found.key] = Change()
        was = old_groups.get(found.key)
        if old_groups:
            change.goroutines = (found.goroutines - (was.goroutines if was else 0)) / seconds
            change.stack_bytes = (found.stack_bytes - (was.stack_bytes if was else 0)) / seconds
    moved: dict[int, int] = {}
    ids = set()
    for g in report.snapshot.goroutines:
        if g.id is None:
            continue
        ids.add(g.id)
        was_bytes = old.get(g.id)
        if was_bytes is not None and g.stack_bytes is not None and g.stack_bytes != was_bytes:
            moved[g.id] = g.stack_bytes - was_bytes
    sample.begun, sample.ended = len(ids - old.keys()), len(old.keys() - ids)
    whole = sample.whole
    whole.goroutines = (report.whole.goroutines - before.report.whole.goroutines) / seconds
    whole.stack_bytes = (report.whole.stack_bytes - before.report.whole.stack_bytes) / seconds
    whole.grown = sum(1 for change in moved.values() if change > 0) / seconds
    whole.shrunk = sum(1 for change in moved.values() if change < 0) / seconds
    for found in report.groups:
        ids_here = set(found.members) if moved else set()
        change = sample.changes[found.key]
        change.grown = sum(1 for i in moved.keys() & ids_here if moved[i] > 0) / seconds
        change.shrunk = sum(1 for i in moved.keys() & ids_here if moved[i] < 0) / seconds
    return sample


def sample_json(sample: Sample, limit: int) -> dict[str, Any]:
    """A sample as JSON: what `stacks --json` has, and the changes."""
    made = to_json(sample.report, limit)
    made["change"] = change_json(sample.whole) | {"begun": sample.begun, "ended": sample.ended}
    shown = sample.groups[:limit] if limit else sample.groups
    made["groups"] = [
        group_json(found) | {"change": change_json(sample.changes.get(found.key, Change()))} for found in shown
    ]
    return made


def change_json(change: Change) -> dict[str, float | None]:
    """A change as JSON, a second each."""
    rates = {
        "goroutines_per_second": change.goroutines,
        "stack_bytes_per_second": change.stack_bytes,
        "grown_per_second": change.grown,
        "shrunk_per_second": change.shrunk,
    }
    return {name: None if rate is None else round(rate, 3) for name, rate in rates.items()}


def sample_text(sample: Sample, limit: int) -> list[str]:
    """A sample as plain lines."""
    whole = sample.whole
    lines = [time.strftime("%H:%M:%S", time.localtime(sample.at)) + " " + summary(sample.report)[0]]
    lines += summary(sample.report)[1:]
    lines.append(
        f"a second: {signed(whole.goroutines)} goroutines, {signed_bytes(whole.stack_bytes)} of stack, "
        f"{unsigned(whole.grown)} stacks grown, {unsigned(whole.shrunk)} shrunk; "
        f"{counted(sample.begun)} begun, {counted(sample.ended)} ended"
    )
    shown = sample.groups[:limit] if limit else sample.groups
    rows: list[tuple[str, ...]] = [
        ("goroutines", "+/s", "stack", "change/s", "grown/s", "shrunk/s", "used", "free", f"by {sample.report.by}")
    ]
    for found in shown:
        change = sample.changes.get(found.key, Change())
        rows.append(
            (
                f"{found.goroutines:,}",
                signed(change.goroutines),
                size_text(found.stack_bytes),
                signed_bytes(change.stack_bytes),
                unsigned(change.grown),
                unsigned(change.shrunk),
                size_text(found.used_bytes),
                size_text(found.free_bytes),
                found.key,
            )
        )
    lines += columns(rows)
    if len(sample.groups) > len(shown):
        lines.append(f"... {len(sample.groups) - len(shown):,} more groups (--limit 0 shows all)")
    return lines + [f"note: {line}" for line in warnings(sample.report)]


def signed(value: float | None) -> str:
    """A rate with its sign."""
    if value is None:
        return "-"
    return f"{value:+,.1f}" if abs(value) >= 0.05 else "0"


def signed_bytes(value: float | None) -> str:
    """A rate of bytes with its sign."""
    if value is None:
        return "-"
    return ("+" if value > 0 else "-") + size_text(int(abs(value))) if abs(value) >= 1 else "0"


def unsigned(value: float | None) -> str:
    """A rate that only counts."""
    return "-" if value is None else f"{value:,.1f}"


def counted(value: int | None) -> str:
    """How many, where that is known."""
    return "-" if value is None else f"{value:,}"
