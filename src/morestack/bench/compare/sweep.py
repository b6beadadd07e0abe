"""`--sweep NAME=...`: the same program for several values of one constant, and where disciplines overtake each other.

The constant is found by the type checker, not by its spelling in the text: `const depth = 8` of the program's own, on
package level or in a function. Its value is replaced by a number in a copy of the program. If the program has no
constant `initial`, that name stands for the size of stack that goroutines start with ($MORESTACK_INITIAL).

Values: `1..64` (up to eight, each larger than the one before by the same factor), `0..200+10` (by steps), `1,2,5`.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from morestack.bench.compare.report import aligned, as_data, interval, shown
from morestack.bench.draw.plot import draw, y_axis
from morestack.bench.failures import SweepError
from morestack.bench.measure import Measured, measure, own_variant
from morestack.build.files import read_program
from morestack.build.package import CompiledPackage
from morestack.build.program import Program
from morestack.source.span import SourceFile

POINTS = 8
MOST_POINTS = 1000
INITIAL = "initial"


@dataclass(frozen=True, slots=True)
class Sweep:
    """A name and the values it takes."""

    name: str
    values: tuple[int, ...]


@dataclass(slots=True)
class Curve:
    """What one variant took for each value of a sweep: (value, measured); values that failed are left out."""

    name: str
    points: list[tuple[int, Measured]] = field(default_factory=list)

    def seconds(self) -> list[tuple[int, float]]:
        """Median time by value."""
        return [(x, t.median) for x, m in self.points if (t := m.value("seconds")) is not None]


def parse_sweep(text: str) -> Sweep:
    """A sweep as the user wrote it."""
    name, equals, values = text.partition("=")
    name = name.strip()
    if not equals or not name.isidentifier():
        raise SweepError(f"--sweep {text}: write NAME=LOW..HIGH, NAME=LOW..HIGH+STEP or NAME=A,B,C")
    number = r"(-?\d{1,15})"
    if found := re.fullmatch(rf"\s*{number}\.\.{number}(?:\+(\d{{1,15}}))?\s*", values):
        low, high, step = int(found[1]), int(found[2]), int(found[3] or 0)
        if low >= high or (found[3] and step == 0):
            raise SweepError(f"--sweep {text}: the range is empty")
        if step:
            if (high - low) // step >= MOST_POINTS:
                raise SweepError(f"--sweep {text}: more than {MOST_POINTS} values")
            return Sweep(name, tuple(range(low, high + 1, step)))
        return Sweep(name, spaced(low, high, powers=name == INITIAL))
    if re.fullmatch(rf"\s*{number}(,\s*{number})*\s*", values):
        return Sweep(name, tuple(sorted({int(v) for v in values.split(",")})))
    raise SweepError(f"--sweep {text}: write NAME=LOW..HIGH, NAME=LOW..HIGH+STEP or NAME=A,B,C")


def spaced(low: int, high: int, powers: bool = False) -> tuple[int, ...]:
    """Up to `POINTS` whole numbers from low to high, by equal factors; by equal steps when low is not positive.
    `powers`: the powers of two among them."""
    if powers:
        return tuple(1 << n for n in range(max(low, 1).bit_length() - 1, high.bit_length()) if low <= 1 << n <= high)
    if low < 1:
        return tuple(sorted({round(low + (high - low) * i / (POINTS - 1)) for i in range(POINTS)}))
    return tuple(sorted({round(low * (high / low) ** (i / (POINTS - 1))) for i in range(POINTS)}))


def replaced(package: CompiledPackage, name: str) -> tuple[int, int, int]:
    """Where the value of a constant is written: file, first and last byte. SweepError when that is not one place."""
    from morestack.syntax import nodes as ast
    from morestack.syntax.walk import walk
    from morestack.types.core.kinds import is_integer
    from morestack.types.core.objects import Const
    from morestack.types.core.types import UNTYPED_INT, UNTYPED_RUNE

    places: list[tuple[int, int, int]] = []
    texts: list[str] = []
    for file in package.ast:
        for node in walk(file):
            if not isinstance(node, ast.ConstDecl):
                continue
            for i, declared in enumerate(node.names):
                thing = package.checked.info.defs.get(declared)
                if declared.text != name or not isinstance(thing, Const):
                    continue
                where = f"{file.source.path}:{declared.span.line}"
                if node.inherited or i >= len(node.values):
                    raise SweepError(f"{where}: constant {name} has no value of its own to replace")
                if thing.type is None or not is_integer(thing.type):
                    raise SweepError(f"{where}: constant {name} is not an integer")
                if node.type is None and thing.type not in (UNTYPED_INT, UNTYPED_RUNE):
                    raise SweepError(f"{where}: write the type of constant {name} on the left of its =")
                span = node.values[i].span
                number = next(n for n, s in enumerate(package.sources) if s is file.source)
                places.append((number, span.start, span.end))
                texts.append(where)
    if not places:
        raise SweepError(f"the program declares no constant {name} to sweep")
    if len(places) > 1:
        raise SweepError(f"the program declares {len(places)} constants {name}: {', '.join(texts)}")
    return places[0]


def with_constant(sources: Sequence[SourceFile], place: tuple[int, int, int], value: int, folder: Path) -> list[str]:
    """Write the program with another value; the paths of its files."""
    number, start, end = place
    paths: list[str] = []
    folder.mkdir(parents=True, exist_ok=True)
    for i, source in enumerate(sources):
        text = source.text
        if i == number:
            text = text[:start] + str(value).encode() + text[end:]
        path = folder / Path(source.path).name
        path.write_bytes(text)
        paths.append(str(path))
    return paths


def crossovers(curves: Sequence[Curve]) -> list[str]:
    """Sentences that say where one variant overtakes another, by medians whose intervals are apart."""
    found: list[str] = []
    for a, b in combinations(curves, 2):
        theirs = dict(b.points)
        last: tuple[int, bool] | None = None
        for x, mine in a.points:
            other = theirs.get(x)
            ta = mine.value("seconds")
            tb = other.value("seconds") if other else None
            if ta is None or tb is None or not ta.differs(tb):
                continue
            first_faster = ta.median < tb.median
            if last is not None and last[1] != first_faster:
                fast, slow = (a, b) if first_faster else (b, a)
                found.append(f"{fast.name} overtakes {slow.name} between {last[0]:,} and {x:,}")
            last = (x, first_faster)
    return found


def run_sweep(
    paths: Sequence[str],
    sweep: Sweep,
    names: Sequence[str],
    budget: float,
    repeat: int | None,
    tell: Callable[[str], None],
) -> list[Curve]:
    """Measure a program for every value of a sweep under every discipline named; the budget is shared by the values.

    The starting size is swept under `contiguous` alone, because no other discipline has one.
    """
    package = Program(read_program(paths)).root
    place = None
    if sweep.name != INITIAL or declares(package, INITIAL):
        place = replaced(package, sweep.name)
    else:
        names = [n for n in names if n == "contiguous"]
        if bad := [v for v in sweep.values if v < 2048 or v & (v - 1)]:
            raise SweepError(f"goroutines start with a power of two from 2048 bytes, not with {bad[0]}")
    curves = {name: Curve(name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        for number, value in enumerate(sweep.values):
            env: dict[str, str] = {}
            program = list(paths)
            if place is not None:
                program = with_constant(package.sources, place, value, Path(folder) / str(number))
            else:
                env = {"MORESTACK_INITIAL": str(value)}
            variants = [own_variant(name, name, program, env) for name in names]
            label = f"{sweep.name}={value} ({number + 1} of {len(sweep.values)}), "
            for measured in measure(variants, budget / len(sweep.values), repeat, tell, label):
                curves[measured.variant.name].points.append((value, measured))
    return list(curves.values())


def declares(package: CompiledPackage, name: str) -> bool:
    """Whether the program has a constant of its own with this name."""
    try:
        replaced(package, name)
    except SweepError as error:
        return "declares no constant" not in str(error)
    return True


def to_text(curves: Sequence[Curve], name: str) -> str:
    """A table of medians, the plot, and where curves cross."""
    lines: list[list[str]] = [[name, *(c.name for c in curves)]]
    values = sorted({x for c in curves for x, _ in c.points})
    for x in values:
        row = [f"{x:,}"]
        for curve in curves:
            time = dict(curve.points)[x].value("seconds")
            row.append(f"{shown(time.median, 's')}  {interval(time):>10}" if time else "-")
        lines.append(row)
    plotted = [(c.name, c.seconds()) for c in curves if c.seconds()]
    parts = ["\n".join(aligned(lines))]
    if plotted:
        axis = y_axis(plotted)
        labels = [shown(axis.at(place), "s") for place in (1.0, 0.5, 0.0)]
        parts.append(draw(plotted, name, labels))
    parts += ["\n".join(crossings) for crossings in [crossovers(curves)] if crossings]
    failures = [f"{name}={x}: {m.failure}" for c in curves for x, m in c.points if m.failure]
    return "\n\n".join([*parts, *failures])


def to_json(curves: Sequence[Curve], name: str) -> str:
    """The curves as JSON."""
    points = [{"value": x, **as_data([m])[0]} for c in curves for x, m in c.points]
    return json.dumps({"sweep": name, "points": points, "crossovers": crossovers(curves)}, indent=1)
