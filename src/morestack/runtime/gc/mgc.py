"""The collector: stop the world, mark from the roots, sweep.

        mallocgc: heap_live >= next_gc -> gc_request: stackguard0 is poisoned
        the next prologue (newstack), loop check (preempt) or switch: schedule, which stops the world and collects

The collector is precise: at those places each goroutine's pointers are known exactly (mgcstack.py). It does not move
objects, so data outside goroutines (the runtime's static data) may hold addresses of objects that are known to be
reachable.

Helper threads share the marking (mgcworker.py). One thread does the rest: it handles objects with finalizers
(mspecial.py), sweeps the heap (mgcsweep.py), and halves stacks of which less than a quarter is used. Shrinking waits
until marking has ended, because markers walk frames and sudogs, and because shrinking takes stacks from the cache of a
processor, which helpers do not have. With adaptive starting sizes, new goroutines then start with the average stack
size scanned, as in Go. Free stack spans are released and, after a while, free pages too (mheap.py).

mgcpace.py decides when to collect.
"""

from morestack.abi.convention import STACK_MIN
from morestack.abi.settings import CONTIGUOUS
from morestack.dialect.machine import (
    Ptr,
    boolean,
    call_ptr,
    export,
    i64,
    nil,
    noinline,
    static,
    u32,
    u64,
)
from morestack.runtime.gc.gcstats import PAUSES, gcstats, gcstats_init
from morestack.runtime.gc.mgccheck import check_escapes
from morestack.runtime.gc.mgchooks import after_mark, drop_timers_fn
from morestack.runtime.gc.mgcpace import (
    MAX_PERCENT,
    gc_percent,
    memory_limit,
    pace_init,
    set_goal,
    watch_cost,
)
from morestack.runtime.gc.mgcsweep import live_objects, sweep
from morestack.runtime.gc.mgctrace import gc_trace, put_trace
from morestack.runtime.gc.mgcwork import chunks_free
from morestack.runtime.gc.mgcworker import (
    each_shrinking,
    mark,
    marked_stack_bytes,
    marked_stacks,
    max_helpers,
    workers_init,
)
from morestack.runtime.gc.mspecial import queue_specials
from morestack.runtime.gc.pool import clear_pools
from morestack.runtime.mem.mcache import GC_DEMANDED, flush, gc_wanted, heap_live, next_gc, total_alloc
from morestack.runtime.mem.mheap import scavenge
from morestack.runtime.mem.sizeclasses import NUM_CLASSES
from morestack.runtime.stack.discipline import discipline, relieve
from morestack.runtime.stack.stackalloc import starting_stack
from morestack.runtime.stack.stackcache import stackcache_clear
from morestack.runtime.stack.stacklarge import free_stack_spans
from morestack.runtime.sys.allp import allp, allp_n
from morestack.runtime.sys.layout import G, P
from morestack.runtime.sys.os import nanotime, walltime
from morestack.runtime.sys.stress import check_escapes_wanted, skips, stress_init

MAX_START = u64(32768)

gc_stress = static(u32)
adaptive_start = static(u32)


def gc_init() -> None:
    """Initialize the collector. It does nothing until the engine calls setgc."""
    heap_live.value = u64(0)
    total_alloc.value = u64(0)
    gc_wanted.value = u64(0)
    gc_trace.value = u32(0)
    gc_stress.value = u32(0)
    stress_init()
    adaptive_start.value = u32(0)
    starting_stack.value = STACK_MIN
    workers_init()
    gcstats_init()
    pace_init()


@export
def setgc(percent: i64, limit: i64, trace: u64, adaptive: u64) -> None:
    """GOGC (negative: off; at most a million), GOMEMLIMIT in bytes, GODEBUG=gctrace=1, GODEBUG=adaptivestackstart=1.
    Adaptive starting sizes apply to contiguous stacks only."""
    gc_percent.value = min(percent, MAX_PERCENT)
    memory_limit.value = limit
    gc_trace.value = u32(trace)
    adaptive_start.value = u32(adaptive) if discipline.value == CONTIGUOUS else u32(0)
    set_goal()


def choose_start() -> None:
    """Choose the stack size of new goroutines: the average scanned, plus the guard, as a power of two."""
    if adaptive_start.value == 0 or marked_stacks.value == 0:
        return
    average = u64(marked_stack_bytes.value // marked_stacks.value + 160)
    size = u64(STACK_MIN)
    while size < average and size < MAX_START:
        size = u64(size * 2)
    starting_stack.value = size


def shrink_all(pp: Ptr[P]) -> None:
    """Shrink the stacks that marking found little used, but not under checkescape, which needs them as they were."""
    g = each_shrinking()
    while g != nil(G):
        if check_escapes_wanted.value == 0:
            relieve(pp, g)
        g = each_shrinking()
    chunks_free()


def count_freed() -> None:
    """Count by size class the objects that the sweep has freed."""
    for c in range(NUM_CLASSES):
        made = u64(0)
        for i in range(allp_n.value):
            made = u64(made + allp.at[i].at.mallocs[c])
        gcstats.at.freed_of_class[c] = u64(made - gcstats.at.live_of_class[c])


def record_pause(start: i64, took: i64) -> None:
    """Record when the collection ended and how long it took."""
    gcstats.at.pause_total = u64(gcstats.at.pause_total + u64(took))
    gcstats.at.end_time = i64(start + took)
    gcstats.at.last_wall = u64(walltime())
    slot = u64((gcstats.at.cycles + PAUSES - 1) % PAUSES)
    gcstats.at.pause_ns[slot] = u64(took)
    gcstats.at.pause_end[slot] = gcstats.at.last_wall


@noinline
def collect(pp: Ptr[P]) -> None:
    """Collect, on the thread that has pp. The world is stopped."""
    start = nanotime()
    forced = u32(1) if gc_wanted.value == GC_DEMANDED else u32(0)
    gc_wanted.value = u64(gc_stress.value)
    before = heap_live.value
    for i in range(allp_n.value):
        flush(allp.at[i])
    gcstats.at.cycles = u64(gcstats.at.cycles + 1)
    gcstats.at.forced = u64(gcstats.at.forced + u64(forced))
    clear_pools()
    mark()
    queue_specials()
    call_ptr(after_mark, drop_timers_fn.value)
    if check_escapes_wanted.value != 0:
        check_escapes()
    live = sweep()
    shrink_all(pp)
    heap_live.value = live
    gcstats.at.live = live
    gcstats.at.objects = live_objects.value
    gcstats.at.heap_max = max(gcstats.at.heap_max, before)
    count_freed()
    choose_start()
    for i in range(allp_n.value):
        stackcache_clear(allp.at[i])
    free_stack_spans()
    goal = next_gc.value
    took = i64(nanotime() - start)
    watch_cost(start, took)
    set_goal()
    scavenge(next_gc.value, u64(memory_limit.value))
    record_pause(start, took)
    if gc_trace.value != 0:
        put_trace(before, goal, start, took, forced)


def stress_skips(place: u64) -> boolean:
    """Under the gc stress, a place collects the first 32 times it is reached, then every 32nd time. With several
    processors it collects the first 4 times, then every 256th, because each collection waits for threads to stop and
    start."""
    if max_helpers.value != 0:
        return skips(place, u64(4), u64(256))
    return skips(place, u64(32), u64(32))


def collection_due(place: u64) -> boolean:
    """Whether to collect at a safe point. `place` identifies the safe point, for the stress mode."""
    wanted = gc_wanted.value
    return wanted == GC_DEMANDED or (wanted != 0 and (gc_stress.value == 0 or not stress_skips(place)))


def use_helpers(procs: u64) -> None:
    """GOMAXPROCS is `procs`: allow one helper fewer, because the collecting thread marks too."""
    max_helpers.value = u64(procs - 1)
