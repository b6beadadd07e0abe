"""The runtime's g and m records, many at once, as columns; and the checks that decide whether to believe them.

A wrong layout must end in a refusal, never in wrong figures. A record is plausible when what it says can be true:
a status Go has, a goroutine id above zero, a stack whose size is a power of two of at least 2 KB, in writable memory,
a stack pointer inside it, and code at its program counters. Records of a program that runs can be torn, so one
implausible record is a loss; when more than a tenth are implausible, the layout is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from morestack.process.layout import ABSENT, Layout
from morestack.process.memory import U64, AddressSpace, Flags, Memory

SCAN = 0x1000
STATUS = {
    0: "idle",
    1: "runnable",
    2: "running",
    3: "syscall",
    4: "waiting",
    6: "dead",
    8: "copystack",
    9: "preempted",
    10: "leaked",
    11: "dead",  # of a thread kept for calls from C
}
IDLE, RUNNING, SYSCALL, WAITING, DEAD, COPYSTACK, DEAD_EXTRA = 0, 2, 3, 4, 6, 8, 11
SMALLEST_STACK, LARGEST_STACK = 2048, 1 << 40
PART = 1 << 16


@dataclass(slots=True, eq=False)
class Records:
    """Columns of the g records at `address`; row i is void where `there[i]` is false."""

    address: U64
    there: Flags
    lo: U64
    hi: U64
    m: U64
    sp: U64
    pc: U64
    lr: U64
    syscallsp: U64
    syscallpc: U64
    status: U64
    goid: U64
    waitsince: U64
    waitreason: U64
    gopc: U64
    startpc: U64

    def __len__(self) -> int:
        return len(self.address)

    @property
    def dead(self) -> Flags:
        """Ended, or never begun."""
        return np.isin(self.status, (IDLE, DEAD, DEAD_EXTRA))

    def same(self, other: Records) -> Flags:
        """Which goroutines stand where they stood in another reading of the same records."""
        equal = self.there & other.there
        for name in ("lo", "hi", "sp", "pc", "syscallsp", "syscallpc", "status", "goid"):
            equal &= getattr(self, name) == getattr(other, name)
        return np.asarray(equal, np.bool_)


def read_records(memory: Memory, addresses: U64, layout: Layout) -> Records:
    """The g records at these addresses; a part at a time, because a record is larger than what is kept of it."""
    parts = [_read_part(memory, addresses[i : i + PART], layout) for i in range(0, len(addresses), PART)]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return _read_part(memory, addresses, layout)
    return Records(*(np.concatenate([getattr(part, name) for part in parts]) for name in Records.__slots__))


def _read_part(memory: Memory, addresses: U64, layout: Layout) -> Records:
    size = max(layout.startpc, layout.gopc, layout.waitreason, layout.stack_hi, layout.syscallpc) + 8
    got = memory.gather(addresses, np.full(len(addresses), size, np.int64))
    rows = got.data.reshape(len(addresses), size)

    def column(offset: int, width: int = 8) -> U64:
        part = np.ascontiguousarray(rows[:, offset : offset + width])
        return np.asarray(part.view(f"<u{width}")[:, 0].astype(np.uint64), np.uint64)

    return Records(
        address=addresses,
        there=got.good,
        lo=column(layout.stack_lo),
        hi=column(layout.stack_hi),
        m=column(layout.m),
        sp=column(layout.sched_sp),
        pc=column(layout.sched_pc),
        lr=column(layout.sched_lr),
        syscallsp=column(layout.syscallsp),
        syscallpc=column(layout.syscallpc),
        status=column(layout.atomicstatus, 4) & np.uint64(~SCAN & 0xFFFFFFFF),
        goid=column(layout.goid),
        waitsince=column(layout.waitsince),
        waitreason=column(layout.waitreason, 1),
        gopc=column(layout.gopc),
        startpc=column(layout.startpc),
    )


def plausible(records: Records, space: AddressSpace, text: tuple[int, int]) -> Flags:
    """Which records can be true; `text` is where the program's code lies."""
    start, end = np.uint64(text[0]), np.uint64(text[1])

    def code(pcs: U64) -> Flags:
        return np.asarray((pcs >= start) & (pcs <= end), np.bool_)

    dead = records.dead
    size = records.hi - records.lo
    stack = (records.lo < records.hi) & (size >= SMALLEST_STACK) & (size <= LARGEST_STACK)
    stack &= (size & (size - np.uint64(1))) == 0
    stack &= space.writable(records.lo) & space.writable(records.hi - np.uint64(1))
    moving = np.isin(records.status, (RUNNING, COPYSTACK))
    rest = (records.sp >= records.lo) & (records.sp <= records.hi) & code(records.pc)
    born = code(records.startpc) & ((records.gopc == 0) | code(records.gopc))
    live = stack & (moving | rest) & born & (records.goid < 1 << 48) & (records.goid > 0)
    none = (records.lo == 0) & (records.hi == 0)
    known = np.isin(records.status, list(STATUS))
    return np.asarray(records.there & known & np.where(dead, none | stack, live), np.bool_)


@dataclass(frozen=True, slots=True)
class Machine:
    """An m record: a thread of the runtime's."""

    address: int
    g0: int
    gsignal: int
    curg: int
    procid: int
    vdso_sp: int
    vdso_pc: int


def read_machines(memory: Memory, head: int, layout: Layout, most: int = 100_000) -> list[Machine]:
    """The m records linked from `head` on."""
    found: list[Machine] = []
    seen: set[int] = set()
    size = layout.m_size
    while head and head not in seen and len(found) < most:
        seen.add(head)
        record = memory.read(head, size)

        def at(offset: int, record: bytes = record) -> int:
            return 0 if offset == ABSENT else int.from_bytes(record[offset : offset + 8], "little")

        found.append(
            Machine(
                head,
                at(layout.m_g0),
                at(layout.m_gsignal),
                at(layout.m_curg),
                at(layout.m_procid),
                at(layout.m_vdso_sp),
                at(layout.m_vdso_pc),
            )
        )
        head = at(layout.m_alllink)
    return found
