"""Channels. A value goes directly from the sender's frame to the receiver's if one of them waits.

hchan.py describes the data structure and its invariants. Each operation runs under the channel's lock. A waiting
goroutine is made ready after the lock is released, with sched.ret (or `pending`) set: it continues in its continuation,
never here. So the waker also releases the sudog, except for a select, whose goroutine has several (select_finish).

Note [Looking without the lock]: operations that must not wait first check without the lock whether they would have to.
- Receive: check that there is nothing to receive, then that it is not closed. A channel is never reopened, so at the
  first check it was open too, and empty: the result is valid for that moment. If it is closed, it may have received a
  value in between, so check again: after closing no value arrives, and "closed and empty" holds forever.
- Send: check that it is open, then that there is no room. A channel is closed only once. If there was no room after the
  check of `closed`, then either the channel was still open, or it was closed in between and the result is valid for the
  moment before. So the order of these two loads does not matter.
The check for an empty channel is an atomic load, so it happens before the load of `closed`.
"""

from morestack.abi.pending import PENDING_CLOSE_CLOSED, PENDING_CLOSE_NIL, PENDING_MAKECHAN, PENDING_SEND_CLOSED
from morestack.dialect.machine import (
    Ptr,
    atomic_load,
    atomic_store,
    boolean,
    export,
    i64,
    inline,
    local,
    memmove,
    memset,
    mul_hi,
    nil,
    ptr_at,
    size_of,
    u8,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.mem.malloc import MAX_ALLOC, malloc_array, mallocgc
from morestack.runtime.mem.type import ChanType
from morestack.runtime.sched.hchan import (
    Hchan,
    Waitq,
    acquire_sudog,
    dequeue,
    enqueue,
    held_lock,
    lock_chan,
    release_sudog,
    unlock_chan,
)  # fmt: skip
from morestack.runtime.sched.park import gopark
from morestack.runtime.sched.sched import goready
from morestack.runtime.sched.timeheap import Timer, poll_timer
from morestack.runtime.sys.layout import (
    WAIT_RECEIVE,
    WAIT_RECEIVE_NIL,
    WAIT_SELECT_NONE,
    WAIT_SEND,
    WAIT_SEND_NIL,
    G,
    P,
    Sudog,
)  # fmt: skip
from morestack.runtime.sys.stress import stress


def move_elem(to: u64, source: u64, size: u64) -> None:
    """Copy a value; most values are one word."""
    if size == 8:
        ptr_at(u64, to)[0] = ptr_at(u64, source)[0]
    else:
        memmove(to, source, size)


def clear_elem(slot: u64, size: u64) -> None:
    """Clear a value that has left the buffer; most values are one word."""
    if size == 8:
        ptr_at(u64, slot)[0] = u64(0)
    elif size != 0:
        memset(slot, u8(0), size)


def wait_on(g: Ptr[G], c: Ptr[Hchan], q: Ptr[Waitq], elem: u64, is_send: boolean) -> None:
    """Let g wait in one queue."""
    s = acquire_sudog(g.at.m.at.p)
    s.at.g = g
    s.at.elem = elem
    s.at.c = c.addr
    s.at.is_select = False
    s.at.is_send = is_send
    enqueue(q, s)
    g.at.waiting = s


def wake(pp: Ptr[P], s: Ptr[Sudog], success: boolean) -> None:
    """Make the goroutine of a dequeued sudog ready, with its call's result. The channel's lock has been released.

    For a receive the result says whether a value was received; a send that fails panics.
    """
    g = s.at.g
    ret = u64(1) if success and not s.at.is_send else u64(0)
    if s.at.is_send and not success:
        g.at.pending = PENDING_SEND_CLOSED
    if s.at.is_select:
        g.at.sched.ret = u64(u64(s.at.case_index) << 1 | ret)
    else:
        g.at.sched.ret = ret
        g.at.waiting = nil(Sudog)
        release_sudog(pp, s)
    goready(pp, g)


@inline
def wake_if(g: Ptr[G], woken: Ptr[u64]) -> None:
    """Wake the goroutine that send_now or receive_now has dequeued, if any."""
    if woken[0] != 0:
        wake(g.at.m.at.p, ptr_at(Sudog, woken[0]), True)


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


@inline
def send_now(c: Ptr[Hchan], elem: u64, woken: Ptr[u64]) -> boolean:
    """Send without waiting: to a receiver, whose sudog is stored in `woken`, or into the buffer. Returns False if it
    would block.

    The lock is held, and c is not closed."""
    s = dequeue(c.field(Hchan.recvq))
    if s != nil(Sudog):
        if s.at.elem != 0:
            move_elem(s.at.elem, elem, c.at.elemsize)
        woken[0] = s.addr
        return True
    if c.at.qcount < c.at.dataqsiz:
        at = c.at.sendx
        move_elem(u64(c.at.buf + at * c.at.elemsize), elem, c.at.elemsize)
        at = u64(at + 1)
        c.at.sendx = u64(0) if at == c.at.dataqsiz else at
        c.at.qcount = u64(c.at.qcount + 1)
        return True
    return False


@inline
def receive_now(c: Ptr[Hchan], elem: u64, woken: Ptr[u64]) -> boolean:
    """Receive without waiting: from the buffer, or from a sender, whose sudog is stored in `woken`. Returns False if it
    would block or c is closed. The lock is held."""
    size = c.at.elemsize
    if c.at.qcount == 0:
        s = dequeue(c.field(Hchan.sendq))
        if s == nil(Sudog):
            return False
        if elem != 0:
            move_elem(elem, s.at.elem, size)
        woken[0] = s.addr
        return True
    at = c.at.recvx
    slot = u64(c.at.buf + at * size)
    if elem != 0:
        move_elem(elem, slot, size)
    at = u64(at + 1)
    c.at.recvx = u64(0) if at == c.at.dataqsiz else at
    s = dequeue(c.field(Hchan.sendq))
    if s != nil(Sudog):
        # The buffer was full: the waiting sender's value belongs in the slot just emptied.
        move_elem(slot, s.at.elem, size)
        c.at.sendx = c.at.recvx
        woken[0] = s.addr
    else:
        clear_elem(slot, size)
        c.at.qcount = u64(c.at.qcount - 1)
    return True


@export
def chansend(g: Ptr[G], c: Ptr[Hchan], elem: u64) -> i64:
    """c <- *elem. Parks until a receiver or the buffer takes it."""
    stress(g)
    if c == nil(Hchan):
        return gopark(g, WAIT_SEND_NIL, nil(u32))
    woken = local(u64)
    lock_chan(c)
    if c.at.closed != 0:
        unlock_chan(c)
        g.at.pending = PENDING_SEND_CLOSED
        return i64(0)
    if send_now(c, elem, woken):
        unlock_chan(c)
        wake_if(g, woken)
        return i64(0)
    wait_on(g, c, c.field(Hchan.sendq), elem, True)
    return gopark(g, WAIT_SEND, held_lock(c.field(Hchan.lock)))


@export
def chanrecv(g: Ptr[G], c: Ptr[Hchan], elem: u64) -> i64:
    """*elem = <-c; elem may be nil. Returns 1 if a value was received, 0 if c is closed and empty."""
    stress(g)
    if c == nil(Hchan):
        return gopark(g, WAIT_RECEIVE_NIL, nil(u32))
    if c.at.timer != nil(Timer):
        poll_timer(g.at.m.at.p, c.at.timer)
    woken = local(u64)
    lock_chan(c)
    if receive_now(c, elem, woken):
        unlock_chan(c)
        wake_if(g, woken)
        return i64(1)
    if c.at.closed != 0:
        unlock_chan(c)
        if elem != 0:
            memset(elem, u8(0), c.at.elemsize)
        return i64(0)
    wait_on(g, c, c.field(Hchan.recvq), elem, False)
    return gopark(g, WAIT_RECEIVE, held_lock(c.field(Hchan.lock)))


def full(c: Ptr[Hchan]) -> boolean:
    """Whether a send on c would wait at this moment. No lock is needed."""
    if c.at.dataqsiz == 0:
        return c.at.recvq.first == nil(Sudog)
    return c.at.qcount == c.at.dataqsiz


def empty(c: Ptr[Hchan]) -> boolean:
    """Whether c has nothing to receive at this moment. No lock is needed."""
    if c.at.dataqsiz == 0:
        return atomic_load(ptr_at(u64, c.field(Hchan.sendq).addr)) == 0
    return atomic_load(c.field(Hchan.qcount)) == 0


@export
def selectnbsend(g: Ptr[G], c: Ptr[Hchan], elem: u64) -> boolean:
    """select { case c <- *elem: ...; default: }. Returns whether the value was sent."""
    if c == nil(Hchan):
        return False
    if c.at.closed == 0 and full(c):  # See Note [Looking without the lock]
        return False
    woken = local(u64)
    lock_chan(c)
    if c.at.closed != 0:
        unlock_chan(c)
        g.at.pending = PENDING_SEND_CLOSED
        return False
    sent = send_now(c, elem, woken)
    unlock_chan(c)
    wake_if(g, woken)
    return sent


@export
def selectnbrecv(g: Ptr[G], elem: u64, c: Ptr[Hchan]) -> i64:
    """select { case *elem = <-c: ...; default: }. Returns selected | received << 1."""
    if c == nil(Hchan):
        return i64(0)
    if c.at.timer != nil(Timer):
        poll_timer(g.at.m.at.p, c.at.timer)
    if empty(c):  # See Note [Looking without the lock]
        if atomic_load(c.field(Hchan.closed)) == 0:
            return i64(0)
        if empty(c):
            if elem != 0:
                memset(elem, u8(0), c.at.elemsize)
            return i64(1)
    woken = local(u64)
    lock_chan(c)
    received = receive_now(c, elem, woken)
    closed = c.at.closed != 0
    unlock_chan(c)
    if received:
        wake_if(g, woken)
        return i64(3)
    if closed:
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
    lock_chan(c)
    if c.at.closed != 0:
        unlock_chan(c)
        g.at.pending = PENDING_CLOSE_CLOSED
        return
    atomic_store(c.field(Hchan.closed), u32(1))
    woken = local(Waitq)
    s = dequeue(c.field(Hchan.recvq))
    while s != nil(Sudog):
        if s.at.elem != 0:
            memset(s.at.elem, u8(0), c.at.elemsize)
        enqueue(woken, s)
        s = dequeue(c.field(Hchan.recvq))
    s = dequeue(c.field(Hchan.sendq))
    while s != nil(Sudog):
        enqueue(woken, s)
        s = dequeue(c.field(Hchan.sendq))
    unlock_chan(c)
    s = woken.at.first
    while s != nil(Sudog):
        after = s.at.next
        s.at.next = nil(Sudog)
        s.at.prev = nil(Sudog)
        wake(g.at.m.at.p, s, False)
        s = after


def drain_timer_chan(c: Ptr[Hchan]) -> boolean:
    """Discard the time that a timer has sent. Returns whether there was one."""
    lock_chan(c)
    had = c.at.qcount != 0
    c.at.qcount = u64(0)
    c.at.sendx = u64(0)
    c.at.recvx = u64(0)
    unlock_chan(c)
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
    """select {}: wait forever."""
    return gopark(g, WAIT_SELECT_NONE, nil(u32))
