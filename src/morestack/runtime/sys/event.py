"""Stack events: a ring of records, filled on slow paths only, and counters.

        ring:  [Event][Event] ... [Event]        capacity fixed by event_init
               next = number of events ever recorded; slot = next % capacity

Counters are always kept; records are kept for the kinds in `mask` (bit 1 << kind). If the ring is full, the oldest
record is overwritten and counted in `lost`, so a report can tell how much is missing. Functions and call sites are
stored as addresses of records in code (docs/abi.md), which the engine turns into names.

Threads take slots by an atomic add, and fill them without a lock. A slot is complete once its thread has continued, so
readers wait until the program has ended. (If other threads fill a whole ring while a thread fills a slot, that record
is corrupted.) The counters here belong to slow paths and are changed by atomics, which take a few nanoseconds, little
compared with copying a stack.

Rejected: a record for every goroutine started. Starting one takes 12 ns, so it is only counted.
"""

from morestack.dialect.machine import (
    Ptr,
    atomic_add,
    boolean,
    i64,
    ptr_at,
    size_of,
    static,
    struct,
    u32,
    u64,
)
from morestack.runtime.sys.os import nanotime, sys_reserve

EVENT_GROW = u32(1)
EVENT_SHRINK = u32(2)
EVENT_ALLOC = u32(3)
EVENT_FREE = u32(4)
EVENT_MOVE = u32(5)
EVENT_OVERFLOW = u32(6)
EVENT_DEFAULT_MASK = u64(0x66)  # grow, shrink, move, overflow

SOURCE_CACHE = u32(0)
SOURCE_POOL = u32(1)
SOURCE_LARGE = u32(2)
SOURCE_HEAP = u32(3)
EVENT_CAPACITY = u64(65536)


@struct
class Event:
    """One record. `func` is the function that needed stack, `site` the call that led to it."""

    what: u32
    source: u32
    time: i64
    goid: u64
    func: u64
    site: u64
    old_size: u64
    new_size: u64
    copied: u64
    frames: u64
    pointers: u64
    stack_lo: u64
    next: u64


@struct
class Stats:
    """Counters since the start. Each processor counts the stacks it has allocated (layout.py)."""

    grows: u64
    shrinks: u64
    moves: u64
    bytes_copied: u64
    frames_adjusted: u64
    pointers_adjusted: u64
    largest_stack: u64
    stack_inuse_max: u64  # the most bytes that stacks of all processors used at one time
    segment_overflows: u64  # segmented stacks (crossing.py): calls that did not fit
    segment_crossings: u64  # overflows, and returns from them
    segments_kept: u64  # overflows that reused a kept segment
    frames_moved: u64
    frame_bytes_moved: u64
    threads_max: u64  # most threads at one time, the collector's helpers not counted


stats = static(Stats)
event_ring = static(u64)
event_next = static(u64)
event_mask = static(u64)
event_capacity = static(u64)


def event_init(capacity: u64) -> None:
    """Allocate the ring. It is reserved address space: only the used part takes memory."""
    if event_ring.value == 0:
        event_ring.value = sys_reserve(u64(capacity * size_of(Event)))
        event_capacity.value = capacity if event_ring.value != 0 else u64(0)
        event_mask.value = EVENT_DEFAULT_MASK
    event_next.value = u64(0)


def event_wanted(kind: u32) -> boolean:
    """Whether records of this kind are kept."""
    return event_capacity.value != 0 and (event_mask.value >> u64(kind)) & 1 != 0


def event_record(kind: u32) -> Ptr[Event]:
    """Take the next slot, with kind and time filled in. The caller fills in the rest."""
    at = u64(atomic_add(event_next.ptr, u64(1)) - 1)
    e = ptr_at(Event, u64(event_ring.value + at % event_capacity.value * size_of(Event)))
    e.at.what = kind
    e.at.time = nanotime()
    e.at.next = at
    return e
