"""select: of several channel operations, one that can proceed, chosen at random; else wait for the first.

        cases   {chan, elem} pairs of words, sends first; a nil channel is never ready

The choice is uniform among the ready cases, found in one pass: the k-th ready case replaces the choice with
probability 1/k. With one thread running Go code nothing changes between the pass and the operation. Rejected: Go's
shuffled order of polling, which needs an array per select, and lock order, which needs another.
"""

from morestack.dialect.machine import Ptr, boolean, export, i64, memset, nil, struct, u8, u32, u64
from morestack.runtime.chan import PENDING_SEND_CLOSED, Hchan, acquire_sudog, enqueue, receive_now, send_now
from morestack.runtime.copystack import stress
from morestack.runtime.layout import WAIT_SELECT, WAIT_SELECT_NONE, G, M, Sudog
from morestack.runtime.park import gopark
from morestack.runtime.rand import fastrand_below
from morestack.runtime.timeheap import Timer, poll_timer

NO_CASE = i64(-1)
CHOSE_DEFAULT = i64(-2)  # index -1 << 1


@struct
class Scase:
    """One case: the channel, and where the value is or goes."""

    c: Ptr[Hchan]
    elem: u64


def case_ready(c: Ptr[Hchan], is_send: boolean) -> boolean:
    """Whether an operation can proceed, or fail, at once."""
    if c == nil(Hchan):
        return False
    if c.at.closed != 0:
        return True
    if is_send:
        return c.at.recvq.first != nil(Sudog) or c.at.qcount < c.at.dataqsiz
    return c.at.sendq.first != nil(Sudog) or c.at.qcount != 0


def choose(m: Ptr[M], cases: Ptr[Scase], sends: i64, total: i64) -> i64:
    """A ready case, or NO_CASE."""
    chosen = NO_CASE
    ready = u64(0)
    for i in range(total):
        if case_ready(cases.add(i).at.c, i < sends):
            ready = u64(ready + 1)
            if ready == 1 or fastrand_below(m, ready) == 0:
                chosen = i64(i)
    return chosen


def perform(g: Ptr[G], s: Ptr[Scase], index: i64, is_send: boolean) -> i64:
    """Do the operation of a ready case; the answer of selectgo."""
    c = s.at.c
    if is_send:
        if c.at.closed != 0:
            g.at.pending = PENDING_SEND_CLOSED
        else:
            send_now(g, c, s.at.elem)
        return i64(index * 2)
    if receive_now(g, c, s.at.elem):
        return i64(index * 2 + 1)
    if s.at.elem != 0:
        memset(s.at.elem, u8(0), c.at.elemsize)
    return i64(index * 2)


@export
def selectgo(g: Ptr[G], cases: Ptr[Scase], sends: i64, receives: i64, block: boolean) -> i64:
    """index << 1 | received of the case that proceeded; -1 as index: none could, and block is false."""
    stress(g)
    total = i64(sends + receives)
    for i in range(sends, total):
        c = cases.add(i).at.c
        if c != nil(Hchan) and c.at.timer != nil(Timer):
            poll_timer(g.at.m.at.p, c.at.timer)
    chosen = choose(g.at.m, cases, sends, total)
    if chosen != NO_CASE:
        return perform(g, cases.add(chosen), chosen, chosen < sends)
    if not block:
        return CHOSE_DEFAULT
    waits = False
    for i in range(total):
        case = cases.add(i)
        c = case.at.c
        if c != nil(Hchan):
            waits = True
            s = acquire_sudog(g.at.m.at.p)
            s.at.g = g
            s.at.elem = case.at.elem
            s.at.c = c.addr
            s.at.is_select = True
            s.at.is_send = i < sends
            s.at.case_index = u32(i)
            s.at.waitlink = g.at.waiting
            g.at.waiting = s
            enqueue(c.field(Hchan.sendq) if i < sends else c.field(Hchan.recvq), s)
    return gopark(g, WAIT_SELECT if waits else WAIT_SELECT_NONE, nil(u32))
