"""Time for Go programs: sleeping, timers, clocks. timeheap.py tells when a timer is due; this module defines what it
then does.

        time.Sleep       a record of the runtime's own; the goroutine is made ready
        time.NewTimer    runtimeTimer in the Timer; the time goes into a channel with room for one
        time.AfterFunc   runtimeTimer in the Timer; a closure runs in a new goroutine

Note [Channels of timers]: since Go 1.23 they behave as if unbuffered: after Stop and Reset no earlier value can be
received, and len and cap are 0. So the channel has a pointer to its timer (Hchan.timer). A receive first fires the
timer if it is due (poll_timer), because a loop may poll the channel without ever giving way. Stop and Reset empty the
buffer. All of this happens under the timers' lock, which comes before those of channels, so no send can be in progress.

A timer that is due always fires under the lock, on the thread that noticed it. That takes a few hundred instructions,
and does not run a goroutine. So no state is needed for a timer that is firing.
"""

from morestack.dialect.machine import (
    Ptr,
    boolean,
    export,
    func_ptr,
    i64,
    local,
    nil,
    ptr_at,
    size_of,
    struct,
    u64,
)
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.sched.hchan import Hchan
from morestack.runtime.sched.park import gopark
from morestack.runtime.sched.sched import goready_last, newproc
from morestack.runtime.sched.timeheap import (
    TIMER_CHAN,
    TIMER_FUNC,
    TIMER_WAKE,
    Timer,
    Timers,
    add_timer,
    remove_timer,
    timers,
    timers_init,
)
from morestack.runtime.sched.timerwait import timer_armed
from morestack.runtime.sync.chan import drain_timer_chan, selectnbsend
from morestack.runtime.sys.layout import WAIT_SLEEP, G, P, Sudog
from morestack.runtime.sys.lock import RANK_TIMERS, lock, unlock
from morestack.runtime.sys.os import CLOCK_REALTIME, Timespec, clock_gettime
from morestack.runtime.sys.os import nanotime as monotonic
from morestack.runtime.sys.stress import stress

HAS_MONOTONIC = u64(1 << 63)
UNIX_TO_1885 = i64(2682288000)
"""Seconds from the start of 1885 to that of 1970."""
FOREVER = i64(0x7FFF_FFFF_FFFF_FFFF)


@struct
class GoTime:
    """time.Time with a reading of the monotonic clock, as in golib/time/time.go."""

    wall: u64  # top bit; 33 bits: seconds since 1885; 30 bits: nanoseconds
    ext: i64  # monotonic clock
    loc: u64


def time_init() -> None:
    """Start with no armed timers."""
    timers_init(func_ptr(fire), func_ptr(matters))


def fill_time(out: Ptr[GoTime], loc: u64) -> None:
    """Store the current time."""
    clock = local(Timespec)
    clock_gettime(CLOCK_REALTIME, clock)
    out.at.wall = u64(HAS_MONOTONIC | u64(clock.at.sec + UNIX_TO_1885) << 30 | u64(clock.at.nsec))
    out.at.ext = monotonic()
    out.at.loc = loc


def fire(pp: Ptr[P], t: Ptr[Timer]) -> None:
    """Fire a timer that is due. timers.lock is held."""
    if t.at.kind == TIMER_WAKE:
        g = ptr_at(G, t.at.arg)
        t.at.arg = timers.at.free.addr
        timers.at.free = t
        g.at.sched.ret = u64(0)
        goready_last(pp, g)
    elif t.at.kind == TIMER_FUNC:
        newproc(pp.at.m.at.g0, t.at.arg)
    else:
        now = local(GoTime)
        fill_time(now, t.at.loc)
        selectnbsend(pp.at.m.at.g0, ptr_at(Hchan, t.at.arg), now.addr)


def matters(t: Ptr[Timer]) -> boolean:
    """Whether firing a timer can make a goroutine run: a timer with a channel can if a goroutine waits there."""
    return t.at.kind != TIMER_CHAN or ptr_at(Hchan, t.at.arg).at.recvq.first != nil(Sudog)


@export
def timesleep(g: Ptr[G], ns: i64) -> i64:
    """time.Sleep."""
    stress(g)
    if ns <= 0:
        return i64(0)
    now = monotonic()
    when = i64(now + ns) if ns < FOREVER - now else FOREVER
    lock(timers.ptr.field(Timers.lock), RANK_TIMERS)
    t = timers.at.free
    if t == nil(Timer):
        t = ptr_at(Timer, persistentalloc(size_of(Timer)))
    else:
        timers.at.free = ptr_at(Timer, t.at.arg)
    t.at.kind = TIMER_WAKE
    t.at.period = i64(0)
    t.at.arg = g.addr
    add_timer(t, when)
    timer_armed(when)
    return gopark(g, WAIT_SLEEP, timers.ptr.field(Timers.lock))


def disarm(t: Ptr[Timer]) -> boolean:
    """Remove a timer from the heap, and its value from the channel. Returns whether there was one. timers.lock is
    held."""
    was = t.at.index != 0
    if was:
        remove_timer(t)
    if t.at.kind == TIMER_CHAN and drain_timer_chan(ptr_at(Hchan, t.at.arg)):
        was = True
    return was


@export
def stoptimer(g: Ptr[G], t: Ptr[Timer]) -> boolean:
    """Timer.Stop. Returns whether this kept the timer from firing."""
    lock(timers.ptr.field(Timers.lock), RANK_TIMERS)
    was = disarm(t)
    unlock(timers.ptr.field(Timers.lock))
    return was


@export
def resettimer(g: Ptr[G], t: Ptr[Timer], when: i64, period: i64) -> boolean:
    """Arm a timer again, or for the first time. Returns whether it was armed."""
    lock(timers.ptr.field(Timers.lock), RANK_TIMERS)
    if t.at.kind == TIMER_CHAN:
        ptr_at(Hchan, t.at.arg).at.timer = t
    was = disarm(t)
    t.at.period = period
    add_timer(t, max(when, i64(1)))
    timer_armed(max(when, i64(1)))
    unlock(timers.ptr.field(Timers.lock))
    return was


@export
def nanotime(g: Ptr[G]) -> i64:
    """The monotonic clock in nanoseconds."""
    return monotonic()


@export
def walltime(g: Ptr[G]) -> i64:
    """Nanoseconds since the start of 1970."""
    clock = local(Timespec)
    clock_gettime(CLOCK_REALTIME, clock)
    return i64(clock.at.sec * 1000000000 + clock.at.nsec)
