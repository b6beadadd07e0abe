"""runtime.ReadMemStats: figures of the heap and the collector. They are read while the world is stopped, so they are
consistent.

        Mallocs, Frees   counted by runs, by size class; objects of runs not allocated yet are subtracted here.
                         A part of a block of tiny objects counts as allocated and freed, as in Go
        HeapSys          the arena without stacks and the collector's memory: HeapInuse (pages of objects) + HeapIdle
        StackInuse       pages of stacks
        GCSys            mark and allocation bits, the table of spans, chunks of grey objects
        OtherSys         goroutines, threads, tables
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    atomic_load,
    boolean,
    export,
    f64,
    fdiv,
    func_ptr,
    i64,
    local,
    memset,
    ptr_at,
    size_of,
    struct,
    u8,
    u32,
    u64,
)
from morestack.runtime.gc.gcstats import PAUSES, gcstats
from morestack.runtime.gc.mgcpace import NEVER, gc_percent
from morestack.runtime.gc.mgcsweep import arena_start
from morestack.runtime.mem.mcache import heap_live, next_gc, total_alloc
from morestack.runtime.mem.mheap import (
    BITS_PER_PAGE,
    PAGE_SHIFT,
    SPAN_HEAP,
    SPAN_STACK,
    SPAN_WORK,
    MSpan,
    mheap,
)
from morestack.runtime.mem.mkind import NUM_KINDS
from morestack.runtime.mem.sizeclasses import NUM_CLASSES, size_classes
from morestack.runtime.sched.sched import with_world_stopped
from morestack.runtime.sys.allp import allp, allp_n, stacks_inuse
from morestack.runtime.sys.layout import G, P
from morestack.runtime.sys.os import nanotime

BY_SIZE = u64(61)


@struct
class BySize:
    """The figures of a size class, in MemStats."""

    size: u32
    pad: u32
    mallocs: u64
    frees: u64


@struct
class MemStats:
    """The MemStats of golib/runtime/mstats.go."""

    alloc: u64
    total_alloc: u64
    sys: u64
    lookups: u64
    mallocs: u64
    frees: u64
    heap_alloc: u64
    heap_sys: u64
    heap_idle: u64
    heap_inuse: u64
    heap_released: u64
    heap_objects: u64
    stack_inuse: u64
    stack_sys: u64
    mspan_inuse: u64
    mspan_sys: u64
    mcache_inuse: u64
    mcache_sys: u64
    buckhash_sys: u64
    gc_sys: u64
    other_sys: u64
    next_gc: u64
    last_gc: u64
    pause_total_ns: u64
    pause_ns: Array[u64, Literal[256]]
    pause_end: Array[u64, Literal[256]]
    num_gc: u32
    num_forced_gc: u32
    gc_cpu_fraction: f64
    enable_gc: boolean
    debug_gc: boolean
    by_size: Array[BySize, Literal[61]]


@struct
class Unused:
    """The objects in runs that are not allocated yet, by size class, and their bytes."""

    objects: Array[u64, Literal[68]]
    bytes: u64


def count_unused(pp: Ptr[P], out: Ptr[Unused]) -> None:
    """Add a processor's runs. The runs are kept, because releasing them would waste the rest of their spans."""
    for kind in range(NUM_KINDS):
        run = pp.at.runs[kind]
        if run.next != run.end:
            left = u64(run.end - run.next)
            c = u64(ptr_at(MSpan, run.span).at.order)
            out.at.objects[c] = u64(out.at.objects[c] + left // run.size)
            out.at.bytes = u64(out.at.bytes + left)


def fill_objects(out: Ptr[MemStats], unused: Ptr[Unused]) -> None:
    """Fill in objects and their bytes."""
    tiny = u64(0)
    for i in range(allp_n.value):
        count_unused(allp.at[i], unused)
        tiny = u64(tiny + allp.at[i].at.tinyallocs)
    mallocs = tiny
    frees = tiny
    for c in range(NUM_CLASSES):
        made = u64(0)
        for i in range(allp_n.value):
            made = u64(made + allp.at[i].at.mallocs[c])
        made = u64(made - unused.at.objects[c])
        freed = gcstats.at.freed_of_class[c]
        mallocs = u64(mallocs + made)
        frees = u64(frees + freed)
        if c < BY_SIZE:
            row = out.at.by_size[c]
            row.size = size_classes.at.size[c]
            if c != 0:
                row.mallocs = made
                row.frees = freed
    out.at.alloc = u64(atomic_load(heap_live.ptr) - unused.at.bytes)
    out.at.total_alloc = u64(atomic_load(total_alloc.ptr) - unused.at.bytes)
    out.at.heap_alloc = out.at.alloc
    out.at.mallocs = mallocs
    out.at.frees = frees
    out.at.heap_objects = u64(mallocs - frees)


def fill_memory(out: Ptr[MemStats]) -> None:
    """Fill in memory taken from the system."""
    arena = u64(mheap.at.arena_used - arena_start())
    work = u64(mheap.at.pages_of[SPAN_WORK] << PAGE_SHIFT)
    spans = u64(mheap.at.pages_of[SPAN_STACK] << PAGE_SHIFT)
    out.at.stack_inuse = max(spans, stacks_inuse())  # reserved stacks are not in spans
    out.at.stack_sys = out.at.stack_inuse
    out.at.heap_inuse = u64(mheap.at.pages_of[SPAN_HEAP] << PAGE_SHIFT)
    out.at.heap_sys = u64(arena - spans - work)
    out.at.heap_idle = u64(out.at.heap_sys - out.at.heap_inuse)
    out.at.heap_released = u64(mheap.at.released_pages << PAGE_SHIFT)
    out.at.mspan_inuse = u64(mheap.at.spans_inuse * size_of(MSpan))
    out.at.mspan_sys = u64(mheap.at.span_structs * size_of(MSpan))
    out.at.mcache_inuse = u64(allp_n.value * size_of(P))
    out.at.mcache_sys = out.at.mcache_inuse
    out.at.gc_sys = u64((arena >> PAGE_SHIFT) * (BITS_PER_PAGE + 8) + work)
    out.at.other_sys = u64(mheap.at.persistent_sys - out.at.mspan_sys - out.at.mcache_sys)
    out.at.sys = u64(out.at.heap_sys + out.at.stack_sys + out.at.gc_sys + mheap.at.persistent_sys)


def fill_collections(out: Ptr[MemStats]) -> None:
    """Fill in what the collector has done."""
    out.at.next_gc = next_gc.value if next_gc.value < NEVER else u64(0xFFFF_FFFF_FFFF_FFFF)
    out.at.last_gc = gcstats.at.last_wall
    out.at.pause_total_ns = gcstats.at.pause_total
    for i in range(PAUSES):
        out.at.pause_ns[i] = gcstats.at.pause_ns[i]
        out.at.pause_end[i] = gcstats.at.pause_end[i]
    out.at.num_gc = u32(gcstats.at.cycles)
    out.at.num_forced_gc = u32(gcstats.at.forced)
    elapsed = i64(nanotime() - gcstats.at.start_time)
    out.at.gc_cpu_fraction = fdiv(f64(gcstats.at.pause_total), f64(max(elapsed, i64(1))))
    out.at.enable_gc = gc_percent.value >= 0


@export
def memstats(g: Ptr[G], out: Ptr[MemStats]) -> i64:
    """Let schedule fill in everything, with the world stopped. Until then g's stack may move, and `out` with it, so the
    address is stored where copystack finds it."""
    g.at.sched.ctxt = out.addr
    g.at.sched.ret = u64(0)
    return with_world_stopped(g, func_ptr(memstats_stopped), u64(0))


def memstats_stopped(g: Ptr[G]) -> None:
    """Fill in all figures. The world is stopped."""
    out = ptr_at(MemStats, g.at.sched.ctxt)
    g.at.sched.ctxt = u64(0)
    memset(out.addr, u8(0), size_of(MemStats))
    unused = local(Unused)
    fill_objects(out, unused)
    fill_memory(out)
    fill_collections(out)
