"""Stacks that grow in place: a large reservation of address space for each goroutine, committed by page faults.

        reservation:   bottom ............ lo [ committed ] hi
                       256 MB of addresses     hi is fixed; lo moves down by doubling, and up again if little is used

Nothing is copied and no pointer is adjusted. The guard lies at the end of what the goroutine has been given so far, not
at the end of the reservation. So the runtime knows how much may hold pages, and can release them (MADV_DONTNEED) when
the goroutine ends, or when the collector finds that it uses less than a quarter. Growing in place in a reservation is
the method of libmprompt (D. Leijen). There page faults are the only check; here the prologue checks anyway.

One mapping holds all reservations, so that the kernel keeps one record for it (vm.max_map_count limits the number of
records). The first goroutine gets MAIN_SIZE, just as the main thread of a process has a stack size of its own. Once
half of the mapping is used, goroutines get SMALL_SIZE, so that a million fit. A goroutine structure keeps its
reservation forever: the list of dead goroutines is the pool.

The cost is memory that the process does not see: besides its page of stack, each reservation has page tables of its
own, at least one page.
"""

from morestack.abi.convention import LINK, STACK_GUARD
from morestack.dialect.machine import (
    Ptr,
    atomic_add,
    atomic_load,
    boolean,
    cas,
    cstr,
    i32,
    i64,
    nil,
    static,
    struct,
    u64,
)
from morestack.runtime.mem.extra import extra_of, spill_of
from morestack.runtime.stack.stackalloc import count_alloc, count_bytes, raise_to
from morestack.runtime.sys.event import SOURCE_HEAP, Stats, stats
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import G, P, Spill
from morestack.runtime.sys.os import (
    MADV_DONTNEED,
    MADV_NOHUGEPAGE,
    MAP_FAILED,
    MAP_PRIVATE_ANON_NORESERVE,
    MAP_STACK,
    PROT_READ_WRITE,
    madvise,
    mmap,
    munmap,
)  # fmt: skip

RESERVATION = u64(1 << 28)
MAIN_SIZE = u64(1 << 30)
SMALL_SIZE = u64(1 << 24)
REGION = u64(1 << 45)
REGION_MIN = u64(1 << 32)
START = u64(4096)
"""Bytes a goroutine is given first: one page."""
THREAD_PAGES = u64(8192)
"""Bytes of a waiting thread's stack that its C frames and glibc's record above them take: two pages."""


@struct
class Reserve:
    """The mapping [lo, hi), allocated up to `next`."""

    lo: u64
    hi: u64
    next: u64


reserve = static(Reserve)


def reserve_init() -> None:
    """Start without a mapping. A second call releases the previous one (tests do this)."""
    if reserve.at.lo != 0:
        munmap(reserve.at.lo, u64(reserve.at.hi - reserve.at.lo))
    reserve.at.lo = u64(0)
    reserve.at.hi = u64(0)
    reserve.at.next = u64(0)


def reserve_region() -> boolean:
    """Reserve addresses for all goroutines. False if the system has none."""
    size = REGION
    lo = MAP_FAILED
    while lo == MAP_FAILED and size >= REGION_MIN:
        lo = mmap(u64(0), size, PROT_READ_WRITE, MAP_PRIVATE_ANON_NORESERVE | MAP_STACK, i32(-1), i64(0))
        if lo == MAP_FAILED:
            size = u64(size >> 1)
    if lo == MAP_FAILED:
        return False
    madvise(lo, size, MADV_NOHUGEPAGE)
    reserve.at.lo = lo
    reserve.at.hi = u64(lo + size)
    reserve.at.next = lo
    return True


def reservation_size(at: u64) -> u64:
    """The size of the reservation that begins at this address."""
    if at == reserve.at.lo:
        return min(MAIN_SIZE, u64((reserve.at.hi - at) >> 2))
    return RESERVATION if at - reserve.at.lo < (reserve.at.hi - reserve.at.lo) >> 1 else SMALL_SIZE


def reserve_stack(pp: Ptr[P], g: Ptr[G], start: u64) -> None:
    """Give g a reservation, with `start` bytes committed, but at least a page."""
    at = atomic_load(reserve.ptr.field(Reserve.next))
    size = reservation_size(at)
    while not cas(reserve.ptr.field(Reserve.next), at, u64(at + size)):
        at = atomic_load(reserve.ptr.field(Reserve.next))
        size = reservation_size(at)
    if u64(at + size) > reserve.at.hi:
        throw(cstr(b"out of address space: no more reservations for stacks"))
    extra_of(g).at.bottom = at
    g.at.stack_hi = u64(at + size)
    g.at.stack_lo = u64(at + size - max(start, START))
    count_alloc(pp, SOURCE_HEAP, max(start, START))


def in_reservation(p: u64) -> boolean:
    """Whether an address lies in the mapping."""
    return p >= reserve.at.lo and p < reserve.at.hi


def commit(pp: Ptr[P], g: Ptr[G], size: u64) -> None:
    """Let g use `size` bytes of its reservation."""
    before = u64(g.at.stack_hi - g.at.stack_lo)
    g.at.stack_lo = u64(g.at.stack_hi - size)
    count_bytes(pp, i64(i64(size) - i64(before)), size > before)
    raise_to(stats.ptr.field(Stats.largest_stack), size)


def grow_reserve(pp: Ptr[P], g: Ptr[G], frame: u64, limit: u64) -> u64:
    """Give g room for a frame. Returns 0, or the size that exceeds the limit."""
    needed = u64(g.at.stack_hi - g.at.sched.sp + LINK + frame + STACK_GUARD + LINK)
    size = u64(g.at.stack_hi - g.at.stack_lo)
    while size < needed:
        size = u64(size * 2)
    room = u64(g.at.stack_hi - g.at.extra.at.bottom)
    if needed <= room:
        size = min(size, room)
    if size > limit or size > room:
        return size
    commit(pp, g, size)
    atomic_add(stats.ptr.field(Stats.grows), u64(1))
    return u64(0)


def decommit(pp: Ptr[P], g: Ptr[G], size: u64) -> None:
    """Take back all but `size` bytes: the pages return to the system."""
    lo = g.at.stack_lo
    madvise(lo, u64(g.at.stack_hi - size - lo), MADV_DONTNEED)
    commit(pp, g, size)
    atomic_add(stats.ptr.field(Stats.shrinks), u64(1))


def use_thread_stack(pp: Ptr[P], g: Ptr[G], bottom: u64, hi: u64) -> None:
    """Let g use [bottom, hi) of its thread's stack like a reservation."""
    extra_of(g).at.bottom = bottom
    g.at.stack_hi = hi
    g.at.stack_lo = u64(hi - START)
    count_alloc(pp, SOURCE_HEAP, START)
    count_bytes(pp, i64(THREAD_PAGES), True)


def leave_thread_stack(pp: Ptr[P], g: Ptr[G]) -> None:
    """g has ended, and so has its thread."""
    size = u64(g.at.stack_hi - g.at.stack_lo + THREAD_PAGES)
    count_bytes(pp, i64(0 - i64(size)), False)
    g.at.stack_lo = u64(0)
    g.at.stack_hi = u64(0)


def used_bytes(g: Ptr[G]) -> u64:
    """The bytes of stack that a stopped goroutine needs."""
    used = u64(g.at.stack_hi - g.at.sched.sp + LINK + STACK_GUARD)
    spill = spill_of(g)
    if spill != nil(Spill):  # it is about to make this frame
        used = u64(used + spill.at.more_frame)
    return used


def reserve_excess(g: Ptr[G]) -> boolean:
    """Whether a stopped goroutine uses less than a quarter of what it has been given."""
    size = u64(g.at.stack_hi - g.at.stack_lo)
    return size > START and used_bytes(g) < size >> 2


def trim_reserve(pp: Ptr[P], g: Ptr[G]) -> None:
    """Take back what a stopped goroutine does not use, if that is more than three quarters."""
    if not reserve_excess(g):
        return
    size = START
    while size < used_bytes(g):
        size = u64(size * 2)
    decommit(pp, g, size)


def end_reserve(pp: Ptr[P], g: Ptr[G], start: u64) -> None:
    """g has ended: keep its reservation, with as much committed as a new goroutine gets."""
    if u64(g.at.stack_hi - g.at.stack_lo) > max(start, START):
        decommit(pp, g, max(start, START))
