"""A goroutine and its thread, locked to each other: the thread runs no other goroutine, and the goroutine runs on no
other thread.

When the goroutine stops, its thread hands off its processor and sleeps (stoplockedm). A thread that would run the
goroutine instead gives its own processor to the locked thread, and sleeps (startlockedm). When a locked goroutine ends,
its thread ends too, so that changes to the thread's state affect no other goroutine.

Under the discipline `thread`, every goroutine is locked to its own thread from the start. There a thread whose
goroutine has stopped looks for another goroutine that is ready, and gives its processor to that goroutine's thread
(switchlockedm). This takes one wake-up and one sleep, and no thread in between.

A thread that ends joins the one that ended before it. So at most one ended thread is not joined, and once that is
joined at the program's end, no thread runs our code. The thread joins while it still has its processor. Otherwise a
program that starts goroutines faster than the system ends threads would accumulate threads.
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
"""Added to a goroutine's count of locks while it initializes packages."""


def lock_to_thread(g: Ptr[G], count: u64) -> None:
    """Lock g to the thread it runs on."""
    x = extra_of(g)
    x.at.lockcount = u64(x.at.lockcount + count)
    x.at.lockedm = g.at.m
    g.at.m.at.lockedg = g


def unlock_from_thread(g: Ptr[G], count: u64) -> None:
    """Undo a lock. The last undo unlocks g from its thread, unless all goroutines have threads of their own."""
    x = g.at.extra
    x.at.lockcount = u64(x.at.lockcount - count)
    if x.at.lockcount == 0 and discipline.value != THREAD:
        x.at.lockedm = nil(M)
        g.at.m.at.lockedg = nil(G)


@export
def lockosthread(g: Ptr[G]) -> None:
    """runtime.LockOSThread: each call must be undone by a call of UnlockOSThread."""
    lock_to_thread(g, u64(1))


@export
def unlockosthread(g: Ptr[G]) -> None:
    """runtime.UnlockOSThread: undo one LockOSThread. Without one it does nothing."""
    x = g.at.extra
    if x != nil(Extra) and x.at.lockcount % INITIALIZING != 0:
        unlock_from_thread(g, u64(1))


@export
def lockinit(g: Ptr[G]) -> None:
    """Lock g to its thread: packages are initialized on one thread."""
    lock_to_thread(g, INITIALIZING)


@export
def unlockinit(g: Ptr[G]) -> None:
    """Unlock g from its thread: packages have been initialized."""
    unlock_from_thread(g, INITIALIZING)


def count_locked(delta: u64) -> boolean:
    """Count a locked thread that goes to sleep or is woken. A sleeping one counts as idle, because it cannot run
    another goroutine. Returns whether the program continues."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    sched.at.nmidlelocked = u64(sched.at.nmidlelocked + delta)
    dead = delta == 1 and checkdead()
    waiter = last_but_timers() if delta == 1 else nil(M)
    unlock(sched.ptr.field(Sched.lock))
    return idle_now(dead, waiter)


def stoplockedm(m: Ptr[M]) -> None:
    """The goroutine of m has stopped: sleep until it is to run. If m has no processor then, the program has ended."""
    if m.at.p != nil(P):
        handoffp(releasep(m))
    if count_locked(u64(1)):
        mpark(m)


def give_processor(m: Ptr[M], g: Ptr[G]) -> None:
    """Give m's processor to the thread of g, which sleeps or is about to."""
    other = g.at.extra.at.lockedm
    m.at.curg = nil(G)
    store_release(other.field(M.nextp), releasep(m))
    notewakeup(other.field(M.park))


def startlockedm(m: Ptr[M], g: Ptr[G]) -> None:
    """g is to run on its own thread: give that thread m's processor."""
    count_locked(u64(0xFFFF_FFFF_FFFF_FFFF))
    give_processor(m, g)
    stopm(m)


def switchlockedm(m: Ptr[M], g: Ptr[G]) -> None:
    """The goroutine of m has stopped, and g is to run on its own thread: give that thread m's processor, and sleep
    until m's goroutine is to run. The number of sleeping locked threads stays the same, so nothing is counted."""
    give_processor(m, g)
    mpark(m)


def mexit(m: Ptr[M], next: Ptr[G]) -> None:
    """A locked goroutine has ended: end its thread. The thread of `next`, unless nil, gets its processor."""
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
