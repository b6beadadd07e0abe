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
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
MORESTACK = Path(sys.executable).with_name("morestack")
GO = Path(sys.executable).with_name("go")
ENV = {**os.environ, "GOMAXPROCS": "1"}


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: cost for us and for the peer in `unit` (s or B), and the most that is allowed.

    `target` limits the ratio; `limit` the cost itself. Either may be None.
    """

    name: str
    ours: float
    peer: float | None
    unit: str = "s"
    target: float | None = None
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.ours / self.peer

    @property
    def over(self) -> bool:
        """Whether a limit is broken."""
        ratio = self.ratio
        return (self.target is not None and ratio is not None and ratio > self.target) or (
            self.limit is not None and self.ours > self.limit
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


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took: wall seconds and peak resident bytes."""

    seconds: float
    memory: int


def cost(command: list[str | Path], procs: int = 1) -> Cost:
    """Run one process to its end; it must succeed and print something."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, env={**ENV, "GOMAXPROCS": str(procs)}, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode or not text:
        raise RuntimeError(f"{command} failed ({process.returncode}): {text.decode()[-400:]}")
    return Cost(elapsed, usage.ru_maxrss * 1024)


def seconds(command: list[str | Path]) -> float:
    """Wall time of one process."""
    return cost(command).seconds


def slopes(
    program: str,
    small: int,
    large: int,
    folder: Path,
    repeats: int,
    constants: dict[str, int] | None = None,
    procs: int = 1,
) -> tuple[Cost, Cost]:
    """Cost of one operation for us and for Go, by slope of medians; runs are interleaved."""
    sources = [with_constants(program, folder, {"N": n, **(constants or {})}) for n in (small, large)]
    ours: list[list[str | Path]] = [[MORESTACK, "run", s] for s in sources]
    peer: list[list[str | Path]] = [[go_build(s)] for s in sources]
    for command in ours:
        cost(command)  # compiled and cached
    costs: list[list[Cost]] = [[], [], [], []]
    for _ in range(repeats):
        for number, command in enumerate([*ours, *peer]):
            costs[number].append(cost(command, procs))

    def slope(low: list[Cost], high: list[Cost]) -> Cost:
        time_ = statistics.median(c.seconds for c in high) - statistics.median(c.seconds for c in low)
        memory = statistics.median(c.memory for c in high) - statistics.median(c.memory for c in low)
        return Cost(time_ / (large - small), round(memory / (large - small)))

    return slope(costs[0], costs[1]), slope(costs[2], costs[3])
