"""Counters of segmented stacks: how many segments were made, and by which calls.

A call whose callee does not fit the segment is counted by call site, the continuation it returns to. A loop whose call
crosses again and again is a hot split. It shows up as a call site with as many segments left as made.

        places   open addressing by continuation; 0 is free; the last entry counts calls that found no room

A segment points to the counters of its call site (Stktop.crossing), so leaving one needs no look-up. Threads share the
table. A slot is claimed by cas and never given up. Counters are changed by atomics, two for a crossing and its return.
All totals are computed afterwards (sumcrossings).
"""

from morestack.dialect.machine import Ptr, atomic_add, boolean, cas, export, ptr_at, size_of, static, struct, u64
from morestack.runtime.sys.event import stats
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.os import sys_reserve

MAX_PLACES = u64(4096)
PROBES = u64(64)


@struct
class Crossing:
    """Counters of one call site."""

    pc: u64  # the continuation the call returns to; 0 in the entry for all others
    func: u64  # the function record of the first callee
    made: u64  # segments begun
    kept: u64  # of these, how many reused a kept segment
    left: u64  # segments left by returning, panicking or ending
    extra: u64  # bytes allocated beyond the size of a segment, for frames that are larger
    frames: u64  # frames moved to a new segment
    moved: u64  # bytes of those frames


crossings = static(u64)


def crossing_init() -> None:
    """Forget all counts."""
    crossings.value = u64(0)


def crossing_table() -> boolean:
    """Make room for counts: reserved address space, so that only used entries take memory. False if the reservation
    failed."""
    crossings.value = sys_reserve(u64((MAX_PLACES + 1) * size_of(Crossing)))
    return crossings.value != 0


def crossing_at(pc: u64, func: u64) -> Ptr[Crossing]:
    """The counters of a call."""
    slot = u64((pc >> 4) * 31 & (MAX_PLACES - 1))
    for _ in range(PROBES):
        c = ptr_at(Crossing, u64(crossings.value + slot * size_of(Crossing)))
        if c.at.pc == 0 and cas(c.field(Crossing.pc), u64(0), pc):
            c.at.func = func
        if c.at.pc == pc:
            return c
        slot = u64((slot + 1) & (MAX_PLACES - 1))
    return ptr_at(Crossing, u64(crossings.value + MAX_PLACES * size_of(Crossing)))


def count_made(c: Ptr[Crossing], extra: u64, kept: u64, frames: u64, moved: u64) -> None:
    """Count a new segment, `extra` bytes larger than the usual size."""
    atomic_add(c.field(Crossing.made), u64(1))
    if kept != 0:
        atomic_add(c.field(Crossing.kept), u64(1))
    elif extra != 0:
        atomic_add(c.field(Crossing.extra), extra)
    if frames != 0:
        atomic_add(c.field(Crossing.frames), frames)
        atomic_add(c.field(Crossing.moved), moved)


def count_left(c: Ptr[Crossing]) -> None:
    """Count a segment that was left."""
    atomic_add(c.field(Crossing.left), u64(1))


@export
def sumcrossings(g: Ptr[G]) -> None:
    """Add up all call sites, for the counters of the whole run."""
    stats.at.segment_overflows = u64(0)
    stats.at.segment_crossings = u64(0)
    stats.at.segments_kept = u64(0)
    stats.at.frames_moved = u64(0)
    stats.at.frame_bytes_moved = u64(0)
    if crossings.value == 0:
        return
    for i in range(MAX_PLACES + 1):
        c = ptr_at(Crossing, u64(crossings.value + i * size_of(Crossing)))
        stats.at.segment_overflows = u64(stats.at.segment_overflows + c.at.made)
        stats.at.segment_crossings = u64(stats.at.segment_crossings + c.at.made + c.at.left)
        stats.at.segments_kept = u64(stats.at.segments_kept + c.at.kept)
        stats.at.frames_moved = u64(stats.at.frames_moved + c.at.frames)
        stats.at.frame_bytes_moved = u64(stats.at.frame_bytes_moved + c.at.moved)
