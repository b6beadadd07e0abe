"""Walking frames: metadata lies in the 16 bytes in front of every continuation (docs/abi.md).

        pc-16  u64  pointer bitmap of the frame, or its address if the frame is large; an entry: bitmap of x_i
        pc-8   u32  frame words, bit 31: large bitmap, bit 30: its objects are tracked; an entry: 0xffff_ffff
        pc-4   i32  site record - pc; an entry: function record - pc

        site record      {i32 function record - site record, i32 line, i32 mask of live objects,
                          i32 caller - site record or 0, i32 -20}
        function record  {i32 name - record, i32 file - record, i32 line, i32 flags, i32 argument bytes, i32 area bytes,
                          i32 table of objects - record}
        objects          {u64 the words of objects, in a frame of at most 64, u32 how many,
                          (u32 first word, u32 words) for each, in order}

The code of an inlined function has a site record of that function, whose `caller` is the record of the call it was
inlined at, in the function that owns the frame or in another inlined function. The -20 lets the end of a site record
serve as a pc with that record: the pc of a call that was inlined.

A stopped goroutine is described by (pc, sp). If pc is a function's entry (a goroutine that has not run), there is no
frame: sp-8 holds the return pc and sp is the caller's own SP. Otherwise its frame is F bytes from sp, linkage above it:
[sp+F] the caller's BP, [sp+F+8] its pc, and the caller's SP is sp+F+16. The bottom frame has sp == stack_hi and F = 0.

`Frame` is the position of a walk. A stack may lie on several segments (docs/disciplines.md): the first frame of each
segment except the oldest returns to rt.lessstack, and the walk continues at the caller recorded in the segment's
Stktop. So the code that walks does not see segments.

        f = local(Frame)
        first_frame(f, g)
        while has_frame(f):
            ... f.at.pc, f.at.sp ...
            next_frame(f)
"""

from morestack.abi.convention import LINK
from morestack.abi.metadata import ENTRY_MARK, FRAME_WORDS
from morestack.dialect.machine import Ptr, boolean, i32, i64, local, nil, nosplit, ptr_at, static, struct, u32, u64
from morestack.runtime.mem.extra import stktop_of
from morestack.runtime.sys.layout import G, Stktop

lessstack = static(u64)
"""The address of rt.lessstack if stacks have segments, else 0."""
panicreturn_pc = static(u64)
"""The address that deferred calls made by panics return to: rt.panicreturn."""


def is_entry(pc: u64) -> boolean:
    """Whether pc is a function's entry, not a continuation or a site."""
    return ptr_at(u32, u64(pc - 8))[0] == ENTRY_MARK


def frame_bytes(pc: u64) -> u64:
    """Size of the frame of a continuation or site; 0 at an entry."""
    words = ptr_at(u32, u64(pc - 8))[0]
    if words == ENTRY_MARK:
        return u64(0)
    return u64(u64(words & FRAME_WORDS) * 8)


def relative(record: u64, at: u64) -> u64:
    """The address that an i32 field of a record refers to, relative to the record; 0 if the field is 0."""
    offset = ptr_at(i32, u64(record + at))[0]
    if offset == 0:
        return u64(0)
    return u64(i64(record) + i64(offset))


def record_of(pc: u64) -> u64:
    """The site record of a continuation, or the function record of an entry."""
    offset = ptr_at(i32, u64(pc - 4))[0]
    return u64(i64(pc) + i64(offset))


def site_func(site: u64) -> u64:
    """The function record a site record belongs to."""
    return relative(site, u64(0))


def site_line(site: u64) -> u32:
    """The source line of a site record."""
    return ptr_at(u32, u64(site + 4))[0]


def site_used(site: u64) -> u32:
    """The set of the frame's objects that the function reads again after this site."""
    return ptr_at(u32, u64(site + 8))[0]


@nosplit(why="walks are made on slow paths of any depth")
def site_caller(site: u64) -> u64:
    """The site record of the call a site was inlined at; 0 if it was not inlined."""
    return relative(site, u64(12))


def func_of(pc: u64) -> u64:
    """The function record of an entry, continuation or site."""
    r = record_of(pc)
    if is_entry(pc):
        return r
    return site_func(r)


def frame_func(pc: u64) -> u64:
    """The function record of the function that owns the frame, whatever was inlined into it."""
    r = record_of(pc)
    if is_entry(pc):
        return r
    while site_caller(r) != 0:
        r = site_caller(r)
    return site_func(r)


def func_name(func: u64) -> u64:
    """Address of a function's name, NUL-terminated."""
    return relative(func, u64(0))


def func_file(func: u64) -> u64:
    """Address of a function's file name, NUL-terminated."""
    return relative(func, u64(4))


def func_line(func: u64) -> u32:
    """The line a function starts on."""
    return ptr_at(u32, u64(func + 8))[0]


def func_args(func: u64) -> u64:
    """Bytes of stack arguments."""
    return u64(ptr_at(u32, u64(func + 16))[0])


def func_area(func: u64) -> u64:
    """Bytes of stack arguments and results."""
    return u64(ptr_at(u32, u64(func + 20))[0])


def func_objects(func: u64) -> u64:
    """Address of the table of a frame's objects. It exists if a frame has TRACKED_OBJECTS."""
    return relative(func, u64(24))


def func_flags(func: u64) -> u32:
    """FUNC_... bits."""
    return ptr_at(u32, u64(func + 12))[0]


@struct
class Frame:
    """A frame of a goroutine: `hi` is the end of its segment, `top` the segment's Stktop, nil on the oldest."""

    pc: u64
    sp: u64
    hi: u64
    top: Ptr[Stktop]


@nosplit(why="walks are made on slow paths of any depth")
def cross_segments(f: Ptr[Frame]) -> None:
    """The frame returns to rt.lessstack: continue with the caller on the older segment."""
    while f.at.pc == lessstack.value and f.at.pc != 0:
        top = f.at.top
        f.at.pc = top.at.pc
        f.at.sp = top.at.sp
        f.at.hi = top.at.hi
        f.at.top = top.at.link


@nosplit(why="walks are made on slow paths of any depth")
def first_frame(f: Ptr[Frame], g: Ptr[G]) -> None:
    """Find the innermost frame of a stopped goroutine. If it stopped at a function's entry, that is the caller's."""
    pc = g.at.sched.pc
    f.at.sp = g.at.sched.sp
    f.at.pc = ptr_at(u64, u64(f.at.sp - 8))[0] if is_entry(pc) else pc
    f.at.hi = g.at.stack_hi
    f.at.top = stktop_of(g)
    cross_segments(f)


@nosplit(why="walks are made on slow paths of any depth")
def has_frame(f: Ptr[Frame]) -> boolean:
    """Whether f is a frame, not the end of the stack."""
    return f.at.sp < f.at.hi


@nosplit(why="walks are made on slow paths of any depth")
def next_frame(f: Ptr[Frame]) -> None:
    """Advance to the caller's frame."""
    bp = u64(f.at.sp + u64(ptr_at(u32, u64(f.at.pc - 8))[0] & FRAME_WORDS) * 8)
    f.at.pc = ptr_at(u64, u64(bp + 8))[0]
    f.at.sp = u64(bp + LINK)
    cross_segments(f)


@nosplit(why="walks are made on slow paths of any depth")
def count_frames(g: Ptr[G]) -> u64:
    """The number of frames of a stopped goroutine, without the bottom one."""
    f = local(Frame)
    n = u64(1) if is_entry(g.at.sched.pc) else u64(0)
    first_frame(f, g)
    while has_frame(f):
        n = u64(n + 1)
        next_frame(f)
    return n


def is_within(g: Ptr[G], sp: u64, frame: u64) -> boolean:
    """Whether the frame of g with the SP `sp` is `frame`, or was called from it. Newer segments are searched first."""
    lo = g.at.stack_lo
    hi = g.at.stack_hi
    top = stktop_of(g)
    while top != nil(Stktop):
        holds = lo <= sp and sp < hi
        if lo <= frame and frame < hi:
            return holds and sp <= frame
        if holds:
            return True
        lo = top.at.lo
        hi = top.at.hi
        top = top.at.link
    return sp <= frame
