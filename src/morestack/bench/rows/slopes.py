"""Measuring whole processes, interleaved, by slope.

A row runs one program with two different counts N, for us and for Go in turn, several times over; the cost of
one operation is (median at the large N - median at the small N) / difference of N. Start-up therefore cancels out, and
whatever else the machine does affects both sides alike. Our run with the large N takes half a second or more, because
starting Python takes a tenth of a second and varies.

Peak memory is that of the whole process with the large N. Part of ours is Python's and LLVM's, which an empty program
has too; what a row takes beyond an empty program of the same side belongs to the program.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path("benchmarks/programs")
"""Where the programs are, from the project's folder, where `make bench` runs."""
MORESTACK = Path(sys.executable).with_name("morestack")
GO = Path(sys.executable).with_name("go")
ENV = {**os.environ, "GOMAXPROCS": "1"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took, or one operation: wall seconds, processor seconds, resident bytes at the peak."""

    seconds: float
    processor: float
    memory: float


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a row: the cost of an operation, and the peak of the largest process in bytes."""

    cost: Cost
    peak: float


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: what an operation costs us and the peer in `unit` (s or B), and the most that is allowed.

    `target` limits the ratio; `limit` the cost itself. Either may be None.
    """

    name: str
    ours: Side
    peer: Side | None
    unit: str = "s"
    target: float | None = None
    limit: float | None = None

    def figure(self, side: Side) -> float:
        """What is compared."""
        return side.cost.memory if self.unit == "B" else side.cost.seconds

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.figure(self.ours) / self.figure(self.peer)

    @property
    def over(self) -> bool:
        """Whether a limit is broken."""
        ratio = self.ratio
        return (self.target is not None and ratio is not None and ratio > self.target) or (
            self.limit is not None and self.figure(self.ours) > self.limit
        )


def with_constants(program: str, folder: Path, constants: dict[str, int]) -> Path:
    """A copy of the program with some of its constants set."""
    text = (PROGRAMS / f"{program}.go").read_text()
    for name, value in constants.items():
        text = re.sub(rf"\b{name}(\s*)= \d+", rf"{name}\1= {value}", text)
    path = folder / ("_".join([program, *map(str, constants.values())]) + ".go")
    path.write_text(text)
    return path


def go_build(source: Path) -> Path:
    """Compile with real Go; return the binary."""
    binary = source.with_suffix(".bin")
    subprocess.run([GO, "build", "-o", binary, source], check=True, env=ENV)
    return binary


def run(command: list[str | Path], procs: int = 1, env: Mapping[str, str] = ENV) -> tuple[Cost, str]:
    """Run one process to its end: what it took, and what it printed. It must succeed and print something."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, env={**ENV, **env, "GOMAXPROCS": str(procs)}, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if process.returncode or not text:
        raise RuntimeError(f"{command} failed ({process.returncode}): {text[-400:]}")
    return Cost(elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024), text


def medians(costs: list[Cost]) -> Cost:
    """The median of each figure."""
    columns = zip(*((c.seconds, c.processor, c.memory) for c in costs), strict=True)
    return Cost(*map(statistics.median, columns))


def whole(costs: list[Cost]) -> Side:
    """A side whose operation is a whole process."""
    cost = medians(costs)
    return Side(cost, cost.memory)


def slopes(
    program: str,
    small: int,
    large: int,
    folder: Path,
    repeats: int,
    constants: dict[str, int] | None = None,
    procs: int = 1,
) -> tuple[Side, Side]:
    """Cost of one operation for us and for Go, by slope of medians; runs are interleaved."""
    sources = [with_constants(program, folder, {"N": n, **(constants or {})}) for n in (small, large)]
    ours: list[list[str | Path]] = [[MORESTACK, "run", s] for s in sources]
    peer: list[list[str | Path]] = [[go_build(s)] for s in sources]
    for command in ours:
        run(command)  # compiled and cached
    costs: list[list[Cost]] = [[], [], [], []]
    for _ in range(repeats):
        for number, command in enumerate([*ours, *peer]):
            costs[number].append(run(command, procs)[0])

    def slope(low: Cost, high: Cost) -> Side:
        n = large - small
        cost = Cost(
            (high.seconds - low.seconds) / n, (high.processor - low.processor) / n, (high.memory - low.memory) / n
        )
        return Side(cost, high.memory)

    return slope(medians(costs[0]), medians(costs[1])), slope(medians(costs[2]), medians(costs[3]))
