"""checkescape: after marking, search every reachable object for pointers into goroutine stacks.

Escape analysis guarantees that there are none. If an object has one, it is reported with its type, and the program ends
with exit code 2. In this mode every object with pointers has a header, so that its type is known.
"""

from morestack.dialect.machine import Ptr, boolean, cstr, ctz, nil, noinline, ptr_at, u8, u64
from morestack.runtime.gc.mgcsweep import arena_start
from morestack.runtime.mem.mheap import PAGE_SHIFT, SPAN_HEAP, SPAN_STACK, MSpan, mheap, span_of
from morestack.runtime.mem.mspan import FORM_HEADER, FORM_LARGE, bit_words, mark_bits
from morestack.runtime.mem.sizeclasses import HEADER
from morestack.runtime.mem.type import Type, type_string, type_string_len
from morestack.runtime.stack.reserve import in_reservation
from morestack.runtime.sys.fatal import die
from morestack.runtime.sys.print import begin, end, put, put_hex, puts


def in_stack(p: u64) -> boolean:
    """Whether an address lies in stack memory."""
    s = span_of(p)
    if s == nil(MSpan) or s.at.state != SPAN_STACK:
        return in_reservation(p)
    return p >= s.at.base and p < s.at.base + (s.at.npages << PAGE_SHIFT)


@noinline
def report_escape(p: u64, offset: u64, value: u64, t: Ptr[Type]) -> None:
    """Report an object that points into a stack, and end the program."""
    begin()
    puts(cstr(b"fatal error: checkescape: object "))
    put_hex(p)
    puts(cstr(b" of type "))
    if t.at.str != 0:
        put(type_string(t), type_string_len(t))
    else:
        puts(cstr(b"of the runtime"))
    puts(cstr(b" has a pointer into a stack at offset "))
    put_hex(offset)
    puts(cstr(b": "))
    put_hex(value)
    puts(cstr(b"\n"))
    end()
    die()


def check_object(p: u64, size: u64, t: Ptr[Type]) -> boolean:
    """Check the pointers of an object. False if one points into a stack."""
    stride = t.at.size
    words = u64(t.at.ptrdata >> 3)
    at = p
    while at + stride <= p + size:
        for i in range(words):
            listed = t.at.gcdata == 0 or ptr_at(u8, u64(t.at.gcdata + (i >> 3)))[0] >> (i & 7) & 1 != 0
            value = ptr_at(u64, at)[i]
            if listed and value != 0 and in_stack(value):
                report_escape(p, u64(at - p + i * 8), value, t)
                return False
        at = u64(at + stride)
    return True


def check_span(s: Ptr[MSpan]) -> boolean:
    """Check the marked objects of a span whose type is known."""
    marks = mark_bits(s)
    for w in range(bit_words(s)):
        bits = marks[w]
        while bits != 0:
            p = u64(s.at.base + ((w << 6) + ctz(bits)) * s.at.elemsize)
            bits = u64(bits & (bits - 1))
            if s.at.form == FORM_LARGE:
                if s.at.typ != 0 and not check_object(p, s.at.elemsize, ptr_at(Type, s.at.typ)):
                    return False
            elif s.at.form == FORM_HEADER and ptr_at(u64, p)[0] != 0:
                t = ptr_at(Type, ptr_at(u64, p)[0])
                if not check_object(u64(p + HEADER), u64(s.at.elemsize - HEADER), t):
                    return False
    return True


def check_escapes() -> None:
    """Check all marked objects. Before the sweep."""
    at = arena_start()
    while at < mheap.at.arena_used:
        s = span_of(at)
        at = u64(s.at.base + (s.at.npages << PAGE_SHIFT))
        if s.at.state == SPAN_HEAP and not check_span(s):
            return
