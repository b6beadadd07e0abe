"""Grey objects: marked, their pointers not yet followed. A stack of (object, span) in linked chunks.

        chunk   link to the chunk below | object span | object span | ...

Chunks come from the page heap as they are needed and go back when a collection ends; so marking needs no memory set
aside, and no overflow has to be repaired.
"""

from morestack.dialect.machine import Ptr, cstr, nil, noinline, ptr_at, static, struct, u64
from morestack.runtime.fatal import throw
from morestack.runtime.mheap import PAGE_SHIFT, SPAN_WORK, MSpan, mheap_alloc, mheap_free, span_of

CHUNK_PAGES = u64(4)
CHUNK_BYTES = u64(32768)


@struct
class Work:
    """The top of the stack: next free entry, the chunk it is in and the chunk's end."""

    top: u64
    chunk: u64
    end: u64


work = static(Work)


@noinline
def work_grow() -> None:
    """Begin a chunk on top."""
    s = mheap_alloc(CHUNK_PAGES, SPAN_WORK)
    if s == nil(MSpan):
        throw(cstr(b"runtime: out of memory"))
    ptr_at(u64, s.at.base)[0] = work.at.chunk
    work.at.chunk = s.at.base
    work.at.top = u64(s.at.base + 16)
    work.at.end = u64(s.at.base + (CHUNK_PAGES << PAGE_SHIFT))


def work_put(p: u64, s: Ptr[MSpan]) -> None:
    """Push an object."""
    if work.at.top == work.at.end:
        work_grow()
    at = ptr_at(u64, work.at.top)
    at[0] = p
    at[1] = s.addr
    work.at.top = u64(work.at.top + 16)


@noinline
def work_shrink() -> u64:
    """The chunk on top is empty: free it. 0 when there is none below."""
    below = ptr_at(u64, work.at.chunk)[0]
    mheap_free(span_of(work.at.chunk))
    work.at.chunk = below
    if below == 0:
        work.at.top = u64(0)
        work.at.end = u64(0)
        return u64(0)
    work.at.end = u64(below + (CHUNK_PAGES << PAGE_SHIFT))
    work.at.top = work.at.end
    return u64(1)


def work_get() -> u64:
    """Pop an object: the address of its entry, good until the next push; 0 when there is none."""
    if work.at.chunk == 0:
        return u64(0)
    if work.at.top == work.at.chunk + 16:
        if work_shrink() == 0:
            return u64(0)
    work.at.top = u64(work.at.top - 16)
    return work.at.top
