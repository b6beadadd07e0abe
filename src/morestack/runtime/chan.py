"""Channels. A value goes straight from the sender's frame to the receiver's when one of them waits.

        Hchan   qcount values in a ring of dataqsiz at buf; next one in at sendx, next one out at recvx
        recvq   sudogs of waiting receivers, first come first served; sendq likewise

Invariants
- At least one of recvq and sendq is empty, but for a goroutine whose select both sends and receives on c.
- qcount > 0 means that recvq is empty; qcount < dataqsiz that sendq is empty.
- A parked goroutine's `waiting` lists its sudogs. Whoever wakes it unlinks all of them, sets sched.ret (or
  `pending`), and makes it ready: the woken goroutine goes on in its continuation, never here.

Rejected: unlinking the other cases of a select when the goroutine runs again, as Go does: there is no runtime
frame to come back to. With one thread running Go code no channel needs its lock; `lock` is where more take it,
after the parked goroutine's gobuf is complete.
"""

from morestack.dialect.machine import (
    Ptr,
    boolean,
    export,
    i64,
    memmove,
    memset,
    mul_hi,
    nil,
    ptr_at,
    size_of,
    struct,
    u8,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.copystack import stress
from morestack.runtime.layout import (
    WAIT_RECEIVE,
    WAIT_RECEIVE_NIL,
    WAIT_SELECT_NONE,
    WAIT_SEND,
    WAIT_SEND_NIL,
    G,
    P,
    Sudog,
)  # fmt: skip
from morestack.runtime.lock import RANK_CHAN, lock, unlock
from morestack.runtime.malloc import MAX_ALLOC, malloc_array, mallocgc
from morestack.runtime.mheap import persistentalloc
from morestack.runtime.park import gopark
from morestack.runtime.sched import goready
from morestack.runtime.timeheap import Timer, poll_timer
from morestack.runtime.type import ChanType, Type

PENDING_MAKECHAN = u64(6)
PENDING_CLOSE_NIL = u64(7)
PENDING_CLOSE_CLOSED = u64(8)
PENDING_SEND_CLOSED = u64(9)


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


def enqueue(q: Ptr[Waitq], s: Ptr[Sudog]) -> None:
    """Wait at the end of a queue."""
    s.at.next = nil(Sudog)
    s.at.prev = q.at.last
    if q.at.last == nil(Sudog):
        q.at.first = s
    else:
        q.at.last.at.next = s
    q.at.last = s


def unlink(q: Ptr[Waitq], s: Ptr[Sudog]) -> None:
    """Leave a queue."""
    if s.at.prev == nil(Sudog):
        q.at.first = s.at.next
    else:
        s.at.prev.at.next = s.at.next
    if s.at.next == nil(Sudog):
        q.at.last = s.at.prev
    else:
        s.at.next.at.prev = s.at.prev


def acquire_sudog(pp: Ptr[P]) -> Ptr[Sudog]:
    """A sudog: a cached one when there is one."""
    s = pp.at.sudogcache
    if s == nil(Sudog):
        return ptr_at(Sudog, persistentalloc(size_of(Sudog)))
    pp.at.sudogcache = s.at.next
    return s


def release_sudog(pp: Ptr[P], s: Ptr[Sudog]) -> None:
    """Put a sudog back."""
    s.at.elem = u64(0)
    s.at.next = pp.at.sudogcache
    pp.at.sudogcache = s


def move_elem(to: u64, source: u64, size: u64) -> None:
    """Copy a value; most are a word."""
    if size == 8:
        ptr_at(u64, to)[0] = ptr_at(u64, source)[0]
    else:
        memmove(to, source, size)


def wait_on(g: Ptr[G], c: Ptr[Hchan], q: Ptr[Waitq], elem: u64) -> None:
    """Put g alone in a queue."""
    s = acquire_sudog(g.at.m.at.p)
    s.at.g = g
    s.at.elem = elem
    s.at.c = c.addr
    s.at.waitlink = nil(Sudog)
    s.at.is_select = False
    s.at.is_send = q == c.field(Hchan.sendq)
    enqueue(q, s)
    g.at.waiting = s


def wake(pp: Ptr[P], s: Ptr[Sudog], success: boolean) -> None:
    """Make the goroutine of a sudog ready: it leaves all queues, and its call's result is set.

    For a receive the result says whether a value was received; a send that fails panics.
    """
    g = s.at.g
    ret = u64(1) if success and not s.at.is_send else u64(0)
    if s.at.is_select:
        ret = u64(u64(s.at.case_index) << 1 | ret)
    if s.at.is_send and not success:
        g.at.pending = PENDING_SEND_CLOSED
    g.at.sched.ret = ret
    at = g.at.waiting
    g.at.waiting = nil(Sudog)
    while at != nil(Sudog):
        more = at.at.waitlink
        c = ptr_at(Hchan, at.at.c)
        unlink(c.field(Hchan.sendq) if at.at.is_send else c.field(Hchan.recvq), at)
        release_sudog(pp, at)
        at = more
    goready(pp, g)


@export
def makechan(g: Ptr[G], typ: Ptr[ChanType], size: i64) -> u64:
    """make(chan T, size)."""
    elem = typ.at.elem
    elemsize = elem.at.size
    if size < 0 or mul_hi(elemsize, u64(size)) != 0 or u64(elemsize * u64(size)) > MAX_ALLOC - size_of(Hchan):
        g.at.pending = PENDING_MAKECHAN
        return u64(0)
    c = ptr_at(Hchan, mallocgc(g.at.m.at.p, size_of(Hchan), False))
    c.at.elemsize = elemsize
    c.at.elemtype = elem
    c.at.dataqsiz = u64(size)
    if size != 0 and elemsize != 0:
        c.at.buf = malloc_array(g.at.m.at.p, u64(elemsize * u64(size)), elem)
    return c.addr


def send_now(g: Ptr[G], c: Ptr[Hchan], elem: u64) -> boolean:
    """Send when that needs no waiting: to a receiver, or into the buffer. False: would block."""
    s = c.at.recvq.first
    if s != nil(Sudog):
        if s.at.elem != 0:
            move_elem(s.at.elem, elem, c.at.elemsize)
        wake(g.at.m.at.p, s, True)
        return True
    if c.at.qcount < c.at.dataqsiz:
        at = c.at.sendx
        move_elem(u64(c.at.buf + at * c.at.elemsize), elem, c.at.elemsize)
        at = u64(at + 1)
        c.at.sendx = u64(0) if at == c.at.dataqsiz else at
        c.at.qcount = u64(c.at.qcount + 1)
        return True
    return False


def receive_now(g: Ptr[G], c: Ptr[Hchan], elem: u64) -> boolean:
    """Receive a value when that needs no waiting: from the buffer, or a sender. False: would block, or closed."""
    s = c.at.sendq.first
    size = c.at.elemsize
    if c.at.qcount == 0:
        if s == nil(Sudog):
            return False
        if elem != 0:
            move_elem(elem, s.at.elem, size)
        wake(g.at.m.at.p, s, True)
        return True
    at = c.at.recvx
    slot = u64(c.at.buf + at * size)
    if elem != 0:
        move_elem(elem, slot, size)
    at = u64(at + 1)
    c.at.recvx = u64(0) if at == c.at.dataqsiz else at
    if s != nil(Sudog):
        # The buffer is full: the slot just emptied is where the waiting sender's value belongs.
        move_elem(slot, s.at.elem, size)
        c.at.sendx = c.at.recvx
        wake(g.at.m.at.p, s, True)
    else:
        if size != 0:
            memset(slot, u8(0), size)
        c.at.qcount = u64(c.at.qcount - 1)
    return True


@export
def chansend(g: Ptr[G], c: Ptr[Hchan], elem: u64) -> i64:
    """c <- *elem. Parks until a receiver or the buffer takes it."""
    stress(g)
    if c == nil(Hchan):
        return gopark(g, WAIT_SEND_NIL, nil(u32))
    if c.at.closed != 0:
        g.at.pending = PENDING_SEND_CLOSED
        return i64(0)
    if send_now(g, c, elem):
        return i64(0)
    wait_on(g, c, c.field(Hchan.sendq), elem)
    return gopark(g, WAIT_SEND, nil(u32))


@export
def chanrecv(g: Ptr[G], c: Ptr[Hchan], elem: u64) -> i64:
    """*elem = <-c; elem may be nil. 1 when a value was received, 0 when c is closed and empty."""
    stress(g)
    if c == nil(Hchan):
        return gopark(g, WAIT_RECEIVE_NIL, nil(u32))
    if c.at.timer != nil(Timer):
        poll_timer(g.at.m.at.p, c.at.timer)
    if receive_now(g, c, elem):
        return i64(1)
    if c.at.closed != 0:
        if elem != 0:
            memset(elem, u8(0), c.at.elemsize)
        return i64(0)
    wait_on(g, c, c.field(Hchan.recvq), elem)
    return gopark(g, WAIT_RECEIVE, nil(u32))


@export
def selectnbsend(g: Ptr[G], c: Ptr[Hchan], elem: u64) -> boolean:
    """select { case c <- *elem: ...; default: }: whether it was sent."""
    if c == nil(Hchan):
        return False
    if c.at.closed != 0:
        g.at.pending = PENDING_SEND_CLOSED
        return False
    return send_now(g, c, elem)


@export
def selectnbrecv(g: Ptr[G], elem: u64, c: Ptr[Hchan]) -> i64:
    """select { case *elem = <-c: ...; default: }: selected | received << 1."""
    if c == nil(Hchan):
        return i64(0)
    if c.at.timer != nil(Timer):
        poll_timer(g.at.m.at.p, c.at.timer)
    if receive_now(g, c, elem):
        return i64(3)
    if c.at.closed != 0:
        if elem != 0:
            memset(elem, u8(0), c.at.elemsize)
        return i64(1)
    return i64(0)


@export
def closechan(g: Ptr[G], c: Ptr[Hchan]) -> None:
    """close(c): waiting receivers get zero values, waiting senders panic."""
    if c == nil(Hchan):
        g.at.pending = PENDING_CLOSE_NIL
        return
    if c.at.closed != 0:
        g.at.pending = PENDING_CLOSE_CLOSED
        return
    c.at.closed = u32(1)
    while c.at.recvq.first != nil(Sudog):
        s = c.at.recvq.first
        if s.at.elem != 0:
            memset(s.at.elem, u8(0), c.at.elemsize)
        wake(g.at.m.at.p, s, False)
    while c.at.sendq.first != nil(Sudog):
        wake(g.at.m.at.p, c.at.sendq.first, False)


def drain_timer_chan(c: Ptr[Hchan]) -> boolean:
    """Throw away the time that a timer has sent; whether there was one."""
    lock(c.field(Hchan.lock), RANK_CHAN)
    had = c.at.qcount != 0
    c.at.qcount = u64(0)
    c.at.sendx = u64(0)
    c.at.recvx = u64(0)
    unlock(c.field(Hchan.lock))
    return had


@export
def chanlen(g: Ptr[G], c: Ptr[Hchan]) -> i64:
    """len(c)."""
    return i64(0) if c == nil(Hchan) or c.at.timer != nil(Timer) else i64(c.at.qcount)


@export
def chancap(g: Ptr[G], c: Ptr[Hchan]) -> i64:
    """cap(c)."""
    return i64(0) if c == nil(Hchan) or c.at.timer != nil(Timer) else i64(c.at.dataqsiz)


@export
def block(g: Ptr[G]) -> i64:
    """select {}: wait for ever."""
    return gopark(g, WAIT_SELECT_NONE, nil(u32))
