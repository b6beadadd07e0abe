"""The page heap: runs of 8 KB pages, from which spans for stacks and objects are cut.

All of them come from one reservation of address space:

    arena_lo                        arena_used                 arena_hi
    | span | free run | span | ...  | never used, still zero ... |
    spans[(addr - arena_lo) / 8192] -> MSpan of that page; of a free run only the first and last page
    bits + (addr - arena_lo) / 8192 * 256: mark and allocation bits of the objects on that page (mspan.py)

Invariants
- Adjacent runs are never both free: freeing merges a run with both neighbours.
- A free run is in exactly one bin; bins 0..127 hold runs of exactly that many pages, bin 121 + k those of
  [2^k, 2^(k+1)) pages for k >= 7. A set bit in `bins_used` marks a bin that is not empty.
- `needzero` is clear only when all memory of the run reads as zero.
- Every span's structure comes from `span_free`, and its memory is never returned to the system.

Rejected: Go's radix tree of page bitmaps. It pays off when many processors allocate pages at once. With spans of 32 KB
for stacks, and with bins and boundary lookup, an allocation takes about 20 ns.

Note [Memory goes back to the system]: `scavenge` releases free runs of at least 128 KB, largest first. It releases runs
that are two ticks old while the memory held exceeds the heap's goal by more than a tenth, and runs of any age while it
exceeds GOMEMLIMIT. A tick is a collection, so a program that soon needs its peak memory again keeps it. Runs of 128 MB
or more are released at once. Only the number of released pages of a run is known, not which ones. If the run is split,
they are attributed to the rest first.

Rejected: requesting huge pages (MADV_HUGEPAGE). On a virtual machine whose host must find their memory first, one huge
page cost 5 ms. Starting a million goroutines spent 7 seconds on that, and less than one second with small pages
requested eight at a time (stackpool.py).
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    NoReturn,
    Ptr,
    boolean,
    clz,
    cstr,
    ctz,
    nil,
    ptr_at,
    size_of,
    static,
    struct,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.sys.fatal import throw, write_error, write_number
from morestack.runtime.sys.lock import RANK_HEAP, RANK_PERSISTENT, lock, unlock
from morestack.runtime.sys.os import MADV_DONTNEED, madvise, munmap, sys_reserve

PAGE_SIZE = u64(8192)
PAGE_SHIFT = u64(13)
ARENA_SIZE = u64(1 << 38)
ARENA_SIZE_MIN = u64(1 << 26)
EXACT_BINS = u64(128)
PERSISTENT_CHUNK = u64(262144)
SCAVENGE_PAGES = u64(16384)
SCAVENGE_LEAST = u64(16)
SCAVENGE_AGE = u32(2)

SPAN_FREE = u32(0)
SPAN_STACK = u32(1)
SPAN_HEAP = u32(2)
SPAN_WORK = u32(3)
"""A span of the collector's own memory."""

BITS_PER_PAGE = u64(256)
"""Bytes for the bits of a page: two bits for each 8 bytes of it."""


@struct
class MSpan:
    """A run of pages, free or in use."""

    next: Ptr["MSpan"]
    prev: Ptr["MSpan"]
    base: u64
    npages: u64
    state: u32
    needzero: u32
    alloc_count: u64
    manual_free_list: u64
    elemsize: u64
    # Spans of objects (mspan.py).
    form: u32
    run: u32
    nelems: u64
    limit: u64
    divmul: u64
    free_index: u64
    mask: u64
    typ: u64
    listed: u32
    tick: u32  # of a free run: when it became free
    released: u64  # of a free run: how many pages have been returned to the system
    specials: u64  # the first special of its objects (mspecial.py)
    special_link: u64
    special_listed: u32
    order: u32  # of stacks; of objects the size class, 0 for a large one


@struct
class MHeap:
    """The heap of pages. See the module."""

    lock: u32
    arena_lo: u64
    arena_used: u64
    arena_hi: u64
    arena_length: u64
    spans: u64
    bits: u64
    bins: Array[u64, Literal[160]]
    bins_used: Array[u64, Literal[3]]
    span_free: Ptr[MSpan]
    persistent_lock: u32
    persistent_next: u64
    persistent_end: u64
    persistent_sys: u64
    pages_inuse: u64
    spans_inuse: u64
    pages_of: Array[u64, Literal[4]]  # pages in use by SPAN_STACK, SPAN_HEAP, SPAN_WORK
    free_pages: u64
    released_pages: u64
    span_structs: u64
    clock: u32


mheap = static(MHeap)


def mheap_init() -> None:
    """Reserve the arena. A second call releases all memory and starts over (tests do this)."""
    if mheap.at.arena_lo != 0:
        munmap(mheap.at.arena_lo, mheap.at.arena_length)
        munmap(mheap.at.spans, u64(mheap.at.arena_length >> PAGE_SHIFT << 3))
        munmap(mheap.at.bits, u64((mheap.at.arena_length >> PAGE_SHIFT) * BITS_PER_PAGE))
    length = ARENA_SIZE
    lo = sys_reserve(length)
    while lo == 0 and length > ARENA_SIZE_MIN:
        length = u64(length >> 1)
        lo = sys_reserve(length)
    spans = sys_reserve(u64(length >> PAGE_SHIFT << 3))
    bits = sys_reserve(u64((length >> PAGE_SHIFT) * BITS_PER_PAGE))
    if lo == 0 or spans == 0 or bits == 0:
        throw(cstr(b"cannot reserve memory for the heap"))
    start = u64((lo + PAGE_SIZE - 1) >> PAGE_SHIFT << PAGE_SHIFT)
    mheap.at.arena_length = length
    mheap.at.arena_lo = lo
    mheap.at.arena_used = start
    mheap.at.arena_hi = u64(lo + length)
    mheap.at.spans = spans
    mheap.at.bits = bits
    for i in range(160):
        mheap.at.bins[i] = u64(0)
    for i in range(3):
        mheap.at.bins_used[i] = u64(0)
    mheap.at.span_free = nil(MSpan)
    mheap.at.persistent_next = u64(0)
    mheap.at.persistent_end = u64(0)
    mheap.at.persistent_lock = u32(0)
    mheap.at.persistent_sys = u64(0)
    mheap.at.pages_inuse = u64(0)
    mheap.at.spans_inuse = u64(0)
    for i in range(4):
        mheap.at.pages_of[i] = u64(0)
    mheap.at.free_pages = u64(0)
    mheap.at.released_pages = u64(0)
    mheap.at.span_structs = u64(0)
    mheap.at.clock = u32(0)
    mheap.at.lock = u32(0)


GROW_BYTES = u64(4 << 20)


def out_of_memory(size: u64) -> NoReturn:
    """End the program: it needs `size` bytes more than the arena has. The wording is Go's, which also grows by
    chunks."""
    write_error(cstr(b"runtime: out of memory: cannot allocate "))
    write_number(u64((size + GROW_BYTES - 1) // GROW_BYTES * GROW_BYTES))
    write_error(cstr(b"-byte block ("))
    write_number(u64(mheap.at.pages_inuse << PAGE_SHIFT))
    write_error(cstr(b" in use)\n"))
    throw(cstr(b"out of memory"))


def persistentalloc(size: u64) -> u64:
    """Allocate zeroed memory that is never freed, 16-aligned, for G, MSpan, Sudog and tables."""
    need = u64((size + 15) >> 4 << 4)
    lock(mheap.ptr.field(MHeap.persistent_lock), RANK_PERSISTENT)
    if mheap.at.persistent_end - mheap.at.persistent_next < need:
        chunk = max(PERSISTENT_CHUNK, need)
        p = sys_reserve(chunk)
        if p == 0:
            throw(cstr(b"runtime: out of memory"))
        mheap.at.persistent_next = p
        mheap.at.persistent_end = u64(p + chunk)
    at = mheap.at.persistent_next
    mheap.at.persistent_next = u64(at + need)
    mheap.at.persistent_sys = u64(mheap.at.persistent_sys + need)
    unlock(mheap.ptr.field(MHeap.persistent_lock))
    return at


def span_of(addr: u64) -> Ptr[MSpan]:
    """The span an address in the arena belongs to; nil outside. Inside a free run the result is undefined."""
    if addr < mheap.at.arena_lo or addr >= mheap.at.arena_used:
        return nil(MSpan)
    page = u64((addr - mheap.at.arena_lo) >> PAGE_SHIFT)
    return ptr_at(MSpan, ptr_at(u64, u64(mheap.at.spans + page * 8))[0])


def set_span(addr: u64, s: Ptr[MSpan]) -> None:
    """Record that the page at addr belongs to s."""
    page = u64((addr - mheap.at.arena_lo) >> PAGE_SHIFT)
    ptr_at(u64, u64(mheap.at.spans + page * 8))[0] = s.addr


def bin_of(npages: u64) -> u64:
    """The bin that holds free runs of this many pages."""
    if npages < EXACT_BINS:
        return npages
    return u64(121 + 63 - clz(npages))


def bin_insert(s: Ptr[MSpan]) -> None:
    """Put a free run in its bin, and record it for its first and last page."""
    b = bin_of(s.at.npages)
    head = ptr_at(MSpan, mheap.at.bins[b])
    s.at.prev = nil(MSpan)
    s.at.next = head
    if head != nil(MSpan):
        head.at.prev = s
    mheap.at.bins[b] = s.addr
    mheap.at.bins_used[b >> 6] = u64(mheap.at.bins_used[b >> 6] | u64(1) << (b & 63))
    s.at.state = SPAN_FREE
    set_span(s.at.base, s)
    set_span(u64(s.at.base + (s.at.npages - 1) * PAGE_SIZE), s)


def bin_remove(s: Ptr[MSpan]) -> None:
    """Take a free run out of its bin."""
    b = bin_of(s.at.npages)
    if s.at.prev != nil(MSpan):
        s.at.prev.at.next = s.at.next
    else:
        mheap.at.bins[b] = s.at.next.addr
        if s.at.next == nil(MSpan):
            mheap.at.bins_used[b >> 6] = u64(mheap.at.bins_used[b >> 6] & ~(u64(1) << (b & 63)))
    if s.at.next != nil(MSpan):
        s.at.next.at.prev = s.at.prev
    s.at.next = nil(MSpan)
    s.at.prev = nil(MSpan)


def new_span_struct() -> Ptr[MSpan]:
    """Take or allocate an MSpan for the caller to fill in."""
    s = mheap.at.span_free
    if s == nil(MSpan):
        mheap.at.span_structs = u64(mheap.at.span_structs + 1)
        return ptr_at(MSpan, persistentalloc(size_of(MSpan)))
    mheap.at.span_free = s.at.next
    s.at.next = nil(MSpan)
    return s


def find_run(npages: u64) -> Ptr[MSpan]:
    """Find a free run of at least npages, or nil. It takes the smallest bin that can hold one, and in a bin of several
    sizes the first run that fits."""
    b = bin_of(npages)
    if b >= EXACT_BINS:
        s = ptr_at(MSpan, mheap.at.bins[b])
        tries = u64(0)
        while s != nil(MSpan) and tries < 64:
            if s.at.npages >= npages:
                return s
            s = s.at.next
            tries = u64(tries + 1)
        b = u64(b + 1)
    word = b >> 6
    bits = u64(mheap.at.bins_used[word] >> (b & 63) << (b & 63)) if word < 3 else u64(0)
    while word < 3:
        if bits != 0:
            return ptr_at(MSpan, mheap.at.bins[u64((word << 6) + ctz(bits))])
        word = u64(word + 1)
        if word < 3:
            bits = mheap.at.bins_used[word]
    return nil(MSpan)


def grow_arena(npages: u64) -> Ptr[MSpan]:
    """Take a run of never used, zero pages. Returns nil if the reservation is exhausted."""
    size = u64(npages << PAGE_SHIFT)
    if mheap.at.arena_hi - mheap.at.arena_used < size:
        return nil(MSpan)
    s = new_span_struct()
    s.at.base = mheap.at.arena_used
    s.at.npages = npages
    s.at.needzero = u32(0)
    s.at.released = u64(0)
    mheap.at.arena_used = u64(mheap.at.arena_used + size)
    return s


def mheap_alloc(npages: u64, state: u32) -> Ptr[MSpan]:
    """Allocate a span of exactly npages pages. Returns nil if memory is exhausted. span_of finds the span from any of
    its pages."""
    lock(mheap.ptr.field(MHeap.lock), RANK_HEAP)
    s = find_run(npages)
    if s == nil(MSpan):
        s = grow_arena(npages)
        if s == nil(MSpan):
            unlock(mheap.ptr.field(MHeap.lock))
            return s
    else:
        bin_remove(s)
        mheap.at.free_pages = u64(mheap.at.free_pages - npages)
        if s.at.npages > npages:
            rest = new_span_struct()
            rest.at.base = u64(s.at.base + (npages << PAGE_SHIFT))
            rest.at.npages = u64(s.at.npages - npages)
            rest.at.needzero = s.at.needzero
            rest.at.tick = s.at.tick
            rest.at.released = min(s.at.released, rest.at.npages)
            s.at.released = u64(s.at.released - rest.at.released)
            s.at.npages = npages
            bin_insert(rest)
        mheap.at.released_pages = u64(mheap.at.released_pages - s.at.released)
        s.at.released = u64(0)
    s.at.state = state
    mheap.at.pages_of[state] = u64(mheap.at.pages_of[state] + npages)
    s.at.alloc_count = u64(0)
    s.at.manual_free_list = u64(0)
    s.at.listed = u32(0)
    s.at.specials = u64(0)
    s.at.special_listed = u32(0)
    for i in range(npages):
        set_span(u64(s.at.base + (i << PAGE_SHIFT)), s)
    mheap.at.pages_inuse = u64(mheap.at.pages_inuse + npages)
    mheap.at.spans_inuse = u64(mheap.at.spans_inuse + 1)
    unlock(mheap.ptr.field(MHeap.lock))
    return s


def mheap_free(s: Ptr[MSpan]) -> None:
    """Free a span's pages, and merge them with free neighbours. Very large runs return to the system."""
    lock(mheap.ptr.field(MHeap.lock), RANK_HEAP)
    mheap.at.pages_inuse = u64(mheap.at.pages_inuse - s.at.npages)
    mheap.at.spans_inuse = u64(mheap.at.spans_inuse - 1)
    mheap.at.pages_of[s.at.state] = u64(mheap.at.pages_of[s.at.state] - s.at.npages)
    mheap.at.free_pages = u64(mheap.at.free_pages + s.at.npages)
    s.at.needzero = u32(1)
    s.at.tick = mheap.at.clock
    s.at.released = u64(0)
    if s.at.npages >= SCAVENGE_PAGES:
        release(s)
    insert_merged(s)
    unlock(mheap.ptr.field(MHeap.lock))


def release(s: Ptr[MSpan]) -> None:
    """Return the memory of a free run to the system. The run is not in a bin."""
    madvise(s.at.base, u64(s.at.npages << PAGE_SHIFT), MADV_DONTNEED)
    s.at.needzero = u32(0)
    mheap.at.released_pages = u64(mheap.at.released_pages + s.at.npages - s.at.released)
    s.at.released = s.at.npages


def merge(s: Ptr[MSpan], other: Ptr[MSpan]) -> None:
    """Merge a neighbour into a free run. The larger one determines the age of the run."""
    bin_remove(other)
    if other.at.npages > s.at.npages:
        s.at.tick = other.at.tick
    s.at.npages = u64(s.at.npages + other.at.npages)
    s.at.released = u64(s.at.released + other.at.released)
    s.at.needzero = u32(s.at.needzero | other.at.needzero)
    other.at.next = mheap.at.span_free
    mheap.at.span_free = other


def insert_merged(s: Ptr[MSpan]) -> None:
    """Put a free run in its bin, merged with free neighbours. The lock is held."""
    before = span_of(u64(s.at.base - PAGE_SIZE))
    if before != nil(MSpan) and before.at.state == SPAN_FREE:
        s.at.base = before.at.base
        merge(s, before)
    after = span_of(u64(s.at.base + (s.at.npages << PAGE_SHIFT)))
    if after != nil(MSpan) and after.at.state == SPAN_FREE:
        merge(s, after)
    bin_insert(s)


def mapped_bytes() -> u64:
    """Bytes taken from the system and not returned: the arena's, and the runtime's own structures."""
    pages = u64(mheap.at.pages_inuse + mheap.at.free_pages - mheap.at.released_pages)
    return u64((pages << PAGE_SHIFT) + mheap.at.persistent_sys)


def release_next(any_age: boolean) -> boolean:
    """Return one of the largest free runs to the system. Returns False if none is old enough. The lock is held."""
    b = u64(159)
    while b >= SCAVENGE_LEAST:
        s = ptr_at(MSpan, mheap.at.bins[b])
        while s != nil(MSpan):
            old = any_age or u32(mheap.at.clock - s.at.tick) >= SCAVENGE_AGE
            if old and s.at.released < s.at.npages:
                bin_remove(s)
                release(s)
                bin_insert(s)
                return True
            s = s.at.next
        b = u64(b - 1)
    return False


def scavenge(goal: u64, limit: u64) -> None:
    """Count a tick and release memory. See Note [Memory goes back to the system]."""
    lock(mheap.ptr.field(MHeap.lock), RANK_HEAP)
    mheap.at.clock = u32(mheap.at.clock + 1)
    keep = u64(goal + goal // 10)
    while mapped_bytes() > keep and release_next(False):
        pass
    while mapped_bytes() > limit and release_next(True):
        pass
    unlock(mheap.ptr.field(MHeap.lock))
