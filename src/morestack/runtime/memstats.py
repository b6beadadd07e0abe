"""runtime.ReadMemStats: what the heap and the collector know about memory."""

from morestack.dialect.machine import Ptr, export, struct, u64
from morestack.runtime.event import stats
from morestack.runtime.layout import G
from morestack.runtime.mcache import flush, heap_live, next_gc, total_alloc
from morestack.runtime.mgc import gc_percent, gcstats
from morestack.runtime.mheap import mheap


@struct
class MemFacts:
    """memFacts of golib/runtime/mstats.go."""

    alloc: u64
    total_alloc: u64
    sys: u64
    stack_inuse: u64
    next_gc: u64
    pause_total: u64
    num_gc: u64
    gc_percent: u64


@export
def memstats(g: Ptr[G], out: Ptr[MemFacts]) -> None:
    """Fill in the facts. The runs that allocation takes from are given up first, so that bytes are exact."""
    flush(g.at.m.at.p)
    out.at.alloc = heap_live.value
    out.at.total_alloc = total_alloc.value
    out.at.sys = u64(mheap.at.arena_used - mheap.at.arena_lo)
    out.at.stack_inuse = stats.at.stack_inuse
    out.at.next_gc = next_gc.value
    out.at.pause_total = gcstats.at.pause_total
    out.at.num_gc = gcstats.at.cycles
    out.at.gc_percent = gc_percent.value
