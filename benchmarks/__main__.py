"""`python -m benchmarks [--json] [--quick]`: the table."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import ENV, MORESTACK, PROGRAMS, Row, compare, seconds

COMPARISONS = (
    # name, program, small N, large N, target ratio
    ("fib(40)", "fib", 0, 3, 0.8),
    ("recursion to 100k frames", "recurse100k", 10, 200, 0.35),
    ("recursion to 1M frames", "recurse1m", 1, 12, 0.35),
    ("ping-pong round trip", "pingpong", 10_000, 3_000_000, 0.2),
    ("spawn + run + exit", "spawn", 10_000, 4_000_000, 0.2),
)


def unit(seconds: float) -> str:
    """A duration with a fitting unit."""
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {name}"
    return f"{seconds * 1e9:.3g} ns"


def start_up(repeats: int) -> tuple[float, float]:
    """Seconds of a cached run of an empty program, and of a cold compile of a 100-line one, medians."""
    run: list[str | Path] = [MORESTACK, "run", PROGRAMS / "empty.go"]
    seconds(run)
    cached = statistics.median(seconds(run) for _ in range(repeats))
    lines = (PROGRAMS / "hundred.go").read_text()
    cold: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(repeats):
            path = Path(folder, f"hundred{number}.go")  # another path: not in the cache
            path.write_text(f"{lines}\n// {number}\n")
            cold.append(seconds([MORESTACK, "run", path]))
    return cached, statistics.median(cold)


def walk() -> float:
    """Nanoseconds to walk one frame of a goroutine parked under a million frames."""
    text = subprocess.run(
        [sys.executable, "-m", "benchmarks.walk"], env=ENV, check=True, capture_output=True, text=True
    ).stdout
    return float(text.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="three repetitions instead of seven")
    options = parser.parse_args()
    repeats = 3 if options.quick else 7
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, program, small, large, target in COMPARISONS:
            if sys.stderr.isatty():
                print(f"measuring {name} …", file=sys.stderr)
            rows.append(compare(name, program, small, large, target, Path(folder), repeats))
    cached, cold = start_up(repeats)
    frame = walk()
    absolute = [
        ("cached program to first output and exit", cached, 0.25, unit(cached)),
        ("100-line program compiled cold and run", cold, 1.5, unit(cold)),
        ("walking one frame", frame * 1e-9, 4e-9, f"{frame:.2f} ns"),
    ]
    if options.json:
        table = [{"name": r.name, "ours": r.ours, "go": r.peer, "ratio": r.ratio, "target": r.target} for r in rows]
        limits = [{"name": name, "ours": value, "limit": limit} for name, value, limit, _ in absolute]
        print(json.dumps({"against_go": table, "absolute": limits}, indent=1))
        return
    print(f"{'':42}{'morestack':>12}{'Go':>12}{'ratio':>8}{'target':>8}")
    for row in rows:
        mark = "" if row.ratio <= row.target else "  over"
        print(f"{row.name:42}{unit(row.ours):>12}{unit(row.peer):>12}{row.ratio:8.2f}{row.target:8.2f}{mark}")
    for name, value, limit, shown in absolute:
        print(f"{name:42}{shown:>12}{'':20}{unit(limit):>8}{'' if value <= limit else '  over'}")


if __name__ == "__main__":
    main()
