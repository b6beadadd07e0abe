"""The CPython side sees misuse, and says what is wrong."""

import ctypes
from collections.abc import Callable
from typing import Any

import pytest

from morestack.dialect.machine import (
    MachineFault,
    addr_of,
    atomic_load,
    cast,
    i8,
    i64,
    memmove,
    nil,
    ptr_at,
    ptr_to,
    u8,
    u16,
    u32,
    u64,
)
from tests.runtime_sides import dialect_module

m = dialect_module(
    """
from morestack.dialect.machine import *

@struct
class Inner:
    x: u32

@struct
class S:
    next: Ptr["S"]
    n: u64
    small: i8
    flag: boolean
    ratio: f64
    inner: Inner
    arr: Array[u16, Literal[4]]

s: Static[S] = static(S)
word: Static[u64] = static(u64)
"""
)

FAULTS: list[tuple[str, Callable[[], Any]]] = [
    (r"S\.n: rule 1: -1 does not fit u64", lambda: setattr(m.s.at, "n", -1)),
    (r"S\.small: rule 1: 128 does not fit i8", lambda: setattr(m.s.at, "small", 128)),
    (r"S\.n: True is not an integer", lambda: setattr(m.s.at, "n", True)),
    (r"S\.flag: rule 5: 1 is not a boolean", lambda: setattr(m.s.at, "flag", 1)),
    (r"S\.ratio: 1 is not a float", lambda: setattr(m.s.at, "ratio", 1)),
    (r"S\.inner: rule 6: there are no Inner values", lambda: setattr(m.s.at, "inner", m.s.at.inner)),
    (r"S\.next: .* is a Ptr\[Inner\], Ptr\[S\] wanted", lambda: setattr(m.s.at, "next", nil(m.Inner))),
    (r"index 4 out of range of Array\[u16, 4\]", lambda: m.s.at.arr[4]),
    (r"index -1 out of range", lambda: m.s.at.arr[-1]),
    (r"nil dereference: S at address 0x0", lambda: nil(m.S).at),
    (r"nil dereference: u64 at address 0x10", lambda: ptr_at(u64, 0)[2]),
    (r"unaligned access: u32 at 0x1002", lambda: ptr_at(u32, 0x1002)[0]),
    (r"unaligned access: S at", lambda: ptr_at(m.S, m.s.addr + 4).at),
    (r"outside of memory", lambda: ptr_at(u8, 1 << 50)[0]),
    (r"a Ptr\[u64\] is followed with p\[0\]", lambda: m.word.ptr.at),
    (r"a static S is reached with \.at", lambda: m.s.value),
    (r"rule 5: a pointer is not a condition", lambda: bool(m.s.ptr)),
    (r"rule 6: there are no struct values to compare", lambda: m.s.at == m.s.at),
    (r"rule 3: a pointer is compared with None", lambda: m.s.ptr == None),  # noqa: E711
    (r"rule 2: 300\.0 does not fit u8", lambda: u8(300.0)),
    (r"rule 2: nan does not fit i64", lambda: i64(float("nan"))),
    (r"atomics work on u32, u64 and pointers", lambda: atomic_load(m.s.at.arr.ptr)),
    (r"nil dereference: memmove destination", lambda: memmove(0, m.s.addr, 8)),
    (r"is not a field of S", lambda: m.s.ptr.field(m.Inner.x)),
]


@pytest.mark.parametrize(("message", "misuse"), FAULTS, ids=[f[0][:40] for f in FAULTS])
def test_misuse(message: str, misuse: Callable[[], Any]) -> None:
    with pytest.raises(MachineFault, match=message):
        misuse()


def test_unknown_fields_are_not_created() -> None:
    with pytest.raises(AttributeError):
        m.s.at.nn = 1


def test_conversions_wrap() -> None:
    assert (u8(-1), i8(200), u16(1 << 16), i64(1 << 63), u64(-1.0 + 1.0), u8(True)) == (255, -56, 0, -(1 << 63), 0, 1)


def test_memory_is_shared_with_ctypes() -> None:
    words = (ctypes.c_uint64 * 8)()
    p = ptr_at(m.S, ctypes.addressof(words))
    p.at.n = 5
    p.at.next = p
    p.at.inner.x = 7
    assert words[1] == 5
    assert p.at.next.at.next == p
    assert ptr_to(p.at.inner).addr == addr_of(p.at.inner) == p.field(m.S.inner).addr
    assert cast(u64, p)[1] == 5
    assert "n=5" in repr(p.at)
