"""What segmented-keep adds to segments, so that a call at the end of a segment does not cross it again and again.

A kept segment: a goroutine keeps the segment it left last, and enters it again when it next needs one. The collector
frees a kept segment that was not used since the previous collection.

Moved frames: when a call does not fit, the frames above it move to the new segment too, up to MOVE_FRAMES or a quarter
of a segment. Execution does not cross the new boundary again until those frames return, so a loop with calls runs on
one segment.

        older segment                     new segment
        | frame of C3      |  <------     Stktop {C3's pc, SP, BP}
        | (C2 C1 was here) |              | copied arguments of C2  |
        |                  |              | rt.lessstack, C3's BP   |
        |                  |              | frame of C2             |
                                          | frame of C1             |  the caller of the function that needs room
                                          | linkage, the new frame  |

Hysteresis by moving frames is from Bruggeman, Waddell and Dybvig, "Representing Control in the Presence of One-Shot
Continuations" (PLDI 1996); Farvardin and Reppy, "From Folklore to Fact" (PLDI 2020), measured it against other stacks,
and note that it suits systems without pointers into the stack. Go has such pointers, but here each one is known, as for
copystack. Pointers to a frame occur in the frame itself, in frames it has called, in argument registers, and in records
of deferred calls and panics. Older frames have none, because escape analysis moves to the heap whatever an older frame
may point to (STRESS=checkescape verifies this).

The runtime knows its own frames (rt.panicreturn and the like) by address, so they and the frames above them do not
move.
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
"""Nonzero if the discipline is segmented-keep."""


def has_kept(g: Ptr[G]) -> boolean:
    """Whether g has a kept segment."""
    return g.at.extra != nil(Extra) and g.at.extra.at.kept != 0


def take_kept(g: Ptr[G], size: u64) -> u64:
    """Take g's kept segment if it has at least `size` bytes, else return 0."""
    x = g.at.extra
    if x == nil(Extra) or x.at.kept_size < size:
        return u64(0)
    lo = x.at.kept
    x.at.kept = u64(0)
    return lo


def put_kept(pp: Ptr[P], g: Ptr[G], lo: u64, size: u64) -> None:
    """Keep a segment that g has left, and free the previously kept one."""
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
    """Called by a collection when g has a kept segment: free it if it was not used since the previous collection."""
    if g.at.extra.at.kept_used == 0:
        free_kept(pp, g)
    g.at.extra.at.kept_used = u32(0)


def movable_frames(f: Ptr[Frame], room: u64) -> u64:
    """Advance f from g's innermost frame to the first frame that stays. Returns how many frames move."""
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
    """Adjust the pointers into the frames from g.sched.sp to `end`, which are already at their new place."""
    m = g.at.m
    adjustregs(m.at.regs.ptr.addr, m.at.more_pc, old_lo, old_size, delta)
    adjustdefers(g, old_lo, old_size, delta)
    adjustpanics(g, old_lo, old_size, delta)
    adjustpointer(u64(g.at.sched.sp - LINK), old_lo, old_size, delta)
    adjustframes(pp, g.at.sched.pc, g.at.sched.sp, end, old_lo, old_size, delta)


def check_older(f: Ptr[Frame], lo: u64, size: u64) -> None:
    """STRESS=checkescape: verify that no frame from f on points into [lo, lo + size), from where frames have moved."""
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
