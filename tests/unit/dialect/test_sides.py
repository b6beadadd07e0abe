"""Dialect code means the same under CPython and compiled: a program per feature, run on both sides."""

import ctypes
import math
import struct
from typing import Any

import pytest

from morestack.dialect import machine
from morestack.dialect.machine import nil, ptr_at, u8, u64
from tests.runtime_sides import Side, dialect_module, runtime_sides

lib = dialect_module(
    """
from morestack.dialect.machine import *

LIMIT = u64(10)

@struct
class Node:
    next: Ptr["Node"]
    value: u64

@struct
class Counter:
    n: u64
    lock: u32
    small: Array[i16, Literal[4]]

counter: Static[Counter] = static(Counter)
hits: Static[u64] = static(u64)

def push(head: Ptr[Node], node: Ptr[Node]) -> Ptr[Node]:
    node.at.next = head
    return node

def increment() -> u64:
    counter.at.n += 1
    hits.value = counter.at.n
    return counter.at.n
""",
    "dialect_lib",
)

prog = dialect_module(
    """
import dialect_lib
from dialect_lib import LIMIT, Node, Counter, counter, push
from morestack.dialect.machine import *

@native("labs")
def labs(x: i64) -> i64: ...

@native("sqrt")
def sqrt(x: f64) -> f64: ...

@signature
def binary(a: u64, b: u64) -> u64: ...

def count_down(n: i64) -> i64:
    total: i64 = 0
    for i in range(n, -3, -2):
        if i == 2:
            continue
        total = total * 3 + i
    return total

def last_of_range(n: u8) -> u8:
    i = u8(200)
    for i in range(n):
        i = u8(i + 100)
    return i

def whole_range() -> u64:
    n: u64 = 0
    for i in range(u8(250), u8(255)):
        n += u64(i)
    return n

def nested(n: u64) -> u64:
    found: u64 = 0
    for i in range(n):
        j: u64 = 0
        while True:
            j += 1
            if j > i:
                break
            if (i + j) % 3 == 0:
                continue
            found += i * j
    return found

def floor(a: i64, b: i64) -> i64:
    return i64(a // b) ^ i64(i64(a % b) << 7)

def floor_const(a: i64) -> i64:
    return (a // 8) ^ (a % 8) ^ (a // -3) ^ (a % -3) ^ (a // 7)

def list_sum(memory: u64, n: u64) -> u64:
    head = nil(Node)
    for i in range(n):
        node = ptr_at(Node, memory + i * size_of(Node))
        node.at.value = i + LIMIT
        head = push(head, node)
    total: u64 = 0
    while head != nil(Node):
        total += head.at.value
        head = head.at.next
    return total

def statics() -> u64:
    dialect_lib.increment()
    counter.at.small[1] -= 5
    counter.at.small[3] = counter.at.small[1]
    return dialect_lib.increment() + dialect_lib.hits.value

def add(a: u64, b: u64) -> u64:
    return u64(a + b)

def apply(a: u64, b: u64) -> u64:
    return call_ptr(binary, func_ptr(add), a, b)

def libc(x: i64) -> i64:
    return labs(x)

def floats(x: f64, y: f64) -> f64:
    if x != x:
        return 1.5
    return fdiv(x * y - x, y) + sqrt(x * x) + f64(u64(f64_bits(x) >> 32))

def convert(x: f64) -> i64:
    return i64(x) + i64(u8(x)) + i64(f64(f32(x)))

def bits(a: u64, b: u64) -> u64:
    return u64(mul_hi(a, b) + clz(a) * 3 + ctz(b) * 5 + popcount(a) * 7 + bit_length(b))

def bytes_at(n: u64) -> u64:
    text = cstr(b"m\\x00\\"\\\\re")
    total: u64 = 0
    for i in range(n):
        total = u64(total * 31 + u64(text[i]))
    return total

def atomics(p: Ptr[u64]) -> u64:
    atomic_store(p, 5)
    a = atomic_add(p, -6)
    b = atomic_xchg(p, 12)
    c = atomic_or(p, 3)
    d = atomic_and(p, 6)
    ok = cas(p, 6, 9)
    no = cas(p, 6, 10)
    return u64(a + b + c * 100 + d * 10000 + atomic_load(p) * 1000000 + u64(ok) * 3 + u64(no) * 7)

def copies(p: Ptr[u8], q: Ptr[u8]) -> i32:
    memmove(q, p, 8)
    memset(q.addr + 8, 0xAB, 4)
    memmove(q.add(2), q, 8)
    return memcmp(p, q, 12)

def order() -> u64:
    counter.at.n = 5
    counter.at.n += dialect_lib.increment()
    return counter.at.n

def logic(a: boolean, b: boolean, n: u64) -> u64:
    c = a and (b or dialect_lib.increment() == n) and not (a and b)
    return u64(c) + (counter.at.n << 4) + u64(a != b) + u64(a & b | (a ^ b)) * 2

def pointers(p: Ptr[Counter]) -> u64:
    w = p.field(Counter.small)
    e = w.at.ptr.add(2)
    e[0] = -7
    e.add(-1)[0] = 4
    c = cast(u64, p)
    return u64(c[0] + u64(w.at[2]) + (e.addr - p.addr) + offset_of(Counter, "small") + len(w.at))

def safe_index(p: Ptr[u8], i: i64) -> u8:
    return p[i]

def shadow(entry: u64, ok: u64) -> u64:
    return entry * 2 + ok
"""
)

side = runtime_sides(lib, prog)


class Memory:
    """Aligned scratch memory."""

    def __init__(self, content: bytes = bytes(256)) -> None:
        self.keep = ctypes.create_string_buffer(content, len(content) + 16)
        self.addr = (ctypes.addressof(self.keep) + 15) & ~15
        ctypes.memmove(self.addr, content, len(content))

    def read(self, count: int) -> bytes:
        return ctypes.string_at(self.addr, count)


def test_loops(side: Side) -> None:
    total = 0
    for i in range(7, -3, -2):
        total = total * 3 + i
    assert side(prog.count_down)(7) == total
    assert side(prog.last_of_range)(0) == 200
    assert side(prog.last_of_range)(255) == (254 + 100) & 255
    assert side(prog.whole_range)() == 250 + 251 + 252 + 253 + 254
    assert side(prog.nested)(6) == sum(i * j for i in range(6) for j in range(1, i + 1) if (i + j) % 3)


@pytest.mark.parametrize("a", [7, -7, 0, 8, -8, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("b", [3, -3, 1, -1, 2**63 - 1, -(2**63)])
def test_floor(side: Side, a: int, b: int) -> None:
    want = machine.i64(a // b) ^ machine.i64((a % b) << 7)
    assert side(prog.floor)(a, b) == want
    assert side(prog.floor_const)(a) == (a // 8) ^ (a % 8) ^ (a // -3) ^ (a % -3) ^ (a // 7)


def test_structs_and_statics(side: Side) -> None:
    memory = Memory()
    assert side(prog.list_sum)(memory.addr, 10) == sum(range(10)) + 100
    assert side(prog.statics)() == 4
    assert [lib.counter.at.small[i] for i in range(4)] == [0, -5, 0, -5]
    assert lib.hits.value == 2
    assert side(prog.order)() == 11
    assert side(prog.pointers)(lib.counter.ptr) == (11 + 2**64 - 7 + 16 + 12 + 4) & (2**64 - 1)
    assert [lib.counter.at.small[i] for i in range(4)] == [0, 4, -7, -5]


def test_calls(side: Side) -> None:
    assert side(prog.apply)(2**64 - 1, 3) == 2
    assert side(prog.libc)(-5) == 5
    assert side(prog.shadow)(3, 4) == 10


@pytest.mark.parametrize("x", [0.0, 1.5, -2.25, 1e300, math.inf, math.nan])
@pytest.mark.parametrize("y", [0.0, -0.0, 3.0, -1e300])
def test_floats(side: Side, x: float, y: float) -> None:
    other = prog.floats(x, y)
    found = side(prog.floats)(x, y)
    assert found == other or (found != found and other != other)


def test_numbers(side: Side) -> None:
    assert side(prog.convert)(100.7) == 100 + 100 + 100
    a, b = 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210
    assert side(prog.bits)(a, b) == ((a * b) >> 64) + 7 * 3 + 4 * 5 + 32 * 7 + 64
    assert side(prog.bits)(0, 0) == 64 * 3 + 64 * 5
    text, total = b'm\0"\\re\0', 0
    for c in text:
        total = (total * 31 + c) & (2**64 - 1)
    assert side(prog.bytes_at)(7) == total


@pytest.mark.parametrize("native_atomics", [False, True])
def test_atomics(side: Side, native_atomics: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not native_atomics:
        monkeypatch.setattr(machine, "_atomics", [])
    memory = Memory()
    want = 2**64 - 1 + 2**64 - 1 + 12 * 100 + 15 * 10000 + 9 * 1000000 + 3
    assert side(prog.atomics)(ptr_at(u64, memory.addr)) == want & (2**64 - 1)


def test_memory(side: Side) -> None:
    p, q = Memory(b"abcdefghijkl" + bytes(16)), Memory()
    assert side(prog.copies)(ptr_at(u8, p.addr), ptr_at(u8, q.addr)) == 1
    assert q.read(12) == b"ababcdefgh\xab\xab"
    assert side(prog.safe_index)(ptr_at(u8, p.addr + 2), -1) == ord("b")


@pytest.mark.parametrize("a", [False, True])
@pytest.mark.parametrize("b", [False, True])
def test_logic(side: Side, a: bool, b: bool) -> None:
    calls = 1 if a and not b else 0
    want = int(a and (b or True) and not (a and b)) + (calls << 4) + (a != b) + (a or b) * 2
    assert side(prog.logic)(a, b, 1) == want


def test_layout_is_c() -> None:
    kind: Any = lib.Counter.__kind__
    assert {n: f.offset for n, f in kind.fields.items()} == {"n": 0, "lock": 8, "small": 12}
    assert kind.size == struct.calcsize("QI4h0Q")
    assert nil(lib.Node).addr == 0
