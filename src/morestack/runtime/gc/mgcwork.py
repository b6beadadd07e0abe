"""Grey objects: marked, but their pointers not yet followed. Each marking thread has two chunks of them. Further chunks
are in a list shared by all threads.

        GCWork    this: base [ link, used | object span | object span | ... top ]    other: [ ... ]
        shared    full -> chunk -> chunk -> ...      empty -> chunk -> ...

A thread has two chunks so that it does not access the shared list each time when it alternately puts and gets at the
edge of one (Go's wbuf1, wbuf2). A thread that is out of work takes a chunk from the list, and waits if the list is
empty. Other threads see it waiting and share half of what they have (`share`). Marking has ended when all threads wait:
see mgcworker.py.

Chunks are allocated from the page heap when needed, and freed when a collection ends. So marking needs no reserved
memory, and cannot overflow.

Invariants
- Only its thread uses a GCWork. The lock guards the shared list, but `nfull` may be read without it.
- `top` tells how full `this` is; for other chunks, the word `used` does.
"""

from morestack.dialect.machine import Ptr, atomic_load, memmove, nil, noinline, ptr_at, static, struct, u32, u64
from morestack.runtime.mem.mheap import PAGE_SHIFT, SPAN_WORK, MSpan, mheap_alloc, mheap_free, out_of_memory, span_of
from morestack.runtime.sys.lock import RANK_WORK, lock, unlock

CHUNK_PAGES = u64(1)
CHUNK_BYTES = u64(8192)
CHUNK_HEAD = u64(16)
CHUNK_EMPTY = CHUNK_HEAD
ENTRY = u64(16)
SHARE_LEAST = u64(512)
"""Bytes of entries below which a thread does not share: scanning 32 objects takes less time than handing them over."""


@struct
class GCWork:
    """The state of a marking thread."""

    top: u64
    base: u64
    end: u64
    other: u64
    parallel: u32  # other threads mark too: mark bits are set by atomics
    asks: u32  # alone so far, but may ask for help
    note: u32  # what a helper sleeps on
    thread: u64  # its pthread_t
    stack_lo: u64  # the stack being scanned (mgcobjects.py)
    stack_size: u64
    stack_map: u64  # a chunk for the bits of a small stack
    refs: u64
    done: u64
    shrink: u64  # goroutines whose stacks are to shrink: chunks, linked
    stacks: u64
    stack_bytes: u64
    global_bytes: u64


@struct
class GCShared:
    """Chunks without an owner, and how many threads mark and how many wait."""

    lock: u32
    full: u64
    nfull: u64
    empty: u64
    workers: u64
    idle: u64
    done: u64
    open: u64  # the collector has asked for help in this collection: helpers may join


shared = static(GCShared)


def shared_lock() -> Ptr[u32]:
    """The lock of the shared list."""
    return shared.ptr.field(GCShared.lock)


@noinline
def chunk_new() -> u64:
    """Take or make an empty chunk."""
    lock(shared_lock(), RANK_WORK)
    c = shared.at.empty
    if c != 0:
        shared.at.empty = ptr_at(u64, c)[0]
    unlock(shared_lock())
    if c == 0:
        s = mheap_alloc(CHUNK_PAGES, SPAN_WORK)
        if s == nil(MSpan):
            out_of_memory(u64(CHUNK_PAGES << PAGE_SHIFT))
        c = s.at.base
    ptr_at(u64, c)[1] = CHUNK_EMPTY
    return c


def chunk_drop(c: u64) -> None:
    """Put an empty chunk in the list for reuse."""
    lock(shared_lock(), RANK_WORK)
    ptr_at(u64, c)[0] = shared.at.empty
    shared.at.empty = c
    unlock(shared_lock())


def chunk_push(c: u64) -> None:
    """Share a chunk that is not empty."""
    lock(shared_lock(), RANK_WORK)
    ptr_at(u64, c)[0] = shared.at.full
    shared.at.full = c
    shared.at.nfull = u64(shared.at.nfull + 1)
    unlock(shared_lock())


def chunk_pop() -> u64:
    """Take a shared chunk, or return 0."""
    if atomic_load(shared.ptr.field(GCShared.nfull)) == 0:
        return u64(0)
    lock(shared_lock(), RANK_WORK)
    c = shared.at.full
    if c != 0:
        shared.at.full = ptr_at(u64, c)[0]
        shared.at.nfull = u64(shared.at.nfull - 1)
    unlock(shared_lock())
    return c


def chunks_free() -> None:
    """Free the empty chunks: a collection ends."""
    c = shared.at.empty
    shared.at.empty = u64(0)
    while c != 0:
        below = ptr_at(u64, c)[0]
        mheap_free(span_of(c))
        c = below


def work_use(w: Ptr[GCWork], c: u64) -> None:
    """Make c the chunk to put to and get from."""
    w.at.base = c
    w.at.end = u64(c + CHUNK_BYTES)
    w.at.top = u64(c + ptr_at(u64, c)[1])


def work_init(w: Ptr[GCWork]) -> None:
    """Begin to mark."""
    work_use(w, chunk_new())
    w.at.other = chunk_new()
    w.at.stack_size = u64(0)
    w.at.stack_map = u64(0)
    w.at.shrink = u64(0)
    w.at.stacks = u64(0)
    w.at.stack_bytes = u64(0)
    w.at.global_bytes = u64(0)


def work_end(w: Ptr[GCWork]) -> None:
    """Stop marking: nothing is grey, so release the chunks."""
    chunk_drop(w.at.base)
    chunk_drop(w.at.other)
    if w.at.stack_map != 0:
        chunk_drop(w.at.stack_map)
    w.at.base = u64(0)
    w.at.top = u64(0)
    w.at.end = u64(0)
    w.at.other = u64(0)


def work_swap(w: Ptr[GCWork]) -> None:
    """Exchange the two chunks."""
    ptr_at(u64, w.at.base)[1] = u64(w.at.top - w.at.base)
    c = w.at.other
    w.at.other = w.at.base
    work_use(w, c)


@noinline
def work_full(w: Ptr[GCWork]) -> None:
    """The chunk is full: switch to the other, or share it if both are full."""
    work_swap(w)
    if w.at.top == w.at.end:
        chunk_push(w.at.base)
        work_use(w, chunk_new())


def work_put(w: Ptr[GCWork], p: u64, s: Ptr[MSpan]) -> None:
    """Push an object."""
    if w.at.top == w.at.end:
        work_full(w)
    at = ptr_at(u64, w.at.top)
    at[0] = p
    at[1] = s.addr
    w.at.top = u64(w.at.top + ENTRY)


@noinline
def work_refill(w: Ptr[GCWork]) -> u64:
    """The chunk is empty: switch to the other, or take a shared one. Returns 0 if there is none."""
    work_swap(w)
    if w.at.top == w.at.base + CHUNK_HEAD:
        c = chunk_pop()
        if c == 0:
            return u64(0)
        chunk_drop(w.at.base)
        work_use(w, c)
    return u64(1)


def work_get(w: Ptr[GCWork]) -> u64:
    """Pop an object. Returns the address of its entry, valid until the next push, or 0 if there is none."""
    if w.at.top == w.at.base + CHUNK_HEAD:
        if work_refill(w) == 0:
            return u64(0)
    w.at.top = u64(w.at.top - ENTRY)
    return w.at.top


@noinline
def share(w: Ptr[GCWork]) -> None:
    """Another thread waits and nothing is shared: share half of this thread's chunk."""
    if ptr_at(u64, w.at.other)[1] != CHUNK_EMPTY:
        chunk_push(w.at.other)
        w.at.other = chunk_new()
        return
    have = u64(w.at.top - w.at.base - CHUNK_HEAD)
    if have < SHARE_LEAST:
        return
    half = u64(have // (2 * ENTRY) * ENTRY)
    c = chunk_new()
    memmove(u64(c + CHUNK_HEAD), u64(w.at.top - half), half)
    ptr_at(u64, c)[1] = u64(CHUNK_HEAD + half)
    w.at.top = u64(w.at.top - half)
    chunk_push(c)


def shrink_later(w: Ptr[GCWork], g: u64) -> None:
    """Record a goroutine whose stack is to shrink after marking."""
    c = w.at.shrink
    if c == 0 or ptr_at(u64, c)[1] == CHUNK_BYTES:
        fresh = chunk_new()
        ptr_at(u64, fresh)[0] = c
        w.at.shrink = fresh
        c = fresh
    used = ptr_at(u64, c)[1]
    ptr_at(u64, u64(c + used))[0] = g
    ptr_at(u64, c)[1] = u64(used + 8)


def shrink_next(w: Ptr[GCWork]) -> u64:
    """Take a goroutine from those whose stacks are to shrink. Returns 0 if there are none."""
    c = w.at.shrink
    if c == 0:
        return u64(0)
    used = u64(ptr_at(u64, c)[1] - 8)
    g = ptr_at(u64, u64(c + used))[0]
    ptr_at(u64, c)[1] = used
    if used == CHUNK_EMPTY:
        w.at.shrink = ptr_at(u64, c)[0]
        chunk_drop(c)
    return g
