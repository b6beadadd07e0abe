"""Stacks from 32 KB up: whole spans, kept, when freed, in lists by log2 of their pages.

Every growing goroutine passes through every power of two, so a freed large stack will fit some goroutine.
free_stack_spans returns all of them to the page heap.
"""

from morestack.dialect.machine import Array, Literal, Ptr, clz, nil, ptr_at, static, struct, u32, u64
from morestack.runtime.mem.mheap import PAGE_SHIFT, MSpan, mheap_free
from morestack.runtime.stack.stackprotect import open_span
from morestack.runtime.sys.lock import RANK_LARGE, lock, unlock

KEEP_PAGES = u64(16384)
"""Spans of 128 MB or more are not kept: the page heap returns their memory to the system. Smaller ones stay, because
touching fresh memory costs more than the rest of a growth (measured: 15 ns per frame with kept stacks, 90 ns with fresh
ones)."""


@struct
class StackLarge:
    """Free large stacks; free[k] links spans of 2^k pages."""

    lock: u32
    free: Array[u64, Literal[36]]


stacklarge = static(StackLarge)


def stacklarge_init() -> None:
    """Forget all spans."""
    stacklarge.at.lock = u32(0)
    for i in range(36):
        stacklarge.at.free[i] = u64(0)


def log2_floor(n: u64) -> u64:
    """The index of the highest set bit."""
    return u64(63 - clz(n))


def stacklarge_take(npages: u64) -> Ptr[MSpan]:
    """A free span of npages, a power of two, or nil."""
    k = log2_floor(npages)
    lock(stacklarge.ptr.field(StackLarge.lock), RANK_LARGE)
    s = ptr_at(MSpan, stacklarge.at.free[k])
    if s != nil(MSpan):
        stacklarge.at.free[k] = s.at.next.addr
        s.at.next = nil(MSpan)
    unlock(stacklarge.ptr.field(StackLarge.lock))
    return s


def stacklarge_put(s: Ptr[MSpan]) -> None:
    """Keep a freed large stack, or return it to the page heap if it is very large."""
    if s.at.npages >= KEEP_PAGES:
        open_span(s.at.base, u64(s.at.npages << PAGE_SHIFT))
        mheap_free(s)
        return
    k = log2_floor(s.at.npages)
    lock(stacklarge.ptr.field(StackLarge.lock), RANK_LARGE)
    s.at.next = ptr_at(MSpan, stacklarge.at.free[k])
    stacklarge.at.free[k] = s.addr
    unlock(stacklarge.ptr.field(StackLarge.lock))


def free_stack_spans() -> u64:
    """Return every kept large stack to the page heap, as Go's freeStackSpans does. Returns how many."""
    count = u64(0)
    lock(stacklarge.ptr.field(StackLarge.lock), RANK_LARGE)
    for k in range(36):
        s = ptr_at(MSpan, stacklarge.at.free[k])
        stacklarge.at.free[k] = u64(0)
        while s != nil(MSpan):
            below = s.at.next
            s.at.next = nil(MSpan)
            open_span(s.at.base, u64(s.at.npages << PAGE_SHIFT))
            mheap_free(s)
            count = u64(count + 1)
            s = below
    unlock(stacklarge.ptr.field(StackLarge.lock))
    return count
