"""newstack: what morestack calls when a prologue finds the stack too small, or its guard poisoned.

On entry g.sched is the caller's frame, m.more_pc the entry of the function that needs m.more_frame bytes, and its
argument registers are in m.regs. It returns 0 to continue at more_pc with BP = g.sched.sp - 16, or 1 to call schedule,
which serves the request (safepoint.py) and lets g continue there.

Rejected: only doubling the size. A function whose frame is larger than the doubled stack would return here again and
again, copying each time.
"""

from morestack.abi.convention import LINK, STACK_GUARD
from morestack.abi.settings import CONTIGUOUS
from morestack.dialect.machine import Ptr, atomic_add, boolean, cstr, export, nil, noinline, static, u64
from morestack.runtime.stack.copystack import copystack
from morestack.runtime.stack.discipline import discipline, grow, stack_limit
from morestack.runtime.stack.safepoint import let_through, park_prologue, requested
from morestack.runtime.stack.shrinkstack import move_stacks, record_move
from morestack.runtime.stack.traceback import put_cycle, put_dying
from morestack.runtime.stack.unwind import record_of
from morestack.runtime.sys.event import EVENT_GROW, EVENT_MOVE, EVENT_OVERFLOW, Stats, event_record, event_wanted, stats
from morestack.runtime.sys.fatal import die
from morestack.runtime.sys.layout import G, P, Panic
from morestack.runtime.sys.print import begin, end, put_hex, put_uint, puts
from morestack.runtime.sys.stress import MOVES, skips

maxstacksize = static(u64)
ALLOC_CEILING = u64(1 << 36)
CHEAP_MOVE = u64(4096)
"""Stacks up to this size are moved more often under stress."""


@noinline
def stack_overflow(g: Ptr[G], limit: u64, wanted: u64) -> None:
    """Report that a goroutine needs more than the limit, and end the program."""
    if event_wanted(EVENT_OVERFLOW):
        e = event_record(EVENT_OVERFLOW)
        e.at.goid = g.at.goid
        e.at.func = record_of(g.at.m.at.more_pc)
        e.at.site = record_of(g.at.sched.pc)
        e.at.old_size = u64(g.at.stack_hi - g.at.stack_lo)
        e.at.new_size = wanted
    begin()
    puts(cstr(b"runtime: goroutine stack exceeds "))
    put_uint(limit)
    puts(cstr(b"-byte limit\nruntime: sp="))
    put_hex(g.at.sched.sp)
    puts(cstr(b" stack=["))
    put_hex(g.at.stack_lo)
    puts(cstr(b", "))
    put_hex(g.at.stack_hi)
    puts(cstr(b"]\n"))
    put_cycle(g)
    puts(cstr(b"fatal error: stack overflow\n"))
    put_dying(g, nil(Panic), True)
    end()
    die()


def grow_contiguous(pp: Ptr[P], g: Ptr[G], needed: u64, limit: u64) -> u64:
    """Move g to a stack twice as large, or larger if that is too small. Returns 0, or the size that exceeds the
    limit."""
    old_size = u64(g.at.stack_hi - g.at.stack_lo)
    new_size = u64(old_size * 2)
    while new_size < needed:
        new_size = u64(new_size * 2)
    if new_size > limit or new_size > ALLOC_CEILING:
        return new_size
    copystack(pp, g, new_size, True)
    atomic_add(stats.ptr.field(Stats.grows), u64(1))
    record_move(pp, EVENT_GROW, g, old_size, new_size, record_of(g.at.m.at.more_pc))
    return u64(0)


def moves(g: Ptr[G], used: u64) -> boolean:
    """Whether a check moves the stack although there is room, under STRESS=movestack. A check that runs often moves it
    only now and then, and less often the more there is to copy."""
    if move_stacks.value == 0:
        return False
    place = u64(g.at.m.at.more_pc ^ MOVES)
    return not skips(place, u64(64), u64(64)) if used > CHEAP_MOVE else not skips(place, u64(1024), u64(16))


@export
def newstack(g: Ptr[G]) -> u64:
    """Make room for m.more_frame bytes below g's linkage. See the module."""
    m = g.at.m
    pp = m.at.p
    old_size = u64(g.at.stack_hi - g.at.stack_lo)
    used = u64(g.at.stack_hi - g.at.sched.sp + LINK)
    needed = u64(used + m.at.more_frame + STACK_GUARD + LINK)
    if needed > old_size:
        limit = stack_limit(g, maxstacksize.value)
        if discipline.value == CONTIGUOUS:
            too_much = grow_contiguous(pp, g, needed, limit)
        else:
            too_much = grow(pp, g, m.at.more_frame, limit)
        if too_much != 0:
            park_prologue(pp, g)  # the traceback begins with the called function
            stack_overflow(g, limit, too_much)
            return u64(1)
    let_through(g, m.at.more_frame)
    stops = requested(pp)
    if stops:
        park_prologue(pp, g)
    if needed <= old_size and moves(g, used):
        copystack(pp, g, old_size, not stops)
        atomic_add(stats.ptr.field(Stats.moves), u64(1))
        record_move(pp, EVENT_MOVE, g, old_size, old_size, record_of(m.at.more_pc))
        let_through(g, m.at.more_frame)
    return u64(1) if stops else u64(0)
