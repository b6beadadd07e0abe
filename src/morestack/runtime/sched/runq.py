"""A processor's run queue: its owner puts and takes without a lock; others steal half of it.

        runnext     the goroutine that was made ready last: it runs next, while its data is in the cache
        runq        ring of 256; runqhead and runqtail only grow, slot = n % 256

Only the owner moves the tail. It fills each slot with a release store. Owner and thieves move the head by
compare-and-swap, after they have read the slots. The winner owns what it read. A thief that reads a slot which the
owner has since refilled finds that the head has moved, and loses. `runnext` is taken by exchange or compare-and-swap.

The algorithm is Go's (proc.go: runqput, runqget, runqgrab, runqsteal).

Note [Stealing runnext]: a running processor's runnext is often a goroutine that the running goroutine has just made
ready, and that will run a microsecond later when that one parks. Stealing it would separate a pair that works together.
So a thief that finds nothing else first waits 3 microseconds, and checks again.
"""

from morestack.dialect.machine import (
    Ptr,
    atomic_xchg,
    boolean,
    cas,
    cstr,
    load_acquire,
    nil,
    noinline,
    ptr_at,
    store_release,
    u32,
    u64,
)
from morestack.runtime.sched.globrunq import Sched, globrunqput, globrunqtake, sched
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import P_RUNNING, RUNQ_SIZE, G, P
from morestack.runtime.sys.lock import RANK_SCHED, lock, unlock
from morestack.runtime.sys.os import usleep

HALF = u64(128)
STEAL_PAUSE = u32(3)


def slot_of(pp: Ptr[P], n: u64) -> Ptr[u64]:
    """The slot of position n."""
    return pp.at.runq.ptr.add(n % RUNQ_SIZE)


def runq_empty(pp: Ptr[P]) -> boolean:
    """Whether no goroutine waits. The owner may move runnext to the ring meanwhile: then the tail has moved, and the
    check is repeated."""
    while True:
        head = load_acquire(pp.field(P.runqhead))
        tail = load_acquire(pp.field(P.runqtail))
        runnext = load_acquire(pp.field(P.runnext))
        if tail == load_acquire(pp.field(P.runqtail)):
            return head == tail and runnext == nil(G)


def runq_full(pp: Ptr[P]) -> boolean:
    """Whether the ring has no room. Only the owner may ask."""
    return u64(pp.at.runqtail - load_acquire(pp.field(P.runqhead))) == RUNQ_SIZE


@noinline
def runqputslow(pp: Ptr[P], g: Ptr[G], head: u64) -> boolean:
    """The ring is full: move half of it and g to the global queue. Returns False if a thief was faster, so that there
    is room."""
    if not cas(pp.field(P.runqhead), head, u64(head + HALF)):
        return False
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    for i in range(HALF):
        # Only the owner fills slots, so they have not changed.
        globrunqput(ptr_at(G, slot_of(pp, u64(head + i))[0]))
    globrunqput(g)
    unlock(sched.ptr.field(Sched.lock))
    return True


def runqput_ring(pp: Ptr[P], g: Ptr[G]) -> None:
    """Put a goroutine at the end of the ring. Only the owner may."""
    while True:
        head = load_acquire(pp.field(P.runqhead))
        tail = pp.at.runqtail
        if tail - head < RUNQ_SIZE:
            store_release(slot_of(pp, tail), g.addr)
            store_release(pp.field(P.runqtail), u64(tail + 1))
            return
        if runqputslow(pp, g, head):
            return


def runqput(pp: Ptr[P], g: Ptr[G]) -> None:
    """Make g the next to run. The previous runnext moves to the end of the ring. This is a full barrier: see
    findrunnable.py."""
    kicked = atomic_xchg(pp.field(P.runnext), g)
    if kicked != nil(G):
        runqput_ring(pp, kicked)


def runnext_take(pp: Ptr[P]) -> Ptr[G]:
    """Take runnext, or return nil."""
    g = load_acquire(pp.field(P.runnext))
    if g != nil(G) and cas(pp.field(P.runnext), g, nil(G)):
        return g
    return nil(G)


def runqget_ring(pp: Ptr[P]) -> Ptr[G]:
    """Take the first goroutine of the ring, or return nil. Only the owner may."""
    while True:
        head = load_acquire(pp.field(P.runqhead))
        if head == pp.at.runqtail:
            return nil(G)
        g = slot_of(pp, head)[0]
        if cas(pp.field(P.runqhead), head, u64(head + 1)):
            return ptr_at(G, g)


def runqgrab(victim: Ptr[P], pp: Ptr[P], at: u64, steal_runnext: boolean) -> u64:
    """Take half of a victim's ring into pp's, from position `at` on. Returns how many. They are not in pp's queue
    yet."""
    while True:
        head = load_acquire(victim.field(P.runqhead))
        tail = load_acquire(victim.field(P.runqtail))
        n = u64(tail - head)
        n = u64(n - (n >> 1))
        if n == 0:
            if not steal_runnext:
                return u64(0)
            g = load_acquire(victim.field(P.runnext))
            if g == nil(G):
                return u64(0)
            if load_acquire(victim.field(P.status)) == P_RUNNING:
                usleep(STEAL_PAUSE)  # See Note [Stealing runnext]
            if cas(victim.field(P.runnext), g, nil(G)):
                store_release(slot_of(pp, at), g.addr)
                return u64(1)
        elif n <= HALF:  # otherwise head and tail were read at different times
            for i in range(n):
                store_release(slot_of(pp, u64(at + i)), load_acquire(slot_of(victim, u64(head + i))))
            if cas(victim.field(P.runqhead), head, u64(head + n)):
                return n


def runqsteal(pp: Ptr[P], victim: Ptr[P], steal_runnext: boolean) -> Ptr[G]:
    """Steal half of a victim's queue. Returns one goroutine to run, or nil. The others go to pp's ring, which is
    empty."""
    tail = pp.at.runqtail
    n = runqgrab(victim, pp, tail, steal_runnext)
    if n == 0:
        return nil(G)
    pp.at.stats.steals = u64(pp.at.stats.steals + 1)
    pp.at.stats.stolen = u64(pp.at.stats.stolen + n)
    n = u64(n - 1)
    g = ptr_at(G, slot_of(pp, u64(tail + n))[0])
    if n != 0:
        if tail - load_acquire(pp.field(P.runqhead)) + n >= RUNQ_SIZE:
            throw(cstr(b"runqsteal: runq overflow"))
        store_release(pp.field(P.runqtail), u64(tail + n))
    return g


@noinline
def globrunqget(pp: Ptr[P], most: u64) -> Ptr[G]:
    """Take a goroutine from the global queue, or return nil. This processor's share of the queue, at most `most`, moves
    to the ring. sched.lock is held."""
    g = globrunqtake()
    if g == nil(G):
        return g
    room = u64(RUNQ_SIZE - (pp.at.runqtail - load_acquire(pp.field(P.runqhead))))
    share = u64(sched.at.queue_size // u64(sched.at.nprocs))
    n = min(min(share, room >> 1), most)
    while n != 0:
        more = globrunqtake()
        store_release(slot_of(pp, pp.at.runqtail), more.addr)
        store_release(pp.field(P.runqtail), u64(pp.at.runqtail + 1))
        n = u64(n - 1)
    return g
