"""Segmented stacks, as in Go up to 1.2: a stack is a chain of segments, linked by a Stktop record at the top of each.

        hi    +------------------------------+
              | Stktop: caller, older bounds |
              | copy of the stack arguments, |
              | room for stack results       |
        at    |------------------------------|  what the callee finds above its linkage
              | rt.lessstack, caller's BP    |
              | the callee's frame ...       |
        lo    +------------------------------+

The function that did not fit runs on the new segment and returns to rt.lessstack, which calls `oldstack`. That copies
results on the stack to where the caller expects them, and frees the segment. Frames do not move, so no pointer is
adjusted.

Invariants
- g.stack_lo and g.stack_hi bound the segment g runs on, the newest; g.extra.stktop is its record, nil on the oldest.
- Where g.sched.pc is rt.lessstack, g.sched.sp is the `at` of the newest segment.
- The oldest segment has no record: its bottom frame is that of rt.goexit, as on other stacks.

Rejected: entering the callee with the caller's BP, to find its arguments in place. The linkage lies below them.
"""

from morestack.abi.convention import LINK, STACK_GUARD, STACK_PREEMPT
from morestack.dialect.machine import Ptr, boolean, cstr, export, local, memmove, nil, ptr_at, size_of, static, u64
from morestack.runtime.mem.extra import extra_of, stktop_of
from morestack.runtime.stack.copystack import set_guard
from morestack.runtime.stack.crossing import Crossing, count_left, count_made, crossing_at
from morestack.runtime.stack.safepoint import requested
from morestack.runtime.stack.segmentkeep import adjust_moved, check_older, keeping, movable_frames, put_kept, take_kept
from morestack.runtime.stack.stackalloc import raise_to, stackalloc, stackfree
from morestack.runtime.stack.unwind import (
    Frame,
    first_frame,
    frame_func,
    func_area,
    func_args,
    func_of,
    lessstack,
    next_frame,
)
from morestack.runtime.sys.event import Stats, stats
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import G, P, Stktop
from morestack.runtime.sys.stress import check_escapes_wanted

segment_size = static(u64)


def stack_bytes(g: Ptr[G]) -> u64:
    """The bytes of all segments of g."""
    total = u64(g.at.stack_hi - g.at.stack_lo)
    if stktop_of(g) != nil(Stktop):
        total = u64(total + stktop_of(g).at.older)
    return total


def new_bounds(g: Ptr[G], lo: u64, size: u64, area: u64) -> Ptr[Stktop]:
    """Put g on a new segment. Returns its record, which holds the bounds of the previous segment."""
    top = ptr_at(Stktop, u64(lo + size - size_of(Stktop)))
    x = extra_of(g)
    top.at.link = x.at.stktop
    top.at.lo = g.at.stack_lo
    top.at.hi = g.at.stack_hi
    top.at.older = stack_bytes(g)
    top.at.area = area
    g.at.stack_lo = lo
    g.at.stack_hi = u64(lo + size)
    x.at.stktop = top
    return top


def grow_segment(pp: Ptr[P], g: Ptr[G], frame: u64, limit: u64) -> u64:
    """Let the function at m.more_pc, whose frame does not fit, run on a new segment. Returns 0, or the size that
    exceeds the limit.

    With segmented-keep, the frames above it move too (segmentkeep.py): f is the first frame that stays.
    """
    callee = func_of(g.at.m.at.more_pc)
    c = crossing_at(g.at.sched.pc, callee)
    f = local(Frame)
    f.at.pc = g.at.sched.pc
    f.at.sp = g.at.sched.sp
    f.at.hi = g.at.stack_hi
    f.at.top = stktop_of(g)
    frames = movable_frames(f, u64(segment_size.value >> 2)) if keeping.value != 0 else u64(0)
    outermost = frame_func(last_moved(g, frames)) if frames != 0 else callee
    area = func_area(outermost)
    start = u64(g.at.sched.sp - LINK)
    moved = u64(f.at.sp - start)
    needed = u64(frame + STACK_GUARD + moved + area + size_of(Stktop))
    size = segment_size.value
    while size < needed:
        size = u64(size * 2)
    if stack_bytes(g) + size > limit:
        return u64(stack_bytes(g) + size)
    lo = take_kept(g, size)
    count_made(c, u64(size - segment_size.value), u64(0) if lo == 0 else u64(1), frames, u64(moved - LINK))
    if lo == 0:
        lo = stackalloc(pp, size)
    else:
        size = g.at.extra.at.kept_size
    top = new_bounds(g, lo, size, area)
    top.at.pc = f.at.pc
    top.at.sp = f.at.sp
    top.at.bp = ptr_at(u64, u64(f.at.sp - LINK))[0]
    top.at.args = func_args(outermost)
    top.at.crossing = c.addr
    raise_to(stats.ptr.field(Stats.largest_stack), stack_bytes(g))
    at = u64(top.addr - area)
    delta = u64(at - f.at.sp)
    memmove(at, f.at.sp, top.at.args)
    memmove(u64(start + delta), start, moved)
    ptr_at(u64, u64(at - 8))[0] = lessstack.value
    g.at.sched.sp = u64(g.at.sched.sp + delta)
    if frames == 0:
        g.at.sched.pc = lessstack.value
    else:
        g.at.sched.bp = u64(g.at.sched.bp + delta)
        adjust_moved(pp, g, at, start, moved, delta)
        if check_escapes_wanted.value != 0:
            check_older(f, start, moved)
    return u64(0)


def last_moved(g: Ptr[G], frames: u64) -> u64:
    """The pc of the outermost of the innermost `frames` frames."""
    f = local(Frame)
    first_frame(f, g)
    for _ in range(1, frames):
        next_frame(f)
    return f.at.pc


def room_below(pp: Ptr[P], g: Ptr[G]) -> None:
    """Ensure that two linkages fit below g.sched.sp, for a deferred call. If they do not, add an empty segment."""
    if g.at.sched.sp - g.at.stack_lo >= 2 * LINK:
        return
    c = crossing_at(g.at.sched.pc, func_of(g.at.sched.pc))
    count_made(c, u64(0), u64(0), u64(0), u64(0))
    top = new_bounds(g, stackalloc(pp, segment_size.value), segment_size.value, u64(0))
    top.at.pc = g.at.sched.pc
    top.at.sp = g.at.sched.sp
    top.at.bp = g.at.sched.bp
    top.at.args = u64(0)
    top.at.crossing = c.addr
    g.at.sched.pc = lessstack.value
    g.at.sched.sp = top.addr
    set_guard(g)


def leave_segment(pp: Ptr[P], g: Ptr[G]) -> None:
    """Return g to the segment before the newest one, and free or keep the newest."""
    top = g.at.extra.at.stktop
    lo = g.at.stack_lo
    size = u64(g.at.stack_hi - lo)
    count_left(ptr_at(Crossing, top.at.crossing))
    g.at.stack_lo = top.at.lo
    g.at.stack_hi = top.at.hi
    g.at.extra.at.stktop = top.at.link
    if keeping.value != 0:
        put_kept(pp, g, lo, size)
    else:
        stackfree(pp, lo, size)


def unwind_segments(pp: Ptr[P], g: Ptr[G], sp: u64) -> None:
    """g continues at the frame with this SP: free the segments made since."""
    while stktop_of(g) != nil(Stktop) and not on_segment(g, sp):
        leave_segment(pp, g)


def on_segment(g: Ptr[G], sp: u64) -> boolean:
    """Whether a frame with this SP lies on g's newest segment."""
    return sp >= g.at.stack_lo and sp < g.at.stack_hi


def end_segments(pp: Ptr[P], g: Ptr[G]) -> None:
    """g has ended: free all segments except the oldest."""
    while stktop_of(g) != nil(Stktop):
        leave_segment(pp, g)


@export
def oldstack(g: Ptr[G]) -> None:
    """Leave the newest segment: the function it was made for returned to rt.lessstack, which continues at g.sched."""
    top = stktop_of(g)
    if top == nil(Stktop):
        throw(cstr(b"lessstack: no older segment"))
    args = top.at.args
    g.at.sched.pc = top.at.pc
    g.at.sched.sp = top.at.sp
    g.at.sched.bp = top.at.bp
    if top.at.area != args:
        memmove(u64(top.at.sp + args), u64(top.addr - top.at.area + args), u64(top.at.area - args))
    pp = g.at.m.at.p
    leave_segment(pp, g)
    if g.at.stackguard0 != STACK_PREEMPT:
        set_guard(g)
        if requested(pp):
            g.at.stackguard0 = STACK_PREEMPT
