"""Stress modes: the flags that several folders read, and how often a mode acts at a place.

A mode acts always at a place where a program comes seldom, now and then at one where it comes often.

A place is a check in the code, told apart from others by a number; visits are counted in a table by its hash, so two
places may share a count. Without this a program that makes a million calls on a deep stack copies, under
STRESS=movestack, terabytes; what goes wrong at a place goes wrong at one of its first visits nearly always.

Rejected: acting at random. A failure would not come again at the same place.
"""

from morestack.abi.convention import STACK_PREEMPT
from morestack.dialect.machine import Array, Literal, Ptr, boolean, memset, static, u8, u32, u64
from morestack.runtime.sys.layout import G

PLACES = u64(4096)
MOVES = u64(1 << 40)
"""Told apart from collections at the same place."""

poison_guard = static(u32)
"""Every check of the guard is to fail."""
check_escapes_wanted = static(u32)
"""Look for pointers into stacks where there must be none (mgccheck.py)."""

_visits = static(Array[u64, Literal[4096]])


def stress_init() -> None:
    """No place has been visited."""
    memset(_visits.addr, u8(0), u64(PLACES * 8))


def stress(g: Ptr[G]) -> None:
    """Make the next check move the stack, when every check is to."""
    if poison_guard.value != 0:
        g.at.stackguard0 = STACK_PREEMPT


def skips(place: u64, first: u64, every: u64) -> boolean:
    """Count a visit. False for the first ones, then once in `every` (a power of two)."""
    slot = u64((place ^ place >> 12 ^ place >> 30) & (PLACES - 1))
    n = _visits.at[slot]
    _visits.at[slot] = u64(n + 1)
    return n >= first and n & (every - 1) != 0
