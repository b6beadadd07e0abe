"""Small stacks shared by all processors: 32 KB spans cut into stacks of one order.

        order   0      1      2      3
        size    2 KB   4 KB   8 KB   16 KB
        a span  16     8      4      2 stacks

A span with a free stack is in its order's list; `manual_free_list` links its free stacks through their first word and
`alloc_count` counts those in use. A span with no stack in use returns to the page heap. The links touch every page of a
new span, so all its pages are requested at once. That takes three quarters of the time of eight page faults, which are
most of the cost of starting many goroutines.

Lock order: a pool's lock, then the page heap's.
"""

from morestack.abi.convention import STACK_MIN
from morestack.dialect.machine import Array, Literal, Ptr, cstr, nil, ptr_at, ptr_to, static, struct, u32, u64
from morestack.runtime.mem.mheap import PAGE_SHIFT, SPAN_STACK, MSpan, mheap_alloc, mheap_free, out_of_memory, span_of
from morestack.runtime.stack.stackprotect import open_span
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import STACK_CACHE_SIZE
from morestack.runtime.sys.lock import RANK_POOL, lock, unlock
from morestack.runtime.sys.os import MADV_POPULATE_WRITE, madvise


@struct
class StackPool:
    """The spans of one order that have free stacks."""

    lock: u32
    order: u32
    first: Ptr[MSpan]


@struct
class StackPools:
    """One for each order."""

    item: Array[StackPool, Literal[4]]


stackpool = static(StackPools)


def stackpool_init() -> None:
    """Forget all spans."""
    for i in range(4):
        stackpool.at.item[i].lock = u32(0)
        stackpool.at.item[i].order = u32(i)
        stackpool.at.item[i].first = nil(MSpan)


def pool_of(order: u64) -> Ptr[StackPool]:
    """The pool of an order."""
    return ptr_to(stackpool.at.item[order])


def span_list_insert(pool: Ptr[StackPool], s: Ptr[MSpan]) -> None:
    """Put a span at the front of the list."""
    s.at.prev = nil(MSpan)
    s.at.next = pool.at.first
    if pool.at.first != nil(MSpan):
        pool.at.first.at.prev = s
    pool.at.first = s
    s.at.listed = u32(1)


def span_list_remove(pool: Ptr[StackPool], s: Ptr[MSpan]) -> None:
    """Take a span out of the list."""
    if s.at.prev != nil(MSpan):
        s.at.prev.at.next = s.at.next
    else:
        pool.at.first = s.at.next
    if s.at.next != nil(MSpan):
        s.at.next.at.prev = s.at.prev
    s.at.next = nil(MSpan)
    s.at.prev = nil(MSpan)
    s.at.listed = u32(0)


def stackpoolalloc(order: u64) -> u64:
    """Allocate a stack of u64(STACK_MIN) << order bytes. The pool's lock is held."""
    pool = pool_of(order)
    s = pool.at.first
    if s == nil(MSpan):
        s = mheap_alloc(u64(STACK_CACHE_SIZE >> PAGE_SHIFT), SPAN_STACK)
        if s == nil(MSpan):
            out_of_memory(STACK_CACHE_SIZE)
        if s.at.needzero == 0:
            madvise(s.at.base, STACK_CACHE_SIZE, MADV_POPULATE_WRITE)
        size = u64(u64(STACK_MIN) << order)
        s.at.elemsize = size
        s.at.order = u32(order)
        x = u64(s.at.base + STACK_CACHE_SIZE)
        below = u64(0)
        while x > s.at.base:  # so that stacks are allocated at ascending addresses
            x = u64(x - size)
            ptr_at(u64, x)[0] = below
            below = x
        s.at.manual_free_list = below
        span_list_insert(pool, s)
    stack = s.at.manual_free_list
    s.at.manual_free_list = ptr_at(u64, stack)[0]
    s.at.alloc_count = u64(s.at.alloc_count + 1)
    if s.at.manual_free_list == 0:
        span_list_remove(pool, s)
    return stack


def stackpoolfree(stack: u64, order: u64) -> None:
    """Return a stack to its span. The pool's lock is held."""
    pool = pool_of(order)
    s = span_of(stack)
    if s == nil(MSpan) or s.at.state != SPAN_STACK:
        throw(cstr(b"stackpoolfree: not a stack"))
    if s.at.manual_free_list == 0:
        span_list_insert(pool, s)
    ptr_at(u64, stack)[0] = s.at.manual_free_list
    s.at.manual_free_list = stack
    s.at.alloc_count = u64(s.at.alloc_count - 1)
    if s.at.alloc_count == 0:
        span_list_remove(pool, s)
        s.at.manual_free_list = u64(0)
        open_span(s.at.base, u64(s.at.npages << PAGE_SHIFT))
        mheap_free(s)


def stackpool_take(order: u64, keep: u64, list_head: u64) -> u64:
    """Allocate `keep` bytes of stacks of an order, linked in front of list_head. Returns the new head."""
    pool = pool_of(order)
    size = u64(u64(STACK_MIN) << order)
    head = list_head
    have = u64(0)
    lock(pool.field(StackPool.lock), RANK_POOL)
    while have < keep:
        x = stackpoolalloc(order)
        ptr_at(u64, x)[0] = head
        head = x
        have = u64(have + size)
    unlock(pool.field(StackPool.lock))
    return head
