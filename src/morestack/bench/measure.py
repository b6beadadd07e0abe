"""Measuring programs in fresh processes, the variants in turn.

A `Variant` is one way to run a program: under one of our disciplines, or as the binary of another compiler. `measure`
runs every variant once in each round, so whatever else the machine does affects all of them alike. Rounds go on until
the budget is spent or the medians are known well enough. The first run of each variant is not counted: it compiles, and
counts system calls.

Our own runs report time, memory and faults of the run itself (usage.py), without the start of Python and linking. For a
foreign binary the whole process is measured, less the median of an empty program by the same compiler. Threads are
counted from outside, by sampling /proc/PID/status. The size of a thread's kernel stack is measured once
(`kernel_stack_size`), because no kernel reports what a process uses.
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from morestack.bench.estimate import Estimate, estimate
from morestack.bench.failures import MeasureError
from morestack.observe.usage import status

Numbers = dict[str, float]
"""Measured numbers by name, of one run."""

SAMPLE = 0.004
"""Seconds between looks at a running process's threads."""
ENOUGH = 0.01
"""Measuring stops early when every variant's interval is narrower than this share of its median to either side."""
LEAST, MOST = 3, 25
"""Rounds."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to run a program. `own`: by `morestack run`, whose report replaces what is seen from outside."""

    name: str
    command: tuple[str, ...]
    own: bool
    env: Mapping[str, str] = field(default_factory=dict)
    empty: Numbers = field(default_factory=dict)
    """What an empty program takes: subtracted from what is seen of a foreign binary."""


@dataclass(slots=True)
class Measured:
    """The runs of one variant: every number that was measured in each of them."""

    variant: Variant
    runs: list[Numbers] = field(default_factory=list)
    once: Numbers = field(default_factory=dict)
    """What only the first, uncounted run measures: system calls."""
    output: bytes = b""
    """What the program printed."""
    slow: bool = False
    """One run takes so much of the budget that there is only one."""
    failure: str = ""
    """Why the program cannot run this way: its last line on stderr."""

    def value(self, *names: str) -> Estimate | None:
        """The estimate of a number, or of a sum of numbers; None when it could not be measured."""
        values = [sum(run.get(n, 0) for n in names) for run in self.runs if any(n in run for n in names)]
        if not values:
            values = [self.once[n] for n in names if n in self.once]
        return estimate(values) if values else None


def morestack(*arguments: str) -> tuple[str, ...]:
    """A command that runs this very morestack in a fresh process."""
    return (sys.executable, "-m", "morestack", *arguments)


def own_variant(name: str, discipline: str, program: Sequence[str], env: Mapping[str, str] | None = None) -> Variant:
    """A program under one of our disciplines."""
    return Variant(name, morestack("run", f"--discipline={discipline}", "--stats={stats}", *program), True, env or {})


@cache
def kernel_stack_size() -> int | None:
    """Bytes of kernel stack for each thread: what 64 threads add to KernelStack in /proc/meminfo, rounded to a power of
    two pages, which is what kernels allocate.

    Other processes move that number too, so the most common of nine tries counts.
    """
    tries: list[int] = []
    for _ in range(9):
        before = kernel_stacks()
        done = threading.Event()
        threads = [threading.Thread(target=done.wait, daemon=True) for _ in range(64)]
        for thread in threads:
            thread.start()
        after = kernel_stacks()
        done.set()
        for thread in threads:
            thread.join()
        if before is None or after is None:
            return None
        page = os.sysconf("SC_PAGE_SIZE")
        each = (after - before) / 64 / page
        tries.append(page << round(math.log2(each)) if each >= 0.5 else 0)
    found = max(tries, key=lambda size: (tries.count(size), -size))
    return found if found > 0 else None


def kernel_stacks() -> int | None:
    """Bytes of kernel stacks on the whole machine."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("KernelStack:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def run_once(variant: Variant, count_syscalls: bool = False, limit: float = 120.0) -> tuple[Numbers, bytes]:
    """Run one process to its end: what it took and what it printed. Raises MeasureError when it fails."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        stats = Path(folder) / "stats.json"
        command = [part.format(stats=stats) if part.startswith("--stats=") else part for part in variant.command]
        if variant.own and count_syscalls:
            command.insert(command.index("run") + 1, "--count-syscalls")
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env={**os.environ, **variant.env}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            threads = _wait(process.pid, started + limit)
            _, wait_status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        seconds = time.perf_counter() - started
        process.returncode = code = os.waitstatus_to_exitcode(wait_status)
        output.seek(0)
        printed = output.read()
        if code and seconds > limit:
            raise MeasureError(f"{variant.name}: took longer than {limit:g} s")
        if code:
            raise MeasureError(_last_words(printed, code, variant.name))
        seen: Numbers = {
            "seconds": seconds,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_memory": usage.ru_maxrss * 1024,
            "minor_faults": usage.ru_minflt,
            "major_faults": usage.ru_majflt,
            "voluntary_switches": usage.ru_nvcsw,
            "involuntary_switches": usage.ru_nivcsw,
        }
        if variant.own:
            report = json.loads(stats.read_text())
            threads = max(threads - int(report.pop("python_threads", 1)), 1, int(report.get("threads_max", 0)))
            # What our own run did not report stays unmeasured: seen from outside it would include Python.
            numbers = {name: value for name, value in report.items() if name != "exit_code"}
        else:
            numbers = {name: max(0.0, value - variant.empty.get(name, 0.0)) for name, value in seen.items()}
        numbers["threads"] = threads
        if size := kernel_stack_size():
            numbers["kernel_stack_bytes"] = threads * size
        return numbers, printed


def _wait(pid: int, deadline: float) -> int:
    """Wait until a process has ended, without reaping it; the most threads it was seen with."""
    most = 1
    fd = os.pidfd_open(pid)
    try:
        while not select.select([fd], [], [], SAMPLE)[0]:
            most = max(most, status("Threads", Path(f"/proc/{pid}")) or 1)
            if time.perf_counter() > deadline:
                os.kill(pid, signal.SIGKILL)
    finally:
        os.close(fd)
    return most


def _last_words(output: bytes, code: int, name: str) -> str:
    """Why a process failed, in one line."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    fatal = [line for line in lines if line.startswith(("panic:", "fatal error:", "runtime:", "morestack:"))]
    how = f"exit code {code}" if code > 0 else f"killed by {signal.Signals(-code).name}"
    return f"{name}: {how}: {(fatal or lines or ['no output'])[0 if fatal else -1]}"


def measure(
    variants: Sequence[Variant],
    budget: float,
    repeat: int | None = None,
    tell: Callable[[str], None] = lambda text: None,
    label: str = "",
) -> list[Measured]:
    """Measure all variants, interleaved, in about `budget` seconds, or in exactly `repeat` rounds.

    A variant whose first run fails is left out of the rounds, and its `failure` says why. Compiling does not count
    towards the budget.
    """
    results = [Measured(v) for v in variants]
    for number, result in enumerate(results):
        tell(f"{label}{result.variant.name}: first run ({number + 1} of {len(results)})")
        try:
            first, result.output = run_once(result.variant, count_syscalls=True)
        except MeasureError as error:
            result.failure = str(error)
            continue
        result.once = {name: first[name] for name in ("system_calls",) if name in first}
        result.slow = repeat is None and first["seconds"] > budget / LEAST
    running = [r for r in results if not r.failure]
    begun = time.perf_counter()
    rounds = 0
    while running and not _done(running, rounds, repeat, time.perf_counter() - begun, budget):
        rounds += 1
        for result in running:
            if result.slow and rounds > 1:
                continue
            of = f" of {repeat}" if repeat else ""
            tell(f"{label}round {rounds}{of}: {result.variant.name}")
            result.runs.append(run_once(result.variant)[0])
    tell("")
    return results


def _done(running: Sequence[Measured], rounds: int, repeat: int | None, spent: float, budget: float) -> bool:
    """Whether no further round is needed, or there is no time for one."""
    if repeat is not None:
        return rounds >= repeat
    if rounds < LEAST:
        return rounds > 0 and spent * (rounds + 1) / rounds > 2 * budget  # a program far too long for the budget
    if rounds >= MOST or spent * (rounds + 1) / rounds > budget:
        return True
    times = [r.value("seconds") for r in running]
    return rounds > 5 and all(t is not None and t.spread < ENOUGH for t in times)
