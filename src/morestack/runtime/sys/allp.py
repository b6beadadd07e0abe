"""All processors, and the counters each keeps for itself, summed when they are read.

A sum is exact if the world is stopped or the program has ended. Otherwise the counts of ended goroutines are read
before the counts of started ones, so that the result is never too low.
"""

from morestack.dialect.machine import Array, Literal, Ptr, i64, offset_of, ptr_at, static, u64
from morestack.runtime.sys.layout import P, PStats

MAX_PROCS = u64(256)

allp = static(Array[Ptr[P], Literal[256]])
"""All processors ever created. The first GOMAXPROCS are in use."""
allp_n = static(u64)


def sum_of(counter: u64) -> u64:
    """The sum of a counter, given by its offset in PStats."""
    total = u64(0)
    for i in range(allp_n.value):
        total = u64(total + ptr_at(u64, u64(allp.at[i].field(P.stats).addr + counter))[0])
    return total


def stacks_inuse() -> u64:
    """Bytes of all stacks in use."""
    total = i64(0)
    for i in range(allp_n.value):
        total = i64(total + allp.at[i].at.stacks.inuse)
    return u64(total)


def goroutines_alive() -> u64:
    """How many goroutines there are."""
    ended = sum_of(offset_of(PStats, "goroutines_ended"))
    return u64(sum_of(offset_of(PStats, "goroutines")) - ended)
