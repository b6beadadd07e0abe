"""How a goroutine stops to wait: the lock that guards what it waits for is released only when it has stopped.

        chansend, ...   g is in a wait queue, and holds the queue's lock
        gopark          status WAITING; m.waitlock = that lock; the runtime call answers PARKED
        rt.schedule     schedule(g) -> park_commit: release the lock. From here on g may run on another thread

Compiled code has stored g.sched before the runtime call, and touches nothing of g between the answer and rt.schedule.
So who takes the lock after the release finds a goroutine that is stopped and exact.
"""

from morestack.dialect.machine import Ptr, i64, nil, u32
from morestack.runtime.layout import G_WAITING, PARKED, G, M
from morestack.runtime.lock import unlock


def gopark(g: Ptr[G], reason: u32, waitlock: Ptr[u32]) -> i64:
    """g waits; its gobuf was saved by the caller. `waitlock`, if not nil, is held, and released once g has stopped. The
    answer of a parking runtime call."""
    g.at.waitreason = reason
    g.at.status = G_WAITING
    g.at.m.at.waitlock = waitlock
    return PARKED


def park_commit(m: Ptr[M]) -> None:
    """The goroutine that m ran has stopped: others may wake it."""
    waitlock = m.at.waitlock
    if waitlock != nil(u32):
        m.at.waitlock = nil(u32)
        unlock(waitlock)
