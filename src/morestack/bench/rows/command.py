"""What `python -m benchmarks` does: measure every row and print the table of figures beside real Go.

Rows of running programs are slopes. Rows of compiling are whole processes, each for a text that is in no cache.
"""

import argparse
import json
import re
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from morestack.bench.rows.slopes import GO, MORESTACK, PROGRAMS, Cost, Row, Side, go_build, run, slopes, whole
from morestack.bench.rows.table import lines

RUNNING: tuple[tuple[str, str, int, int, dict[str, int], float], ...] = (
    # name, program, small N, large N, other constants, target ratio
    ("fib(40)", "fib", 0, 3, {}, 0.8),
    ("recursion to 100k frames, fresh goroutine", "recurse", 10, 600, {"Depth": 100_000}, 0.35),
    ("recursion to 1M frames, fresh goroutine", "recurse", 2, 52, {"Depth": 1_000_000}, 0.35),
    ("ping-pong round trip, unbuffered channel", "pingpong", 10_000, 10_000_000, {}, 0.2),
    ("spawn + run + exit", "spawn", 10_000, 10_000_000, {}, 0.2),
    ("1000 timers made and stopped", "timers", 10, 4_000, {"What": 0}, 1.0),
    ("1000 timers made and stopped, 100k others", "timers", 10, 2_000, {"What": 0, "Pending": 100_000}, 1.0),
    ("1000 timers that call functions", "timers", 10, 2_000, {"What": 1}, 1.0),
    ("1000 goroutines that sleep", "timers", 10, 2_500, {"What": 2}, 1.0),
    ("system call that keeps the processor", "getpid", 1_000, 5_000_000, {"What": 0}, 1.1),
    ("system call that may block", "getpid", 1_000, 5_000_000, {"What": 1}, 1.1),
    ("buffered channel, a value", "buffered", 10_000, 60_000_000, {}, 0.6),
    ("select over 4 channels", "selects", 10_000, 10_000_000, {}, 0.6),
    ("map, 1000 int keys: make and insert all", "maps", 10, 10_000, {"What": 0}, 1.2),
    ("map, 1000 string keys: make and insert all", "maps", 10, 7_000, {"What": 1}, 1.2),
    ("map, 1000 int keys: find all", "maps", 10, 80_000, {"What": 2}, 1.2),
    ("map, 1000 int keys: miss as many", "maps", 10, 80_000, {"What": 3}, 1.2),
    ("map, 1000 string keys: find all", "maps", 10, 50_000, {"What": 4}, 1.2),
    ("map, 1000 string keys: miss as many", "maps", 10, 50_000, {"What": 5}, 1.2),
    ("map, 1000 int keys: range over all", "maps", 10, 40_000, {"What": 6}, 1.2),
    ("map, 1000 string keys: m[k]++ of all", "maps", 10, 20_000, {"What": 7}, 1.2),
    ("1000 map literals of 3 int keys", "maps", 10, 7_000, {"What": 8}, 1.2),
    ("allocation of a small object", "alloc", 1_000_000, 40_000_000, {}, 1.0),
    ("binary-trees, one tree of depth 14", "binarytrees", 2, 60, {}, 1.1),
    ("start a million goroutines that park", "start", 0, 1, {}, 0.5),
    ("full collection, a million parked goroutines", "collect", 1, 11, {}, 0.5),
)

TWO_PROCESSORS: tuple[tuple[str, str, int, int, dict[str, int], float], ...] = (
    ("GOMAXPROCS=2: ping-pong round trip", "pingpong", 10_000, 5_000_000, {}, 0.7),
    ("GOMAXPROCS=2: fan-out to 100 and fan-in", "fan", 1_000, 4_000_000, {}, 0.7),
    ("GOMAXPROCS=2: parallel fib(30)", "parfib", 2, 300, {}, 0.7),
)

COPIES = 25
"""How often the 100-line program stands in the large one."""

THREADS = ("one thread", "two threads")


def running(folder: Path, repeats: int) -> list[Row]:
    """Run time of compiled programs."""
    rows: list[Row] = []
    for procs, table in ((1, RUNNING), (2, TWO_PROCESSORS)):
        for name, program, small, large, constants, target in table:
            tell(name)
            ours, peer = slopes(program, small, large, folder, repeats, constants, procs)
            rows.append(Row(name, ours, peer, target=target))
    return rows


def memory(folder: Path, repeats: int) -> list[Row]:
    """Peak memory of a million parked goroutines."""
    tell("parked goroutines")
    ours, peer = slopes("parked", 1_000, 1_001_000, folder, min(repeats, 3))
    return [Row("memory of each of a million parked goroutines", ours, peer, "B", limit=2300)]


def starting(folder: Path, repeats: int) -> list[Row]:
    """Start-up and compile time; Go's side is a built binary, and `go run` of a text it has not seen. The first row
    is of the empty program."""
    tell("start-up")
    empty = PROGRAMS / "empty.go"
    (folder / "empty.go").write_text(empty.read_text())
    command: list[str | Path] = [MORESTACK, "run", empty]
    binary: list[str | Path] = [go_build(folder / "empty.go")]
    run(command)
    pairs = [(run(command)[0], run(binary)[0]) for _ in range(repeats)]
    tell("cold compile")
    text = (PROGRAMS / "hundred.go").read_text()
    cold: list[tuple[Cost, Cost]] = []
    for number in range(repeats):
        path = folder / f"hundred{number}.go"
        path.write_text(f"{text}\n// {number} {folder}\n")  # in no cache
        cold.append((run([MORESTACK, "run", path])[0], run([GO, "run", path])[0]))
    return [
        Row("cached program: start, first output, exit", *sides(pairs), limit=0.25),
        Row("100-line program: compile cold and run", *sides(cold), limit=1.5),
        *compiling(folder, repeats),
    ]


def compiling(folder: Path, repeats: int) -> list[Row]:
    """Compile time that cannot be compared with Go's: the front end on a large program, and the runtime, which is
    compiled once on each machine."""
    tell("a large program")
    large = folder / "large.go"
    large.write_text(copies((PROGRAMS / "hundred.go").read_text(), COPIES))
    front = [run([MORESTACK, "escape", large])[0] for _ in range(repeats)]
    tell("the runtime")
    cold = [
        run([MORESTACK, "run", PROGRAMS / "empty.go"], env={"MORESTACK_CACHE": str(folder / f"cache{number}")})[0]
        for number in range(min(repeats, 3))
    ]
    lines = len(large.read_text().splitlines())
    return [
        Row(f"{lines:,}-line program: parse, check, escapes", whole(front), None),
        Row("the runtime: compile cold, and run an empty one", whole(cold), None),
    ]


def copies(text: str, count: int) -> str:
    """One program that is `count` times the program given: everything it declares gets a number."""
    head, _, body = text.partition("package main\n")
    declared = "|".join(_declared(body))
    numbered = (re.sub(rf"\b({declared})\b", rf"\g<1>_{n}", body) for n in range(count))
    calls = "\n".join(f"\tmain_{n}()" for n in range(count))
    return f"{head}package main\n{''.join(numbered)}\nfunc main() {{\n{calls}\n}}\n"


def _declared(body: str) -> list[str]:
    """The names that a program declares at package level, one a line or in a group of constants."""
    names = re.findall(r"^(?:type|func|var|const) (\w+)", body, re.M)
    for group in re.findall(r"^const \((.*?)^\)", body, re.M | re.S):
        names += re.findall(r"^\t(\w+)", group, re.M)
    return names


def sides(pairs: list[tuple[Cost, Cost]]) -> tuple[Side, Side]:
    """Both sides of runs in turn."""
    return whole([p[0] for p in pairs]), whole([p[1] for p in pairs])


def own(module: str, names: list[str], limits: list[float | None]) -> list[Row]:
    """Rows without a peer: the nanoseconds that a module prints which measures a part of the runtime by itself."""
    tell(module)
    cost, text = run([sys.executable, "-m", f"morestack.bench.rows.{module}"])
    figures = [float(word) * 1e-9 for word in text.split()[-len(names) :]]
    return [
        Row(name, Side(replace(cost, seconds=figure), cost.memory), None, limit=limit)
        for name, figure, limit in zip(names, figures, limits, strict=True)
    ]


def by_itself() -> list[Row]:
    """Walking the frames of a goroutine parked under a million of them; stacks with and without a processor's cache."""
    stacks = [f"a stack and back, {how}, {n}" for how in ("from the cache", "from the pool") for n in THREADS]
    return [*own("walk", ["walking one frame"], [4e-9]), *own("stackcache", stacks, [None] * len(stacks))]


def tell(name: str) -> None:
    """Say on a terminal what is being measured."""
    if sys.stderr.isatty():
        print(f"measuring {name} …", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--json", action="store_true", help="all that was measured, processor time among it")
    parser.add_argument("--quick", action="store_true", help="three repetitions instead of seven")
    options = parser.parse_args()
    repeats = 3 if options.quick else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        starts = starting(folder, repeats)
        rows = [*running(folder, repeats), *memory(folder, repeats), *starts, *by_itself()]
    if options.json:
        print(json.dumps([{**asdict(r), "ratio": r.ratio, "over": r.over} for r in rows], indent=1))
        return
    print("\n".join(lines(rows, starts[0])))
