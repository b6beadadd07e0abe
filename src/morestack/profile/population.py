"""The goroutines of each `go` statement, gathered from everything that was given: what `advise` simulates.

Snapshots (dumps, goroutine profiles, live processes) tell how many goroutines a statement has and where they stand; CPU
profiles tell how deep its goroutines get and how much time their growing takes. A goroutine that stands idle now has
often been deeper: where a CPU profile saw its statement's goroutines grow further, they are simulated on that path.
The runtime's own goroutines are left out: nobody can change them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from morestack.process.model import Goroutine, Path, Snapshot
from morestack.profile.allocator import STACK_MIN, Step, deepest, simulate, steps, tour
from morestack.profile.growth import Event, Growth
from morestack.profile.statement import of_goroutine, root, statement

Full = Callable[[str], int | None] | None


TOUR = 64
"""Paths that a statement's goroutines are simulated on: the deepest that were seen."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far some goroutines of a statement get: down each of these paths, one after the other."""

    paths: tuple[tuple[Step, ...], ...]
    count: int
    stack_bytes: int | None
    """What their stacks are known to have; None where the source does not tell."""
    path: Path
    """The one that needs most, for a reader."""

    def size(self, start: int) -> int:
        """Bytes of one stack that starts at `start`: never less than it is known to have reached."""
        simulated = tour(self.paths, start).size
        return simulated if self.stack_bytes is None else max(self.stack_bytes, simulated)


@dataclass(slots=True)
class Population:
    """All that is known of one `go` statement's goroutines."""

    statement: str
    alive: int = 0
    reaches: list[Reach] = field(default_factory=list)
    events: list[tuple[Event, tuple[Step, ...]]] = field(default_factory=list)
    """Growths that a CPU profile saw, with the frames up to the one that asked."""
    seen: dict[tuple[Step, ...], Path] = field(default_factory=dict)
    """Paths that a CPU profile saw."""
    time: int = 0
    """Of growing, in the CPU profiles."""

    @property
    def goroutines(self) -> int:
        """How many are simulated: those alive, or one where only a CPU profile saw them."""
        return sum(r.count for r in self.reaches)


@dataclass(slots=True)
class Populations:
    """All statements, and what they are measured against."""

    by_statement: dict[str, Population] = field(default_factory=dict)
    uses: list[tuple[int, int]] = field(default_factory=list)
    """Bytes in use and of how many goroutines, of the snapshots: what the collector averages."""
    cpu: int = 0
    """All time in the CPU profiles."""
    growing: int = 0
    unsized: int = 0
    """Goroutines of whose frames nothing is known."""

    def of(self, name: str) -> Population:
        """The population of a statement."""
        return self.by_statement.setdefault(name, Population(name))


def alike(snapshot: Snapshot) -> list[tuple[Goroutine, int]]:
    """Goroutines that nothing here tells apart, as one of them and how many: dumps list idle ones by the thousand.

    Paths are compared by identity first, which `process.model` promises for equal ones.
    """
    found: dict[tuple[object, ...], tuple[Goroutine, int]] = {}
    for g in snapshot.goroutines:
        if g.status == "dead" or g.count == 0:
            continue
        creator = (g.creator.function, g.creator.file, g.creator.line) if g.creator is not None else None
        key = (id(g.path), creator, g.stack_bytes, g.used_bytes)
        known = found.get(key)
        found[key] = (g, g.count) if known is None else (known[0], known[1] + g.count)
    return list(found.values())


def populations(snapshots: Iterable[Snapshot], growths: Iterable[Growth], full: Full) -> Populations:
    """Gather the goroutines of snapshots and the growths of CPU profiles by `go` statement."""
    found = Populations()
    names: dict[str, str] = {}
    for snapshot in snapshots:
        for goroutine, count in alike(snapshot):
            if goroutine.system:
                continue
            name = of_goroutine(goroutine)
            start = root(goroutine.path)
            if start is not None:
                names.setdefault(start.function, name)
            if goroutine.used_bytes is not None:
                found.uses.append((goroutine.used_bytes, count))
            path = steps(tuple(f for f in goroutine.path if f.inlined or f.frame_bytes is not None), full)
            if not path:
                found.unsized += count
                continue
            population = found.of(name)
            population.alive += count
            population.reaches.append(Reach((path,), count, goroutine.stack_bytes, goroutine.path))
    for growth in growths:
        found.cpu += growth.total
        found.growing += growth.time
        for event in growth.events:
            path = steps(event.path, full)
            start = root(event.path)
            if not path or start is None:
                continue
            population = found.of(names.get(start.function) or statement(event.path))
            population.events.append((event, path))
            population.time += event.time
        for seen in growth.paths:
            path = steps(seen, full)
            start = root(seen)
            if path and start is not None:
                name = names.get(start.function) or statement(seen)
                if name in found.by_statement:
                    found.by_statement[name].seen.setdefault(path, seen)
    for population in found.by_statement.values():
        deepen(population)
    return found


def deepen(population: Population) -> None:
    """Let goroutines that are seen at rest reach what their statement's goroutines were seen to reach."""
    if not population.events:
        return
    time: dict[tuple[Step, ...], int] = {}
    for event, path in population.events:
        population.seen.setdefault(path, event.path)
        time[path] = time.get(path, 0) + event.time
    # first those where growing was seen, the most usual ones; what else is deep comes after them
    most = max(time.values())
    usual = sorted((path for path in time if time[path] * 20 >= most), key=deepest)
    deep = sorted(population.seen, key=deepest)[-TOUR:]
    paths = (*usual, *deep)
    peak = population.seen[max(paths, key=lambda path: (simulate(path).size, deepest(path)))]
    if not population.reaches:
        population.reaches.append(Reach(paths, 1, None, peak))
        return
    least = tour(paths).size
    population.reaches = [
        reach if reach.size(STACK_MIN) > least else Reach((*paths, *reach.paths), reach.count, reach.stack_bytes, peak)
        for reach in population.reaches
    ]
