"""The cost of a program to its process, from its first goroutine to its last: time, memory, page faults, switches.

`Usage` covers only the run, so the figures exclude Python's start, compiling and linking. All figures come from the
kernel: clock_gettime, getrusage, /proc/self/status. The peak of resident memory is reset (/proc/self/clear_refs) if
the kernel allows it. If not, the peak from compiling would hide that of the program, so the peak is reported as
unknown.

`write_stats` writes the machine-readable report of `morestack run --stats FILE`: one flat JSON object of numbers by
name. Every counter that is a field of the runtime's `event.Stats` is included automatically.
"""

from __future__ import annotations

import json
import resource
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from morestack.observe.syscalls import SystemCalls

PROC = Path("/proc/self")


def status(field: str, of: Path = PROC) -> int | None:
    """Return a number from /proc/PID/status, in kilobytes or as a count, or None."""
    try:
        for line in (of / "status").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == field:
                return int(rest.split()[0])
    except (OSError, ValueError, IndexError):
        pass
    return None


class Usage:
    """A context manager; afterwards `numbers` holds the cost of the run, with system calls only on request."""

    def __init__(self, count_syscalls: bool = False) -> None:
        self.numbers: dict[str, int | float] = {}
        self.count_syscalls = count_syscalls
        self.calls: SystemCalls | None = None

    def __enter__(self) -> Usage:
        self.reset = reset_peak()
        self.resident = status("VmRSS")
        self.numbers["python_threads"] = threading.active_count()
        self.before = resource.getrusage(resource.RUSAGE_SELF)
        if self.count_syscalls:
            self.calls = SystemCalls()
            self.calls_before = self.calls.count()
        self.started = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: Any, traceback: TracebackType | None) -> None:
        seconds = time.perf_counter() - self.started
        calls = self.calls.count() if self.calls else None
        if self.calls:
            self.calls.close()
        after, before = resource.getrusage(resource.RUSAGE_SELF), self.before
        n = self.numbers
        n["seconds"] = seconds
        n["cpu_seconds"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        n["minor_faults"] = after.ru_minflt - before.ru_minflt
        n["major_faults"] = after.ru_majflt - before.ru_majflt
        n["voluntary_switches"] = after.ru_nvcsw - before.ru_nvcsw
        n["involuntary_switches"] = after.ru_nivcsw - before.ru_nivcsw
        peak = status("VmHWM") if self.reset else None
        if peak is not None and self.resident is not None:
            n["peak_memory"] = max(0, peak - self.resident) * 1024
        if calls is not None and self.calls_before is not None:
            n["system_calls"] = calls - self.calls_before


def reset_peak() -> bool:
    """Reset the peak of resident memory; return whether the kernel did so."""
    try:
        (PROC / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def runtime_counters() -> dict[str, int]:
    """Return every counter of the runtime that is a single number, by its name in the runtime."""
    from morestack.dialect import kinds
    from morestack.dialect.machine import offset_of
    from morestack.runtime.sys import allp, event
    from morestack.runtime.sys.layout import PStats

    stats = event.stats.at
    fields = kinds.kind_of(event.Stats).fields  # type: ignore[attr-defined]
    counted = {name: int(getattr(stats, name)) for name, field in fields.items() if isinstance(field, kinds.IntField)}
    for name in kinds.kind_of(PStats).fields:  # type: ignore[attr-defined]
        counted[name] = allp.sum_of(offset_of(PStats, name))
    return counted


def write_stats(path: str, usage: Usage, code: int) -> None:
    """Write the report of a program that has ended but whose memory is still attached."""
    numbers: dict[str, int | float] = {"exit_code": code, **usage.numbers, **runtime_counters()}
    Path(path).write_text(json.dumps(numbers) + "\n")
