"""Counters of segmented stacks: how many segments, and which calls made them.

A call whose callee does not fit the segment is counted by its place, the continuation it returns to. A loop whose call
crosses again and again is a hot split, and shows as a place with as many segments left as made.

        places   open addressing by continuation; 0 is free; the last entry counts what found no room

A segment knows its place's counters (Stktop.crossing), so leaving one needs no look-up. Threads share the table: a slot
is claimed by cas and never given up; counters are changed by atomics.
"""

from morestack.dialect.machine import Ptr, atomic_add, atomic_load, boolean, cas, ptr_at, size_of, static, struct, u64
from morestack.runtime.event import Stats, stats
from morestack.runtime.os import sys_reserve
from morestack.runtime.stackalloc import raise_to

MAX_PLACES = u64(4096)
PROBES = u64(64)


@struct
class Crossing:
    """What happened at one call."""

    pc: u64  # the continuation the call returns to; 0 in the entry for all others
    func: u64  # the function record of who was called first
    made: u64  # segments begun
    kept: u64  # of these, how many were a kept one
    left: u64  # segments left by returning, panicking or ending
    bytes: u64  # allocated
    frames: u64  # moved to a new segment
    moved: u64  # bytes of them


crossings = static(u64)


def crossing_init() -> None:
    """Forget all counts."""
    crossings.value = u64(0)


def crossing_table() -> boolean:
    """Make room for counts: reserved address space, so that only what is used takes memory. Whether there is any."""
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


def count_made(c: Ptr[Crossing], size: u64, kept: u64, frames: u64, moved: u64) -> None:
    """A segment is begun; of `size` bytes when it is not a kept one."""
    atomic_add(c.field(Crossing.made), u64(1))
    made = atomic_add(stats.ptr.field(Stats.segments_made), u64(1))
    if kept != 0:
        atomic_add(c.field(Crossing.kept), u64(1))
        atomic_add(stats.ptr.field(Stats.segments_kept), u64(1))
    else:
        atomic_add(c.field(Crossing.bytes), size)
    if frames != 0:
        atomic_add(c.field(Crossing.frames), frames)
        atomic_add(c.field(Crossing.moved), moved)
        atomic_add(stats.ptr.field(Stats.frames_moved), frames)
        atomic_add(stats.ptr.field(Stats.frame_bytes_moved), moved)
    left = atomic_load(stats.ptr.field(Stats.segments_left))
    raise_to(stats.ptr.field(Stats.segments_max), u64(made - left))


def count_left(c: Ptr[Crossing]) -> None:
    """A segment is left."""
    atomic_add(c.field(Crossing.left), u64(1))
    atomic_add(stats.ptr.field(Stats.segments_left), u64(1))
