"""GOMAXPROCS: how many processors there are. The world is stopped, or has not begun.

When a processor is destroyed, its structure is kept, with its pools of records. Its goroutines move to the global
queue, and its memory returns to where it came from. Its thread, if it has one, finds it P_DEAD when the world starts.
"""

from morestack.dialect.machine import Ptr, atomic_xchg, nil, ptr_at, size_of, u32, u64
from morestack.runtime.gc.mgc import use_helpers
from morestack.runtime.mem.mcache import flush
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.sched.gfree import gfpurge
from morestack.runtime.sched.globrunq import globrunqputhead, sched
from morestack.runtime.sched.hchan import single_p
from morestack.runtime.sched.runq import slot_of
from morestack.runtime.stack.stackcache import stackcache_clear
from morestack.runtime.sys.allp import MAX_PROCS, allp, allp_n
from morestack.runtime.sys.layout import P_DEAD, P_GCSTOP, G, M, P


def procs_init(n: u64) -> Ptr[P]:
    """Create the first n processors. Returns the first one, which is the caller's."""
    allp_n.value = u64(0)
    make_procs(n)
    use_procs(n)
    return allp.at[0]


def use_procs(n: u64) -> None:
    """Set GOMAXPROCS. The same number of threads may mark."""
    sched.at.nprocs = u32(n)
    single_p.value = u32(1) if n == 1 else u32(0)
    use_helpers(n)


def make_procs(n: u64) -> None:
    """Create structures until there are n."""
    while allp_n.value < n:
        pp = ptr_at(P, persistentalloc(size_of(P)))
        pp.at.id = allp_n.value
        pp.at.status = P_GCSTOP
        pp.at.schedtick = u64(1)  # the global queue has its turn at multiples of 61
        allp.at[allp_n.value] = pp
        allp_n.value = u64(allp_n.value + 1)


def pdestroy(pp: Ptr[P]) -> None:
    """Destroy a processor that is no longer used."""
    while pp.at.runqtail != pp.at.runqhead:  # from the end, each in front of the others
        pp.at.runqtail = u64(pp.at.runqtail - 1)
        globrunqputhead(ptr_at(G, slot_of(pp, pp.at.runqtail)[0]))
    g = atomic_xchg(pp.field(P.runnext), nil(G))
    if g != nil(G):
        globrunqputhead(g)
    flush(pp)
    stackcache_clear(pp)
    gfpurge(pp)
    pp.at.status = P_DEAD


def procresize(m: Ptr[M], wanted: u64) -> None:
    """Use `wanted` processors from now on. m has stopped the world, and keeps a processor."""
    n = min(wanted, MAX_PROCS)
    old = u64(sched.at.nprocs)
    make_procs(n)
    for i in range(old, n):
        allp.at[i].at.status = P_GCSTOP
    use_procs(n)
    mine = m.at.p
    if mine.at.id >= n:  # m swaps with the thread that has the first one
        first = allp.at[0]
        other = first.at.m
        mine.at.m = other
        if other != nil(M):
            other.at.p = mine
        first.at.m = m
        m.at.p = first
    for i in range(n, old):
        pdestroy(allp.at[i])
