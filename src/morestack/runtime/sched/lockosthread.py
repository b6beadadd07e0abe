"""A goroutine and its thread, locked to each other: the thread runs nothing else, the goroutine nowhere else.

When the goroutine stops, its thread gives its processor away and sleeps (stoplockedm). Who would run the goroutine
gives its own processor to that thread instead, and sleeps (startlockedm). A locked goroutine that ends takes its thread
with it: what it did to the thread's state shall hit nobody else.

Under the discipline `thread` every goroutine is locked to a thread of its own, from its start on. There a thread whose
goroutine has stopped looks whether another is ready, and gives its processor to that one's thread (switchlockedm): one
wake-up and one sleep, and no thread in between.

A thread that ends joins the one that ended before it: so there is one at most that nobody has joined, and when that has
been joined at the program's end, none runs our code any more. It does so while it has its processor: a program that
starts goroutines faster than the system ends threads would have ever more of them.
"""

from morestack.abi.settings import THREAD
from morestack.dialect.machine import Ptr, atomic_xchg, boolean, export, nil, store_release, u64
from morestack.runtime.mem.extra import extra_of
from morestack.runtime.sched.deadlock import checkdead
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.idle import releasep
from morestack.runtime.sched.proc import handoffp, idle_now, last_but_timers, mpark, stopm, threadgone
from morestack.runtime.stack.discipline import discipline
from morestack.runtime.sys.layout import Extra, G, M, P
from morestack.runtime.sys.lock import RANK_SCHED, lock, notewakeup, unlock
from morestack.runtime.sys.os import pthread_join

INITIALIZING = u64(1 << 32)
"""In a goroutine's count of locks, beside those of the program: it initializes packages."""


def lock_to_thread(g: Ptr[G], count: u64) -> None:
    """Lock g to the thread it runs on."""
    x = extra_of(g)
    x.at.lockcount = u64(x.at.lockcount + count)
    x.at.lockedm = g.at.m
    g.at.m.at.lockedg = g


def unlock_from_thread(g: Ptr[G], count: u64) -> None:
    """Undo a lock; the last one sets g free, unless all goroutines have threads of their own."""
    x = g.at.extra
    x.at.lockcount = u64(x.at.lockcount - count)
    if x.at.lockcount == 0 and discipline.value != THREAD:
        x.at.lockedm = nil(M)
        g.at.m.at.lockedg = nil(G)


@export
def lockosthread(g: Ptr[G]) -> None:
    """runtime.LockOSThread: as many times as it is called, UnlockOSThread must be."""
    lock_to_thread(g, u64(1))


@export
def unlockosthread(g: Ptr[G]) -> None:
    """runtime.UnlockOSThread: undo one LockOSThread; without one it does nothing."""
    x = g.at.extra
    if x != nil(Extra) and x.at.lockcount % INITIALIZING != 0:
        unlock_from_thread(g, u64(1))


@export
def lockinit(g: Ptr[G]) -> None:
    """Packages are initialized on one thread."""
    lock_to_thread(g, INITIALIZING)


@export
def unlockinit(g: Ptr[G]) -> None:
    """Packages have been initialized."""
    unlock_from_thread(g, INITIALIZING)


def count_locked(delta: u64) -> boolean:
    """A locked thread goes to sleep, or is woken. It counts as idle: it cannot run another goroutine. Whether the
    program goes on."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    sched.at.nmidlelocked = u64(sched.at.nmidlelocked + delta)
    dead = delta == 1 and checkdead()
    waiter = last_but_timers() if delta == 1 else nil(M)
    unlock(sched.ptr.field(Sched.lock))
    return idle_now(dead, waiter)


def stoplockedm(m: Ptr[M]) -> None:
    """The goroutine of m has stopped: sleep until it is to run. Without a processor then: the program is over."""
    if m.at.p != nil(P):
        handoffp(releasep(m))
    if count_locked(u64(1)):
        mpark(m)


def give_processor(m: Ptr[M], g: Ptr[G]) -> None:
    """The thread of g, which sleeps or is about to, gets m's processor."""
    other = g.at.extra.at.lockedm
    m.at.curg = nil(G)
    store_release(other.field(M.nextp), releasep(m))
    notewakeup(other.field(M.park))


def startlockedm(m: Ptr[M], g: Ptr[G]) -> None:
    """g is to run, on its own thread: that one gets m's processor."""
    count_locked(u64(0xFFFF_FFFF_FFFF_FFFF))
    give_processor(m, g)
    stopm(m)


def switchlockedm(m: Ptr[M], g: Ptr[G]) -> None:
    """The goroutine of m has stopped, and g is to run, on its own thread: that one gets m's processor, and m sleeps
    until its goroutine is to run. As many locked threads sleep as before, so nothing is counted."""
    give_processor(m, g)
    mpark(m)


def mexit(m: Ptr[M], next: Ptr[G]) -> None:
    """A locked goroutine has ended: so does its thread. The thread of `next`, unless nil, gets its processor."""
    before = atomic_xchg(sched.ptr.field(Sched.gone), m.at.thread)
    if before != 0:
        pthread_join(before, u64(0))
    if next != nil(G):
        give_processor(m, next)
    elif m.at.p != nil(P):
        handoffp(releasep(m))
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    sched.at.nmfreed = u64(sched.at.nmfreed + 1)
    if next != nil(G):
        sched.at.nmidlelocked = u64(sched.at.nmidlelocked - 1)
    dead = checkdead()
    waiter = last_but_timers()
    m.at.schedlink = sched.at.freem
    sched.at.freem = m
    unlock(sched.ptr.field(Sched.lock))
    idle_now(dead, waiter)
    threadgone()
