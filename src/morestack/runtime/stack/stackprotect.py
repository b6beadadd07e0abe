"""STRESS=protect: memory of freed stacks cannot be accessed until it is used again.

A stale pointer to a moved or freed stack then ends the process where it is followed, not later where a wrong value
shows up. Free lists of stacks below 32 KB are linked through the stacks' first word, so their first page stays
accessible, and so do stacks of one page or less. Accessible parts are poisoned (stackalloc.py).

        2, 4 KB     poisoned
        8, 16 KB    [ poisoned page | no access ... ]
        32 KB ...   [ no access ................... ]

`open_span` is for spans that leave the stacks: the page heap may use them for anything. Failing calls are ignored: the
kernel limits how many mappings an address space has, and it is not an error if a stack stays accessible.
"""

from morestack.dialect.machine import i32, noinline, static, u32, u64
from morestack.runtime.sys.os import PROT_NONE, PROT_READ_WRITE, mprotect

PHYSICAL_PAGE = u64(4096)
LINKED_BELOW = u64(32768)

protect_freed = static(u32)


@noinline
def set_access(lo: u64, size: u64, prot: i32) -> None:
    """Change the access to a stack, except a first page that holds a link."""
    start = u64(lo + PHYSICAL_PAGE) if size < LINKED_BELOW else lo
    if size > PHYSICAL_PAGE:
        mprotect(start, u64(lo + size - start), prot)


def close_stack(lo: u64, size: u64) -> None:
    """A stack is about to be put into a free list."""
    if protect_freed.value != 0:
        set_access(lo, size, PROT_NONE)


def open_stack(lo: u64, size: u64) -> None:
    """A stack was taken from a free list."""
    if protect_freed.value != 0:
        set_access(lo, size, PROT_READ_WRITE)


def open_span(base: u64, size: u64) -> None:
    """A span is about to leave the stacks."""
    if protect_freed.value != 0:
        mprotect(base, size, PROT_READ_WRITE)
