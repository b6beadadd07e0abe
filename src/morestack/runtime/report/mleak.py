"""STRESS=leaks: when the program has ended, every stack is freed, and every page of the heap must be accounted for.

The stacks of remaining goroutines (those main did not wait for, and dead ones kept for reuse) are freed, and so are
caches and kept large stacks. Then no stack may be in use, no span may hold stacks, and the runs of the arena must add
up to what the page heap has counted.
"""

from morestack.abi.settings import RESERVE
from morestack.dialect.machine import Ptr, boolean, cstr, export, i64, nil, u8, u64
from morestack.runtime.gc.mgcsweep import arena_start
from morestack.runtime.mem.allg import allg_at, allg_count
from morestack.runtime.mem.mheap import PAGE_SHIFT, SPAN_FREE, SPAN_STACK, MSpan, mheap, span_of
from morestack.runtime.stack.discipline import discipline, end_stack
from morestack.runtime.stack.stackalloc import stackfree
from morestack.runtime.stack.stackcache import stackcache_clear
from morestack.runtime.stack.stacklarge import free_stack_spans
from morestack.runtime.sys.allp import allp, allp_n, stacks_inuse
from morestack.runtime.sys.fatal import write_error, write_number
from morestack.runtime.sys.layout import G, P


def drop_stack(pp: Ptr[P], g: Ptr[G]) -> None:
    """Free a goroutine's stack."""
    if g.at.stack_lo == 0 or discipline.value == RESERVE:
        return
    end_stack(pp, g)
    if g.at.stack_lo != 0:
        stackfree(pp, g.at.stack_lo, u64(g.at.stack_hi - g.at.stack_lo))
        g.at.stack_lo = u64(0)


def complain(what: Ptr[u8], n: u64) -> i64:
    """Report a leak, with a number. Returns the exit code."""
    write_error(cstr(b"fatal error: leak: "))
    write_error(what)
    write_error(cstr(b": "))
    write_number(n)
    write_error(cstr(b"\n"))
    return i64(2)


def pages_add_up() -> boolean:
    """Whether the runs of the arena add up to what the page heap has counted."""
    free = u64(0)
    used = u64(0)
    at = arena_start()
    while at < mheap.at.arena_used:
        s = span_of(at)
        if s == nil(MSpan) or s.at.base != at or s.at.npages == 0:
            return False
        if s.at.state == SPAN_FREE:
            free = u64(free + s.at.npages)
        else:
            used = u64(used + s.at.npages)
        at = u64(at + (s.at.npages << PAGE_SHIFT))
    released_too_much = mheap.at.released_pages > free
    return free == mheap.at.free_pages and used == mheap.at.pages_inuse and not released_too_much


@export
def checkleaks(g: Ptr[G]) -> i64:
    """Check for leaks. Returns 0, or the exit code if there are any. The program has ended, and no thread runs Go
    code."""
    pp = allp.at[0]
    for i in range(allg_count()):
        drop_stack(pp, allg_at(i))
    for i in range(allp_n.value):
        stackcache_clear(allp.at[i])
    free_stack_spans()
    if discipline.value != RESERVE and stacks_inuse() != 0:
        return complain(cstr(b"bytes of stacks in use"), stacks_inuse())
    if mheap.at.pages_of[SPAN_STACK] != 0:
        return complain(cstr(b"pages of stacks"), mheap.at.pages_of[SPAN_STACK])
    if not pages_add_up():
        return complain(cstr(b"the page heap has counted other pages than there are, in use"), mheap.at.pages_inuse)
    return i64(0)
