"""The data structure of channels, with its queues of waiting goroutines, its lock, and the sudogs in the queues.

        Hchan   qcount values in a ring of dataqsiz at buf; the next one goes in at sendx, the next one out at recvx
        recvq   sudogs of waiting receivers, first come first served; sendq likewise
        Sudog   in a queue, or in a P's cache, or in the central list that the caches share

Invariants
- All fields except dataqsiz, buf, elemsize and elemtype are read and written under `lock`. The fast paths that read
  without it are in chan.py, which explains why they may.
- At least one of recvq and sendq is empty, except for sudogs of selects: one select may both send and receive on c, and
  sudogs of a select that another channel has woken stay until select_finish removes them.
- If qcount > 0, only such stale sudogs are in recvq; if qcount < dataqsiz, the same holds for sendq.
- A sudog that `dequeue` has returned belongs to its caller, and so does its goroutine, until that is made ready.
- A released sudog holds no pointers.

Note [Locks with one processor]: with GOMAXPROCS=1, locks of channels and semaphores are not taken (`single_p`). Only a
thread that has a P accesses channels, and runtime calls are not interrupted, so the single P serves as the lock. A P
passes from one thread to another by atomics, which order the threads' writes. `single_p` changes while the world is
stopped. Then no thread is between a lock and its release, because a parking goroutine's lock is released (park_commit)
before its thread sees the stop. This saves eight locked instructions in a round trip over an unbuffered channel.

Rejected: sudogs from the collector's allocator, as in Go. They would have to be scanned, and cost more to allocate.
"""

from morestack.dialect.machine import Ptr, boolean, cas, inline, nil, ptr_at, size_of, static, struct, u32, u64
from morestack.runtime.mem.records import RecordCentral, central_init, pool_give, pool_take
from morestack.runtime.mem.type import Type
from morestack.runtime.sched.timeheap import Timer
from morestack.runtime.sys.layout import G, P, Sudog
from morestack.runtime.sys.lock import RANK_CHAN, lock, unlock

single_p = static(u32)
"""Nonzero if there is one P. See Note [Locks with one processor]."""


@struct
class Waitq:
    """Goroutines that wait on one side of a channel."""

    first: Ptr[Sudog]
    last: Ptr[Sudog]


@struct
class Hchan:
    """A channel."""

    qcount: u64
    dataqsiz: u64
    buf: u64
    elemsize: u64
    closed: u32
    lock: u32
    elemtype: Ptr[Type]
    sendx: u64
    recvx: u64
    recvq: Waitq
    sendq: Waitq
    timer: Ptr[Timer]  # See Note [Channels of timers]


sudogs = static(RecordCentral)


def lock_chan(c: Ptr[Hchan]) -> None:
    """Take a channel's lock."""
    if single_p.value == 0:
        lock(c.field(Hchan.lock), RANK_CHAN)


def unlock_chan(c: Ptr[Hchan]) -> None:
    """Release a channel's lock."""
    if single_p.value == 0:
        unlock(c.field(Hchan.lock))


def held_lock(l: Ptr[u32]) -> Ptr[u32]:
    """The lock of a channel or semaphore that gopark is to release, or nil with one P, where it was not taken."""
    return l if single_p.value == 0 else nil(u32)


def enqueue(q: Ptr[Waitq], s: Ptr[Sudog]) -> None:
    """Put a sudog at the end of a queue."""
    s.at.next = nil(Sudog)
    s.at.prev = q.at.last
    if q.at.last == nil(Sudog):
        q.at.first = s
    else:
        q.at.last.at.next = s
    q.at.last = s


def wins(s: Ptr[Sudog]) -> boolean:
    """Whether the caller, who has dequeued a sudog of a select, is to wake it: only the first of its channels does."""
    done = s.at.g.field(G.select_done)
    if single_p.value != 0:
        if done[0] != 0:
            return False
        done[0] = u32(1)
        return True
    return cas(done, u32(0), u32(1))


@inline
def dequeue(q: Ptr[Waitq]) -> Ptr[Sudog]:
    """Take the first waiting sudog out of the queue, or return nil. Stale sudogs of selects are removed on the way."""
    while True:
        s = q.at.first
        if s == nil(Sudog):
            return s
        after = s.at.next
        q.at.first = after
        if after == nil(Sudog):
            q.at.last = after
        else:
            after.at.prev = nil(Sudog)
            s.at.next = nil(Sudog)
        if not s.at.is_select or wins(s):
            return s


def unlink(q: Ptr[Waitq], s: Ptr[Sudog]) -> None:
    """Remove a sudog from a queue, if it is still in it: a sudog without neighbours that is not the first is already
    out."""
    before = s.at.prev
    after = s.at.next
    if before == nil(Sudog) and q.at.first != s:
        return
    if before == nil(Sudog):
        q.at.first = after
    else:
        before.at.next = after
    if after == nil(Sudog):
        q.at.last = before
    else:
        after.at.prev = before
    s.at.next = nil(Sudog)
    s.at.prev = nil(Sudog)


def acquire_sudog(pp: Ptr[P]) -> Ptr[Sudog]:
    """Take a sudog. The caller fills in all fields except `next` and `prev`."""
    s = ptr_at(Sudog, pool_take(pp.field(P.sudogpool), sudogs.ptr, size_of(Sudog)))
    s.at.next = nil(Sudog)
    s.at.prev = nil(Sudog)
    return s


def release_sudog(pp: Ptr[P], s: Ptr[Sudog]) -> None:
    """Put back a sudog that is in no queue."""
    s.at.g = nil(G)
    s.at.elem = u64(0)
    s.at.waitlink = nil(Sudog)
    s.at.prev = nil(Sudog)
    s.at.c = u64(0)
    pool_give(pp.field(P.sudogpool), sudogs.ptr, s.addr)


def select_finish(g: Ptr[G], pp: Ptr[P]) -> None:
    """A select that was woken is about to continue: remove its other sudogs from their queues.

    `schedule` calls this, because the woken goroutine has no runtime frame to return to. g.waiting is not nil exactly
    if there is something to do: a waker clears it if the goroutine waits for one thing only.
    """
    s = g.at.waiting
    won = u64(g.at.sched.ret >> 1)
    g.at.waiting = nil(Sudog)
    while s != nil(Sudog):
        more = s.at.waitlink
        if u64(s.at.case_index) != won:  # the waker has dequeued that one
            c = ptr_at(Hchan, s.at.c)
            lock_chan(c)
            unlink(c.field(Hchan.sendq) if s.at.is_send else c.field(Hchan.recvq), s)
            unlock_chan(c)
        release_sudog(pp, s)
        s = more


def sudogs_init() -> None:
    """Start with no sudogs."""
    central_init(sudogs.ptr)
