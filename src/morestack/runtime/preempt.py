"""preempt: what a loop check calls when it finds the guard poisoned.

A loop that allocates, or whose rounds nobody has counted, compares stackguard0 with STACK_PREEMPT on its back edge
(codegen/loop_checks.py). g.sched is then the loop's continuation, so g is as exact as one that has parked.

The answer is always PARKED: the stack may have moved, and only the way over rt.schedule looks at sched.sp again.
"""

from morestack.dialect.machine import Ptr, export, i64, nil, u64
from morestack.runtime.copystack import copystack
from morestack.runtime.layout import PARKED, STACK_GUARD, G
from morestack.runtime.mgc import collect, poll
from morestack.runtime.shrinkstack import move_stacks


@export
def preempt(g: Ptr[G]) -> i64:
    """A safe point in a loop: collect, or move the stack, when asked to. g stays RUNNING, so schedule resumes it."""
    pp = g.at.m.at.p
    poll(pp, nil(G), g.at.sched.pc)
    if move_stacks.value != 0:
        copystack(pp, g, u64(g.at.stack_hi - g.at.stack_lo), False)
    g.at.stackguard0 = u64(g.at.stack_lo + STACK_GUARD)
    g.at.sched.ret = u64(0)
    return PARKED


@export
def gcnow(g: Ptr[G]) -> i64:
    """runtime.GC: collect before g goes on."""
    collect(g.at.m.at.p, nil(G))
    g.at.sched.ret = u64(0)
    return PARKED
