"""Budgets for stacks, read from TOML, and what is over them.

    [frames]                       # bytes of one call's frame, by function
    "main.*" = 4096
    [stacks]                       # bytes of one goroutine's stack, by `go` statement
    "main.(*server).accept*" = "16 KB"
    [total]
    goroutines = 10000
    stack_bytes = "64 MB"
    [growth]
    share = 0.05                   # of all time in a CPU profile

In a pattern `*` stands for any text and `?` for one character; everything else is meant as it stands, also brackets.
The first pattern of a table that matches decides.

Sizes and `go` statements are not always known. A check counts in the budget what it could decide and what not, so that
nobody takes silence for being within the budget.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

from morestack.process.model import Frame, Path, Place, Snapshot
from morestack.profile.allocator import simulate, steps
from morestack.profile.errors import ProfileError
from morestack.profile.growth import Growth
from morestack.profile.population import alike
from morestack.profile.statement import of_goroutine, root, statement

UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
SIZE = re.compile(r"([\d_]{1,15}(?:\.\d{1,6})?) ?([KMG]?B?)")
TABLES = ("frames", "stacks", "total", "growth")
TOTALS = ("goroutines", "stack_bytes", "used_bytes")


@dataclass(frozen=True, slots=True)
class Limit:
    """What functions or statements of a pattern may have."""

    pattern: str
    most: int

    def matches(self, name: str) -> bool:
        """Whether the pattern stands for this name."""
        parts = (re.escape(p).replace(r"\?", ".") for p in self.pattern.split("*"))
        return re.fullmatch(".*".join(parts), name) is not None


@dataclass(slots=True)
class Budget:
    """All limits of one file, or of `--fail-over`."""

    source: str
    frames: list[Limit] = field(default_factory=list)
    stacks: list[Limit] = field(default_factory=list)
    total: dict[str, int] = field(default_factory=dict)
    growth: float | None = None
    checked: Counter[str] = field(default_factory=Counter)
    """How many of what (`goroutines`, `paths`) were compared, and how many could not be."""
    unchecked: Counter[str] = field(default_factory=Counter)

    def blind(self) -> bool:
        """Whether there was something to check, and none of it could be."""
        return bool(self.unchecked.total() and not self.checked.total())


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing over a budget."""

    rule: str
    """`frame`, `stack`, `total` or `growth`."""
    message: str
    value: int
    most: int
    place: Place | None = None
    path: Path = ()


def size(value: Any, where: str) -> int:
    """Bytes from a number or a text such as `16 KB`."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and (found := SIZE.fullmatch(value.strip())):
        unit = found[2] if found[2] in UNITS else found[2] + "B"
        return int(float(found[1].replace("_", "")) * UNITS[unit])
    raise ProfileError(f'{where}: {value!r} is not a size: write 4096 or "4 KB"')


def read_budget(path: str) -> Budget:
    """The budget in a TOML file."""
    try:
        found = tomllib.loads(File(path).read_text())
    except OSError as error:
        raise ProfileError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path} is not TOML: {error}") from None
    for name, table in found.items():
        if name not in TABLES or not isinstance(table, dict):
            raise ProfileError(f"{path}: [{name}] is none of {', '.join(f'[{t}]' for t in TABLES)}")
    budget = Budget(path)
    for name, limits in (("frames", budget.frames), ("stacks", budget.stacks)):
        limits += [Limit(k, size(v, f"{path}: {name}.{k}")) for k, v in found.get(name, {}).items()]
    for key, value in found.get("total", {}).items():
        if key not in TOTALS:
            raise ProfileError(f"{path}: total.{key} is none of {', '.join(TOTALS)}")
        budget.total[key] = size(value, f"{path}: total.{key}")
    for key, value in found.get("growth", {}).items():
        if key != "share" or isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ProfileError(f"{path}: growth has one entry, share, between 0 and 1")
        budget.growth = float(value)
    return budget


def over(most: int) -> Budget:
    """The budget of `--fail-over`: no frame and no stack above this."""
    return Budget("--fail-over", [Limit("*", most)], [Limit("*", most)])


def limit(limits: Iterable[Limit], name: str) -> Limit | None:
    """The limit that decides for a name."""
    return next((x for x in limits if x.matches(name)), None)


def source(limit: Limit, budget: Budget) -> str:
    """Where a limit comes from, for a reader."""
    return budget.source if budget.source == "--fail-over" else f'{budget.source}: "{limit.pattern}"'


def check_frames(budget: Budget, paths: Iterable[Path]) -> list[Finding]:
    """Frames over the budget, each function once, with the path it is called by."""
    found: dict[str, Finding] = {}
    for path in paths:
        for i, frame in enumerate(path):
            if frame.inlined or not frame.frame_bytes:
                continue
            most = limit(budget.frames, frame.function)
            old = found.get(frame.function)
            if most is None or frame.frame_bytes <= most.most or (old and old.value >= frame.frame_bytes):
                continue
            text = f"{frame.function} has a frame of {frame.frame_bytes:,} bytes, {most.most:,} are allowed"
            found[frame.function] = Finding(
                "frame", f"{text} ({source(most, budget)})", frame.frame_bytes, most.most, place(frame), path[i:]
            )
    return sorted(found.values(), key=lambda f: -f.value)


def place(frame: Frame) -> Place:
    """Where a frame stands."""
    return Place(frame.function, frame.file, frame.line)


def check_sizes(budget: Budget, path: Path, name: str, stack_bytes: int | None, what: str, count: int) -> None:
    """Count whether the patterns could decide over a path and its stack."""
    known = True
    if budget.frames:
        known = bool(path) and not any(
            f.frame_bytes is None and not f.inlined and limit(budget.frames, f.function) for f in path
        )
    if budget.stacks:
        named = name != "unknown" and not name.startswith("go ")
        found = limit(budget.stacks, name)
        known = known and (named if found is None else stack_bytes is not None)
    if budget.frames or budget.stacks:
        (budget.checked if known else budget.unchecked)[what] += count


def unchecked_text(budget: Budget) -> str:
    """What could not be checked, a line each."""
    return "".join(
        f"note: {count:,} {what} could not be checked against {budget.source}: the size or the go statement of theirs "
        "is not known (--binary, or a target that tells them, helps)\n"
        for what, count in budget.unchecked.items()
    )


def check_stack(budget: Budget, statement: str, stack_bytes: int, path: Path, at: Place | None) -> Finding | None:
    """A stack of one `go` statement against the budget."""
    most = limit(budget.stacks, statement)
    if most is None or stack_bytes <= most.most:
        return None
    text = f"a goroutine of {statement} has a stack of {stack_bytes:,} bytes, {most.most:,} are allowed"
    return Finding("stack", f"{text} ({source(most, budget)})", stack_bytes, most.most, at, path)


def check_snapshot(budget: Budget, snapshot: Snapshot) -> list[Finding]:
    """Frames, stacks and totals of a snapshot over the budget."""
    out = check_frames(budget, {g.path for g in snapshot.goroutines})
    worst: dict[str, Finding] = {}
    stacks = sized = 0
    for g, count in alike(snapshot):
        size = g.stack_bytes
        if size is None:
            known = steps(g.path)
            size = simulate(known).size if known else None
        name = of_goroutine(g)
        check_sizes(budget, g.path, name, size, "goroutines", count)
        if size is None:
            continue
        stacks += size * count
        sized += count
        at = g.creator or g.start or root(g.path)
        finding = check_stack(budget, name, size, g.path, at)
        if finding and (name not in worst or worst[name].value < finding.value):
            worst[name] = finding
    out += sorted(worst.values(), key=lambda f: -f.value)
    totals = {
        "goroutines": snapshot.count,
        "stack_bytes": stacks if sized or not snapshot.count else None,
        "used_bytes": snapshot.used_bytes if snapshot.count else 0,
    }
    for key, most in budget.total.items():
        value = totals[key]
        (budget.unchecked if value is None else budget.checked)["totals"] += 1
        if value is not None and value > most:
            what = key.replace("_", " ")
            text = f"{value:,} {what} in all, {most:,} are allowed ({budget.source}: total.{key})"
            out.append(Finding("total", text, value, most))
    return out


def check_growth(budget: Budget, growth: Growth) -> list[Finding]:
    """Of a CPU profile: its paths' frames, the sizes that stacks grew to, and the share of time growing takes."""
    out = check_frames(budget, growth.paths)
    worst: dict[str, Finding] = {}
    for event in growth.events:
        name = statement(event.path)
        check_sizes(budget, event.path, name, event.new, "paths that grow", 1)
        if event.new is None:
            continue
        at = root(event.path)
        finding = check_stack(budget, name, event.new, event.path, at)
        if finding and (name not in worst or worst[name].value < finding.value):
            worst[name] = finding
    out += sorted(worst.values(), key=lambda f: -f.value)
    share = growth.share(growth.time)
    budget.checked["growth"] += budget.growth is not None
    if budget.growth is None or share <= budget.growth:
        return out
    first = growth.events[0].path
    text = f"{share:.1%} of the time goes into growing stacks, {budget.growth:.1%} is allowed ({budget.source}: growth)"
    at = place(first[0]) if first else None
    return [*out, Finding("growth", text, growth.time, int(budget.growth * growth.total), at, first)]
