"""Measuring whole processes, interleaved, by slope.

A row runs one program with two different counts N, for us and for Go in turn, several times over; the cost of
one operation is (median at the large N - median at the small N) / difference of N. So start-up cancels out,
and whatever else the machine does hits both sides alike.
"""

import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
MORESTACK = Path(sys.executable).with_name("morestack")
GO = Path(sys.executable).with_name("go")
ENV = {**os.environ, "GOMAXPROCS": "1"}


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: cost of an operation for us and for Go in seconds, and the most the ratio may be."""

    name: str
    ours: float
    peer: float
    target: float

    @property
    def ratio(self) -> float:
        return self.ours / self.peer


def with_count(program: str, count: int, folder: Path) -> Path:
    """A copy of the program with its constant N set."""
    text = (PROGRAMS / f"{program}.go").read_text()
    path = folder / f"{program}_{count}.go"
    path.write_text(re.sub(r"const N = \d+", f"const N = {count}", text))
    return path


def go_build(source: Path) -> Path:
    """Compile with real Go; return the binary."""
    binary = source.with_suffix(".bin")
    subprocess.run([GO, "build", "-o", binary, source], check=True, env=ENV)
    return binary


def seconds(command: list[str | Path]) -> float:
    """Wall time of one process; its output must not be empty."""
    started = time.perf_counter()
    done = subprocess.run(command, env=ENV, capture_output=True)
    elapsed = time.perf_counter() - started
    if done.returncode or not done.stdout + done.stderr:
        raise RuntimeError(f"{command} failed ({done.returncode}): {done.stderr.decode()[-400:]}")
    return elapsed


def compare(name: str, program: str, small: int, large: int, target: float, folder: Path, repeats: int) -> Row:
    """Measure one row."""
    sources = [with_count(program, n, folder) for n in (small, large)]
    ours: list[list[str | Path]] = [[MORESTACK, "run", s] for s in sources]
    peer: list[list[str | Path]] = [[go_build(s)] for s in sources]
    for command in ours:
        seconds(command)  # compiled and cached
    times: dict[int, list[float]] = {0: [], 1: [], 2: [], 3: []}
    for _ in range(repeats):
        for number, command in enumerate([*ours, *peer]):
            times[number].append(seconds(command))
    median = [statistics.median(times[number]) for number in range(4)]
    return Row(name, (median[1] - median[0]) / (large - small), (median[3] - median[2]) / (large - small), target)
