"""Sleeping until the first timer is due: one thread that has nothing else to do does this.

Busy processors check timers whenever they schedule (check_timers). A thread that gives up its processor while a timer
is armed sleeps only until that is due, as `sched.timerm`, unless another thread already does. Then it takes an idle
processor and fires the timer. A thread that arms an earlier timer wakes it, or wakes a thread that takes this role.

It does not count as idle, because an armed timer keeps the program alive. But timers of channels on which no goroutine
waits do not. So when all other threads have gone to sleep, it is woken (idle_now in proc.py), and finds the deadlock.
"""

from morestack.dialect.machine import Ptr, boolean, i64, load_acquire, nil, store_release, u64
from morestack.runtime.sched.deadlock import running_threads
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.idle import acquirep, pidleget
from morestack.runtime.sched.proc import wakep
from morestack.runtime.sched.timeheap import timer_first, timers_alive
from morestack.runtime.stack.safepoint import gc_waiting
from morestack.runtime.sys.layout import M, P
from morestack.runtime.sys.lock import RANK_SCHED, lock, noteclear, notetsleep, notewakeup, unlock
from morestack.runtime.sys.os import nanotime


def wait_timer(m: Ptr[M]) -> boolean:
    """m has no processor and nothing to do: sleep until the first timer is due. Returns True if m has a processor
    again."""
    first = timer_first()
    if first == 0:
        return False
    alive = timers_alive()
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    other = sched.at.timerm
    if other == nil(M) and (alive or running_threads() > 1):
        store_release(sched.ptr.field(Sched.timerm), m)
    unlock(sched.ptr.field(Sched.lock))
    if other != nil(M):
        return False
    if sched.at.timerm != m:
        return False
    now = nanotime()
    if timer_first() == first and i64(first) > now:  # otherwise one was armed before sched.timerm was set
        notetsleep(m.field(M.park), i64(i64(first) - now))
    noteclear(m.field(M.park))
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    store_release(sched.ptr.field(Sched.timerm), nil(M))
    pp = pidleget() if gc_waiting.value == 0 else nil(P)
    unlock(sched.ptr.field(Sched.lock))
    if pp == nil(P):
        return False
    acquirep(m, pp)
    return True


def timer_armed(when: i64) -> None:
    """A timer has been armed: if it is the first, wake the thread that sleeps too long."""
    if timer_first() != u64(when):
        return
    m = load_acquire(sched.ptr.field(Sched.timerm))
    if m != nil(M):
        notewakeup(m.field(M.park))
    elif load_acquire(sched.ptr.field(Sched.npidle)) != 0:
        wakep()
