"""select: choose at random one of several channel operations that can proceed, or wait for the first that can.

        cases   {chan, elem} pairs of words, sends first; a nil channel is never ready
        order   after the cases, in the same frame object: room for a u16 per case

`selectgo` first checks all cases without a lock, and chooses one of those that look ready uniformly: the k-th ready
case replaces the choice with probability 1/k. Only the chosen channel is locked. If its operation can still proceed,
that is the result: a select may take any case that is ready at that moment. Otherwise all channels are locked, in the
order of their addresses, each once, and the choice is repeated. A case that then looks ready may still fail, if a queue
holds only stale sudogs. Each failure removes at least one, so the choice is repeated until one proceeds or none looks
ready. The result "none" requires all locks: there must be a moment at which no case was ready.

A waiting select is in the queues of all its channels (g.waiting, in the order of locks), and its locks are released
once it has stopped (park.py). The first to dequeue one of its sudogs and to win g.select_done wakes it.

Rejected: Go's shuffled order of polling, which needs another array and locks all channels to take from one; an order
array of fixed size in the thread's stack (cases are not bounded).
"""

from morestack.abi.pending import PENDING_SEND_CLOSED
from morestack.dialect.machine import (
    Ptr,
    boolean,
    export,
    i64,
    local,
    memset,
    nil,
    noinline,
    ptr_at,
    struct,
    u8,
    u16,
    u32,
    u64,
)
from morestack.runtime.sched.hchan import Hchan, acquire_sudog, enqueue, lock_chan, single_p, unlock_chan
from morestack.runtime.sched.park import gopark
from morestack.runtime.sched.timeheap import Timer, poll_timer
from morestack.runtime.sync.chan import receive_now, send_now, wake_if
from morestack.runtime.sys.layout import WAIT_SELECT, G, M, Sudog
from morestack.runtime.sys.rand import fastrand_below
from morestack.runtime.sys.stress import stress

NO_CASE = i64(-1)
NOT_READY = i64(-3)
CHOSE_DEFAULT = i64(-2)  # index -1 << 1


@struct
class Scase:
    """One case: the channel, and the address of the value."""

    c: Ptr[Hchan]
    elem: u64


def case_ready(c: Ptr[Hchan], is_send: boolean) -> boolean:
    """Whether an operation looks able to proceed, or fail, at once."""
    if c == nil(Hchan):
        return False
    if c.at.closed != 0:
        return True
    if is_send:
        return c.at.recvq.first != nil(Sudog) or c.at.qcount < c.at.dataqsiz
    return c.at.sendq.first != nil(Sudog) or c.at.qcount != 0


def choose(m: Ptr[M], cases: Ptr[Scase], sends: i64, total: i64) -> i64:
    """Choose a case that looks ready. Returns NO_CASE if there is none."""
    chosen = NO_CASE
    ready = u64(0)
    for i in range(total):
        if case_ready(cases.add(i).at.c, i < sends):
            ready = u64(ready + 1)
            if ready == 1 or fastrand_below(m, ready) == 0:
                chosen = i64(i)
    return chosen


def perform(g: Ptr[G], s: Ptr[Scase], index: i64, is_send: boolean, woken: Ptr[u64]) -> i64:
    """Perform the operation of a case, whose channel is locked. Returns the result of selectgo, or NOT_READY."""
    c = s.at.c
    if is_send:
        if c.at.closed != 0:
            g.at.pending = PENDING_SEND_CLOSED
        elif not send_now(c, s.at.elem, woken):
            return NOT_READY
        return i64(index * 2)
    if receive_now(c, s.at.elem, woken):
        return i64(index * 2 + 1)
    if c.at.closed == 0:
        return NOT_READY
    if s.at.elem != 0:
        memset(s.at.elem, u8(0), c.at.elemsize)
    return i64(index * 2)


def lock_order(cases: Ptr[Scase], total: i64, order: Ptr[u16]) -> i64:
    """Sort the numbers of the cases that have a channel by its address. Returns how many there are.

    This is Shell's sort with Knuth's gaps: insertion sort for few cases, and not quadratic for many.
    """
    n = i64(0)
    for i in range(total):
        if cases.add(i).at.c != nil(Hchan):
            order[n] = u16(i)
            n = i64(n + 1)
    gap = i64(1)
    while gap < n // 3:
        gap = i64(gap * 3 + 1)
    while gap > 0:
        for i in range(gap, n):
            moved = order[i]
            key = cases.add(moved).at.c.addr
            at = i64(i)
            while at >= gap and cases.add(order[at - gap]).at.c.addr > key:
                order[at] = order[at - gap]
                at = i64(at - gap)
            order[at] = moved
        gap = gap // 3
    return n


def lock_all(cases: Ptr[Scase], order: Ptr[u16], n: i64) -> None:
    """Lock all channels, each once."""
    last = nil(Hchan)
    for i in range(n):
        c = cases.add(order[i]).at.c
        if c != last:
            lock_chan(c)
        last = c


def unlock_all(cases: Ptr[Scase], order: Ptr[u16], n: i64) -> None:
    """Unlock all channels. The cases lie in the caller's frame, so they stay valid."""
    last = nil(Hchan)
    for i in range(n):
        c = cases.add(order[i]).at.c
        if c != last:
            unlock_chan(c)
        last = c


def wait_on_all(g: Ptr[G], cases: Ptr[Scase], sends: i64, order: Ptr[u16], n: i64) -> i64:
    """Put g in the queue of each case, and park it. All channels are locked."""
    pp = g.at.m.at.p
    g.at.select_done = u32(0)
    before = nil(Sudog)
    for i in range(n):
        index = i64(order[i])
        case = cases.add(index)
        c = case.at.c
        s = acquire_sudog(pp)
        s.at.g = g
        s.at.elem = case.at.elem
        s.at.c = c.addr
        s.at.is_select = True
        s.at.is_send = index < sends
        s.at.case_index = u32(index)
        s.at.waitlink = nil(Sudog)
        if before == nil(Sudog):
            g.at.waiting = s
        else:
            before.at.waitlink = s
        before = s
        enqueue(c.field(Hchan.sendq) if index < sends else c.field(Hchan.recvq), s)
    if single_p.value == 0:
        g.at.m.at.waitselect = g.at.waiting
    return gopark(g, WAIT_SELECT, nil(u32))


@noinline
def select_locked(g: Ptr[G], cases: Ptr[Scase], sends: i64, total: i64, block: boolean) -> i64:
    """selectgo with all channels locked."""
    indexes = ptr_at(u16, cases.add(total).addr)
    woken = local(u64)
    n = lock_order(cases, total, indexes)
    lock_all(cases, indexes, n)
    chosen = choose(g.at.m, cases, sends, total)
    while chosen != NO_CASE:
        answer = perform(g, cases.add(chosen), chosen, chosen < sends, woken)
        if answer != NOT_READY:
            unlock_all(cases, indexes, n)
            wake_if(g, woken)
            return answer
        chosen = choose(g.at.m, cases, sends, total)
    if not block:
        unlock_all(cases, indexes, n)
        return CHOSE_DEFAULT
    return wait_on_all(g, cases, sends, indexes, n)


@export
def selectgo(g: Ptr[G], cases: Ptr[Scase], sends: i64, receives: i64, block: boolean) -> i64:
    """Return index << 1 | received of the case that proceeded. The index is -1 if none could and block is false."""
    stress(g)
    total = i64(sends + receives)
    for i in range(sends, total):
        c = cases.add(i).at.c
        if c != nil(Hchan) and c.at.timer != nil(Timer):
            poll_timer(g.at.m.at.p, c.at.timer)
    chosen = choose(g.at.m, cases, sends, total)
    if chosen != NO_CASE:
        case = cases.add(chosen)
        woken = local(u64)
        lock_chan(case.at.c)
        answer = perform(g, case, chosen, chosen < sends, woken)
        unlock_chan(case.at.c)
        if answer != NOT_READY:
            wake_if(g, woken)
            return answer
    elif single_p.value != 0 and not block:
        return CHOSE_DEFAULT  # nothing has changed since the check
    return select_locked(g, cases, sends, total, block)
