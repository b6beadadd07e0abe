"""Slices: append's growth and unsafe.Slice's checks. Growth is Go's formula, rounded up to Go's size classes, so that
cap() is the same as in Go.
"""

from morestack.abi.pending import (
    PENDING_GROWSLICE,
    PENDING_UNSAFE_SLICE_LEN,
    PENDING_UNSAFE_SLICE_NIL,
    PENDING_UNSAFE_STRING_LEN,
    PENDING_UNSAFE_STRING_NIL,
)
from morestack.dialect.machine import Ptr, boolean, export, i64, memmove, mul_hi, struct, u64
from morestack.runtime.mem.malloc import MAX_ALLOC, malloc_array, zerobase
from morestack.runtime.mem.sizeclasses import roundupsize
from morestack.runtime.mem.type import Type
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.stress import stress

DOUBLE_BELOW = i64(256)


@struct
class GoSlice:
    """A slice header."""

    data: u64
    len: i64
    cap: i64


def nextslicecap(new_len: i64, old_cap: i64) -> i64:
    """The requested capacity: twice the old one while small, a little over 1.25 times when large, and at least
    new_len."""
    double = i64(old_cap + old_cap)
    if new_len > double:
        return new_len
    if old_cap < DOUBLE_BELOW:
        return double
    cap = old_cap
    while u64(cap) < u64(new_len):
        cap = i64(cap + ((cap + 3 * DOUBLE_BELOW) >> 2))
    if cap == old_cap:
        cap = i64(cap + ((cap + 3 * DOUBLE_BELOW) >> 2))
    if cap <= 0:
        return new_len
    return cap


@export
def growslice(g: Ptr[G], out: Ptr[GoSlice], old: u64, new_len: i64, old_cap: i64, added: i64, elem: Ptr[Type]) -> None:
    """Make a slice of length new_len whose first new_len - added elements are those at old."""
    stress(g)
    out.at.data = u64(0)
    out.at.len = i64(0)
    out.at.cap = i64(0)
    if new_len < 0:
        g.at.pending = PENDING_GROWSLICE
        return
    size = elem.at.size
    if size == 0:
        out.at.data = zerobase.addr
        out.at.len = new_len
        out.at.cap = new_len
        return
    cap = nextslicecap(new_len, old_cap)
    noscan = elem.at.ptrdata == 0
    if mul_hi(size, u64(cap)) != 0 or u64(size * u64(cap)) > MAX_ALLOC:
        g.at.pending = PENDING_GROWSLICE
        return
    block = roundupsize(u64(size * u64(cap)), noscan)
    cap = i64(block // size)
    p = malloc_array(g.at.m.at.p, u64(u64(cap) * size), elem)
    used = u64(u64(new_len - added) * size)
    if used != 0:
        memmove(p, old, used)
    out.at.data = p
    out.at.len = new_len
    out.at.cap = cap


def beyond_memory(ptr: u64, size: u64) -> boolean:
    """Whether `size` bytes from ptr on run past the end of the address space. If ptr is nil, any bytes do."""
    return size > u64(0 - ptr)


@export
def unsafeslice(g: Ptr[G], elem: Ptr[Type], ptr: u64, length: i64) -> None:
    """Check the operands of unsafe.Slice(ptr, length)."""
    size = elem.at.size
    if length < 0:
        g.at.pending = PENDING_UNSAFE_SLICE_LEN
    elif size == 0 and ptr == 0 and length > 0:
        g.at.pending = PENDING_UNSAFE_SLICE_NIL
    elif mul_hi(size, u64(length)) != 0 or beyond_memory(ptr, u64(size * u64(length))):
        g.at.pending = PENDING_UNSAFE_SLICE_NIL if ptr == 0 else PENDING_UNSAFE_SLICE_LEN


@export
def unsafestring(g: Ptr[G], ptr: u64, length: i64) -> None:
    """Check the operands of unsafe.String(ptr, length)."""
    if length < 0:
        g.at.pending = PENDING_UNSAFE_STRING_LEN
    elif beyond_memory(ptr, u64(length)):
        g.at.pending = PENDING_UNSAFE_STRING_NIL if ptr == 0 else PENDING_UNSAFE_STRING_LEN
