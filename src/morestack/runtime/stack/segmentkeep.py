"""What segmented-keep adds to segments, so that a call at the end of a segment does not cross it again and again.

A kept segment: the one a goroutine left last stays with it, and is the next it enters. The collector frees what was not
used since the collection before.

Moved frames: when a call does not fit, the frames above it move to the new segment too, up to MOVE_FRAMES or a quarter
of a segment. The boundary then lies where the call that overflowed does not come back to until those frames are done:
a loop that calls runs on one segment.

        older segment                     new segment
        | frame of C3      |  <------     Stktop {C3's pc, SP, BP}
        | (C2 C1 was here) |              | copied arguments of C2  |
        |                  |              | rt.lessstack, C3's BP   |
        |                  |              | frame of C2             |
                                          | frame of C1             |  the caller of who needs room
                                          | linkage, the new frame  |

Hysteresis by moving frames is from Bruggeman, Waddell and Dybvig, "Representing Control in the Presence of One-Shot
Continuations" (PLDI 1996); Farvardin and Reppy, "From Folklore to Fact" (PLDI 2020), measured it against other stacks,
and note that it suits systems without pointers into the stack. Go has such pointers; here each is known, as for
copystack: a frame is pointed to by itself, by frames it has called, by argument registers, by records of deferred calls
and panics, and by nothing older, since escape analysis puts into the heap what an older frame may point to
(STRESS=checkescape looks).

A runtime frame (rt.panicreturn and the like) is known to the runtime by its place: it and what is above it stay.
"""

from morestack.abi.convention import LINK
from morestack.abi.metadata import FRAME_WORDS, FUNC_RUNTIME, LARGE_BITMAP
from morestack.dialect.machine import Ptr, boolean, cstr, memset, nil, ptr_at, static, u8, u32, u64
from morestack.runtime.stack.copystack import (
    POISON_OLD,
    adjustdefers,
    adjustframes,
    adjustpanics,
    adjustpointer,
    adjustregs,
    poison_old,
)  # fmt: skip
from morestack.runtime.stack.stackalloc import stackfree
from morestack.runtime.stack.unwind import (
    Frame,
    cross_segments,
    frame_bytes,
    func_flags,
    func_of,
    has_frame,
    next_frame,
)
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import Extra, G, P

MOVE_FRAMES = u64(16)

keeping = static(u32)
"""Not 0: the discipline is segmented-keep."""


def has_kept(g: Ptr[G]) -> boolean:
    """Whether a segment is kept for g."""
    return g.at.extra != nil(Extra) and g.at.extra.at.kept != 0


def take_kept(g: Ptr[G], size: u64) -> u64:
    """The kept segment of g when it has at least `size` bytes, else 0."""
    x = g.at.extra
    if x == nil(Extra) or x.at.kept_size < size:
        return u64(0)
    lo = x.at.kept
    x.at.kept = u64(0)
    return lo


def put_kept(pp: Ptr[P], g: Ptr[G], lo: u64, size: u64) -> None:
    """Keep a segment g has left, and free the one kept before."""
    free_kept(pp, g)
    if poison_old.value != 0:
        memset(lo, POISON_OLD, size)
    x = g.at.extra
    x.at.kept = lo
    x.at.kept_size = size
    x.at.kept_used = u32(1)


def free_kept(pp: Ptr[P], g: Ptr[G]) -> None:
    """Free the kept segment, if any."""
    if has_kept(g):
        stackfree(pp, g.at.extra.at.kept, g.at.extra.at.kept_size)
        g.at.extra.at.kept = u64(0)


def age_kept(pp: Ptr[P], g: Ptr[G]) -> None:
    """A collection, and g has a kept segment: free what was kept and not used since the one before."""
    if g.at.extra.at.kept_used == 0:
        free_kept(pp, g)
    g.at.extra.at.kept_used = u32(0)


def movable_frames(f: Ptr[Frame], room: u64) -> u64:
    """Go from g's innermost frame, at f, to the first that stays; how many frames move."""
    n = u64(0)
    start = f.at.sp
    while n < MOVE_FRAMES and func_flags(func_of(f.at.pc)) & FUNC_RUNTIME == 0:
        bp = u64(f.at.sp + u64(ptr_at(u32, u64(f.at.pc - 8))[0] & FRAME_WORDS) * 8)
        if bp + LINK - start > room:
            return n
        f.at.pc = ptr_at(u64, u64(bp + 8))[0]
        f.at.sp = u64(bp + LINK)
        n = u64(n + 1)
    return n


def adjust_moved(pp: Ptr[P], g: Ptr[G], end: u64, old_lo: u64, old_size: u64, delta: u64) -> None:
    """Move the pointers into frames that lie at their new place, from g.sched.sp to `end`."""
    m = g.at.m
    adjustregs(m.at.regs.ptr.addr, m.at.more_pc, old_lo, old_size, delta)
    adjustdefers(g, old_lo, old_size, delta)
    adjustpanics(g, old_lo, old_size, delta)
    adjustpointer(u64(g.at.sched.sp - LINK), old_lo, old_size, delta)
    adjustframes(pp, g.at.sched.pc, g.at.sched.sp, end, old_lo, old_size, delta)


def check_older(f: Ptr[Frame], lo: u64, size: u64) -> None:
    """STRESS=checkescape: no frame from f on may point to what has moved from [lo, lo + size)."""
    cross_segments(f)
    while has_frame(f):
        words = frame_bytes(f.at.pc) >> 3
        info = ptr_at(u32, u64(f.at.pc - 8))[0]
        bitmap = ptr_at(u64, u64(f.at.pc - 16))[0]
        for i in range(words):
            bits = bitmap
            if info & LARGE_BITMAP != 0:
                bits = u64(u64(ptr_at(u8, u64(bitmap + (i >> 3)))[0]) << (i & 56))
            if bits >> (i & 63) & 1 != 0 and u64(ptr_at(u64, f.at.sp)[i] - lo) < size:
                throw(cstr(b"checkescape: a frame points to one that it has called"))
        next_frame(f)
