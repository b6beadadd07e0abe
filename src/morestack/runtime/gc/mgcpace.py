"""Pacing: how large the heap may become before the next collection.

GOGC is Go's: live + (live + roots) * GOGC / 100, at least 4 MB * GOGC / 100; a negative GOGC sets no such goal.

GOMEMLIMIT is soft, as in Go. The goal is also at most what the limit leaves for objects after all other memory taken
from the system (stacks, free pages inside spans, the runtime's own) is subtracted, less 3 % for what a goal does not
account for. If that is less than the live heap, a collection cannot help. To let the program still make progress, it
may allocate `step` bytes before the next collection. The step doubles if collections due to the limit take more time
than the program between them, and halves if they take less than a quarter. This has the effect of Go's limit of 50 % of
the CPU for the collector. With a limit set, free pages return to the system as soon as more memory is held than the
limit (mheap.py).
"""

from morestack.dialect.machine import Ptr, export, i64, static, u64
from morestack.runtime.gc.gcstats import gcstats
from morestack.runtime.gc.mgcworker import marked_global_bytes, marked_stack_bytes, marked_stacks
from morestack.runtime.mem.mcache import heap_live, next_gc
from morestack.runtime.mem.mheap import PAGE_SHIFT, mapped_bytes, mheap
from morestack.runtime.sys.layout import G

MIN_HEAP = u64(4 << 20)
GOROUTINE_COST = u64(1024)
"""Bytes to scan that a goroutine counts for in addition to its frames: in Go its structure is part of the heap."""
NEVER = u64(1 << 62)
MAX_PERCENT = i64(1000000)
NO_LIMIT = i64((1 << 63) - 1)
LEAST_STEP = u64(65536)
HEADROOM = u64(1 << 20)

gc_percent = static(i64)
memory_limit = static(i64)
_step = static(u64)
_by_limit = static(u64)


def pace_init() -> None:
    """Do not collect until the engine has called setgc."""
    next_gc.value = NEVER
    gc_percent.value = i64(-1)
    memory_limit.value = NO_LIMIT
    _step.value = LEAST_STEP
    _by_limit.value = u64(0)


def percent_goal() -> u64:
    """The goal set by GOGC."""
    if gc_percent.value < 0:
        return NEVER
    percent = u64(gc_percent.value)
    live = heap_live.value
    roots = u64(marked_stack_bytes.value + marked_stacks.value * GOROUTINE_COST + marked_global_bytes.value)
    goal = u64(live + (live + roots) // 100 * percent)
    return max(max(goal, u64(MIN_HEAP * percent // 100)), u64(live + LEAST_STEP))


def limit_goal() -> u64:
    """The goal set by GOMEMLIMIT."""
    if memory_limit.value == NO_LIMIT:
        return NEVER
    limit = u64(memory_limit.value)
    other = u64(mapped_bytes() - (mheap.at.free_pages - mheap.at.released_pages << PAGE_SHIFT) - heap_live.value)
    room = u64(limit - other) if limit > other else u64(0)
    headroom = max(HEADROOM, u64(room // 100 * 3))
    return max(u64(room - headroom) if room > headroom else u64(0), u64(heap_live.value + _step.value))


def set_goal() -> None:
    """Set the goal to the smaller of the two."""
    by_percent = percent_goal()
    by_limit = limit_goal()
    _by_limit.value = u64(1) if by_limit < by_percent else u64(0)
    next_gc.value = min(by_percent, by_limit)


def watch_cost(start: i64, took: i64) -> None:
    """A collection began at `start` and took `took`: adapt the step if the limit had caused it."""
    if _by_limit.value == 0:
        return
    between = i64(start - gcstats.at.end_time)
    if took > between:
        _step.value = min(u64(_step.value * 2), max(heap_live.value, LEAST_STEP))
    elif took * 4 < between:
        _step.value = max(u64(_step.value >> 1), LEAST_STEP)


@export
def setgcpercent(g: Ptr[G], percent: i64) -> i64:
    """debug.SetGCPercent. Returns the previous percentage, -1 if off."""
    before = gc_percent.value
    gc_percent.value = i64(-1) if percent < 0 else min(percent, MAX_PERCENT)
    set_goal()
    return before


@export
def setmemorylimit(g: Ptr[G], limit: i64) -> i64:
    """debug.SetMemoryLimit: a negative limit changes nothing. Returns the previous limit."""
    before = memory_limit.value
    if limit >= 0:
        memory_limit.value = limit
        set_goal()
    return before
