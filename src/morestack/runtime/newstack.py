"""newstack: what morestack calls when a prologue finds the stack too small, or its guard poisoned.

On entry g.sched is the caller's frame, g.more_pc the entry of the function that needs g.more_frame bytes, and its
argument registers are in g.regs. Answer 0: go on at more_pc with BP = g.sched.sp - 16; 1: g does not go on.

Rejected: leaving the size to doubling alone. A function whose frame is larger than the doubled stack would come
back here again and again, copying each time.
"""

from morestack.dialect.machine import Ptr, atomic_add, cstr, export, i64, noinline, static, u64
from morestack.runtime.copystack import copystack, poison_guard
from morestack.runtime.event import EVENT_GROW, EVENT_MOVE, EVENT_OVERFLOW, Stats, event_record, event_wanted, stats
from morestack.runtime.fatal import stop
from morestack.runtime.layout import LINK, STACK_GUARD, STACK_SMALL, G
from morestack.runtime.mgc import poll
from morestack.runtime.print import begin, end, put_hex, put_uint, puts
from morestack.runtime.shrinkstack import move_stacks, record_move
from morestack.runtime.traceback import put_goroutine
from morestack.runtime.unwind import record_of

maxstacksize = static(u64)
STRESS_EVERY = u64(16384)
ALLOC_CEILING = u64(1 << 36)


@noinline
def stack_overflow(g: Ptr[G], wanted: u64) -> None:
    """Report that a goroutine needs more than the limit, and end the program."""
    if event_wanted(EVENT_OVERFLOW):
        e = event_record(EVENT_OVERFLOW)
        e.at.goid = g.at.goid
        e.at.func = record_of(g.at.more_pc)
        e.at.site = record_of(g.at.sched.pc)
        e.at.old_size = u64(g.at.stack_hi - g.at.stack_lo)
        e.at.new_size = wanted
    begin()
    puts(cstr(b"runtime: goroutine stack exceeds "))
    put_uint(maxstacksize.value)
    puts(cstr(b"-byte limit\nruntime: sp="))
    put_hex(g.at.sched.sp)
    puts(cstr(b" stack=["))
    put_hex(g.at.stack_lo)
    puts(cstr(b", "))
    put_hex(g.at.stack_hi)
    puts(cstr(b"]\nfatal error: stack overflow\n\n"))
    g.at.leaf_count = u64(0)
    put_goroutine(g)
    end()
    stop(i64(2))


def let_through(g: Ptr[G]) -> None:
    """Set the guard so that the check that failed passes when it is made again.

    Under the movestack stress a call from a deeper frame fails again, so the guard is set to exactly what the
    check compares. `stress` poisons it again whenever g calls the runtime.
    """
    real = u64(g.at.stack_lo + STACK_GUARD)
    if poison_guard.value != 0:
        bp = u64(g.at.sched.sp - LINK)
        frame = g.at.more_frame
        tight = bp if frame <= STACK_SMALL else u64(bp - frame + STACK_SMALL)
        used = u64(g.at.stack_hi - bp)
        if used > STRESS_EVERY:  # a deep stack every eighth of its depth: else a recursion takes quadratic time
            tight = u64(tight - (used >> 3)) if tight - real > used >> 3 else real
        if tight > real:
            real = tight
    g.at.stackguard0 = real


@export
def newstack(g: Ptr[G]) -> u64:
    """Make room for g.more_frame bytes below g's linkage. See the module."""
    old_size = u64(g.at.stack_hi - g.at.stack_lo)
    used = u64(g.at.stack_hi - g.at.sched.sp + LINK)
    needed = u64(used + g.at.more_frame + STACK_GUARD + LINK)
    pp = g.at.m.at.p
    poll(pp, g, u64(g.at.more_pc ^ u64(g.at.sched.pc * 5)))
    func = record_of(g.at.more_pc)
    if needed <= old_size:
        # The stack is large enough: the guard was poisoned, to move the stack or to get here.
        if move_stacks.value != 0:
            copystack(pp, g, old_size, True)
            atomic_add(stats.ptr.field(Stats.moves), u64(1))
            record_move(pp, EVENT_MOVE, g, old_size, old_size, func)
        let_through(g)
        return u64(0)
    new_size = u64(old_size * 2)
    while new_size < needed:
        new_size = u64(new_size * 2)
    if new_size > maxstacksize.value or new_size > ALLOC_CEILING:
        stack_overflow(g, new_size)
        return u64(1)
    copystack(pp, g, new_size, True)
    atomic_add(stats.ptr.field(Stats.grows), u64(1))
    record_move(pp, EVENT_GROW, g, old_size, new_size, func)
    let_through(g)
    return u64(0)
