"""Requests to goroutines, and the registers of a goroutine that stopped in a prologue.

        stopped      the program has ended                  (fatal.py)
        gc_waiting   the world is to stop
        gc_wanted    a collection is wanted                 (mcache.py)
        p.preempt    the goroutine on p has used its time slice

A thread that makes a request sets the flag first, then poisons the guards of the running goroutines. A thread that
resets a guard checks the flags afterwards, so that a request made in between is not lost.

If a prologue's check finds a request, `park_prologue` moves the argument registers from m to a spill record. From then
on the goroutine can be scanned exactly, moved, and run on another thread, like a parked one. `resume` puts the
registers into the M that runs it next.
"""

from morestack.abi.convention import LINK, STACK_GUARD, STACK_SMALL
from morestack.dialect.machine import Ptr, boolean, memmove, nil, offset_of, ptr_at, ptr_to, size_of, static, u32, u64
from morestack.runtime.mem.extra import extra_of, spill_of
from morestack.runtime.mem.mcache import gc_wanted
from morestack.runtime.mem.records import RecordCentral, central_init, pool_give, pool_take
from morestack.runtime.sys.fatal import stopped
from morestack.runtime.sys.layout import G, M, P, Spill
from morestack.runtime.sys.stress import poison_guard

gc_waiting = static(u32)

STRESS_EVERY = u64(16384)

free_spills = static(RecordCentral)


def safepoint_init() -> None:
    """No requests, no spare records."""
    gc_waiting.value = u32(0)
    central_init(free_spills.ptr)


def requested(pp: Ptr[P]) -> boolean:
    """Whether there is a request to the goroutine that runs on pp."""
    return stopped.value != 0 or gc_waiting.value != 0 or gc_wanted.value != 0 or pp.at.preempt != 0


def park_prologue(pp: Ptr[P], g: Ptr[G]) -> None:
    """g is in newstack: save its registers, so that it can continue on any thread."""
    s = ptr_at(Spill, pool_take(ptr_to(pp.at.spillpool), free_spills.ptr, size_of(Spill)))
    memmove(s.addr, g.at.m.addr, offset_of(Spill, "link"))
    extra_of(g).at.spill = s


def resume(m: Ptr[M], g: Ptr[G]) -> u64:
    """The result of schedule when g runs next on m: its address, with bit 0 set if it continues in a prologue."""
    s = spill_of(g)
    if s == nil(Spill):
        return g.addr
    memmove(m.addr, s.addr, offset_of(Spill, "link"))
    g.at.extra.at.spill = nil(Spill)
    pool_give(ptr_to(m.at.p.at.spillpool), free_spills.ptr, s.addr)
    return u64(g.addr | 1)


def let_through(g: Ptr[G], frame: u64) -> None:
    """Set the guard so that a prologue's check that failed for `frame` bytes passes the next time.

    Under the movestack stress a call from a deeper frame fails again, so the guard is set to exactly what the
    check compares. `stress` poisons it again whenever g calls the runtime.
    """
    real = u64(g.at.stack_lo + STACK_GUARD)
    if poison_guard.value != 0:
        bp = u64(g.at.sched.sp - LINK)
        tight = bp if frame <= STACK_SMALL else u64(bp - frame + STACK_SMALL)
        used = u64(g.at.stack_hi - bp)
        if used > STRESS_EVERY:  # move a deep stack every eighth of its depth, to avoid quadratic time
            tight = u64(tight - (used >> 3)) if tight - real > used >> 3 else real
        if tight > real:
            real = tight
    g.at.stackguard0 = real
