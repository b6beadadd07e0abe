"""Strings: concatenation, comparison, and conversions to and from runes and bytes.

A string's bytes are never written after it is created. They lie in the heap or in static data, never in a frame, so an
operation may return a part of another string.
"""

from morestack.abi.pending import PENDING_STRING_LEN
from morestack.dialect.machine import Ptr, boolean, export, i64, memcmp, memmove, ptr_at, struct, u8, u32, u64
from morestack.runtime.mem.malloc import MAX_ALLOC, malloc_noscan
from morestack.runtime.mem.sizeclasses import roundupsize
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.stress import stress
from morestack.runtime.value.slice import GoSlice

RUNE_ERROR = u32(0xFFFD)
MAX_RUNE = u32(0x10FFFF)


@struct
class GoString:
    """A string header."""

    data: u64
    len: i64


def raw(g: Ptr[G], size: i64) -> u64:
    """Allocate zeroed bytes without pointers."""
    stress(g)
    return malloc_noscan(g.at.m.at.p, u64(size))


def set_string(out: Ptr[GoString], data: u64, length: i64) -> None:
    """Store a result; the empty string has no data."""
    out.at.data = data if length != 0 else u64(0)
    out.at.len = length


@export
def concatstrings(g: Ptr[G], out: Ptr[GoString], strings: Ptr[GoString], n: i64) -> None:
    """s0 + s1 + ... of n string headers in memory. If only one is not empty, it is returned unchanged."""
    total = i64(0)
    only = u64(0)
    parts = i64(0)
    for i in range(n):
        length = strings.add(i).at.len
        if length != 0:
            parts = i64(parts + 1)
            only = strings.add(i).at.data
            total = i64(total + length)
            if total < 0 or u64(total) > MAX_ALLOC:
                g.at.pending = PENDING_STRING_LEN
                set_string(out, u64(0), i64(0))
                return
    if parts <= 1:
        set_string(out, only, total)
        return
    p = raw(g, total)
    at = p
    for i in range(n):
        length = strings.add(i).at.len
        if length != 0:
            memmove(at, strings.add(i).at.data, u64(length))
            at = u64(at + u64(length))
    set_string(out, p, total)


@export
def cmpstring(g: Ptr[G], a: u64, a_len: i64, b: u64, b_len: i64) -> i64:
    """Compare two strings: -1, 0 or 1 as a < b, a == b, a > b by bytes."""
    n = a_len if a_len < b_len else b_len
    if n != 0:
        c = memcmp(a, b, u64(n))
        if c != 0:
            return i64(-1) if c < 0 else i64(1)
    if a_len == b_len:
        return i64(0)
    return i64(-1) if a_len < b_len else i64(1)


@export
def memequal(g: Ptr[G], p: u64, q: u64, size: i64) -> boolean:
    """Whether two ranges have the same bytes."""
    return p == q or size == 0 or memcmp(p, q, u64(size)) == 0


def rune_len(r: u32) -> i64:
    """Bytes of a rune in UTF-8; a value that is not a rune counts as U+FFFD."""
    if r < 0x80:
        return i64(1)
    if r < 0x800:
        return i64(2)
    if r > MAX_RUNE or r < 0x10000:  # a value that is not a rune becomes U+FFFD, of 3 bytes
        return i64(3)
    return i64(4)


def encoderune(at: u64, rune: u32) -> u64:
    """Write a rune as UTF-8. Returns the address after it."""
    r = rune
    if r > MAX_RUNE or (r >= 0xD800 and r < 0xE000):
        r = RUNE_ERROR
    p = ptr_at(u8, at)
    if r < 0x80:
        p[0] = u8(r)
        return u64(at + 1)
    if r < 0x800:
        p[0] = u8(0xC0 | r >> 6)
        p[1] = u8(0x80 | r & 0x3F)
        return u64(at + 2)
    if r < 0x10000:
        p[0] = u8(0xE0 | r >> 12)
        p[1] = u8(0x80 | r >> 6 & 0x3F)
        p[2] = u8(0x80 | r & 0x3F)
        return u64(at + 3)
    p[0] = u8(0xF0 | r >> 18)
    p[1] = u8(0x80 | r >> 12 & 0x3F)
    p[2] = u8(0x80 | r >> 6 & 0x3F)
    p[3] = u8(0x80 | r & 0x3F)
    return u64(at + 4)


def decode(data: u64, length: i64, k: i64) -> i64:
    """Decode the rune at byte k. Returns rune << 32 | position after it. Each byte that is not valid UTF-8 is
    U+FFFD."""
    p = ptr_at(u8, u64(data + u64(k)))
    bad = i64(i64(RUNE_ERROR) << 32 | k + 1)
    left = i64(length - k)
    b0 = u32(p[0])
    if b0 < 0x80:
        return i64(i64(b0) << 32 | k + 1)
    if b0 < 0xC2 or b0 > 0xF4 or left < 2:
        return bad
    b1 = u32(p[1])
    if b1 & 0xC0 != 0x80:
        return bad
    if b0 < 0xE0:
        return i64(i64((b0 & 0x1F) << 6 | b1 & 0x3F) << 32 | k + 2)
    if left < 3:
        return bad
    b2 = u32(p[2])
    if b2 & 0xC0 != 0x80:
        return bad
    if b0 < 0xF0:
        r = u32((b0 & 0x0F) << 12 | (b1 & 0x3F) << 6 | b2 & 0x3F)
        if r < 0x800 or (r >= 0xD800 and r < 0xE000):
            return bad
        return i64(i64(r) << 32 | k + 3)
    if left < 4:
        return bad
    b3 = u32(p[3])
    if b3 & 0xC0 != 0x80:
        return bad
    r = u32((b0 & 0x07) << 18 | (b1 & 0x3F) << 12 | (b2 & 0x3F) << 6 | b3 & 0x3F)
    if r < 0x10000 or r > MAX_RUNE:
        return bad
    return i64(i64(r) << 32 | k + 4)


@export
def decoderune(g: Ptr[G], data: u64, length: i64, k: i64) -> i64:
    """The rune at byte k of a string, for range: rune << 32 | position after it."""
    return decode(data, length, k)


@export
def intstring(g: Ptr[G], out: Ptr[GoString], v: i64) -> None:
    """string(rune)."""
    r = u32(v) if v >= 0 and v <= 0x10FFFF else RUNE_ERROR
    p = raw(g, i64(4))
    after = encoderune(p, r)
    set_string(out, p, i64(after - p))


@export
def slicebytetostring(g: Ptr[G], out: Ptr[GoString], data: u64, length: i64, cap: i64) -> None:
    """string([]byte)."""
    p = u64(0)
    if length != 0:
        p = raw(g, length)
        memmove(p, data, u64(length))
    set_string(out, p, length)


@export
def stringtoslicebyte(g: Ptr[G], out: Ptr[GoSlice], data: u64, length: i64) -> None:
    """[]byte(string); its capacity is the size class, as in Go."""
    cap = i64(roundupsize(u64(length), True)) if length != 0 else i64(0)
    p = raw(g, cap)
    if length != 0:
        memmove(p, data, u64(length))
    out.at.data = p
    out.at.len = length
    out.at.cap = cap


@export
def slicerunetostring(g: Ptr[G], out: Ptr[GoString], data: u64, length: i64, cap: i64) -> None:
    """string([]rune)."""
    runes = ptr_at(u32, data)
    size = i64(0)
    for i in range(length):
        size = i64(size + rune_len(runes[i]))
    p = raw(g, size) if size != 0 else u64(0)
    at = p
    for i in range(length):
        at = encoderune(at, runes[i])
    set_string(out, p, i64(at - p))


@export
def stringtoslicerune(g: Ptr[G], out: Ptr[GoSlice], data: u64, length: i64) -> None:
    """[]rune(string)."""
    count = i64(0)
    k = i64(0)
    while k < length:
        k = i64(decode(data, length, k) & 0xFFFF_FFFF)
        count = i64(count + 1)
    size = roundupsize(u64(u64(count) * 4), True) if count != 0 else u64(0)
    p = raw(g, i64(size))
    k = i64(0)
    runes = ptr_at(u32, p)
    at = i64(0)
    while k < length:
        both = decode(data, length, k)
        runes[at] = u32(both >> 32)
        k = i64(both & 0xFFFF_FFFF)
        at = i64(at + 1)
    out.at.data = p
    out.at.len = count
    out.at.cap = i64(size >> 2)
