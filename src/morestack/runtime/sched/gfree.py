"""Dead goroutines kept for reuse: a list for each processor, and two central lists.

        P.gfree     up to 64, some with a stack of the starting size, some without; used without a lock
        sched       gfree_stack, gfree_bare under gflock; half of a full list moves there, an empty list takes 32

As in Go (gfput, gfget). New structures come from allg.py's array, a chunk at a time.
"""

from morestack.dialect.machine import Ptr, load_acquire, nil, noinline, u64
from morestack.runtime.mem.allg import CHUNK, allg_at, allg_grow
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.stack.discipline import end_stack, new_stack
from morestack.runtime.sys.layout import G_DEAD, G, P
from morestack.runtime.sys.lock import RANK_ALLG, lock, unlock

MOST = u64(64)
BATCH = u64(32)


def push(pp: Ptr[P], g: Ptr[G]) -> None:
    """Put a structure in the processor's list."""
    g.at.schedlink = pp.at.gfree
    pp.at.gfree = g
    pp.at.gfree_n = u64(pp.at.gfree_n + 1)


def pop(pp: Ptr[P]) -> Ptr[G]:
    """Take a structure from the processor's list, which is not empty."""
    g = pp.at.gfree
    pp.at.gfree = g.at.schedlink
    pp.at.gfree_n = u64(pp.at.gfree_n - 1)
    return g


@noinline
def gfput_slow(pp: Ptr[P], keep: u64) -> None:
    """Move structures to the central lists until `keep` are left."""
    lock(sched.ptr.field(Sched.gflock), RANK_ALLG)
    while pp.at.gfree_n > keep:
        g = pop(pp)
        if g.at.stack_lo != 0:
            g.at.schedlink = sched.at.gfree_stack
            sched.at.gfree_stack = g
        else:
            g.at.schedlink = sched.at.gfree_bare
            sched.at.gfree_bare = g
        sched.at.gfree_n = u64(sched.at.gfree_n + 1)
    unlock(sched.ptr.field(Sched.gflock))


def gfput(pp: Ptr[P], g: Ptr[G]) -> None:
    """Keep a dead goroutine, and its stack if that has the starting size."""
    end_stack(pp, g)
    push(pp, g)
    if pp.at.gfree_n >= MOST:
        gfput_slow(pp, BATCH)


def gfpurge(pp: Ptr[P]) -> None:
    """Move all of a processor's structures to the central lists."""
    gfput_slow(pp, u64(0))


@noinline
def gfget_slow(pp: Ptr[P]) -> None:
    """Fill an empty list from the central lists, structures with a stack first, or else with new structures."""
    if load_acquire(sched.ptr.field(Sched.gfree_n)) != 0:
        lock(sched.ptr.field(Sched.gflock), RANK_ALLG)
        while pp.at.gfree_n < BATCH and sched.at.gfree_n != 0:
            g = sched.at.gfree_stack
            if g != nil(G):
                sched.at.gfree_stack = g.at.schedlink
            else:
                g = sched.at.gfree_bare
                sched.at.gfree_bare = g.at.schedlink
            sched.at.gfree_n = u64(sched.at.gfree_n - 1)
            push(pp, g)
        unlock(sched.ptr.field(Sched.gflock))
        if pp.at.gfree_n != 0:
            return
    n = u64(allg_grow() + CHUNK)
    for _ in range(CHUNK):  # the first one used is the first in the array
        n = u64(n - 1)
        g = allg_at(n)
        g.at.status = G_DEAD
        push(pp, g)


def gfget(pp: Ptr[P]) -> Ptr[G]:
    """Take a structure with a stack: a dead goroutine's if there is one."""
    if pp.at.gfree_n == 0:
        gfget_slow(pp)
    g = pop(pp)
    if g.at.stack_lo == 0:
        new_stack(pp, g)
    else:
        pp.at.stats.goroutines_reused = u64(pp.at.stats.goroutines_reused + 1)
    return g
