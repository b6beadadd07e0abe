"""The order of locks, checked while a program runs: STRESS=lockorder.

        held   a slot for each thread, found by its pthread_self: the locks it holds, with their ranks

`lock` reports to this module before it waits, so that a wrong order is found even if the threads do not collide.
`unlock` reports before it releases. A violation ends the process and names both ranks. Without the mode, a lock costs
one more load of a static.

Invariants
- A slot's owner is set once, by compare-and-swap; only the thread itself reads and writes the rest. A thread that ends
  holds no locks, so the next one with the same pthread_self may use its slot.
- A thread that finds all slots taken is not checked.
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    atomic_load,
    boolean,
    cas,
    cstr,
    i32,
    nil,
    noinline,
    ptr_to,
    static,
    struct,
    u8,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.sys.fatal import write_error
from morestack.runtime.sys.os import exit_process, pthread_self

SLOTS = u64(256)
DEEPEST = u64(16)
RANK_ORDERED = u32(3)  # RANK_CHAN: several may be held, taken in the order of their addresses


@struct
class Held:
    """The locks a thread holds, newest last."""

    owner: u64
    count: u64
    locks: Array[u64, Literal[16]]
    ranks: Array[u32, Literal[16]]


@struct
class HeldTable:
    """Slots, by hash of the owner."""

    slots: Array[Held, Literal[256]]


check_order = static(u32)
held_locks = static(HeldTable)


def lockrank_init() -> None:
    """Reset: no thread holds a lock."""
    for i in range(SLOTS):
        held_locks.at.slots[i].owner = u64(0)
        held_locks.at.slots[i].count = u64(0)


def held_by_me() -> Ptr[Held]:
    """This thread's slot; nil if all are taken."""
    me = pthread_self()
    at = u64(me >> 12)
    for i in range(SLOTS):
        h = ptr_to(held_locks.at.slots[u64((at + i) % SLOTS)])
        owner = atomic_load(h.field(Held.owner))
        if owner == 0 and cas(h.field(Held.owner), u64(0), me):
            return h
        if atomic_load(h.field(Held.owner)) == me:
            return h
    return nil(Held)


def rank_name(rank: u32) -> Ptr[u8]:
    """The name of a rank: that of its constant in lock.py, in lower case."""
    if rank == 1:
        return cstr(b"timers")
    if rank == 2:
        return cstr(b"sema")
    if rank == 3:
        return cstr(b"chan")
    if rank == 4:
        return cstr(b"sched")
    if rank == 5:
        return cstr(b"allg")
    if rank == 6:
        return cstr(b"records")
    if rank == 7:
        return cstr(b"table")
    if rank == 8:
        return cstr(b"central")
    if rank == 9:
        return cstr(b"pool")
    if rank == 10:
        return cstr(b"large")
    if rank == 11:
        return cstr(b"heap")
    if rank == 12:
        return cstr(b"work")
    if rank == 13:
        return cstr(b"print")
    return cstr(b"persistent")


def may_follow(h: Ptr[Held], l: Ptr[u32], rank: u32) -> boolean:
    """Whether this thread may take a lock now."""
    if h.at.count == 0:
        return True
    newest = u64(h.at.count - 1)
    if rank == h.at.ranks[newest]:
        return rank == RANK_ORDERED and h.at.locks[newest] < l.addr
    return rank > h.at.ranks[newest]


@noinline
def lock_wanted(l: Ptr[u32], rank: u32) -> None:
    """Check and record that this thread is about to take a lock."""
    h = held_by_me()
    if h == nil(Held):
        return
    if not may_follow(h, l, rank):
        write_error(cstr(b"fatal error: order of locks: takes "))
        write_error(rank_name(rank))
        write_error(cstr(b" while it holds "))
        write_error(rank_name(h.at.ranks[u64(h.at.count - 1)]))
        write_error(cstr(b"\n"))
        exit_process(i32(2))
    assert h.at.count < DEEPEST, "too many locks are held"
    h.at.locks[h.at.count] = l.addr
    h.at.ranks[h.at.count] = rank
    h.at.count = u64(h.at.count + 1)


@noinline
def lock_released(l: Ptr[u32]) -> None:
    """Record that this thread is about to release a lock, which need not be the newest."""
    h = held_by_me()
    if h == nil(Held):
        return
    i = h.at.count
    while i != 0:
        i = u64(i - 1)
        if h.at.locks[i] == l.addr:
            h.at.count = u64(h.at.count - 1)
            while i < h.at.count:
                h.at.locks[i] = h.at.locks[u64(i + 1)]
                h.at.ranks[i] = h.at.ranks[u64(i + 1)]
                i = u64(i + 1)
            return
    write_error(cstr(b"fatal error: order of locks: a thread releases a lock it does not hold\n"))
    exit_process(i32(2))
