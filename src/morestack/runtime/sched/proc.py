"""Threads: how they are created, sleep, are woken with a processor, and end.

        startm(pp)      give pp to an idle thread, or to a new one
        handoffp(pp)    a thread leaves its processor: another thread takes it if there is work for it
        wakep()         one more thread looks for work, unless one already does
        stopm(m)        sleep until another thread gives it a processor

A thread sleeps on `m.park` only (or on a lock, or in a system call), so that the end of the program can wake all.
A new thread calls rt.mstart(g0), which calls schedule(g0), where it finds the processor in m.nextp.

All threads have stacks of THREAD_STACK bytes of address space. Leaf functions and runtime calls run on them, and what
fits on one must fit on each. Memory is committed when touched. Threads are joined when the program ends (end.py), so
that none runs code that has been unloaded. A thread that ends earlier is joined by the next one that ends
(lockosthread.py).
"""

from morestack.abi.settings import THREAD
from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    atomic_add,
    atomic_load,
    atomic_store,
    boolean,
    cas,
    cstr,
    i64,
    load_acquire,
    local,
    nil,
    noinline,
    ptr_at,
    size_of,
    store_release,
    struct,
    u32,
    u64,
)
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.sched.deadlock import checkdead, deadlock, running_threads
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.idle import (
    acquirep,
    checkmcount,
    mcount,
    mget,
    mput,
    pidleget,
    pidleget_spinning,
    pidleput,
)
from morestack.runtime.sched.runq import runq_empty
from morestack.runtime.sched.timeheap import timer_first, timers_alive
from morestack.runtime.stack.discipline import discipline
from morestack.runtime.stack.safepoint import gc_waiting
from morestack.runtime.stack.stackalloc import raise_to
from morestack.runtime.stack.traceback import frames_wanted
from morestack.runtime.sys.event import Stats, stats
from morestack.runtime.sys.fatal import endnote, stopped, throw
from morestack.runtime.sys.layout import G_IDLE, P_GCSTOP, G, M, P
from morestack.runtime.sys.lock import RANK_SCHED, lock, noteclear, notesleep, notewakeup, unlock
from morestack.runtime.sys.os import (
    EAGAIN,
    FUTEX_WAIT_PRIVATE,
    futex,
    pthread_attr_destroy,
    pthread_attr_init,
    pthread_attr_setstacksize,
    pthread_create,
)  # fmt: skip
from morestack.runtime.sys.print import begin, end, put_uint, puts

THREAD_STACK = u64(16 << 20)


@struct
class ThreadAttr:
    """A pthread_attr_t."""

    words: Array[u64, Literal[8]]


def allocm() -> Ptr[M]:
    """Allocate the structure of a new thread, and count the thread. sched.lock is held."""
    m = sched.at.freem
    if m != nil(M):
        sched.at.freem = m.at.schedlink
    else:
        m = ptr_at(M, persistentalloc(size_of(M)))
        m.at.g0 = ptr_at(G, persistentalloc(size_of(G)))
        m.at.g0.at.m = m
        m.at.g0.at.status = G_IDLE
        m.at.alllink = sched.at.allm
        store_release(sched.ptr.field(Sched.allm), m)
    m.at.id = sched.at.mnext
    sched.at.mnext = u64(sched.at.mnext + 1)
    m.at.rand = u64((m.at.id + 1) * sched.at.seed)
    m.at.park = u32(0)
    m.at.done = u32(0)
    m.at.spinning = u32(0)
    m.at.lockedg = nil(G)
    m.at.curg = nil(G)
    m.at.p = nil(P)
    m.at.nextp = nil(P)
    checkmcount()
    return m


@noinline
def newosproc(m: Ptr[M], start: u64, arg: u64, stack: u64) -> None:
    """Create the thread of m, with `stack` bytes of stack. It calls start(arg)."""
    attr = local(ThreadAttr)
    at = attr.addr
    pthread_attr_init(at)
    pthread_attr_setstacksize(at, stack)
    raise_to(stats.ptr.field(Stats.threads_max), u64(atomic_add(sched.ptr.field(Sched.live), u32(1))))
    error = pthread_create(m.field(M.thread), at, start, arg)
    pthread_attr_destroy(at)
    if error != 0:
        begin()
        puts(cstr(b"runtime: failed to create new OS thread (have "))
        put_uint(mcount())
        puts(cstr(b" already; errno="))
        put_uint(u64(error))
        puts(cstr(b")\n"))
        if error == EAGAIN:
            puts(cstr(b"runtime: may need to increase max user processes (ulimit -u)\n"))
            if discipline.value == THREAD:
                puts(cstr(b"runtime: or kernel.pid_max, kernel.threads-max, vm.max_map_count: "))
                puts(cstr(b"each goroutine is a thread\n"))
        end()
        throw(cstr(b"newosproc"))


def newm(m: Ptr[M], pp: Ptr[P]) -> None:
    """Start the thread of m, to run goroutines with pp."""
    m.at.nextp = pp
    newosproc(m, sched.at.mstart_pc, m.at.g0.addr, THREAD_STACK)


def threadend(m: Ptr[M]) -> None:
    """End a thread. It waits while the stack of a goroutine's own thread may hold frames that are still to be shown."""
    atomic_store(m.field(M.done), u32(1))
    threadgone()
    while m.at.lockedg != nil(G) and atomic_load(frames_wanted.ptr) != 0:
        futex(frames_wanted.ptr, FUTEX_WAIT_PRIVATE, u32(1), i64(-1))


def threadgone() -> None:
    """Count a thread that ends."""
    if atomic_add(sched.ptr.field(Sched.live), -1) == 0 and sched.at.ending != 0:
        notewakeup(endnote.ptr)


def startm(wanted: Ptr[P], spinning: u32) -> None:
    """Let a thread run `wanted`, or an idle processor if that is nil. `spinning`: the caller has counted the thread as
    spinning."""
    pp = wanted
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    if pp == nil(P):
        pp = pidleget()
        if pp == nil(P):
            unlock(sched.ptr.field(Sched.lock))
            return
    m = mget()
    made = m == nil(M)
    if made:
        m = allocm()
    m.at.spinning = spinning
    unlock(sched.ptr.field(Sched.lock))
    if made:
        newm(m, pp)
    else:
        store_release(m.field(M.nextp), pp)
        notewakeup(m.field(M.park))


def last_but_timers() -> Ptr[M]:
    """The thread that sleeps until a timer is due, if all others are idle. sched.lock is held."""
    return sched.at.timerm if running_threads() == 1 else nil(M)


def idle_now(dead: boolean, waiter: Ptr[M]) -> boolean:
    """This thread has been counted as idle. Returns whether the program continues. `waiter` (last_but_timers) is woken
    to check whether its timer can still make a goroutine run. If not, it finds the deadlock."""
    if dead:
        deadlock()
    elif waiter != nil(M) and not timers_alive():
        notewakeup(waiter.field(M.park))
    return not dead


def stopm(m: Ptr[M]) -> None:
    """Sleep until another thread gives m a processor. Returns without one if the program has ended."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    mput(m)
    dead = checkdead()
    waiter = last_but_timers()
    unlock(sched.ptr.field(Sched.lock))
    if idle_now(dead, waiter):
        mpark(m)


def mpark(m: Ptr[M]) -> None:
    """Sleep on m.park until m is given a processor, and take it, or until the program has ended."""
    while stopped.value == 0:
        notesleep(m.field(M.park))
        noteclear(m.field(M.park))
        pp = load_acquire(m.field(M.nextp))
        if pp != nil(P):
            m.at.nextp = nil(P)
            acquirep(m, pp)
            return


def handoffp(pp: Ptr[P]) -> None:
    """Hand off pp, which its thread has left (P_IDLE). handoffp must start a thread whenever find_runnable would find a
    goroutine for pp."""
    timed = timer_first() != 0 and atomic_load(sched.ptr.field(Sched.timerm)) == nil(M)
    if timed or not runq_empty(pp) or atomic_load(sched.ptr.field(Sched.queue_size)) != 0:
        startm(pp, u32(0))
        return
    # No local work: a thread must spin if others are busy.
    if atomic_load(sched.ptr.field(Sched.nmspinning)) + atomic_load(sched.ptr.field(Sched.npidle)) == 0 and cas(
        sched.ptr.field(Sched.nmspinning), u32(0), u32(1)
    ):
        store_release(sched.ptr.field(Sched.needspinning), u32(0))
        startm(pp, u32(1))
        return
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    if gc_waiting.value != 0:
        pp.at.status = P_GCSTOP
        sched.at.stopwait = u32(sched.at.stopwait - 1)
        if sched.at.stopwait == 0:
            notewakeup(sched.ptr.field(Sched.stopnote))
        unlock(sched.ptr.field(Sched.lock))
        return
    if sched.at.queue_size != 0:
        unlock(sched.ptr.field(Sched.lock))
        startm(pp, u32(0))
        return
    pidleput(pp)
    unlock(sched.ptr.field(Sched.lock))


@noinline
def wakep() -> None:
    """Let one more thread look for work. Only one thread starts spinning at a time. It wakes the next when it finds
    work."""
    if atomic_load(sched.ptr.field(Sched.nmspinning)) != 0 or not cas(
        sched.ptr.field(Sched.nmspinning), u32(0), u32(1)
    ):
        return
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    pp = pidleget_spinning() if gc_waiting.value == 0 and sched.at.started != 0 else nil(P)
    unlock(sched.ptr.field(Sched.lock))
    if pp == nil(P):
        atomic_add(sched.ptr.field(Sched.nmspinning), -1)
        return
    startm(pp, u32(1))


def resetspinning(m: Ptr[M]) -> None:
    """m has found work: it stops spinning, and wakes another thread if needed."""
    m.at.spinning = u32(0)
    atomic_add(sched.ptr.field(Sched.nmspinning), -1)
    wakep()
