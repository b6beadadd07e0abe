"""What would save stack copies and stack memory: candidates, each simulated, ranked by what it gives.

Kinds of candidates:

- `start`: goroutines of one `go` statement begin with a larger stack. Go has no setting for it; a first call with a
  frame of that size grows the stack while there is next to nothing to copy.
- `frame`: one function's frame is made smaller, so that paths through it fit a smaller stack.
- `pool`: the statement's work runs on goroutines that stay, and keep the stacks they grew.
- `adaptive`: GODEBUG=adaptivestackstart, Go's own average start for all goroutines.

Figures: `copies` and `copied_bytes` are of the goroutines seen (each counted once, from its start to the deepest it is
known to get), `stack_bytes` is of those alive, negative where memory is paid for the saving; `time_share` is of all
time in the CPU profiles. A candidate's rank is the share of time it saves plus the share of stack memory it saves, or
minus the share it costs; without a CPU profile the share of copied bytes stands for a tenth of itself in place of time.

Time is that of the growths in the CPU profile which the change takes away; but no more than the part of the
statement's growing that is left out when its goroutines are simulated with the change, as a growth that is avoided at
one place can come back deeper down. There a copy's work is that of walking and adjusting its frames plus two frames'
worth for the call and the allocation (measured on examples/real/service: 93 ms and 57 ms a frame in one profile), so
that a growth on an almost empty stack is not free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from morestack.process.model import Path, Snapshot
from morestack.profile.allocator import STACK_MIN, Step, adaptive_start, simulate, tour
from morestack.profile.growth import Growth
from morestack.profile.population import Full, Population, Populations, populations
from morestack.profile.statement import short

STARTS = tuple(STACK_MIN << n for n in range(1, 10))
COPY_COST = 2
"""Frames' worth of time that a copy costs besides its frames."""
SMALLEST = 64
"""A frame no change is asked to get below."""
LARGE = 256
"""A frame worth changing."""
COPY_WEIGHT = 0.1


@dataclass(slots=True)
class Advice:
    """One change and what it gives."""

    kind: str
    statement: str
    remedy: str
    function: str = ""
    before: int = 0
    after: int = 0
    """Bytes that change: of a start, or of a frame."""
    goroutines: int = 0
    copies: int = 0
    copied_bytes: int = 0
    stack_bytes: int = 0
    time: int = 0
    time_share: float = 0.0
    score: float = 0.0
    path: Path = ()


@dataclass(slots=True)
class Advised:
    """All advice, best first, and what it was measured against."""

    advice: list[Advice]
    start: int
    """Bytes that goroutines start with now."""
    average: int | None
    goroutines: int
    stack_bytes: int
    copies: int
    copied_bytes: int
    time_share: float
    """Of growing, in the CPU profiles."""
    has_cpu: bool
    real_bytes: int | None = None
    """Of the stacks as they are, where all are known; `stack_bytes` is what simulation gives them."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a population costs: copies and bytes copied to get where it is seen, and the stacks it has."""

    copies: int = 0
    copied: int = 0
    stacks: int = 0
    work: int = 0
    """Of copying, in frames."""

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.copies + other.copies,
            self.copied + other.copied,
            self.stacks + other.stacks,
            self.work + other.work,
        )


def advise(
    snapshots: Sequence[Snapshot],
    growths: Sequence[Growth],
    full: Full = None,
    ours: Callable[[str], bool] = lambda name: True,
    adaptive: bool = True,
) -> Advised:
    """Simulate candidates on what was seen and rank them. `ours` says whether a function is the user's to change."""
    found = populations(snapshots, growths, full)
    average = sum(u * n for u, n in found.uses) // max(sum(n for _, n in found.uses), 1) if found.uses else None
    likely = adaptive_start(found.uses)
    start = likely if adaptive else STACK_MIN
    people = list(found.by_statement.values())
    now = sum((cost(p, start) for p in people), Cost())
    advice: list[Advice] = []
    for population in people:
        advice += [*starts(population, start), *pools(population, start), *frames(population, start, ours)]
    advice += adaptives(people, start, likely, adaptive)
    for item in advice:
        item.time_share = item.time / found.cpu if found.cpu else 0.0
        item.score = score(item, now, found)
    advice = [a for a in best(advice) if a.score > 0.0005]
    return Advised(
        sorted(advice, key=lambda a: (-a.score, a.statement, a.kind)),
        start,
        average,
        sum(p.alive for p in people),
        now.stacks,
        now.copies,
        now.copied,
        found.growing / found.cpu if found.cpu else 0.0,
        found.cpu > 0,
        real_bytes(snapshots),
        notes(found, snapshots, growths),
    )


def real_bytes(snapshots: Sequence[Snapshot]) -> int | None:
    """The stacks of the program's own goroutines as they are; None where one is not known."""
    own = [g for s in snapshots for g in s.goroutines if not g.system and g.status != "dead"]
    sizes = [g.stack_bytes * g.count for g in own if g.stack_bytes is not None]
    return sum(sizes) if own and len(sizes) == len(own) else None


def notes(found: Populations, snapshots: Sequence[Snapshot], growths: Sequence[Growth]) -> list[str]:
    """What a reader must know of the figures."""
    out = list(dict.fromkeys([n for s in snapshots for n in s.notes] + [n for g in growths for n in g.notes]))
    if found.unsized:
        out.append(f"Left out, as no frame of theirs has a known size (give --binary): {found.unsized:,} goroutines.")
    if not growths:
        out.append("No CPU profile was given: what growing costs in time is not known.")
    if not snapshots:
        out.append("No goroutine profile was given: memory is that of one goroutine a statement.")
    return out


def cost(population: Population, start: int, without: tuple[str, int] | None = None) -> Cost:
    """What a population costs from this start; `without` sets the frame of one function to another size."""
    copies = copied = stacks = work = 0
    for reach in population.reaches:
        paths = reach.paths if without is None else [shrunk(path, *without) for path in reach.paths]
        outcome = tour(paths, start)
        size = outcome.size
        more = 0
        if reach.stack_bytes is not None and without is None:
            while size < reach.stack_bytes:  # it was deeper once than any path that is known
                size *= 2
                more += 1
        copies += (outcome.copies + more) * reach.count
        copied += (outcome.copied + size // 2 * more) * reach.count
        stacks += size * reach.count
        work += sum(COPY_COST + g.frames for g in outcome.growths) * reach.count
    return Cost(copies, copied, stacks, work)


def shrunk(path: Iterable[Step], function: str, frame: int) -> tuple[Step, ...]:
    """A path with the frame of one function made smaller."""
    return tuple(Step(s.function, min(s.frame_bytes, frame)) if s.function == function else s for s in path)


def saved_time(population: Population, gone: Callable[[int, tuple[Step, ...]], bool], now: Cost, work: int) -> int:
    """Time of the growths that are gone, from a size on a path, within what the whole simulation leaves out."""
    time = sum(event.time for event, path in population.events if event.old is not None and gone(event.old, path))
    most = population.time * (now.work - work) // now.work if now.work else 0
    return max(min(time, most), 0)


def starts(population: Population, start: int) -> list[Advice]:
    """Larger starts for one statement's goroutines."""
    out = []
    now = cost(population, start)
    for size in STARTS:
        if size <= start or now.copies == 0:
            continue
        then = cost(population, size)
        goroutines = population.goroutines
        copies = now.copies - then.copies - goroutines  # the growth at the start is one copy
        if copies <= 0:
            continue
        work = then.work + (COPY_COST + 2) * goroutines
        out.append(
            Advice(
                "start",
                population.statement,
                f"Let goroutines of {population.statement} start with {size >> 10} KB: call, as the first thing they "
                f"do, a //go:noinline function with a local array of {size // 2} bytes that it writes to; it grows the "
                "stack while nothing has to be copied.",
                before=start,
                after=size,
                goroutines=goroutines,
                copies=copies,
                copied_bytes=now.copied - then.copied,
                stack_bytes=now.stacks - then.stacks if population.alive else 0,
                time=saved_time(population, lambda old, _, size=size: old < size, now, work),  # type: ignore[misc]
                path=largest(population),
            )
        )
    return out


def largest(population: Population) -> Path:
    """The path of the goroutines with the largest stacks."""
    return max(population.reaches, key=lambda r: (r.size(STACK_MIN), r.count)).path


def pools(population: Population, start: int) -> list[Advice]:
    """Goroutines that stay, for a statement whose goroutines come and go: a CPU profile saw them grow."""
    if not population.events or population.time <= 0 or population.statement == "the main goroutine":
        return []
    workers = max(population.alive, 1)
    now = cost(population, start)
    peak = max(reach.size(start) for reach in population.reaches)
    return [
        Advice(
            "pool",
            population.statement,
            f"Run the work of {population.statement} on some {workers} goroutines that stay and take it from a "
            "channel: each grows its stack once and keeps it.",
            before=population.goroutines,
            after=workers,
            goroutines=population.goroutines,
            copies=now.copies,
            copied_bytes=now.copied,
            stack_bytes=now.stacks - workers * peak if population.alive else 0,
            time=population.time,
            path=largest(population),
        )
    ]


def frames(population: Population, start: int, ours: Callable[[str], bool]) -> list[Advice]:
    """Smaller frames for the functions on one statement's paths."""
    sizes: dict[str, int] = {}
    for path in {path for reach in population.reaches for path in reach.paths}:
        for step in path:
            if step.frame_bytes >= LARGE and ours(step.function):
                sizes[step.function] = max(sizes.get(step.function, 0), step.frame_bytes)
    now = cost(population, start)
    out = []
    for function, size in sizes.items():
        goal = cost(population, start, (function, SMALLEST))
        if goal.copies >= now.copies and goal.stacks >= now.stacks:
            continue
        after = threshold(population, start, function, size, goal)
        then = cost(population, start, (function, after))

        def gone(old: int, path: tuple[Step, ...], function: str = function, after: int = after) -> bool:
            return not grows(shrunk(path, function, after), start)

        out.append(
            Advice(
                "frame",
                population.statement,
                f"Make the frame of {short(function)} at most {after:,} bytes (it has {size:,}): move its large locals "
                "to the heap or to a sync.Pool, or into a function that is called before the deep part of the path.",
                function=function,
                before=size,
                after=after,
                goroutines=sum(
                    r.count for r in population.reaches if any(s.function == function for p in r.paths for s in p)
                ),
                copies=now.copies - then.copies,
                copied_bytes=now.copied - then.copied,
                stack_bytes=now.stacks - then.stacks if population.alive else 0,
                time=saved_time(population, gone, now, then.work),
                path=largest(population),
            )
        )
    return out


def grows(path: tuple[Step, ...], start: int) -> bool:
    """Whether the last call of a path still grows the stack."""
    return simulate(path, start).copies > simulate(path[:-1], start).copies


def threshold(population: Population, start: int, function: str, size: int, goal: Cost) -> int:
    """The largest frame that gives all that the smallest would."""
    low, high = SMALLEST // 8, size // 8
    while low < high:
        middle = (low + high + 1) // 2
        then = cost(population, start, (function, middle * 8))
        if then.copies <= goal.copies and then.stacks <= goal.stacks:
            low = middle
        else:
            high = middle - 1
    return low * 8


def adaptives(people: list[Population], start: int, likely: int, on: bool) -> list[Advice]:
    """Go's average start, switched the other way, where that makes a difference."""
    other = STACK_MIN if on else likely
    if other == start:
        return []
    now = sum((cost(p, start) for p in people), Cost())
    then = sum((cost(p, other) for p in people), Cost())
    setting = int(not on)
    return [
        Advice(
            "adaptive",
            "all goroutines",
            f"Set GODEBUG=adaptivestackstart={setting}: goroutines then start with {other >> 10} KB instead of "
            f"{start >> 10}.",
            before=start,
            after=other,
            goroutines=sum(p.alive for p in people),
            copies=now.copies - then.copies,
            copied_bytes=now.copied - then.copied,
            stack_bytes=now.stacks - then.stacks,
            time=sum(saved_time(p, lambda old, _: old < other, cost(p, start), cost(p, other).work) for p in people)
            if other > start
            else 0,
        )
    ]


def score(item: Advice, now: Cost, found: Populations) -> float:
    """What ranks a candidate; see the module's text."""
    memory = item.stack_bytes / now.stacks if now.stacks else 0.0
    if found.cpu:
        return item.time / found.cpu + memory
    return COPY_WEIGHT * (item.copied_bytes / now.copied if now.copied else 0.0) + memory


def best(advice: Iterable[Advice]) -> list[Advice]:
    """Of the starts of one statement only the one that gives most; everything else."""
    kept: dict[tuple[str, str, str], Advice] = {}
    for item in advice:
        key = (item.kind, item.statement, item.function)
        if key not in kept or item.score > kept[key].score:
            kept[key] = item
    return list(kept.values())
