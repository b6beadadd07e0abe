"""The collector: stop (one thread runs Go code: it is stopped), mark from the roots, sweep.

        mallocgc: heap_live >= next_gc -> gc_request: stackguard0 is poisoned
        the next prologue (newstack), loop check (preempt) or switch: schedule collects

Precise: at those places each goroutine's pointers are known exactly (mgcstack.py). Non-moving: objects stay where they
are, so what is no goroutine's (the runtime's static data) may keep addresses of objects it knows to be reachable.

Pacing is Go's: next_gc = live + (live + roots) * GOGC / 100, at least 4 MB * GOGC / 100. `gc_percent` 0: GOGC=off.

While collecting, stacks of which less than a quarter is used are halved, and free stack spans go back to the page
heap. With adaptive starting sizes new goroutines then begin with the average of what was scanned, as in Go.
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    boolean,
    cstr,
    export,
    i64,
    memset,
    nil,
    noinline,
    static,
    struct,
    u8,
    u32,
    u64,
)
from morestack.runtime.discipline import relieve
from morestack.runtime.layout import STACK_MIN, G, P
from morestack.runtime.mcache import GC_DEMANDED, flush, gc_wanted, heap_live, next_gc, total_alloc
from morestack.runtime.mgccheck import check_escapes, check_escapes_wanted
from morestack.runtime.mgcsweep import live_objects, sweep
from morestack.runtime.mgcwork import chunks_free
from morestack.runtime.mgcworker import (
    each_shrinking,
    mark,
    marked_global_bytes,
    marked_stack_bytes,
    marked_stacks,
    workers_init,
)
from morestack.runtime.os import nanotime
from morestack.runtime.print import begin, end, put_uint, puts
from morestack.runtime.stackalloc import starting_stack
from morestack.runtime.stackcache import stackcache_clear
from morestack.runtime.stacklarge import free_stack_spans
from morestack.runtime.timeheap import drop_timers

MIN_HEAP = u64(4 << 20)
GOROUTINE_COST = u64(1024)
"""A goroutine is counted as so much memory to scan, beside its frames: in Go its structure is part of the heap."""
NEVER = u64(1 << 62)
MAX_PERCENT = u64(1000000)
MAX_START = u64(32768)
PLACES = u64(4096)


@struct
class GCStats:
    """What collections have done so far."""

    cycles: u64
    pause_total: u64
    start_time: i64
    live: u64
    objects: u64
    heap_max: u64


gcstats = static(GCStats)
gc_percent = static(u64)
gc_trace = static(u32)
gc_stress = static(u32)
adaptive_start = static(u32)
_visits = static(Array[u64, Literal[4096]])


def gc_init() -> None:
    """No collection until the engine says how eager (setgc)."""
    heap_live.value = u64(0)
    total_alloc.value = u64(0)
    gc_wanted.value = u64(0)
    next_gc.value = NEVER
    gc_percent.value = u64(0)
    gc_trace.value = u32(0)
    workers_init()
    gc_stress.value = u32(0)
    memset(_visits.addr, u8(0), u64(PLACES * 8))
    adaptive_start.value = u32(0)
    starting_stack.value = STACK_MIN
    gcstats.at.cycles = u64(0)
    gcstats.at.pause_total = u64(0)
    gcstats.at.start_time = nanotime()
    gcstats.at.live = u64(0)
    gcstats.at.heap_max = u64(0)


def set_goal() -> None:
    """Choose how large the heap may become before the next collection."""
    if gc_percent.value == 0:
        next_gc.value = NEVER
        return
    live = heap_live.value
    roots = u64(marked_stack_bytes.value + marked_stacks.value * GOROUTINE_COST + marked_global_bytes.value)
    goal = u64(live + (live + roots) // 100 * gc_percent.value)
    least = u64(MIN_HEAP * gc_percent.value // 100)
    next_gc.value = max(goal, least)


@export
def setgc(percent: u64, trace: u64, adaptive: u64) -> None:
    """GOGC (0: off; at most a million), GODEBUG=gctrace=1 and GODEBUG=adaptivestackstart=1."""
    gc_percent.value = min(percent, MAX_PERCENT)
    gc_trace.value = u32(trace)
    adaptive_start.value = u32(adaptive)
    set_goal()


@export
def setinitialstack(size: u64) -> None:
    """The stack goroutines start with: a power of two, at least STACK_MIN. For measuring what starting sizes cost."""
    starting_stack.value = size


def choose_start() -> None:
    """The stack new goroutines get: the average scanned, with the guard, as a power of two."""
    if adaptive_start.value == 0 or marked_stacks.value == 0:
        return
    average = u64(marked_stack_bytes.value // marked_stacks.value + 160)
    size = STACK_MIN
    while size < average and size < MAX_START:
        size = u64(size * 2)
    starting_stack.value = size


@noinline
def put_trace(before: u64, goal: u64, start: i64, took: i64) -> None:
    """A line as Go's: gc # @when %: clock, heap before->after->live, goal, stacks, globals, Ps."""
    begin()
    puts(cstr(b"gc "))
    put_uint(gcstats.at.cycles)
    puts(cstr(b" @"))
    put_thousandth(u64(start - gcstats.at.start_time) // 1000000)
    puts(cstr(b"s "))
    elapsed = u64(start + took - gcstats.at.start_time)
    put_uint(u64(gcstats.at.pause_total * 100 // elapsed) if elapsed != 0 else u64(0))
    puts(cstr(b"%: "))
    put_thousandth(u64(took) // 1000)
    puts(cstr(b" ms clock, "))
    put_uint(u64(before >> 20))
    puts(cstr(b"->"))
    put_uint(u64(before >> 20))
    puts(cstr(b"->"))
    put_uint(u64(heap_live.value >> 20))
    puts(cstr(b" MB, "))
    put_uint(u64(goal >> 20))
    puts(cstr(b" MB goal, "))
    put_uint(u64(marked_stack_bytes.value >> 20))
    puts(cstr(b" MB stacks, "))
    put_uint(u64(marked_global_bytes.value >> 20))
    puts(cstr(b" MB globals, 1 P\n"))
    end()


def put_thousandth(n: u64) -> None:
    """n / 1000 with three digits."""
    put_uint(u64(n // 1000))
    puts(cstr(b"."))
    part = u64(n % 1000)
    if part < 100:
        puts(cstr(b"0"))
    if part < 10:
        puts(cstr(b"0"))
    put_uint(part)


def shrink_all(pp: Ptr[P]) -> None:
    """Make stacks smaller that marking found little used, but not while checkescape looks at them as they were."""
    g = each_shrinking()
    while g != nil(G):
        if check_escapes_wanted.value == 0:
            relieve(pp, g)
        g = each_shrinking()
    chunks_free()


@noinline
def collect(pp: Ptr[P]) -> None:
    """Collect. All goroutines are stopped."""
    start = nanotime()
    gc_wanted.value = u64(gc_stress.value)
    before = heap_live.value
    flush(pp)
    gcstats.at.cycles = u64(gcstats.at.cycles + 1)
    mark()
    drop_timers()
    if check_escapes_wanted.value != 0:
        check_escapes()
    live = sweep()
    shrink_all(pp)
    heap_live.value = live
    gcstats.at.live = live
    gcstats.at.objects = live_objects.value
    gcstats.at.heap_max = max(gcstats.at.heap_max, before)
    goal = next_gc.value
    set_goal()
    choose_start()
    stackcache_clear(pp)
    free_stack_spans()
    took = i64(nanotime() - start)
    gcstats.at.pause_total = u64(gcstats.at.pause_total + u64(took))
    if gc_trace.value != 0:
        put_trace(before, goal, start, took)


def stress_skips(place: u64) -> boolean:
    """Under the gc stress a place collects the first 32 times it is reached, then every 32nd time."""
    slot = u64((place ^ place >> 12) & (PLACES - 1))
    n = _visits.at[slot]
    _visits.at[slot] = u64(n + 1)
    return n >= 32 and n & 31 != 0


def poll(pp: Ptr[P], place: u64) -> None:
    """Every goroutine of pp is stopped: collect when that is wanted. `place` tells places apart, for the stress."""
    wanted = gc_wanted.value
    if wanted == GC_DEMANDED or (wanted != 0 and (gc_stress.value == 0 or not stress_skips(place))):
        collect(pp)
