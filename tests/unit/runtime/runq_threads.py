"""What the threads of test_runq.py do, in the dialect. Each goroutine counts in `goid` how often it was taken."""

from morestack.dialect.machine import Ptr, atomic_add, atomic_load, nil, ptr_at, size_of, u32, u64
from morestack.runtime.sched.globrunq import globrunqtake
from morestack.runtime.sched.runq import runnext_take, runqget_ring, runqput, runqsteal
from morestack.runtime.sys.layout import G, P


def taken(g: Ptr[G]) -> None:
    """Somebody has g."""
    atomic_add(g.field(G.goid), u64(1))


def drain(pp: Ptr[P]) -> u64:
    """Take all that pp has; how many."""
    n = u64(0)
    while True:
        g = runnext_take(pp)
        if g == nil(G):
            g = runqget_ring(pp)
        if g == nil(G):
            return n
        taken(g)
        n = u64(n + 1)


def drain_global() -> u64:
    """Take all of the global queue; how many."""
    n = u64(0)
    g = globrunqtake()
    while g != nil(G):
        taken(g)
        n = u64(n + 1)
        g = globrunqtake()
    return n


def owner(pp: Ptr[P], gs: u64, first: u64, count: u64, every: u64) -> u64:
    """Make goroutines ready, and run one for `every` of them; how many were run."""
    n = u64(0)
    for i in range(count):
        runqput(pp, ptr_at(G, u64(gs + (first + i) * size_of(G))))
        if i % every == 0:
            g = runnext_take(pp)
            if g == nil(G):
                g = runqget_ring(pp)
            if g != nil(G):
                taken(g)
                n = u64(n + 1)
    return n


def thief(pp: Ptr[P], victim: Ptr[P], over: Ptr[u32]) -> u64:
    """Steal and run until it is over; how many were run."""
    n = u64(0)
    while atomic_load(over) == 0:
        g = runqsteal(pp, victim, n & 1 == 0)
        if g != nil(G):
            taken(g)
            n = u64(n + 1 + drain(pp))
    return n
