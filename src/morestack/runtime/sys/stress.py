"""Stress modes: the flags that several folders read, and how often a mode acts at a place.

A mode always acts at a place that a program rarely reaches, and now and then at one that it often reaches.

A place is a check in the code, identified by a number. Visits are counted in a table by the number's hash, so two
places may share a count. Without this, a program that makes a million calls on a deep stack would copy terabytes under
STRESS=movestack. A fault at a place nearly always shows up at one of the first visits.

Rejected: acting at random. A failure would not recur at the same place.
"""

from morestack.abi.convention import STACK_PREEMPT
from morestack.dialect.machine import Array, Literal, Ptr, boolean, memset, static, u8, u32, u64
from morestack.runtime.sys.layout import G

PLACES = u64(4096)
MOVES = u64(1 << 40)
"""Added to the number of a place, to distinguish it from a collection there."""

poison_guard = static(u32)
"""Nonzero if every check of the guard is to fail."""
check_escapes_wanted = static(u32)
"""Nonzero to search for pointers into stacks where there must be none (mgccheck.py)."""

_visits = static(Array[u64, Literal[4096]])


def stress_init() -> None:
    """Reset: no place has been visited."""
    memset(_visits.addr, u8(0), u64(PLACES * 8))


def stress(g: Ptr[G]) -> None:
    """Make the next check move the stack, if every check is to do so."""
    if poison_guard.value != 0:
        g.at.stackguard0 = STACK_PREEMPT


def skips(place: u64, first: u64, every: u64) -> boolean:
    """Count a visit. Returns False for the first visits, and then once in `every` (a power of two)."""
    slot = u64((place ^ place >> 12 ^ place >> 30) & (PLACES - 1))
    n = _visits.at[slot]
    _visits.at[slot] = u64(n + 1)
    return n >= first and n & (every - 1) != 0
