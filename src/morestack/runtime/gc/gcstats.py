"""Statistics of collections, for package runtime, pacing and gctrace."""

from morestack.dialect.machine import Array, Literal, i64, memset, size_of, static, struct, u8, u64
from morestack.runtime.sys.os import nanotime

PAUSES = u64(256)


@struct
class GCStats:
    """Counters since the start. In arrays by size class, index 0 is for large objects."""

    cycles: u64
    forced: u64
    pause_total: u64
    start_time: i64
    end_time: i64  # of the last collection
    last_wall: u64  # the same, in nanoseconds since 1970
    live: u64
    objects: u64
    heap_max: u64
    pause_ns: Array[u64, Literal[256]]  # of cycle n at (n + 255) % 256
    pause_end: Array[u64, Literal[256]]
    live_of_class: Array[u64, Literal[68]]  # objects that survived the last collection
    freed_of_class: Array[u64, Literal[68]]  # objects that collections have freed


gcstats = static(GCStats)


def gcstats_init() -> None:
    """Reset the statistics: no collection yet."""
    memset(gcstats.addr, u8(0), size_of(GCStats))
    gcstats.at.start_time = nanotime()
    gcstats.at.end_time = gcstats.at.start_time
