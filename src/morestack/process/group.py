"""Goroutines by what they have in common, and what their stacks would give back.

Each way of grouping puts every goroutine into one group, so the groups' figures add up to the totals; only `frame`
does not: it counts each function's frames wherever they stand. The function of `function` is the innermost one
outside the runtime: where the goroutine waits, not `runtime.gopark`.

Note [What shrinking gives back]: the collector halves a stack of which less than a quarter is in use, counting 800
bytes that functions may use without asking, never below 2 KB, and not while the goroutine is in a system call.
`next` is what one collection would give back, `end` what repeated collections would, if nothing else happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from morestack.process.model import Goroutine, Path, Place

BY = ("creator", "start", "path", "function", "size", "frame")
SMALLEST, NOSPLIT = 2048, 800
UNKNOWN = "(not known)"
MAIN = "(main goroutine)"
FINALIZERS = ("runtime.runfinq", "runtime.runFinalizers", "runtime.runCleanups")
NOT_SYSTEM = ("runtime.main", "runtime.handleAsyncEvent", "runtime.corostart")


@dataclass(slots=True)
class Group:
    """Goroutines that have something in common."""

    key: str
    place: Place | None = None
    path: Path = ()
    goroutines: int = 0
    stack_bytes: int = 0
    used_bytes: int = 0
    known: int = 0
    """How many have a stack whose size is known."""
    known_used: int = 0
    least: bool = False
    """Whether `used_bytes` is a lower bound, as frames of some are left out."""
    largest: int = 0
    largest_used: int = 0
    shrink_next: int = 0
    shrink_end: int = 0
    waits: Counter[str] = field(default_factory=Counter)
    example: int | None = None
    """The id of a goroutine of it: the one with the largest stack."""
    members: list[int] = field(default_factory=list)
    """The ids of its goroutines, where they are known."""

    @property
    def free_bytes(self) -> int:
        """Stack that is there and not in use."""
        return max(0, self.stack_bytes - self.used_bytes)

    def add(self, g: Goroutine) -> None:
        """Count a goroutine."""
        n = g.count
        self.goroutines += n
        if g.id is not None:
            self.members.append(g.id)
        used = g.used_bytes
        if g.stack_hi is not None and g.stack_lo is not None:
            size = g.stack_hi - g.stack_lo
            self.known += n
            self.stack_bytes += size * n
            if size > self.largest or self.example is None:
                self.largest = max(self.largest, size)
                self.example = g.id
            if used is not None and used + NOSPLIT < size // 4:
                after, end = shrunk(size, used, g.status)
                self.shrink_next += (size - after) * n
                self.shrink_end += (size - end) * n
        elif self.example is None:
            self.example = g.id
        if used is not None:
            self.known_used += n
            self.least = self.least or g.elided_bytes is None
            self.used_bytes += used * n
            if used > self.largest_used:
                self.largest_used = used
        self.waits[g.wait_reason or g.status] += n

    def take(self, other: Group) -> None:
        """Count all of another group."""
        if other.largest > self.largest or self.example is None:
            self.example = other.example
        self.goroutines += other.goroutines
        self.stack_bytes += other.stack_bytes
        self.used_bytes += other.used_bytes
        self.known += other.known
        self.known_used += other.known_used
        self.least = self.least or other.least
        self.largest = max(self.largest, other.largest)
        self.largest_used = max(self.largest_used, other.largest_used)
        self.shrink_next += other.shrink_next
        self.shrink_end += other.shrink_end
        self.waits.update(other.waits)
        self.members += other.members


def shrunk(size: int, used: int, status: str = "waiting") -> tuple[int, int]:
    """A stack's size after one collection, and after many. See Note [What shrinking gives back]."""
    if status == "syscall":
        return size, size
    need = used + NOSPLIT
    once = size // 2 if need < size // 4 and size // 2 >= SMALLEST else size
    end = once
    while need < end // 4 and end // 2 >= SMALLEST:
        end //= 2
    return once, end


def size_text(size: int) -> str:
    """`8 KB`."""
    for unit, width in (("GB", 30), ("MB", 20), ("KB", 10)):
        if size >= 1 << width:
            whole = size / (1 << width)
            return f"{whole:.0f} {unit}" if whole == int(whole) or whole >= 100 else f"{whole:.1f} {unit}"
    return f"{size} B"


def is_runtime(function: str) -> bool:
    """Whether a function belongs to the runtime, as far as a reader who asks where goroutines wait is concerned."""
    return function.startswith(("runtime.", "internal/", "runtime/internal/"))


def is_system(start: str, path: Path) -> bool:
    """Whether a goroutine belongs to the runtime; those that run finalizers do except while they run one."""
    if not start.startswith("runtime.") or start in NOT_SYSTEM:
        return False
    return start not in FINALIZERS or all(is_runtime(frame.function) for frame in path)


def where(path: Path) -> Place | None:
    """The innermost function outside the runtime."""
    for frame in path:
        if not is_runtime(frame.function):
            return Place(frame.function, frame.file, frame.line)
    return Place(path[0].function, path[0].file, path[0].line) if path else None


def path_text(path: Path) -> str:
    """A path in one line, innermost first; a run of one function is written once."""
    parts: list[str] = []
    last, run = "", 0
    for frame in path:
        text = frame.function if frame.elided else f"{frame.function}:{frame.line}"
        if text == last:
            run += 1
            parts[-1] = f"{text} x{run}"
        else:
            parts.append(text)
            last, run = text, 1
    return " < ".join(parts)


def _placed(place: Place | None, g: Goroutine) -> str:
    if place is not None:
        return str(place)
    return MAIN if g.id == 1 or (g.start is not None and g.start.function == "runtime.main") else UNKNOWN


def group(goroutines: Iterable[Goroutine], by: str, sort: str = "stack") -> list[Group]:
    """The groups, the one with most stack first."""
    groups: dict[str, Group] = {}
    if by == "frame":
        _by_frame(goroutines, groups)
    else:
        _partition(goroutines, by, groups)
    order: dict[str, Callable[[Group], object]] = {
        "stack": lambda g: (-g.stack_bytes, -g.used_bytes, -g.goroutines, g.key),
        "used": lambda g: (-g.used_bytes, -g.goroutines, g.key),
        "free": lambda g: (-g.free_bytes, -g.goroutines, g.key),
        "count": lambda g: (-g.goroutines, -g.stack_bytes, g.key),
        "largest": lambda g: (-g.largest, -g.stack_bytes, g.key),
        "name": lambda g: g.key,
    }
    return sorted(groups.values(), key=order[sort])  # type: ignore[arg-type]


def _partition(goroutines: Iterable[Goroutine], by: str, groups: dict[str, Group]) -> None:
    # Equal places and paths are the same object nearly always, and hashing a path costs more than all else here.
    seen: dict[tuple[int, bool], Group] = {}
    for g in goroutines:
        if by == "creator":
            thing: object = g.creator
        elif by == "start":
            thing = g.start
        elif by == "size":
            thing = None
        else:
            thing = g.path
        slot = (id(thing), g.id == 1) if by != "size" else (g.stack_bytes or 0, True)
        found = seen.get(slot)
        if found is None:
            found = seen[slot] = _find(g, by, groups)
        found.add(g)


def _find(g: Goroutine, by: str, groups: dict[str, Group]) -> Group:
    place: Place | None = None
    path: Path = ()
    if by == "creator":
        place = g.creator
        key = _placed(place, g)
    elif by == "start":
        place = g.start
        key = str(place) if place is not None else UNKNOWN
    elif by == "size":
        key = UNKNOWN if g.stack_bytes is None else size_text(g.stack_bytes)
    elif by == "path":
        path = g.path
        place = where(path)
        key = path_text(path) or UNKNOWN
    else:
        place = where(g.path)
        key = str(place) if place is not None else UNKNOWN
    return groups.setdefault(key, Group(key, place, path))


def _by_frame(goroutines: Iterable[Goroutine], groups: dict[str, Group]) -> None:
    paths: dict[int, tuple[Goroutine, int]] = {}
    for g in goroutines:
        first, count = paths.get(id(g.path), (g, 0))
        paths[id(g.path)] = first, count + g.count
    for g, count in paths.values():
        here: set[str] = set()
        for frame in g.path:
            if frame.elided:
                continue
            found = groups.setdefault(frame.function, Group(frame.function, Place(frame.function, frame.file)))
            size = frame.frame_bytes or 0
            found.stack_bytes += size * count
            found.used_bytes += size * count
            found.largest = found.largest_used = max(found.largest, size)
            if frame.function not in here:
                here.add(frame.function)
                found.goroutines += count
                found.known += count
                found.known_used += count
                found.example = found.example or g.id


def sizes(goroutines: Iterable[Goroutine]) -> list[Group]:
    """The histogram: a group a stack size, smallest first."""
    found: dict[int, Group] = {}
    for g in goroutines:
        size = g.stack_bytes
        if size is not None:
            if size not in found:
                found[size] = Group(size_text(size))
            found[size].add(g)
    return [found[size] for size in sorted(found)]
