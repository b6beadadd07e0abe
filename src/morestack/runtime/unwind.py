"""Walking frames: metadata lies in the 16 bytes in front of every continuation (docs/abi.md).

        pc-16  u64  pointer bitmap of the frame, or its address when the frame is large; an entry: bitmap of x_i
        pc-8   u32  frame words, bit 31: large bitmap; an entry: 0xffff_ffff
        pc-4   i32  site record - pc; an entry: function record - pc

        site record      {i32 function record - site record, i32 line, i32 leaf, i32 0}
        function record  {i32 name - record, i32 file - record, i32 line, i32 flags}

A stopped goroutine is described by (pc, sp). When pc is a function's entry (a goroutine that has not run)
there is no frame: sp-8 holds the return pc and sp is the caller's own SP. Otherwise its frame is F bytes from
sp, linkage above it: [sp+F] the caller's BP, [sp+F+8] its pc, and the caller's SP is sp+F+16. The bottom frame
has sp == stack_hi and F = 0.
"""

from morestack.dialect.machine import boolean, i32, i64, nosplit, ptr_at, u32, u64

ENTRY_MARK = u32(0xFFFF_FFFF)
LARGE_BITMAP = u32(0x8000_0000)
FRAME_WORDS = u32(0x7FFF_FFFF)

FUNC_WRAPPER = u32(1)
FUNC_RUNTIME = u32(2)
FUNC_BOTTOM = u32(4)
FUNC_NO_PARAMS = u32(8)


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
    """The address an i32 field of a record refers to, relative to the record; 0 when the field is 0."""
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


def func_of(pc: u64) -> u64:
    """The function record of an entry, continuation or site."""
    r = record_of(pc)
    if is_entry(pc):
        return r
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


def func_flags(func: u64) -> u32:
    """FUNC_... bits."""
    return ptr_at(u32, u64(func + 12))[0]


@nosplit(why="walks while the stack is being moved")
def walk(pc: u64, sp: u64, hi: u64) -> u64:
    """Count the frames of a stopped goroutine, the bottom one excluded."""
    n = u64(0)
    at = sp
    code = pc
    if is_entry(code):
        code = ptr_at(u64, u64(at - 8))[0]
        n = u64(1)
    while at < hi:
        bp = u64(at + u64(ptr_at(u32, u64(code - 8))[0] & FRAME_WORDS) * 8)
        code = ptr_at(u64, u64(bp + 8))[0]
        at = u64(bp + 16)
        n = u64(n + 1)
    return n
