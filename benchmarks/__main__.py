"""`python -m benchmarks [--json] [--quick]`: the table of figures beside real Go."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import ENV, GO, MORESTACK, PROGRAMS, Row, go_build, seconds, slopes

RUNNING: tuple[tuple[str, str, int, int, dict[str, int], float], ...] = (
    # name, program, small N, large N, other constants, target ratio
    ("fib(40)", "fib", 0, 3, {}, 0.8),
    ("recursion to 100k frames, fresh goroutine", "recurse", 10, 200, {"Depth": 100_000}, 0.35),
    ("recursion to 1M frames, fresh goroutine", "recurse", 1, 12, {"Depth": 1_000_000}, 0.35),
    ("ping-pong round trip, unbuffered channel", "pingpong", 10_000, 3_000_000, {}, 0.2),
    ("spawn + run + exit", "spawn", 10_000, 4_000_000, {}, 0.2),
    ("1000 timers made and stopped", "timers", 10, 2_000, {"What": 0}, 1.0),
    ("1000 timers made and stopped, 100k others", "timers", 10, 2_000, {"What": 0, "Pending": 100_000}, 1.0),
    ("1000 timers that call functions", "timers", 10, 1_000, {"What": 1}, 1.0),
    ("1000 goroutines that sleep", "timers", 10, 1_000, {"What": 2}, 1.0),
    ("system call that keeps the processor", "getpid", 1_000, 2_000_000, {"What": 0}, 1.1),
    ("system call that may block", "getpid", 1_000, 2_000_000, {"What": 1}, 1.1),
    ("buffered channel, a value", "buffered", 10_000, 8_000_000, {}, 0.6),
    ("select over 4 channels", "selects", 10_000, 2_000_000, {}, 0.6),
    ("map, 1000 int keys: make and insert all", "maps", 10, 10_000, {"What": 0}, 1.2),
    ("map, 1000 string keys: make and insert all", "maps", 10, 7_000, {"What": 1}, 1.2),
    ("map, 1000 int keys: find all", "maps", 10, 40_000, {"What": 2}, 1.2),
    ("map, 1000 int keys: miss as many", "maps", 10, 40_000, {"What": 3}, 1.2),
    ("map, 1000 string keys: find all", "maps", 10, 30_000, {"What": 4}, 1.2),
    ("map, 1000 string keys: miss as many", "maps", 10, 30_000, {"What": 5}, 1.2),
    ("map, 1000 int keys: range over all", "maps", 10, 40_000, {"What": 6}, 1.2),
    ("map, 1000 string keys: m[k]++ of all", "maps", 10, 20_000, {"What": 7}, 1.2),
    ("1000 map literals of 3 int keys", "maps", 10, 7_000, {"What": 8}, 1.2),
    ("allocation of a small object", "alloc", 1_000_000, 40_000_000, {}, 1.0),
    ("binary-trees, one tree of depth 14", "binarytrees", 2, 60, {}, 1.1),
    ("full collection, a million parked goroutines", "collect", 1, 5, {}, 0.5),
)

TWO_PROCESSORS: tuple[tuple[str, str, int, int, dict[str, int], float], ...] = (
    ("GOMAXPROCS=2: ping-pong round trip", "pingpong", 10_000, 1_000_000, {}, 0.7),
    ("GOMAXPROCS=2: fan-out to 100 and fan-in", "fan", 1_000, 300_000, {}, 0.7),
    ("GOMAXPROCS=2: parallel fib(30)", "parfib", 2, 60, {}, 0.7),
)


def running(folder: Path, repeats: int) -> list[Row]:
    """Run time of compiled programs."""
    rows: list[Row] = []
    for procs, table in ((1, RUNNING), (2, TWO_PROCESSORS)):
        for name, program, small, large, constants, target in table:
            tell(name)
            ours, peer = slopes(program, small, large, folder, repeats, constants, procs)
            rows.append(Row(name, ours.seconds, peer.seconds, target=target))
    return rows


def memory(folder: Path, repeats: int) -> list[Row]:
    """Peak memory of parked goroutines."""
    tell("parked goroutines")
    ours, peer = slopes("parked", 1_000, 101_000, folder, min(repeats, 3))
    return [Row("memory of a parked goroutine", ours.memory, peer.memory, "B")]


def starting(folder: Path, repeats: int) -> list[Row]:
    """Start-up and compile time; Go's side is a built binary, and `go build` of a text it has not seen."""
    tell("start-up")
    empty = PROGRAMS / "empty.go"
    text = empty.read_text()
    (folder / "empty.go").write_text(text)
    run: list[str | Path] = [MORESTACK, "run", empty]
    binary: list[str | Path] = [go_build(folder / "empty.go")]
    seconds(run)
    pairs = [(seconds(run), seconds(binary)) for _ in range(repeats)]
    tell("cold compile")
    lines = (PROGRAMS / "hundred.go").read_text()
    cold: list[tuple[float, float]] = []
    for number in range(repeats):
        path = folder / f"hundred{number}.go"
        path.write_text(f"{lines}\n// {number} {folder}\n")  # in no cache
        ours = seconds([MORESTACK, "run", path])
        built = seconds([GO, "run", path])
        cold.append((ours, built))
    return [
        Row("cached program: start, first output, exit", *medians(pairs), limit=0.25),
        Row("100-line program: compile cold and run", *medians(cold), limit=1.5),
    ]


def medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The median of each side."""
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def walking() -> list[Row]:
    """Walking the frames of a goroutine parked under a million of them."""
    tell("walking frames")
    command = [sys.executable, "-m", "benchmarks.walk"]
    text = subprocess.run(command, env=ENV, check=True, capture_output=True, text=True).stdout
    return [Row("walking one frame", float(text.split()[-1]) * 1e-9, None, limit=4e-9)]


def tell(name: str) -> None:
    """What is being measured, on a terminal."""
    if sys.stderr.isatty():
        print(f"measuring {name} …", file=sys.stderr)


def shown(value: float | None, unit: str) -> str:
    """A cost with a fitting unit."""
    if value is None:
        return ""
    if unit == "B":
        return f"{value:,.0f} B"
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {name}"
    return f"{value * 1e9:.3g} ns"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="three repetitions instead of seven")
    options = parser.parse_args()
    repeats = 3 if options.quick else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [*running(folder, repeats), *memory(folder, repeats), *starting(folder, repeats), *walking()]
    if options.json:
        print(json.dumps([{**asdict(r), "ratio": r.ratio} for r in rows], indent=1))
        return
    print(f"{'':44}{'morestack':>12}{'Go':>12}{'ratio':>8}   at most")
    for r in rows:
        ratio = "" if r.ratio is None else f"{r.ratio:.2f}"
        most = f"{r.target}" if r.target is not None else shown(r.limit, r.unit)
        figures = f"{r.name:44}{shown(r.ours, r.unit):>12}{shown(r.peer, r.unit):>12}{ratio:>8}   {most}"
        print(figures + ("  over" if r.over else ""))


if __name__ == "__main__":
    main()
