"""Growth and advice as text and as JSON; docs/json.md describes the JSON, whose `schema` changes when a field does."""

from __future__ import annotations

from typing import Any

from morestack.process.model import Frame, Path
from morestack.profile.advise import Advised
from morestack.profile.growth import Event, Growth
from morestack.profile.statement import short, statement

GROWTH_SCHEMA = "morestack.growth/1"
ADVISE_SCHEMA = "morestack.advise/1"


def bytes_text(value: int) -> str:
    """Bytes for a reader: `584 bytes`, `16 KB`, `4.7 MB`."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if abs(value) >= unit:
            amount = value / unit
            return f"{amount:.0f} {name}" if amount == int(amount) or abs(amount) >= 100 else f"{amount:.1f} {name}"
    return f"{value} bytes"


def time_text(growth: Growth, value: int) -> str:
    """Time for a reader; another unit than nanoseconds is named."""
    if growth.unit != "nanoseconds":
        return f"{value:,} {growth.unit}"
    return f"{value / 1e9:.2f} s" if value >= 1_000_000_000 else f"{value / 1e6:.0f} ms"


def growth_text(growth: Growth, limit: int) -> str:
    """Who grows, whose stacks grow, and the paths."""
    total = time_text(growth, growth.total)
    out = [f"{growth.share(growth.time):.1%} of {total} goes into growing stacks, in {growth.source}"]
    if growth.shrinking:
        out.append(f"{growth.share(growth.shrinking):.1%} goes into shrinking them")
    if growth.parts:
        parts = ", ".join(f"{name} {time / growth.time:.0%}" for name, time in growth.parts.items())
        out.append(f"of that: {parts}")
    if not growth.events:
        return "\n".join(out) + "\n"
    for title, sums in (("function that asked for more", growth.callers), ("go statement", growth.statements)):
        out += ["", f" share      time  {title}"]
        for name, time in list(sums.items())[:limit]:
            out.append(f"{growth.share(time):6.1%} {time_text(growth, time):>9}  {name}")
        out += more(len(sums), limit)
    out += ["", "paths, innermost first"]
    for event in growth.events[:limit]:
        out.append(f"{growth.share(event.time):6.1%} {time_text(growth, event.time):>9}  {sizes_text(event)}".rstrip())
        out += path_lines(event.path)
    out += more(len(growth.events), limit)
    return "\n".join([*out, *(["", *growth.notes] if growth.notes else [])]) + "\n"


def more(count: int, limit: int) -> list[str]:
    """What a table leaves out."""
    return [f"{'':18}{count - limit:,} more (--limit)"] if count > limit else []


def sizes_text(event: Event) -> str:
    """The sizes a growth went between."""
    if event.old is None or event.new is None or event.used is None:
        return ""
    return f"{event.old >> 10} -> {event.new >> 10} KB, {event.used:,} bytes in use"


def path_lines(path: Path) -> list[str]:
    """A path for a reader: each frame's bytes, function and place."""
    out = []
    for frame in path:
        size = "inlined" if frame.inlined else "" if frame.frame_bytes is None else f"{frame.frame_bytes:,}"
        out.append(f"{size:>16}  {frame.function} {place_text(frame)}".rstrip())
    return out


def place_text(frame: Frame) -> str:
    """The last part of a file's name, with the line."""
    return f"{frame.file.rsplit('/', 1)[-1]}:{frame.line}" if frame.file else ""


def advice_text(advised: Advised, limit: int) -> str:
    """The remedies, best first, each with its figures."""
    used = f" ({advised.average:,} bytes are in use on average)" if advised.average is not None else ""
    stacks = f"{bytes_text(advised.stack_bytes)} of stacks"
    if advised.real_bytes is not None:
        stacks = f"{bytes_text(advised.real_bytes)} of stacks, {bytes_text(advised.stack_bytes)} simulated"
    out = [
        f"{advised.goroutines:,} goroutines, {stacks}; they start with {bytes_text(advised.start)}{used}",
        f"{advised.copies:,} copies of {bytes_text(advised.copied_bytes)} got them where they are",
    ]
    if advised.has_cpu:
        out.append(f"{advised.time_share:.1%} of the time goes into growing stacks")
    for number, item in enumerate(advised.advice[:limit], 1):
        saves = [f"{item.time_share:.1%} of the time"] if advised.has_cpu else []
        copied = f" ({bytes_text(item.copied_bytes)})" if item.copied_bytes > 0 else ""
        saves.append(f"{item.copies:,} {'copy' if item.copies == 1 else 'copies'}{copied}")
        memory = "no change in memory"
        if item.stack_bytes:
            memory = f"{bytes_text(abs(item.stack_bytes))} of stacks {'less' if item.stack_bytes > 0 else 'more'}"
        out += ["", f"{number}. {item.kind}: saves {', '.join(saves)}; {memory}", f"   {item.remedy}"]
    if not advised.advice:
        out += ["", "Nothing that was simulated would save anything worth telling."]
    out += more(len(advised.advice), limit)
    return "\n".join([*out, *(["", *advised.notes] if advised.notes else [])]) + "\n"


def frame_json(frame: Frame) -> dict[str, Any]:
    """A frame."""
    made: dict[str, Any] = {"function": frame.function, "file": frame.file, "line": frame.line}
    made["frame_bytes"] = frame.frame_bytes
    return made | {"inlined": True} if frame.inlined else made


def growth_json(growth: Growth) -> dict[str, Any]:
    """A growth report."""

    def sums(name: str, found: dict[str, int]) -> list[dict[str, Any]]:
        return [{name: key, "time": time, "share": round(growth.share(time), 6)} for key, time in found.items()]

    return {
        "schema": GROWTH_SCHEMA,
        "source": growth.source,
        "unit": growth.unit,
        "time": growth.total,
        "samples": growth.samples,
        "growing": {"time": growth.time, "share": round(growth.share(growth.time), 6)},
        "shrinking": {"time": growth.shrinking, "share": round(growth.share(growth.shrinking), 6)},
        "preempting": {"time": growth.preempting, "share": round(growth.share(growth.preempting), 6)},
        "parts": sums("part", growth.parts),
        "callers": sums("function", growth.callers),
        "statements": sums("statement", growth.statements),
        "paths": [
            {
                "function": event.function,
                "statement": statement(event.path),
                "time": event.time,
                "share": round(growth.share(event.time), 6),
                "samples": event.samples,
                "old_bytes": event.old,
                "new_bytes": event.new,
                "used_bytes": event.used,
                "path": [frame_json(f) for f in event.path],
            }
            for event in growth.events
        ],
        "notes": growth.notes,
    }


def advice_json(advised: Advised) -> dict[str, Any]:
    """All advice."""
    return {
        "schema": ADVISE_SCHEMA,
        "goroutines": advised.goroutines,
        "start_bytes": advised.start,
        "average_used_bytes": advised.average,
        "stack_bytes": advised.stack_bytes,
        "real_stack_bytes": advised.real_bytes,
        "copies": advised.copies,
        "copied_bytes": advised.copied_bytes,
        "growing_share": round(advised.time_share, 6) if advised.has_cpu else None,
        "advice": [
            {
                "kind": item.kind,
                "statement": item.statement,
                "function": item.function or None,
                "name": short(item.function) if item.function else None,
                "before": item.before,
                "after": item.after,
                "goroutines": item.goroutines,
                "saves": {
                    "time": item.time if advised.has_cpu else None,
                    "time_share": round(item.time_share, 6) if advised.has_cpu else None,
                    "copies": item.copies,
                    "copied_bytes": item.copied_bytes,
                    "stack_bytes": item.stack_bytes,
                },
                "score": round(item.score, 6),
                "remedy": item.remedy,
                "path": [frame_json(f) for f in item.path],
            }
            for item in advised.advice
        ],
        "notes": advised.notes,
    }
