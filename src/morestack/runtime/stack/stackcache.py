"""Small stacks kept by a processor: a free list for each order, used without a lock.

An empty list is refilled to half of STACK_CACHE_SIZE. A list that would exceed STACK_CACHE_SIZE is released down to
half. So a processor that alternately frees and allocates rarely touches the pool.
"""

from morestack.abi.convention import STACK_MIN
from morestack.dialect.machine import Ptr, ptr_at, u64
from morestack.runtime.stack.stackpool import StackPool, pool_of, stackpool_take, stackpoolfree
from morestack.runtime.sys.layout import NUM_STACK_ORDERS, STACK_CACHE_SIZE, P
from morestack.runtime.sys.lock import RANK_POOL, lock, unlock


def stackcacherefill(pp: Ptr[P], order: u64) -> None:
    """Fill an empty list to half a cache."""
    half = u64(STACK_CACHE_SIZE >> 1)
    pp.at.stackcache[order].list = stackpool_take(order, half, pp.at.stackcache[order].list)
    pp.at.stackcache[order].size = u64(pp.at.stackcache[order].size + half)


def stackcacherelease(pp: Ptr[P], order: u64) -> None:
    """Return stacks of an order to the pool until half a cache is left."""
    release_to(pp, order, u64(STACK_CACHE_SIZE >> 1))


def release_to(pp: Ptr[P], order: u64, keep: u64) -> None:
    """Return stacks of an order to the pool until `keep` bytes are left."""
    pool = pool_of(order)
    size = u64(u64(STACK_MIN) << order)
    x = pp.at.stackcache[order].list
    have = pp.at.stackcache[order].size
    lock(pool.field(StackPool.lock), RANK_POOL)
    while have > keep:
        below = ptr_at(u64, x)[0]
        stackpoolfree(x, order)
        x = below
        have = u64(have - size)
    unlock(pool.field(StackPool.lock))
    pp.at.stackcache[order].list = x
    pp.at.stackcache[order].size = have


def stackcache_clear(pp: Ptr[P]) -> None:
    """Return every cached stack: at the program's end, and when a collection wants whole spans."""
    for order in range(NUM_STACK_ORDERS):
        release_to(pp, u64(order), u64(0))
