"""Loops that take stacks and give them back, in the dialect: native code, with no Python in the figures."""

from morestack.dialect.machine import Array, Literal, Ptr, local, u64
from morestack.runtime.stack.stackalloc import stackalloc, stackfree
from morestack.runtime.stack.stackpool import StackPool, pool_of, stackpoolalloc, stackpoolfree
from morestack.runtime.sys.layout import P
from morestack.runtime.sys.lock import RANK_POOL, lock, unlock

BURST = u64(8)
"""Stacks taken before any is given back: as many as half a cache holds."""


def cached(pp: Ptr[P], size: u64, bursts: u64) -> None:
    """Stacks of a processor's cache, as goroutines take and leave them."""
    stacks = local(Array[u64, Literal[8]])
    for _ in range(bursts):
        for i in range(BURST):
            stacks.at[i] = stackalloc(pp, size)
        for i in range(BURST):
            stackfree(pp, stacks.at[i], size)


def pooled(order: u64, bursts: u64) -> None:
    """Stacks of the pool that all processors share, each under its lock."""
    stacks = local(Array[u64, Literal[8]])
    mutex = pool_of(order).field(StackPool.lock)
    for _ in range(bursts):
        for i in range(BURST):
            lock(mutex, RANK_POOL)
            stacks.at[i] = stackpoolalloc(order)
            unlock(mutex)
        for i in range(BURST):
            lock(mutex, RANK_POOL)
            stackpoolfree(stacks.at[i], order)
            unlock(mutex)
