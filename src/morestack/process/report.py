"""A snapshot as JSON and as text. The JSON is described in docs/json.md; its `schema` changes when a field does.

The text is a table with colours and bars on a terminal, and plain aligned columns when it is piped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from morestack.process.group import Group, group, path_text, size_text, sizes
from morestack.process.model import Frame, Goroutine, Place, Snapshot

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = "morestack.stacks/1"
BAR = 24
PATH_FRAMES = 12


@dataclass(slots=True)
class Report:
    """A snapshot grouped: what both forms show."""

    snapshot: Snapshot
    by: str
    groups: list[Group]
    sizes: list[Group]
    whole: Group
    """All of the program's own goroutines."""
    system: Group
    """Those of the runtime."""


def make_report(snapshot: Snapshot, by: str = "creator", sort: str = "stack", system: bool = False) -> Report:
    """Group a snapshot; the runtime's own goroutines stand apart unless `system`."""
    kept = [g for g in snapshot.goroutines if system or not g.system]
    groups = group(kept, by, sort)
    whole, apart = Group("all"), Group("the runtime's own")
    if by == "frame":
        for g in kept:
            whole.add(g)
    else:
        for found in groups:
            whole.take(found)
    for g in snapshot.goroutines:
        if g.system and not system:
            apart.add(g)
    return Report(snapshot, by, groups, sizes(kept), whole, apart)


def place_json(place: Place | None) -> dict[str, Any] | None:
    """A place."""
    return None if place is None else {"function": place.function, "file": place.file, "line": place.line}


def frame_json(frame: Frame) -> dict[str, Any]:
    """A frame."""
    made: dict[str, Any] = {"function": frame.function, "file": frame.file, "line": frame.line}
    made["frame_bytes"] = frame.frame_bytes
    if frame.inlined:
        made["inlined"] = True
    return made


def group_json(found: Group) -> dict[str, Any]:
    """A group."""
    made: dict[str, Any] = {
        "key": found.key,
        "function": found.place.function if found.place else None,
        "file": found.place.file if found.place else None,
        "line": found.place.line if found.place else None,
        "goroutines": found.goroutines,
        "stack_bytes": found.stack_bytes if found.known else None,
        "used_bytes": found.used_bytes if found.known_used else None,
        "used_at_least": found.least,
        "free_bytes": found.free_bytes if found.known else None,
        "largest_stack": found.largest if found.known else None,
        "largest_used": found.largest_used if found.known_used else None,
        "shrink": shrink_json(found),
        "states": dict(found.waits.most_common()),
        "example": found.example,
    }
    if found.path:
        made["path"] = [frame_json(frame) for frame in found.path]
    return made


def shrink_json(found: Group) -> dict[str, int | None]:
    """What shrinking would give back, which stacks and their use tell together."""
    known = bool(found.known and found.known_used)
    return {
        "next_collection": found.shrink_next if known else None,
        "in_the_end": found.shrink_end if known else None,
    }


def system_json(report: Report) -> dict[str, int | None]:
    """The runtime's own goroutines; all null where the source hides them."""
    found = report.system
    listed = bool(found.goroutines)
    if not listed and report.snapshot.dead is not None:  # a process or core, of which all are known
        return {"goroutines": 0, "stack_bytes": 0, "used_bytes": 0}
    return {
        "goroutines": found.goroutines if listed else None,
        "stack_bytes": found.stack_bytes if found.known else None,
        "used_bytes": found.used_bytes if found.known_used else None,
    }


def goroutine_json(g: Goroutine) -> dict[str, Any]:
    """A goroutine."""
    return {
        "id": g.id,
        "count": g.count,
        "status": g.status,
        "wait_reason": g.wait_reason or None,
        "wait_seconds": g.wait_seconds,
        "creator": place_json(g.creator),
        "start": place_json(g.start),
        "stack_lo": g.stack_lo,
        "stack_hi": g.stack_hi,
        "stack_bytes": g.stack_bytes,
        "used_bytes": g.used_bytes,
        "approximate": g.approximate,
        "incomplete": g.incomplete,
        "elided_frames": g.elided,
        "elided_bytes": g.elided_bytes,
        "system": g.system,
        "labels": dict(g.labels),
        "path": [frame_json(frame) for frame in g.path],
    }


def to_json(report: Report, limit: int = 0, each: bool = False) -> dict[str, Any]:
    """The report as JSON; `limit` groups at most when it is not 0; `each`: every goroutine too."""
    s, whole = report.snapshot, report.whole
    known = bool(whole.known)
    shown = report.groups[:limit] if limit else report.groups
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "source": s.source,
        "pid": s.pid,
        "binary": s.binary,
        "go_version": s.go_version,
        "taken": s.taken or None,
        "seconds": round(s.seconds, 4),
        "exact": s.exact,
        "layout": s.layout,
        "goroutines": whole.goroutines,
        "stack_bytes": whole.stack_bytes if known else None,
        "used_bytes": whole.used_bytes if whole.known_used else None,
        "used_at_least": whole.least,
        "free_bytes": whole.free_bytes if known else None,
        "shrink": shrink_json(whole),
        "approximate": s.approximate,
        "lost": [{"reason": loss.reason, "goroutines": loss.count} for loss in s.losses],
        "system_goroutines": system_json(report),
        "dead_goroutines": {"goroutines": s.dead, "stack_bytes": s.dead_stack_bytes},
        "thread_stacks": {"stacks": s.system_stacks, "stack_bytes": s.system_stack_bytes},
        "stack_in_use": s.stack_in_use,
        "pooled_stack_bytes": s.pooled_bytes,
        "sizes": [
            {
                "stack_bytes": g.largest,
                "goroutines": g.goroutines,
                "total_bytes": g.stack_bytes,
                "used_bytes": g.used_bytes,
            }
            for g in report.sizes
        ],
        "by": report.by,
        "groups_total": len(report.groups),
        "groups": [group_json(g) for g in shown],
        "notes": s.notes,
    }
    if each:
        made["each"] = [goroutine_json(g) for g in s.goroutines]
    return made


def summary(report: Report) -> list[str]:
    """What stands above the table, a line each."""
    s, whole = report.snapshot, report.whole
    lines = [s.source + (f", {s.go_version}" if s.go_version else "")]
    text = f"{whole.goroutines:,} goroutines"
    if whole.known:
        share = 100 * whole.used_bytes / whole.stack_bytes if whole.stack_bytes else 0
        text += (
            f": {size_text(whole.stack_bytes)} of stack, {used_text(whole)} used ({share:.0f} %), "
            f"largest {size_text(whole.largest)}"
        )
    elif whole.known_used:
        text += f": {used_text(whole)} of stack used"
        if not whole.least:
            text += f", at most {size_text(whole.largest_used)} by one"
    lines.append(text)
    if whole.shrink_next:
        more = ""
        if whole.shrink_end > whole.shrink_next:
            more = f", and {size_text(whole.shrink_end)} after several"
        lines.append(f"shrinking would give back {size_text(whole.shrink_next)} at the next collection{more}")
    apart = []
    if report.system.goroutines:
        size = f" {size_text(report.system.stack_bytes)}" if report.system.known else ""
        apart.append(f"{report.system.goroutines} goroutines of the runtime{size}")
    if s.dead:
        apart.append(f"{s.dead:,} ended goroutines {size_text(s.dead_stack_bytes or 0)}")
    if s.system_stacks:
        apart.append(f"{s.system_stacks} stacks of threads {size_text(s.system_stack_bytes or 0)}")
    if s.pooled_bytes:
        apart.append(f"free in the runtime's pools {size_text(s.pooled_bytes)}")
    if apart:
        lines.append("apart: " + ", ".join(apart))
    return lines


def warnings(report: Report) -> list[str]:
    """What a reader must know, a line each."""
    s = report.snapshot
    lines = []
    if s.approximate:
        what = "was" if s.approximate == 1 else "were"
        exactly = " (--stop reads exactly)" if s.pid is not None else ""
        lines.append(f"{s.approximate:,} {what} running or moved while read: shown as last seen at rest{exactly}")
    lines += [f"{loss.count:,} lost: {loss.reason}" for loss in s.losses]
    return lines + s.notes


def histogram(report: Report) -> list[tuple[str, int, int, int]]:
    """Rows of the histogram: size, goroutines, bytes, and the length of a bar."""
    most = max((g.goroutines for g in report.sizes), default=1)
    return [(g.key, g.goroutines, g.stack_bytes, max(1, round(BAR * g.goroutines / most))) for g in report.sizes]


def key_lines(found: Group, by: str) -> list[str]:
    """A group's key for the table: a path over several lines, its middle left out when it is long."""
    if by != "path" or not found.path:
        return [found.key]
    lines: list[str] = []
    runs: list[tuple[Frame, int]] = []
    for frame in found.path:
        if runs and (runs[-1][0].function, runs[-1][0].line) == (frame.function, frame.line):
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((frame, 1))
    for frame, run in runs:
        if frame.elided:
            lines.append(frame.function)
            continue
        size = "inlined" if frame.inlined else "" if frame.frame_bytes is None else f"{frame.frame_bytes} B"
        times = f" x{run}" if run > 1 else ""
        lines.append(f"{frame.function}{times} {short_file(frame.file)}:{frame.line} {size}".rstrip())
    if len(lines) > PATH_FRAMES:
        half = PATH_FRAMES // 2
        lines = [*lines[:half], f"... {len(lines) - 2 * half} more", *lines[-half:]]
    return lines


def short_file(file: str) -> str:
    """The last two parts of a file's path."""
    return "/".join(file.split("/")[-2:])


def used_text(found: Group) -> str:
    """What is in use, marked where it is a lower bound."""
    return ("at least " if found.least else "") + size_text(found.used_bytes)


HEADINGS = ("goroutines", "stack", "used", "free", "largest")


def row(found: Group) -> tuple[str, ...]:
    """A group's figures."""
    if not found.known:
        used = used_text(found) if found.known_used else "-"
        return (f"{found.goroutines:,}", "-", used, "-", "-")
    return (
        f"{found.goroutines:,}",
        size_text(found.stack_bytes),
        used_text(found),
        size_text(found.free_bytes),
        size_text(found.largest),
    )


def print_report(report: Report, console: Console, limit: int) -> None:
    """Write the report to a terminal."""
    shown = report.groups[:limit] if limit else report.groups
    hidden = len(report.groups) - len(shown)
    _rich(report, console, shown, hidden)


def plain(report: Report, shown: Sequence[Group], hidden: int) -> list[str]:
    """The report in plain columns."""
    lines = [*summary(report), ""]
    rows = histogram(report)
    if rows:
        lines += columns([("stack size", "goroutines", "bytes"), *((k, f"{n:,}", size_text(b)) for k, n, b, _ in rows)])
        lines.append("")
    table: list[tuple[str, ...]] = [(*HEADINGS, f"by {report.by}")]
    for found in shown:
        first, *rest = key_lines(found, report.by)
        table.append((*row(found), first))
        table.extend(("", "", "", "", "", "  " + line) for line in rest)
    lines += columns(table)
    if hidden:
        lines.append(f"... {hidden:,} more groups (--limit 0 shows all)")
    return lines + [f"note: {line}" for line in warnings(report)]


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in aligned columns: figures to the right, the last column to the left."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    made = []
    for r in rows:
        cells = [cell.rjust(width) for cell, width in zip(r[:-1], widths, strict=False)]
        made.append("  ".join([*cells, r[-1]]).rstrip())
    return made


def _rich(report: Report, console: Console, shown: Sequence[Group], hidden: int) -> None:
    from rich.table import Table
    from rich.text import Text

    first, *rest = summary(report)
    console.print(Text(first, "bold"))
    for line in rest:
        console.print(Text(line))
    rows = histogram(report)
    if rows:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("stack size", justify="right")
        table.add_column("goroutines", justify="right")
        table.add_column("bytes", justify="right")
        table.add_column("")
        for key, count, size, bar in rows:
            table.add_row(key, f"{count:,}", size_text(size), Text("█" * bar, "cyan"))
        console.print(table)
    table = Table(header_style="bold", pad_edge=False, box=None)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(f"by {report.by}", overflow="fold")
    for found in shown:
        figures = [Text(cell) for cell in row(found)]
        figures[1].stylize("bold")
        free = found.free_bytes / found.stack_bytes if found.stack_bytes else 0
        figures[3].stylize("yellow" if free > 0.75 else "")
        table.add_row(*figures, Text("\n  ".join(key_lines(found, report.by))))
    console.print(table)
    if hidden:
        console.print(Text(f"... {hidden:,} more groups (--limit 0 shows all)", "dim"))
    for line in warnings(report):
        console.print(Text(f"note: {line}", "yellow"))


__all__ = ["SCHEMA", "Report", "make_report", "path_text", "print_report", "summary", "to_json"]
