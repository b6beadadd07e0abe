"""The runtime's locks, and notes that threads sleep on. Both are futexes.

        lock word   0 free    1 held    2 held, and threads may sleep on it

A lock is held for a few instructions, never across a safe point, and never while Go code runs. So a waiting thread
spins briefly before it sleeps. The code that takes a lock names its rank. A thread that holds a lock may only take one
of a higher rank. Locks of RANK_CHAN are taken in the order of their addresses. STRESS=lockorder checks that
(lockrank.py).

A note is a word a thread sleeps on until another wakes it once. notesleep returns when notewakeup has been called, even
if that was before. noteclear makes the note ready for the next time.

The algorithms are those of the Go runtime's lock_futex.go (after Drepper, "Futexes are tricky"). Rejected: pthread
mutexes, which take forty bytes where a channel has four.
"""

from morestack.dialect.machine import Ptr, atomic_load, atomic_store, atomic_xchg, cas, cpu_pause, i64, u32
from morestack.runtime.sys.lockrank import check_order, lock_released, lock_wanted
from morestack.runtime.sys.os import FUTEX_WAIT_PRIVATE, FUTEX_WAKE_PRIVATE, futex

RANK_TIMERS = u32(1)
RANK_SEMA = u32(2)
RANK_CHAN = u32(3)
RANK_SCHED = u32(4)
RANK_ALLG = u32(5)
RANK_SUDOG = u32(6)
RANK_RECORDS = u32(6)  # central lists of free records, sudogs too; one at a time
RANK_TABLE = u32(7)  # itabs, symbols, kinds of objects: tables that grow
RANK_CENTRAL = u32(8)
RANK_POOL = u32(9)
RANK_LARGE = u32(10)
RANK_HEAP = u32(11)
RANK_WORK = u32(12)
RANK_PRINT = u32(13)
RANK_PERSISTENT = u32(14)

SPINS = u32(60)


def lock(l: Ptr[u32], rank: u32) -> None:
    """Take a lock. `rank`: its position in the order of locks."""
    if check_order.value != 0:
        lock_wanted(l, rank)
    if not cas(l, u32(0), u32(1)):
        lock_slow(l)


def lock_slow(l: Ptr[u32]) -> None:
    """Wait for a lock that is held."""
    for _ in range(SPINS):
        if atomic_load(l) == 0 and cas(l, u32(0), u32(1)):
            return
        cpu_pause()
    while atomic_xchg(l, u32(2)) != 0:
        futex(l, FUTEX_WAIT_PRIVATE, u32(2), i64(-1))


def unlock(l: Ptr[u32]) -> None:
    """Release a lock."""
    if check_order.value != 0:
        lock_released(l)
    if atomic_xchg(l, u32(0)) == 2:
        futex(l, FUTEX_WAKE_PRIVATE, u32(1), i64(-1))


def noteclear(n: Ptr[u32]) -> None:
    """Make a note ready for one sleep."""
    atomic_store(n, u32(0))


def notewakeup(n: Ptr[u32]) -> None:
    """Wake the thread that sleeps, or will sleep, on a note. Several wakeups count as one."""
    if atomic_xchg(n, u32(1)) == 0:
        futex(n, FUTEX_WAKE_PRIVATE, u32(1), i64(-1))


def notesleep(n: Ptr[u32]) -> None:
    """Sleep until the note is woken."""
    while atomic_load(n) == 0:
        futex(n, FUTEX_WAIT_PRIVATE, u32(0), i64(-1))


def notetsleep(n: Ptr[u32], ns: i64) -> None:
    """Sleep until the note is woken, or for about ns nanoseconds. May return early, so the caller checks the note."""
    if atomic_load(n) == 0:
        futex(n, FUTEX_WAIT_PRIVATE, u32(0), ns)
