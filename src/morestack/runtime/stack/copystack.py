"""copystack: move a goroutine to a stack of another size, and adjust every pointer into the old one.

        old:   lo ........ sp-16 [ used ] hi          delta = new hi - old hi
        new:   lo ................. sp-16 [ used ] hi

What can point into a goroutine's stack, and how it is found:
- its own frames: the pointer bitmap of each continuation (`adjustframe`), and saved BPs in linkage;
- argument registers that morestack spilled, in m or a spill record: by the bitmap of its entry (`adjustregs`);
- `elem` of sudogs, when it is parked (`adjustsudogs`);
- records of deferred calls, which may lie in frames, and records of panics (`adjustdefers`, `adjustpanics`);
- `sched`: sp and bp, and ctxt when it is a closure object in a frame.
Escape analysis ensures that nothing else does.

A word is adjusted if it lies in [old lo, old hi): no pointer to an object can equal hi, because the bottom
linkage lies there.

Note [Copying the used part]: the lowest word in use is sched.sp - 16, the linkage of a callee that has not
made its frame yet (morestack) or has left it (a parked call).
"""

from morestack.abi.convention import LINK, STACK_GUARD, STACK_PREEMPT
from morestack.abi.metadata import ENTRY_MARK, FRAME_WORDS, LARGE_BITMAP
from morestack.dialect.machine import (
    Ptr,
    atomic_add,
    boolean,
    cstr,
    ctz,
    memmove,
    memset,
    nil,
    nosplit,
    ptr_at,
    static,
    u8,
    u32,
    u64,
)
from morestack.runtime.mem.extra import panics_of, spill_of
from morestack.runtime.stack.stackalloc import stackalloc, stackfree
from morestack.runtime.sys.event import Stats, stats
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import G_COPYSTACK, Defer, G, P, Panic, Spill, Sudog
from morestack.runtime.sys.stress import poison_guard

POISON_OLD = u8(0xDB)
poison_old = static(u32)


@nosplit(why="the stack is half moved")
def adjustpointer(slot: u64, old_lo: u64, old_size: u64, delta: u64) -> u64:
    """Adjust one word if it points into the old stack. Returns 1 if it did, else 0."""
    word = ptr_at(u64, slot)
    p = word[0]
    if u64(p - old_lo) < old_size:
        word[0] = u64(p + delta)
        return u64(1)
    return u64(0)


@nosplit(why="the stack is half moved")
def adjustbits(base: u64, bitmap: u64, old_lo: u64, old_size: u64, delta: u64) -> u64:
    """Adjust the pointers in up to 64 words, by bitmap. Returns how many were adjusted."""
    bits = bitmap
    n = u64(0)
    while bits != 0:
        n = u64(n + adjustpointer(u64(base + ctz(bits) * 8), old_lo, old_size, delta))
        bits = u64(bits & (bits - 1))
    return n


@nosplit(why="the stack is half moved")
def adjustlarge(sp: u64, words: u64, bitmap: u64, old_lo: u64, old_size: u64, delta: u64) -> u64:
    """Adjust the pointers of a frame of more than 64 words, whose bitmap lies elsewhere, one byte for 8 words."""
    n = u64(0)
    at = u64(0)
    while at < words:
        bits = u64(ptr_at(u8, u64(bitmap + (at >> 3)))[0])
        if bits != 0:
            n = u64(n + adjustbits(u64(sp + at * 8), bits, old_lo, old_size, delta))
        at = u64(at + 8)
    return n


@nosplit(why="the stack is half moved")
def adjustframes(pp: Ptr[P], first_pc: u64, first_sp: u64, hi: u64, old_lo: u64, old_size: u64, delta: u64) -> None:
    """Adjust the pointers in frames and linkage from first_sp up to hi. They are already at their new place."""
    sp = first_sp
    pc = first_pc
    frames = u64(0)
    moved = u64(0)
    if ptr_at(u32, u64(pc - 8))[0] == ENTRY_MARK:
        pc = ptr_at(u64, u64(sp - 8))[0]
    while sp < hi:
        info = ptr_at(u32, u64(pc - 8))[0]
        bitmap = ptr_at(u64, u64(pc - 16))[0]
        words = u64(info & FRAME_WORDS)
        bp = u64(sp + words * 8)
        if info & LARGE_BITMAP != 0:
            moved = u64(moved + adjustlarge(sp, words, bitmap, old_lo, old_size, delta))
        elif bitmap != 0:
            moved = u64(moved + adjustbits(sp, bitmap, old_lo, old_size, delta))
        adjustpointer(bp, old_lo, old_size, delta)
        pc = ptr_at(u64, u64(bp + 8))[0]
        sp = u64(bp + LINK)
        frames = u64(frames + 1)
    if sp != hi:
        throw(cstr(b"copystack: frames do not end at the stack's end"))
    pp.at.copied_frames = frames
    pp.at.copied_pointers = moved


@nosplit(why="the stack is half moved")
def adjustregs(regs: u64, pc: u64, old_lo: u64, old_size: u64, delta: u64) -> u64:
    """Adjust the pointers among the argument registers of the function entry pc. Returns how many."""
    return adjustbits(regs, ptr_at(u64, u64(pc - 16))[0], old_lo, old_size, delta)


@nosplit(why="the stack is half moved")
def adjustsudogs(g: Ptr[G], old_lo: u64, old_size: u64, delta: u64) -> u64:
    """Adjust the addresses where a waker reads or writes a parked goroutine's values. Returns how many.

    See Note [Stacks of who waits].
    """
    n = u64(0)
    s = g.at.waiting
    while s != nil(Sudog):
        n = u64(n + adjustpointer(s.field(Sudog.elem).addr, old_lo, old_size, delta))
        s = s.at.waitlink
    return n


@nosplit(why="the stack is half moved")
def adjustdefers(g: Ptr[G], old_lo: u64, old_size: u64, delta: u64) -> u64:
    """Adjust the links, closures and frames in records of deferred calls. Returns how many pointers."""
    n = adjustpointer(g.field(G.defers).addr, old_lo, old_size, delta)
    d = g.at.defers
    while d != nil(Defer):
        n = u64(n + adjustpointer(d.field(Defer.link).addr, old_lo, old_size, delta))
        n = u64(n + adjustpointer(d.field(Defer.fn).addr, old_lo, old_size, delta))
        n = u64(n + adjustpointer(d.field(Defer.sp).addr, old_lo, old_size, delta))
        d = d.at.link
    return n


@nosplit(why="the stack is half moved")
def adjustpanics(g: Ptr[G], old_lo: u64, old_size: u64, delta: u64) -> u64:
    """Adjust the addresses in records of active panics. Returns how many."""
    n = u64(0)
    p = panics_of(g)
    while p != nil(Panic):
        n = u64(n + adjustpointer(p.field(Panic.sp).addr, old_lo, old_size, delta))
        n = u64(n + adjustpointer(p.field(Panic.frame).addr, old_lo, old_size, delta))
        p = p.at.link
    return n


def set_guard(g: Ptr[G]) -> None:
    """Set the guard for g's current stack. It is poisoned if every check is to move the stack."""
    g.at.stackguard0 = STACK_PREEMPT if poison_guard.value != 0 else u64(g.at.stack_lo + STACK_GUARD)


def copystack(pp: Ptr[P], g: Ptr[G], new_size: u64, spilled: boolean) -> None:
    """Move g, which is stopped, to a new stack. `spilled`: g is in newstack and its argument registers are in m."""
    old_lo = g.at.stack_lo
    old_hi = g.at.stack_hi
    old_size = u64(old_hi - old_lo)
    used = u64(old_hi - g.at.sched.sp + LINK)
    if used > new_size:
        throw(cstr(b"copystack: does not fit"))
    new_lo = stackalloc(pp, new_size)
    new_hi = u64(new_lo + new_size)
    delta = u64(new_hi - old_hi)
    status = g.at.status
    g.at.status = G_COPYSTACK
    memmove(u64(new_hi - used), u64(old_hi - used), used)
    extra = adjustsudogs(g, old_lo, old_size, delta)
    if g.at.defers != nil(Defer):
        extra = u64(extra + adjustdefers(g, old_lo, old_size, delta))
    if panics_of(g) != nil(Panic):
        extra = u64(extra + adjustpanics(g, old_lo, old_size, delta))
    if spilled:
        m = g.at.m
        extra = u64(extra + adjustregs(m.at.regs.ptr.addr, m.at.more_pc, old_lo, old_size, delta))
    s = spill_of(g)
    if s != nil(Spill):
        extra = u64(extra + adjustregs(s.addr, s.at.more_pc, old_lo, old_size, delta))
    if u64(g.at.sched.ctxt - old_lo) < old_size:
        g.at.sched.ctxt = u64(g.at.sched.ctxt + delta)
    g.at.sched.sp = u64(g.at.sched.sp + delta)
    if g.at.sched.bp != 0:
        g.at.sched.bp = u64(g.at.sched.bp + delta)
    g.at.stack_lo = new_lo
    g.at.stack_hi = new_hi
    # The linkage of a callee lies below the frame of sched.pc. See Note [Copying the used part].
    adjustpointer(u64(g.at.sched.sp - LINK), old_lo, old_size, delta)
    adjustframes(pp, g.at.sched.pc, g.at.sched.sp, new_hi, old_lo, old_size, delta)
    set_guard(g)
    g.at.status = status
    if poison_old.value != 0:
        memset(old_lo, POISON_OLD, old_size)
    stackfree(pp, old_lo, old_size)
    pp.at.copied_bytes = used
    pp.at.copied_pointers = u64(pp.at.copied_pointers + extra)
    atomic_add(stats.ptr.field(Stats.bytes_copied), used)
    atomic_add(stats.ptr.field(Stats.frames_adjusted), pp.at.copied_frames)
    atomic_add(stats.ptr.field(Stats.pointers_adjusted), pp.at.copied_pointers)
