"""preempt: what a loop check calls when it finds the guard poisoned.

A loop that allocates, or whose number of iterations is not known, compares stackguard0 with STACK_PREEMPT on its back
edge (opt/loop_checks.py). g.sched is then the loop's continuation, so g can be scanned exactly, like a parked
goroutine.

The result is always PARKED: schedule serves the request, and only the path through rt.schedule reloads sched.sp.
"""

from morestack.abi.convention import PARKED, STACK_GUARD
from morestack.dialect.machine import Ptr, export, i64, u64
from morestack.runtime.mem.mcache import GC_DEMANDED, gc_wanted
from morestack.runtime.stack.copystack import copystack
from morestack.runtime.stack.shrinkstack import move_stacks
from morestack.runtime.sys.layout import G


@export
def preempt(g: Ptr[G]) -> i64:
    """A safe point in a loop. g stays RUNNING, so schedule lets it continue unless it is to give way."""
    if move_stacks.value != 0:
        copystack(g.at.m.at.p, g, u64(g.at.stack_hi - g.at.stack_lo), False)
    g.at.stackguard0 = u64(g.at.stack_lo + STACK_GUARD)
    g.at.sched.ret = u64(0)
    return PARKED


@export
def gcnow(g: Ptr[G]) -> i64:
    """runtime.GC: collect before g continues."""
    gc_wanted.value = GC_DEMANDED
    g.at.sched.ret = u64(0)
    return PARKED
