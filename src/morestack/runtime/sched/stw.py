"""Stopping the world: every processor except the caller's stops until start_the_world.

        stop_the_world(m)   idle processors and those in system calls are taken (P_GCSTOP); the others are asked to
                            stop and waited for. Their threads reach schedule and call gcstopm
        gcstopm(m)          a thread keeps its processor and its goroutine, and sleeps on sched.world

Only schedule stops the world (`attend` in sched.py): a parking runtime call that needs it sets a function in
g.extra.world_fn. While the caller waits for another thread's stop to end, it counts as stopped. Meanwhile its
goroutine's stack may be moved, and the work it wanted to do may be done. If GOMAXPROCS has been reduced, it may have
lost its processor. Then its goroutine is in the global queue, and stop_the_world returns False.

Rejected: letting stopped threads give up their processors, as in Go. A collection that takes 100 microseconds would
wake each thread twice.
"""

from morestack.abi.convention import STACK_PREEMPT
from morestack.dialect.machine import (
    Ptr,
    atomic_add,
    atomic_load,
    atomic_store,
    boolean,
    cas,
    i64,
    load_acquire,
    nil,
    noinline,
    store_release,
    u32,
    u64,
)
from morestack.runtime.sched.globrunq import Sched, globrunqput, sched
from morestack.runtime.sched.idle import pidleget, pidleput, wake_sysmon
from morestack.runtime.sched.proc import startm, wakep
from morestack.runtime.sched.runq import runq_empty
from morestack.runtime.stack.safepoint import gc_waiting
from morestack.runtime.sys.allp import allp
from morestack.runtime.sys.fatal import stopped
from morestack.runtime.sys.layout import G_RUNNABLE, G_RUNNING, P_DEAD, P_GCSTOP, P_IDLE, P_RUNNING, P_SYSCALL, G, M, P
from morestack.runtime.sys.lock import RANK_SCHED, lock, noteclear, notetsleep, notewakeup, unlock
from morestack.runtime.sys.os import FUTEX_WAIT_PRIVATE, FUTEX_WAKE_PRIVATE, futex

ASK_AGAIN = i64(100000)
EVERYBODY = u32(0x7FFF_FFFF)


def preempt_one(pp: Ptr[P]) -> None:
    """Make the next check of the goroutine that runs on pp fail. It may be too late, or affect another goroutine, so a
    thread that waits asks again."""
    m = load_acquire(pp.field(P.m))
    if m != nil(M):
        g = load_acquire(m.field(M.curg))
        if g != nil(G):
            store_release(g.field(G.stackguard0), STACK_PREEMPT)


def preempt_all() -> None:
    """Make the next check of every running goroutine fail. The caller has set a flag that tells why."""
    for i in range(u64(sched.at.nprocs)):
        preempt_one(allp.at[i])


@noinline
def gcstopm(m: Ptr[M]) -> None:
    """Wait while the world is stopped. m has a processor and holds no lock."""
    if m.at.spinning != 0:
        m.at.spinning = u32(0)
        atomic_add(sched.ptr.field(Sched.nmspinning), -1)
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    if gc_waiting.value == 0:
        unlock(sched.ptr.field(Sched.lock))
        return
    world = sched.at.world
    sched.at.sleepers = u32(sched.at.sleepers + 1)
    m.at.p.at.status = P_GCSTOP
    sched.at.stopwait = u32(sched.at.stopwait - 1)
    if sched.at.stopwait == 0:
        notewakeup(sched.ptr.field(Sched.stopnote))
    unlock(sched.ptr.field(Sched.lock))
    while atomic_load(sched.ptr.field(Sched.world)) == world and stopped.value == 0:
        futex(sched.ptr.field(Sched.world), FUTEX_WAIT_PRIVATE, world, i64(-1))
    if m.at.p.at.status == P_DEAD:
        leave_dead(m)


def leave_dead(m: Ptr[M]) -> None:
    """GOMAXPROCS was reduced, and m's processor no longer exists: m waits for another."""
    g = m.at.curg
    m.at.p.at.m = nil(M)
    m.at.p = nil(P)
    m.at.curg = nil(G)
    if g != nil(G) and g.at.status == G_RUNNING:
        lock(sched.ptr.field(Sched.lock), RANK_SCHED)
        g.at.status = G_RUNNABLE
        globrunqput(g)
        unlock(sched.ptr.field(Sched.lock))
        wakep()


@noinline
def stop_the_world(m: Ptr[M]) -> boolean:
    """Stop every processor but m's. Another thread may have stopped the world and started it again meanwhile. Returns
    False if m has lost its processor, or the program has ended: return to schedule."""
    while True:
        if stopped.value != 0:
            return False
        lock(sched.ptr.field(Sched.lock), RANK_SCHED)
        if gc_waiting.value == 0:
            break
        unlock(sched.ptr.field(Sched.lock))
        gcstopm(m)
        if m.at.p == nil(P):
            return False
    atomic_store(gc_waiting.ptr, u32(1))
    noteclear(sched.ptr.field(Sched.stopnote))
    sched.at.stopwait = u32(sched.at.nprocs - 1)
    m.at.p.at.status = P_GCSTOP
    for i in range(u64(sched.at.nprocs)):
        pp = allp.at[i]
        if load_acquire(pp.field(P.status)) == P_SYSCALL and cas(pp.field(P.status), P_SYSCALL, P_GCSTOP):
            pp.at.m = nil(M)
            sched.at.stopwait = u32(sched.at.stopwait - 1)
    pp = pidleget()
    while pp != nil(P):
        pp.at.status = P_GCSTOP
        sched.at.stopwait = u32(sched.at.stopwait - 1)
        pp = pidleget()
    wait = sched.at.stopwait != 0
    unlock(sched.ptr.field(Sched.lock))
    while wait:
        preempt_all()
        notetsleep(sched.ptr.field(Sched.stopnote), ASK_AGAIN)
        if stopped.value != 0:
            return False
        wait = atomic_load(sched.ptr.field(Sched.stopnote)) == 0
    return True


@noinline
def start_the_world(m: Ptr[M]) -> None:
    """Start the world. Processors that have work but no thread get one."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    start = nil(P)
    for i in range(u64(sched.at.nprocs)):
        pp = allp.at[i]
        if pp.at.m != nil(M):
            pp.at.status = P_RUNNING
        elif pp.at.status == P_GCSTOP:
            pp.at.status = P_IDLE
            if runq_empty(pp):
                pidleput(pp)
            else:
                pp.at.link = start
                start = pp
    store_release(gc_waiting.ptr, u32(0))
    atomic_add(sched.ptr.field(Sched.world), u32(1))
    sleepers = sched.at.sleepers != 0
    sched.at.sleepers = u32(0)
    wake_sysmon()
    unlock(sched.ptr.field(Sched.lock))
    if sleepers:
        futex(sched.ptr.field(Sched.world), FUTEX_WAKE_PRIVATE, EVERYBODY, i64(-1))
    while start != nil(P):
        pp = start
        start = pp.at.link
        pp.at.link = nil(P)
        startm(pp, u32(0))
    if sched.at.npidle != 0 and sched.at.queue_size != 0:
        wakep()
