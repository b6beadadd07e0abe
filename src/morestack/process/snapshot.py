"""Reading all goroutines of a program: `snapshot`.

The program usually runs on while it is read, so a reading has rounds: the records of all goroutines, then their
stacks, then the records again. A goroutine that stands where it stood was read whole. One that moved is read again in
the next round; after the last, what was found of it is kept and marked approximate if its walk arrived at the stack's
top, and counted as lost if it did not.

A goroutine that runs while it is read is somewhere else than its record says. Without `--stop` it is shown where it
was last seen at rest and marked approximate. With `--stop`, or in a core, its thread's registers tell.

Note [Registers]: a running goroutine's thread is either on the goroutine's own stack, and its registers are the
innermost frame; or in the vDSO, for which the runtime keeps pc and sp in the thread's m; or on the thread's system
stack, and then the goroutine's record was set on the way there.
"""

from __future__ import annotations

import time

import numpy as np

from morestack.process.core import Thread
from morestack.process.errors import MemoryGone, ProcessError
from morestack.process.find import goroutine_list, machine_list
from morestack.process.group import is_system
from morestack.process.layout import ABSENT, COPIES
from morestack.process.memory import I64, U64, AddressSpace, Flags, ProcessMemory, parse_maps, word
from morestack.process.model import Goroutine, Loss, Path, Place, Snapshot
from morestack.process.program import Program
from morestack.process.records import (
    RUNNING,
    STATUS,
    WAITING,
    Machine,
    Records,
    plausible,
    read_machines,
    read_records,
)
from morestack.process.stop import stopped
from morestack.process.unwind import Paths, Starts, Walks, walk

ROUNDS = 3
ENOUGH = 0.9
SYSTEM_STACK_MOST = 64 << 10


def snapshot(program: Program, stop: bool = False) -> Snapshot:
    """All goroutines; `stop` holds the program still while they are read."""
    if stop and program.pid is None:
        raise ProcessError("--stop goes with a process: a core stands still already")
    began = time.monotonic()
    if not stop or program.pid is None:
        return _Reading(program, [], False).run(began)
    with stopped(program.pid) as threads:
        return _Reading(program, threads, True).run(began)


class _Reading:
    """One reading."""

    def __init__(self, program: Program, threads: list[Thread], stop: bool) -> None:
        self.program, self.memory, self.layout = program, program.memory, program.layout
        self.threads = program.core.threads if program.core is not None else threads
        self.still = stop or program.core is not None
        if isinstance(self.memory, ProcessMemory):
            try:
                with open(f"/proc/{self.memory.pid}/maps") as maps:
                    self.memory.mappings = parse_maps(maps.read())
            except OSError:
                raise ProcessError(f"process {self.memory.pid} ended while it was read") from None
        self.space = AddressSpace(self.memory.mappings)
        self.paths = Paths(program.code)
        self.losses: dict[str, int] = {}

    def run(self, began: float) -> Snapshot:
        """Read, walk, and make the snapshot."""
        program = self.program
        addresses = goroutine_list(
            self.memory, program.binary, program.bias, self.layout, program.code.text, self.space
        )
        records = self.records(addresses)
        now = time.monotonic_ns()
        machines = self.machines()
        taken = time.time()
        good = plausible(records, self.space, program.code.text)
        self.judge(records, good)
        dead = records.dead & good
        rows = np.nonzero(good & ~dead)[0]
        placed = self.place(records, rows, machines)
        records, walks, moved = self.walk(records, rows, placed)
        moved |= (records.status[rows] == RUNNING) & ~placed
        goroutines = self.goroutines(records, rows, walks, moved, placed, now)
        system, system_bytes = self.system_stacks(machines)
        return Snapshot(
            source=program.source,
            goroutines=goroutines,
            go_version=program.binary.go_version,
            binary=program.name,
            pid=program.pid,
            exact=self.still,
            dead=int(dead.sum()),
            dead_stack_bytes=int((records.hi[dead] - records.lo[dead]).sum()),
            system_stacks=system,
            system_stack_bytes=system_bytes,
            stack_in_use=self.stack_in_use(),
            losses=[Loss(reason, count) for reason, count in sorted(self.losses.items())],
            notes=list(program.notes),
            layout=program.layout_source,
            taken=taken,
            seconds=time.monotonic() - began,
        )

    def records(self, addresses: U64) -> Records:
        """The records; those of a program that runs are read again while many are torn."""
        records = read_records(self.memory, addresses, self.layout)
        self.lose("its record could not be read", int((~records.there).sum()))
        return records

    def lose(self, reason: str, count: int) -> None:
        """Count goroutines that could not be read."""
        if count:
            self.losses[reason] = self.losses.get(reason, 0) + count

    def judge(self, records: Records, good: Flags) -> None:
        """Refuse when too much is implausible; else count it as lost."""
        bad = int((~good).sum())
        if bad > max(1, (1 - ENOUGH) * len(good)) or bad == len(good):
            raise ProcessError(
                f"{self.program.source}: {bad:,} of {len(good):,} goroutine records make no sense when read as "
                f"{self.program.binary.go_version} keeps them (by {self.program.layout_source}): the binary is of "
                "another build, the runtime is changed, or the memory is damaged. Nothing is shown, because it would "
                "be wrong"
            )
        self.lose("its record contradicts itself: it changed while it was read", int((records.there & ~good).sum()))

    def machines(self) -> list[Machine]:
        """The runtime's threads, newest first; empty where they cannot be found."""
        program = self.program
        head = machine_list(self.memory, program.binary, program.bias, self.layout, self.space)
        try:
            return read_machines(self.memory, head, self.layout) if head else []
        except MemoryGone:
            return []

    def place(self, records: Records, rows: I64, machines: list[Machine]) -> Flags:
        """Set pc and sp of running goroutines from their threads; tells of which rows. See Note [Registers]."""
        placed = np.zeros(len(rows), np.bool_)
        if not self.threads:
            return placed
        threads = {thread.tid: thread for thread in self.threads}
        by_goroutine = {machine.curg: machine for machine in machines if machine.curg}
        for k in np.nonzero(records.status[rows] == RUNNING)[0].tolist():
            i = int(rows[k])
            machine = by_goroutine.get(int(records.address[i]))
            thread = threads.get(machine.procid) if machine is not None else None
            lo, hi = int(records.lo[i]), int(records.hi[i])
            if thread is None or machine is None:
                continue
            records.syscallsp[i] = 0
            if lo <= thread.sp <= hi:
                records.pc[i], records.sp[i], records.lr[i] = thread.pc, thread.sp, thread.lr
                placed[k] = self.program.code.text[0] <= thread.pc < self.program.code.text[1]
            elif lo <= machine.vdso_sp <= hi:
                records.pc[i], records.sp[i], records.lr[i] = machine.vdso_pc, machine.vdso_sp, 0
                placed[k] = True
            else:
                placed[k] = lo <= int(records.sp[i]) <= hi
        self.on_stack = {
            int(records.address[rows[k]]): True
            for k in np.nonzero(placed)[0].tolist()
            if any(t.sp == int(records.sp[rows[k]]) for t in self.threads)
        }
        return placed

    def starts(self, records: Records, rows: I64) -> Starts:
        """Where the walks begin."""
        sp, pc = records.sp[rows], records.pc[rows]
        saved = records.syscallsp[rows] != 0
        exact = np.zeros(len(rows), np.bool_)
        if self.threads:
            exact = np.isin(records.address[rows], np.array(list(self.on_stack), np.uint64))
        return Starts(
            pc=np.where(saved, records.syscallpc[rows], pc),
            sp=np.where(saved, records.syscallsp[rows], sp),
            lr=np.where(saved, np.uint64(0), records.lr[rows]),
            hi=records.hi[rows],
            exact=exact,
            syscall=np.asarray(saved, np.bool_),
        )

    def walk(self, records: Records, rows: I64, placed: Flags) -> tuple[Records, Walks, Flags]:
        """Walk all, again where a goroutine moved; returns which moved to the end."""
        walks = walk(self.memory, self.paths, bounded(self.starts(records, rows), records, rows))
        moved = np.zeros(len(rows), np.bool_)
        if self.still:
            return records, walks, moved
        pending = np.arange(len(rows))
        for turn in range(ROUNDS):
            fresh = read_records(self.memory, records.address[rows[pending]], self.layout)
            old = subset(records, rows[pending])
            running = old.status == RUNNING
            same = fresh.same(old) | running
            moved[pending] = ~same
            again = pending[~same]
            if not len(again) or turn == ROUNDS - 1:
                break
            update(records, rows[again], fresh, np.nonzero(~same)[0])
            usable = plausible(subset(records, rows[again]), self.space, self.program.code.text)
            usable &= ~subset(records, rows[again]).dead
            walks.readable[again[~usable]] = False
            walks.complete[again[~usable]] = False
            pending = again[usable]
            part = walk(self.memory, self.paths, bounded(self.starts(records, rows[pending]), records, rows[pending]))
            for name in ("node", "complete", "readable", "elided", "elided_bytes"):
                getattr(walks, name)[pending] = getattr(part, name)
        return records, walks, moved

    def goroutines(
        self, records: Records, rows: I64, walks: Walks, moved: Flags, placed: Flags, now: int
    ) -> list[Goroutine]:
        """The records as objects."""
        code, frames, reasons = self.program.code, self.paths.frames, self.program.reasons
        live = self.program.pid is not None
        lost = moved & ~walks.complete & (records.status[rows] != RUNNING)
        lost |= ~walks.readable & (records.status[rows] != RUNNING)
        self.lose("it moved or ended while its stack was read", int(lost.sum()))
        saved = records.syscallsp[rows]
        sp = np.where(saved != 0, saved, records.sp[rows])
        lo, hi = records.lo[rows], records.hi[rows]
        inside = (sp >= lo) & (sp <= hi)
        used = (hi - np.where(inside, sp, hi)).tolist()
        columns = zip(
            lost.tolist(),
            records.goid[rows].tolist(),
            records.status[rows].tolist(),
            records.waitreason[rows].tolist(),
            records.waitsince[rows].tolist(),
            records.gopc[rows].tolist(),
            records.startpc[rows].tolist(),
            lo.tolist(),
            hi.tolist(),
            used,
            inside.tolist(),
            walks.node.tolist(),
            walks.complete.tolist(),
            walks.elided.tolist(),
            walks.elided_bytes.tolist(),
            moved.tolist(),
            records.address[rows].tolist(),
            strict=True,
        )
        made: list[Goroutine] = []
        born: dict[tuple[int, int], tuple[Path, Place | None, bool]] = {}
        statement, started = code.statement, code.started
        for (
            gone,
            goid,
            status,
            reason,
            since,
            gopc,
            startpc,
            low,
            high,
            use,
            sure,
            node,
            complete,
            elided,
            elided_bytes,
            uncertain,
            address,
        ) in columns:
            if gone:
                continue
            waiting = status == WAITING
            known = born.get((startpc, node))
            if known is None:
                path = frames(node)
                start = started(startpc, path)
                known = born[startpc, node] = path, start, is_system(start.function if start else "", path)
            path, start, system = known
            made.append(
                Goroutine(
                    id=goid,
                    status=STATUS.get(status, "unknown"),
                    wait_reason=reasons[reason] if waiting and reason < len(reasons) else "",
                    wait_seconds=(now - since) / 1e9 if live and since and waiting and now > since else None,
                    creator=statement(gopc) if gopc and goid != 1 else None,
                    start=start,
                    stack_lo=low,
                    stack_hi=high,
                    used_bytes=use if sure else None,
                    path=path,
                    approximate=uncertain,
                    incomplete=not complete,
                    elided=elided,
                    elided_bytes=elided_bytes,
                    system=system,
                    address=address,
                )
            )
        return made

    def stack_in_use(self) -> int | None:
        """MemStats.StackInuse, where a symbol tells where the runtime counts it."""
        at = self.program.binary.symbol("runtime.memstats")
        if at is None or self.layout.in_stacks == ABSENT:
            return None
        at += self.program.bias + self.layout.in_stacks
        try:
            found = sum(word(self.memory, at + i * self.layout.in_stacks_step) for i in range(COPIES)) % (1 << 64)
        except MemoryGone:
            return None
        return found if found < 1 << 48 else None

    def system_stacks(self, machines: list[Machine]) -> tuple[int, int]:
        """How many stacks the runtime allocated for threads, and their bytes.

        The first thread's, and all threads' of programs that use cgo, are the system's and not counted.
        """
        pointers = np.array([p for m in machines for p in (m.g0, m.gsignal) if p], np.uint64)
        if not len(pointers):
            return 0, 0
        records = read_records(self.memory, pointers, self.layout)
        size = (records.hi - records.lo)[records.there & (records.hi > records.lo)]
        size = size[(size <= SYSTEM_STACK_MOST) & ((size & (size - np.uint64(1))) == 0)]
        return len(size), int(size.sum())


def subset(records: Records, rows: I64) -> Records:
    """Some of the records."""
    return Records(*(getattr(records, name)[rows] for name in Records.__slots__))


def update(records: Records, rows: I64, fresh: Records, source: I64) -> None:
    """Overwrite rows by rows of another reading."""
    for name in Records.__slots__:
        getattr(records, name)[rows] = getattr(fresh, name)[source]


def bounded(starts: Starts, records: Records, rows: I64) -> Starts:
    """Walks that begin outside their stack begin at its top instead, where they find nothing."""
    outside = (starts.sp < records.lo[rows]) | (starts.sp > records.hi[rows])
    starts.sp = np.where(outside, starts.hi, starts.sp)
    starts.pc = np.where(outside, np.uint64(0), starts.pc)
    return starts


__all__ = ["snapshot"]
