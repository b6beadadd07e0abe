"""find_runnable: a goroutine for a processor whose own queue gave none, or sleep until there is one.

        own ring -> global queue -> the others' queues, in random order -> give the processor up, look again, sleep

Note [No lost wake-ups]: work must not lie in a queue while a processor is idle and no thread looks for work.
- Who makes work available puts it in a queue, then (a full barrier: runqput's exchange, or sched.lock) looks at
  nmspinning: when nobody spins and a processor is idle, it wakes a thread, which spins.
- Who stops spinning decrements nmspinning (a full barrier), then looks at all queues once more.
So at least one of the two sees the other. A thread that spins and finds work stops spinning before it runs it, and then
wakes another (resetspinning): the work may have been one of many. Who makes work while somebody spins need not wake
anybody then. At most half as many threads spin as processors are busy: else those that spin take the time of those
that work.
- `needspinning`: a processor could not be had when a wake-up wanted one: who is about to give one up spins instead.

The reasoning and the order of steps are Go's (proc.go: findRunnable, and "Worker thread parking/unparking").
"""

from morestack.dialect.machine import Ptr, atomic_add, boolean, load_acquire, nil, noinline, store_release, u32, u64
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.idle import acquirep, pidleget_spinning, pidleput, releasep
from morestack.runtime.sched.proc import stopm
from morestack.runtime.sched.runq import globrunqget, runnext_take, runq_empty, runqget_ring, runqsteal
from morestack.runtime.sched.stw import gcstopm
from morestack.runtime.sched.timeheap import check_timers
from morestack.runtime.sched.timerwait import wait_timer
from morestack.runtime.stack.safepoint import gc_waiting
from morestack.runtime.sys.allp import allp
from morestack.runtime.sys.fatal import stopped
from morestack.runtime.sys.layout import G, M, P
from morestack.runtime.sys.lock import RANK_SCHED, lock, unlock
from morestack.runtime.sys.rand import fastrand

STEAL_ROUNDS = u64(4)
RING_HALF = u64(128)


def become_spinning(m: Ptr[M]) -> None:
    """m looks for work from now on."""
    m.at.spinning = u32(1)
    atomic_add(sched.ptr.field(Sched.nmspinning), u32(1))
    store_release(sched.ptr.field(Sched.needspinning), u32(0))


def steal_work(m: Ptr[M]) -> Ptr[G]:
    """A goroutine of another processor, or nil. Every processor is looked at four times, in random order; runnext
    only in the last round."""
    n = u64(sched.at.nprocs)
    pp = m.at.p
    for round in range(STEAL_ROUNDS):
        r = fastrand(m)
        at = u64((r >> 32) % n)
        backwards = r & 1 != 0
        for _ in range(n):
            if gc_waiting.value != 0:
                return nil(G)
            victim = allp.at[at]
            if victim != pp:
                g = runqsteal(pp, victim, round == STEAL_ROUNDS - 1)
                if g != nil(G):
                    return g
            if backwards:
                at = u64(at - 1) if at != 0 else u64(n - 1)
            else:
                at = u64(at + 1) if at + 1 != n else u64(0)
    return nil(G)


def global_work(pp: Ptr[P], most: u64) -> Ptr[G]:
    """A goroutine of the global queue, or nil."""
    if load_acquire(sched.ptr.field(Sched.queue_size)) == 0:
        return nil(G)
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    g = globrunqget(pp, most)
    unlock(sched.ptr.field(Sched.lock))
    return g


def local_work(pp: Ptr[P]) -> Ptr[G]:
    """A goroutine of the processor's own queue, or nil."""
    g = runnext_take(pp)
    return g if g != nil(G) else runqget_ring(pp)


def any_work() -> boolean:
    """Whether a queue holds something."""
    for i in range(u64(sched.at.nprocs)):
        if not runq_empty(allp.at[i]):
            return True
    return load_acquire(sched.ptr.field(Sched.queue_size)) != 0


def look_again(m: Ptr[M]) -> None:
    """m has given its processor up, and stopped spinning: look once more. See Note [No lost wake-ups]. When there is
    work and a processor, m has it, and spins."""
    if not any_work():
        return
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    pp = pidleget_spinning()
    unlock(sched.ptr.field(Sched.lock))
    if pp != nil(P):
        acquirep(m, pp)
        become_spinning(m)


@noinline
def find_runnable(m: Ptr[M]) -> Ptr[G]:
    """A goroutine to run on m, which has a processor then. Nil: the program is over. m.spinning tells whether m found
    it spinning."""
    while True:
        if stopped.value != 0:
            return nil(G)
        pp = m.at.p
        if pp == nil(P):
            if not wait_timer(m):
                stopm(m)
            continue
        if gc_waiting.value != 0:
            gcstopm(m)
            continue
        check_timers(pp)
        g = local_work(pp)
        if g == nil(G):
            g = global_work(pp, RING_HALF)
        if g == nil(G) and sched.at.nprocs > 1:
            busy = u32(sched.at.nprocs - load_acquire(sched.ptr.field(Sched.npidle)))
            if m.at.spinning != 0 or 2 * load_acquire(sched.ptr.field(Sched.nmspinning)) < busy:
                if m.at.spinning == 0:
                    become_spinning(m)
                g = steal_work(m)
        if g != nil(G):
            return g
        lock(sched.ptr.field(Sched.lock), RANK_SCHED)
        if gc_waiting.value != 0 or sched.at.queue_size != 0:
            unlock(sched.ptr.field(Sched.lock))
            continue
        if m.at.spinning == 0 and load_acquire(sched.ptr.field(Sched.needspinning)) != 0:
            become_spinning(m)
            unlock(sched.ptr.field(Sched.lock))
            continue
        pidleput(releasep(m))
        unlock(sched.ptr.field(Sched.lock))
        if m.at.spinning != 0:
            m.at.spinning = u32(0)
            atomic_add(sched.ptr.field(Sched.nmspinning), -1)
            look_again(m)
