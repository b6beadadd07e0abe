"""The kind of stack goroutines have, chosen before the first goroutine starts (docs/disciplines.md).

        contiguous       copied to one twice as large                 copystack.py
        segmented        a chain of segments                          segment.py
        segmented-keep   the same, with hysteresis                    segmentkeep.py
        thread           that of a kernel thread of its own           thread.py
        reserve          grown in place in a large reservation        reserve.py

Compiled code is the same for all of them. This module selects what differs: where a goroutine's first stack comes from,
what newstack does for a function that does not fit, and what happens to the stack when frames are abandoned, when the
goroutine ends, and when the collector scans it.
"""

from morestack.abi.convention import LINK
from morestack.abi.settings import CONTIGUOUS, RESERVE, SEGMENTED, SEGMENTED_KEEP, THREAD
from morestack.dialect.machine import Ptr, boolean, export, static, u32, u64
from morestack.runtime.stack.copystack import copystack
from morestack.runtime.stack.crossing import crossing_table
from morestack.runtime.stack.reserve import (
    START,
    commit,
    end_reserve,
    grow_reserve,
    leave_thread_stack,
    reserve_excess,
    reserve_region,
    reserve_stack,
    trim_reserve,
)
from morestack.runtime.stack.segment import end_segments, grow_segment, room_below, segment_size, unwind_segments
from morestack.runtime.stack.segmentkeep import age_kept, free_kept, has_kept, keeping
from morestack.runtime.stack.shrinkstack import shrinks, shrinkstack
from morestack.runtime.stack.stackalloc import stackalloc, stackfree, starting_stack
from morestack.runtime.stack.unwind import lessstack
from morestack.runtime.sys.layout import G, P

discipline = static(u32)


def discipline_init() -> None:
    """Start with contiguous stacks, until the engine chooses another discipline."""
    discipline.value = CONTIGUOUS
    keeping.value = u32(0)
    lessstack.value = u64(0)


@export
def setdiscipline(kind: u64, segment: u64, lessstack_pc: u64) -> u64:
    """Choose how stacks grow, before there are goroutines. Returns 0 if the discipline is not available."""
    discipline.value = u32(kind)
    if discipline.value == SEGMENTED or discipline.value == SEGMENTED_KEEP:
        segment_size.value = segment
        starting_stack.value = segment
        lessstack.value = lessstack_pc
        keeping.value = u32(1) if discipline.value == SEGMENTED_KEEP else u32(0)
        return u64(1) if crossing_table() else u64(0)
    if discipline.value == RESERVE:
        starting_stack.value = START
        return u64(1) if reserve_region() else u64(0)
    return u64(1)


@export
def setinitialstack(size: u64) -> None:
    """Set the size of a goroutine's first contiguous stack: a power of two, at least STACK_MIN. Used to measure what
    sizes cost."""
    if discipline.value == CONTIGUOUS:
        starting_stack.value = size


def new_stack(pp: Ptr[P], g: Ptr[G]) -> None:
    """Give a goroutine its first stack. With a thread for each goroutine, the stack comes from the thread
    (thread.py)."""
    if discipline.value == THREAD:
        return
    if discipline.value == RESERVE:
        reserve_stack(pp, g, starting_stack.value)
        return
    lo = stackalloc(pp, starting_stack.value)
    g.at.stack_lo = lo
    g.at.stack_hi = u64(lo + starting_stack.value)


def end_stack(pp: Ptr[P], g: Ptr[G]) -> None:
    """g has ended: it keeps its stack only if that is the same as a new one."""
    if discipline.value == THREAD:
        leave_thread_stack(pp, g)
        return
    if discipline.value == RESERVE:
        end_reserve(pp, g, starting_stack.value)
        return
    if discipline.value != CONTIGUOUS:
        end_segments(pp, g)
        free_kept(pp, g)
    size = u64(g.at.stack_hi - g.at.stack_lo)
    if size != starting_stack.value:
        stackfree(pp, g.at.stack_lo, size)
        g.at.stack_lo = u64(0)
        g.at.stack_hi = u64(0)


def in_place() -> boolean:
    """Whether stacks grow in place."""
    return discipline.value == RESERVE or discipline.value == THREAD


def grow(pp: Ptr[P], g: Ptr[G], frame: u64, limit: u64) -> u64:
    """Make room for a frame that does not fit, on a stack that is not contiguous. Returns 0, or the size that exceeds
    the limit."""
    if in_place():
        return grow_reserve(pp, g, frame, limit)
    return grow_segment(pp, g, frame, limit)


def stack_limit(g: Ptr[G], limit: u64) -> u64:
    """How large g's stack may become: its reservation may be smaller than the general limit."""
    return min(limit, u64(g.at.stack_hi - g.at.extra.at.bottom)) if in_place() else limit


def make_room(g: Ptr[G]) -> None:
    """Ensure that two linkages fit below g.sched.sp: a function without a check may have its SP at stack_lo + 16."""
    pp = g.at.m.at.p
    if g.at.sched.sp - g.at.stack_lo >= 2 * LINK:
        return
    if discipline.value == CONTIGUOUS:
        copystack(pp, g, u64(2 * u64(g.at.stack_hi - g.at.stack_lo)), False)
    elif in_place():
        commit(pp, g, u64(2 * u64(g.at.stack_hi - g.at.stack_lo)))
    else:
        room_below(pp, g)


def abandon(g: Ptr[G], sp: u64) -> None:
    """g continues at the frame with this SP; the frames it called are discarded."""
    if discipline.value == SEGMENTED or discipline.value == SEGMENTED_KEEP:
        unwind_segments(g.at.m.at.p, g, sp)


def has_excess(g: Ptr[G]) -> boolean:
    """Whether a stopped goroutine has more stack than it needs, so that `relieve` has work to do."""
    if discipline.value == CONTIGUOUS:
        return shrinks(g)
    if discipline.value == RESERVE:
        return reserve_excess(g)
    return has_kept(g)  # a thread's stack never has: it is released when the thread ends


def relieve(pp: Ptr[P], g: Ptr[G]) -> None:
    """After a collection, release the stack that a stopped goroutine does not need."""
    if discipline.value == CONTIGUOUS:
        shrinkstack(pp, g)
    elif discipline.value == RESERVE:
        trim_reserve(pp, g)
    else:
        age_kept(pp, g)
