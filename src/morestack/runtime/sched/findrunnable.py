"""find_runnable: find a goroutine for a processor whose own queue is empty, or sleep until there is one.

        own ring -> global queue -> the others' queues, in random order -> give the processor up, look again, sleep

Note [No lost wake-ups]: work must not lie in a queue while a processor is idle and no thread looks for work.
- A thread that makes work available puts it in a queue, then (after a full barrier: runqput's exchange, or sched.lock)
  reads nmspinning. If no thread spins and a processor is idle, it wakes a thread, which spins.
- A thread that stops spinning decrements nmspinning (a full barrier), then checks all queues once more.
So at least one of the two sees the other. A spinning thread that finds work stops spinning before it runs it, and then
wakes another thread (resetspinning), because there may be more work. So a thread that makes work while another spins
need not wake one. At most half as many threads spin as processors are busy. Otherwise spinning threads would take time
from working ones.
- `needspinning`: a wake-up found no idle processor. The next thread that is about to give one up spins instead.

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
    """Mark m as looking for work."""
    m.at.spinning = u32(1)
    atomic_add(sched.ptr.field(Sched.nmspinning), u32(1))
    store_release(sched.ptr.field(Sched.needspinning), u32(0))


def steal_work(m: Ptr[M]) -> Ptr[G]:
    """Steal a goroutine from another processor, or return nil. It tries every processor four times, in random order,
    and runnext only in the last round."""
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
    """Take a goroutine from the global queue, or return nil."""
    if load_acquire(sched.ptr.field(Sched.queue_size)) == 0:
        return nil(G)
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    g = globrunqget(pp, most)
    unlock(sched.ptr.field(Sched.lock))
    return g


def local_work(pp: Ptr[P]) -> Ptr[G]:
    """Take a goroutine from the processor's own queue, or return nil."""
    g = runnext_take(pp)
    return g if g != nil(G) else runqget_ring(pp)


def any_work() -> boolean:
    """Whether any queue holds a goroutine."""
    for i in range(u64(sched.at.nprocs)):
        if not runq_empty(allp.at[i]):
            return True
    return load_acquire(sched.ptr.field(Sched.queue_size)) != 0


def look_again(m: Ptr[M]) -> None:
    """m has given up its processor and stopped spinning: check the queues once more. See Note [No lost wake-ups]. If
    there is work and an idle processor, m takes the processor and spins."""
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
    """Find a goroutine to run on m, which then has a processor. Returns nil if the program has ended. m.spinning tells
    whether m was spinning when it found the goroutine."""
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
