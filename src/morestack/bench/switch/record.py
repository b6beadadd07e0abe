"""What one switch between goroutines changes, seen at the call of `schedule` in a running program.

Compiled code calls the runtime through cells. The cell of `schedule` is made to point to a recorder that looks at the
goroutine that has stopped, calls the native scheduler, and looks at the goroutine it chose. It therefore shows the
values that were stored and those that the next jump loads: PC, SP and BP. No other register keeps anything over a
switch, because everything that is needed later is in frames. The result of the call that parked (`ret`) and the closure
(`ctxt`) travel as arguments.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from morestack.bench.failures import MeasureError
from morestack.observe.events import Place, function_name, site_place


@dataclass(frozen=True, slots=True)
class Registers:
    """Where a stopped goroutine goes on, and its stack [lo, hi)."""

    goid: int
    pc: int
    sp: int
    bp: int
    lo: int
    hi: int
    place: Place
    waits: str

    def stack_place(self, address: int) -> str:
        """Where an address lies in this goroutine's stack."""
        if not self.lo <= address <= self.hi:
            return "outside its stack"
        return f"{self.hi - address:,} below the top" if address < self.hi else "the top"


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch: the goroutine that stopped and the one that went on. `ordinal` counts the calls of schedule."""

    ordinal: int
    stopped: Registers
    goes_on: Registers


def record(paths: Sequence[str]) -> list[Switch]:
    """Run a program to its end and give its first switches between goroutines."""
    from morestack.build.files import read_program
    from morestack.build.program import Program
    from morestack.dialect import callback
    from morestack.engine.program import LinkedProgram
    from morestack.runtime.sched import sched

    os.environ["GOMAXPROCS"] = "1"  # with several threads a goroutine may go on where no switch is seen
    program = LinkedProgram.load(Program(read_program(paths)).objects, lambda stage: None)
    native = program.attach()
    recorder = _Recorder(native.function(sched.schedule))

    def schedule(g: Any) -> Any:
        return recorder.call(g)

    schedule.__annotations__ = dict(sched.schedule.__annotations__)
    callback.swap(native.cells, schedule)
    code = program.run()
    if not recorder.seen:
        raise MeasureError(f"the program (exit code {code}) never switched from one goroutine to another")
    return recorder.seen


class _Recorder:
    """Calls the native scheduler and keeps the first switches."""

    MOST = 1000

    def __init__(self, native: Any) -> None:
        self.native = native
        self.calls = 0
        self.seen: list[Switch] = []

    def call(self, g: Any) -> Any:
        from morestack.dialect.machine import ptr_at
        from morestack.runtime.sys.layout import G

        self.calls += 1
        stopped = look(g.at) if g.at.goid and len(self.seen) < self.MOST else None
        chosen = self.native(g)
        address = getattr(chosen, "addr", chosen) & ~1  # bit 0: goes on in a prologue
        if stopped is not None and address and address != g.addr:
            self.seen.append(Switch(self.calls, stopped, look(ptr_at(G, address).at)))
        return chosen


WAITS = {0: "", 1: "chan receive", 2: "chan send", 5: "select"}


def look(g: Any) -> Registers:
    """The registers of a goroutine that does not run."""
    s = g.sched
    waits = WAITS.get(int(g.waitreason), "waiting") if int(g.status) == 4 else ""
    return Registers(g.goid, s.pc, s.sp, s.bp, g.stack_lo, g.stack_hi, place_of(s.pc), waits)


def place_of(pc: int) -> Place:
    """The function and line a continuation belongs to, or an entry."""
    from morestack.runtime.stack.unwind import func_line, is_entry, record_of

    record = record_of(pc)
    if is_entry(pc):
        function = function_name(record)
        return Place(function, site_file(record), int(func_line(record)))
    return site_place(record)


def site_file(record: int) -> str:
    """The file of a function record."""
    from morestack.observe.events import _text
    from morestack.runtime.stack.unwind import func_file

    return _text(func_file(record))


def interesting(switches: Sequence[Switch]) -> Switch:
    """The switch to show: the first between two goroutines that both have run before, else the first."""
    ran: set[int] = set()
    for s in switches:
        ran.add(s.stopped.goid)
        if s.goes_on.goid in ran and s.goes_on.sp != s.goes_on.hi:
            return s
    return switches[0]


def to_lines(s: Switch) -> list[str]:
    """The switch as a table."""
    from morestack.bench.compare.report import aligned
    from morestack.observe.report import size

    a, b = s.stopped, s.goes_on
    why = f" ({a.waits})" if a.waits else ""
    rows = [["", f"goroutine {a.goid} stops{why}", f"goroutine {b.goid} goes on"]]
    for name in ("pc", "sp", "bp"):
        rows.append([name.upper(), f"{getattr(a, name):#x}", f"{getattr(b, name):#x}"])
        if name == "pc":
            rows.append(["", *(f"{r.place.function} {Path(r.place.file).name}:{r.place.line}" for r in (a, b))])
        else:
            rows.append(["", *(r.stack_place(getattr(r, name)) for r in (a, b))])
    rows.append(["stack", *(f"{r.lo:#x} to {r.hi:#x}" for r in (a, b))])
    rows.append(["", *(size(r.hi - r.lo) for r in (a, b))])
    return aligned(rows)
