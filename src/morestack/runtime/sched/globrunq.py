"""The scheduler's shared state, `sched`, and the global run queue in it.

The global queue holds goroutines that did not fit a processor's ring, that gave way, or that were made ready by a
thread without a processor. A processor checks it every 61st time, and when its own queue is empty.
"""

from morestack.dialect.machine import Array, Literal, Ptr, nil, static, store_release, struct, u32, u64
from morestack.runtime.sys.layout import G, M, P


@struct
class Sched:
    """The scheduler's shared state. The first group changes rarely and is read at every switch, without a lock; `lock`
    guards the rest, except where noted."""

    nprocs: u32  # GOMAXPROCS
    npidle: u32  # changed under lock
    nmspinning: u32  # changed by atomics
    needspinning: u32  # changed by atomics: a wake-up found no idle P
    started: u32  # the first goroutine may run: threads may be created
    sysmonwait: u32
    ending: u32  # the engine ends the threads
    pad: Array[u64, Literal[8]]
    lock: u32
    world: u32  # counts the times the world was started; stopped threads sleep on it
    sleepers: u32  # threads that sleep on `world`
    stopwait: u32  # processors that stop_the_world waits for
    stopnote: u32
    sysmonnote: u32
    live: u32  # threads that run; changed by atomics
    queue_head: Ptr[G]
    queue_tail: Ptr[G]
    queue_size: u64
    pidle: Ptr[P]
    midle: Ptr[M]
    timerm: Ptr[M]  # the thread that sleeps until the first timer is due (timerwait.py)
    nmidle: u64
    nmidlelocked: u64  # threads locked to a goroutine that is not running
    nmsys: u64  # threads that do not run Go code: sysmon, the collector's helpers
    mnext: u64  # threads created so far
    nmfreed: u64  # of these, how many have ended
    maxmcount: u64
    allm: Ptr[M]
    freem: Ptr[M]  # structures of threads that have ended
    gone: u64  # the pthread_t of the last thread that has ended; changed by atomics
    goidgen: u64  # changed by atomics
    goexit_pc: u64
    mstart_pc: u64
    gflock: u32  # guards the two lists below
    gfree_n: u64
    gfree_stack: Ptr[G]  # dead goroutines that have a stack
    gfree_bare: Ptr[G]
    seed: u64  # of the threads' random numbers; 0: from the system (STRESS=schedule)
    schedtrace: u64  # milliseconds; 0: no trace


sched = static(Sched)


def globrunqput(g: Ptr[G]) -> None:
    """Put a goroutine at the end of the global queue. sched.lock is held."""
    g.at.schedlink = nil(G)
    if sched.at.queue_size == 0:
        sched.at.queue_head = g
    else:
        sched.at.queue_tail.at.schedlink = g
    sched.at.queue_tail = g
    store_release(sched.ptr.field(Sched.queue_size), u64(sched.at.queue_size + 1))


def globrunqputhead(g: Ptr[G]) -> None:
    """Put a goroutine in front of all others. sched.lock is held."""
    g.at.schedlink = sched.at.queue_head
    if sched.at.queue_size == 0:
        sched.at.queue_tail = g
    sched.at.queue_head = g
    store_release(sched.ptr.field(Sched.queue_size), u64(sched.at.queue_size + 1))


def globrunqtake() -> Ptr[G]:
    """The first goroutine of the global queue, or nil. sched.lock is held."""
    if sched.at.queue_size == 0:
        return nil(G)
    g = sched.at.queue_head
    sched.at.queue_head = g.at.schedlink
    store_release(sched.ptr.field(Sched.queue_size), u64(sched.at.queue_size - 1))
    return g
