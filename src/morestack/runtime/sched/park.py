"""How a goroutine stops to wait: the lock that guards what it waits for is released only after it has stopped.

        chansend, ...   g is in a wait queue, and holds the queue's lock
        gopark          status WAITING; m.waitlock = that lock; the runtime call returns PARKED
        rt.schedule     schedule(g) -> park_commit: release the lock. From here on g may run on another thread

Compiled code has stored g.sched before the runtime call, and does not access g between the return and rt.schedule. So a
thread that takes the lock after the release finds a goroutine that is stopped and can be scanned exactly.

A select holds the locks of all its channels: m.waitselect lists its sudogs in the order in which they were locked.

Note [Stacks of who waits]: a waker writes to or reads from the stack of the goroutine it wakes, by the address in its
sudog, under the channel's lock. The stack of a goroutine in a queue is moved only (a) by its own thread between gopark
and park_commit (STRESS=shrink), which still holds the locks, and (b) with the world stopped, when no thread is inside a
runtime call. So the address always matches the stack, and nothing like Go's parkingOnChan and activeStackChans is
needed. Sudogs that are still in queues after their select was woken are adjusted too, because g.waiting still lists
them.
"""

from morestack.abi.convention import PARKED
from morestack.dialect.machine import Ptr, i64, nil, ptr_at, u32, u64
from morestack.runtime.sched.hchan import Hchan
from morestack.runtime.sys.layout import G_WAITING, G, M, Sudog
from morestack.runtime.sys.lock import unlock


def gopark(g: Ptr[G], reason: u32, waitlock: Ptr[u32]) -> i64:
    """Let g wait. The caller has saved its gobuf. `waitlock`, if not nil, is held, and is released once g has stopped.
    Returns the result of a parking runtime call."""
    g.at.waitreason = reason
    g.at.waitsince = u32(0)
    g.at.status = G_WAITING
    m = g.at.m
    m.at.waitlock = waitlock
    pp = m.at.p
    pp.at.stats.parks = u64(pp.at.stats.parks + 1)
    return PARKED


def unlock_select(first: Ptr[Sudog]) -> None:
    """Release the locks of a select's channels, which `first` lists.

    Once a channel is unlocked, its sudogs may disappear: g may be woken and enter select_finish. There it blocks at the
    first lock still held here. So the next sudog is read before its channel or any later one is unlocked, and a channel
    with several sudogs is unlocked after its last one.
    """
    s = first
    while s != nil(Sudog):
        c = s.at.c
        s = s.at.waitlink
        if s == nil(Sudog) or s.at.c != c:
            unlock(ptr_at(Hchan, c).field(Hchan.lock))


def park_commit(m: Ptr[M]) -> None:
    """The goroutine that m ran has stopped: release its locks, so that others may wake it."""
    waitlock = m.at.waitlock
    if waitlock != nil(u32):
        m.at.waitlock = nil(u32)
        unlock(waitlock)
    waitselect = m.at.waitselect
    if waitselect != nil(Sudog):
        m.at.waitselect = nil(Sudog)
        unlock_select(waitselect)
