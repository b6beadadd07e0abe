"""Clear sync.Pool at the start of a collection: drop values that were not used since the last one.

        golib/sync/pool.go   type Pool struct { local, victim unsafe.Pointer; ... }
                             var pools struct { all, old []*Pool }

The contents of `local` move to `victim`, and the previous contents of `victim` become garbage. Every goroutine is
stopped at a safe point. One that is in the middle of Get or Put holds a part of `local` in its frame, and at worst puts
a value into what has become the victim.

Rejected: calling Go's poolCleanup, a Go function: with the world stopped there is no goroutine to run it on.
"""

from morestack.dialect.machine import Ptr, export, ptr_at, static, struct, u64
from morestack.runtime.sys.layout import G


@struct
class Pool:
    """The start of a sync.Pool."""

    local: u64
    victim: u64


@struct
class PoolLists:
    """Two slices of pools: those with values in `local`, and with values in `victim` only."""

    all: u64
    all_len: u64
    all_cap: u64
    old: u64
    old_len: u64
    old_cap: u64


pool_lists = static(u64)


def pools_init() -> None:
    """Reset: package sync is absent or not initialized yet."""
    pool_lists.value = u64(0)


@export
def poolregister(g: Ptr[G], lists: u64) -> None:
    """Record the address of package sync's lists."""
    pool_lists.value = lists


def clear_pools() -> None:
    """Move every pool's values to victim, and drop the older victims."""
    if pool_lists.value == 0:
        return
    lists = ptr_at(PoolLists, pool_lists.value)
    for i in range(lists.at.old_len):
        ptr_at(Pool, ptr_at(u64, lists.at.old)[i]).at.victim = u64(0)
    for i in range(lists.at.all_len):
        p = ptr_at(Pool, ptr_at(u64, lists.at.all)[i])
        p.at.victim = p.at.local
        p.at.local = u64(0)
    lists.at.old = lists.at.all
    lists.at.old_len = lists.at.all_len
    lists.at.old_cap = lists.at.all_cap
    lists.at.all = u64(0)
    lists.at.all_len = u64(0)
    lists.at.all_cap = u64(0)
