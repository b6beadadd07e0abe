"""shrinkstack: halve a stack of which little is used; records of what copystack has done."""

from morestack.abi.convention import LINK, STACK_GUARD, STACK_MIN
from morestack.dialect.machine import Ptr, atomic_add, boolean, nil, static, u32, u64
from morestack.runtime.mem.extra import spill_of
from morestack.runtime.stack.copystack import copystack
from morestack.runtime.stack.unwind import record_of
from morestack.runtime.sys.event import EVENT_SHRINK, Stats, event_record, event_wanted, stats
from morestack.runtime.sys.layout import G, P, Spill

move_stacks = static(u32)
"""Nonzero if every check that fails moves the stack (STRESS=movestack)."""


def record_move(pp: Ptr[P], what: u32, g: Ptr[G], old_size: u64, new_size: u64, func: u64) -> None:
    """Record in the ring a growth, shrink or move that copystack has just done."""
    if not event_wanted(what):
        return
    e = event_record(what)
    e.at.source = u32(0)
    e.at.goid = g.at.goid
    e.at.func = func
    # A goroutine's first function has no caller: record the go statement.
    first = g.at.sched.sp == g.at.stack_hi and g.at.gopc != 0
    e.at.site = record_of(g.at.gopc if first else g.at.sched.pc)
    e.at.old_size = old_size
    e.at.new_size = new_size
    e.at.copied = pp.at.copied_bytes
    e.at.frames = pp.at.copied_frames
    e.at.pointers = pp.at.copied_pointers
    e.at.stack_lo = g.at.stack_lo


def shrinks(g: Ptr[G]) -> boolean:
    """Whether a stopped goroutine uses less than a quarter of a stack that is larger than the minimum."""
    size = u64(g.at.stack_hi - g.at.stack_lo)
    used = u64(g.at.stack_hi - g.at.sched.sp + LINK + STACK_GUARD)
    spill = spill_of(g)
    if spill != nil(Spill):  # it is about to make this frame
        used = u64(used + spill.at.more_frame)
    return size > STACK_MIN and used < size >> 2


def shrinkstack(pp: Ptr[P], g: Ptr[G]) -> boolean:
    """Halve the stack of a stopped goroutine if less than a quarter is in use. Returns whether it did."""
    if not shrinks(g):
        return False
    old_size = u64(g.at.stack_hi - g.at.stack_lo)
    new_size = u64(old_size >> 1)
    copystack(pp, g, new_size, False)
    atomic_add(stats.ptr.field(Stats.shrinks), u64(1))
    record_move(pp, EVENT_SHRINK, g, old_size, new_size, u64(0))
    return True
