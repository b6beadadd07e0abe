"""An accepting and a rejecting case per rule of docs/dialect.md."""

import textwrap

import pytest

from morestack.dialect.lower import compile_modules
from morestack.dialect.subset import DialectError, check_modules
from morestack.llvm.objects import parse
from tests.runtime_sides import dialect_module

HEAD = """
from morestack.dialect.machine import *
from morestack.dialect.machine import NoReturn

LIMIT = u64(100)
FREE = 7
NAME = b"name"

@struct
class Inner:
    x: u32

@struct
class S:
    next: Ptr["S"]
    n: u64
    small: u8
    inner: Inner
    arr: Array[u16, Literal[4]]
    flag: boolean
    at: u64

root: Static[S] = static(S)
total: Static[u64] = static(u64)

@native("getpid")
def getpid() -> i32: ...

@signature
def unary(x: u64) -> u64: ...

def callee(x: u64) -> u64:
    return x

def fail(x: u64) -> NoReturn:
    unreachable(b"fail")
"""

ACCEPT = {
    1: [
        "def f(a: u64, b: u64) -> u64:\n    return u64(a * b + (a << 3) - ~b)",
        "def f(a: u64, b: u64) -> u64:\n    return a & ~b",
        "def f(a: u64) -> u64:\n    return (a + 15) & -16",
        "def f(a: u64) -> u32:\n    return u32(-a)",
    ],
    2: [
        "def f(a: u32, b: u32) -> u64:\n    return u64(a) + u64(b)",
        "def f(a: u64) -> u64:\n    return a // 3 + a % 8",
        "def f(a: u32) -> i64:\n    return i64((a & 31) << 6 | a & 63)",
        "def f(a: f64) -> u8:\n    return u8(a)",
        "def f(p: Ptr[S]) -> u16:\n    return p.at.arr[3]",
    ],
    3: [
        "def f(a: u64) -> boolean:\n    return a < LIMIT and a != FREE",
        "def f(a: i8) -> i8:\n    x: i8 = -128\n    return x | a",
        "def f(a: f64) -> f64:\n    return a * 2.0",
        "def f(a: u64) -> u64:\n    return callee(5) + min(a, 3)",
        "def f(p: Ptr[S]) -> Ptr[Inner]:\n    return p.field(S.inner)",
    ],
    4: [
        "def f(a: i64, n: u8) -> i64:\n    return (a // 4) >> n",
        "def f(n: u32) -> u64:\n    return LIMIT << n",
        "def f(a: u8) -> u8:\n    return a >> 7",
    ],
    5: [
        "def f(p: Ptr[S]) -> boolean:\n    return p != nil(S) and (not p.at.flag or p.at.n == 0)",
        "def f(a: boolean, b: boolean) -> boolean:\n    return a == b",
    ],
    6: [
        "def f(p: Ptr[S]) -> u32:\n    inner = p.at.inner\n    inner.x = 3\n    return ptr_to(inner).at.x",
        "def g(s: S) -> u64:\n    return addr_of(s.arr)\ndef f(p: Ptr[S]) -> u64:\n    return g(p.at)",
        "def f(p: Ptr[S]) -> u64:\n    p.at.at = 3\n    return p.at.at",
    ],
    7: [
        "def f(p: Ptr[S], i: u64) -> u16:\n    p.at.arr[i] += 1\n    return p.at.arr[i] if i < 4 else u16(0)",
    ],
    8: [
        "def f(p: Ptr[S]) -> u64:\n    return atomic_add(p.field(S.n), -1)",
        "def f(p: Ptr[S], q: Ptr[S]) -> boolean:\n    return cas(p.field(S.next), nil(S), q)",
    ],
    9: [
        "def f(n: u64) -> u64:\n    s: u64 = 0\n    for i in range(n):\n        if i == 3:\n            break\n"
        "        s += i\n    while True:\n        s += 1\n        if s > 10:\n            return s",
        "def f(n: u64) -> None:\n    if n == 0:\n        fail(n)\n    assert n > 0, 'n'\n    pass",
        "def f(n: u64) -> u64:\n    if n == 0:\n        x = u64(1)\n    else:\n        fail(n)\n    return x",
        "def f(n: u64) -> u64:\n    total.value += n\n    return root.at.n + root.addr + u64(getpid())",
        "def f(n: u64) -> u64:\n    return call_ptr(unary, func_ptr(callee), n)",
        "def f(n: u64) -> u8:\n    return cstr(NAME)[n]",
        "def f(n: u64) -> u64:\n    breakpoint()\n    return n",
    ],
    10: [
        "@nosplit(why='test')\ndef f(n: u64) -> u64:\n    return callee(n)",
    ],
}

REJECT = {
    1: [
        ("def f(a: u64) -> u64:\n    return -a", "negation of an unsigned value"),
        ("def f(a: u64) -> u64:\n    return ~a", "operand of `&`"),
        ("def f(a: u64) -> u64:\n    return u64(~a >> 3)", "operand of `&`"),
    ],
    2: [
        ("def f(a: u32, b: u32) -> u64:\n    return u64(a + b)", "may overflow u32 before it is widened"),
        ("def f(a: i32) -> f64:\n    return f64(a * a)", "may overflow i32"),
        ("def f(a: u32) -> u64:\n    return u64(a | (a << 3))", "may overflow u32"),
        ("def f(a: u64) -> u64:\n    return a // 0", "division by zero"),
        ("def f(a: u64) -> u64:\n    return a / 2", "`/` divides f64"),
        ("def f(p: Ptr[S]) -> u16:\n    return p.at.arr[4]", "index 4 out of range"),
        ("def f() -> u8:\n    return u8(300.0)", "does not fit u8"),
    ],
    3: [
        ("def f(a: u64, b: u32) -> u64:\n    return a + b", "operands are u64 and u32; convert with u64"),
        ("def f(a: u64) -> u32:\n    return a", "u32 wanted, this is u64; convert with u32"),
        ("def f(a: u8) -> u8:\n    return a + 256", "literal 256 does not fit u8"),
        ("def f(a: f64) -> f64:\n    return a * 2", "literal 2 is an integer; write 2.0"),
        ("def f() -> u64:\n    x = 0\n    return x", "a literal needs a type here"),
        ("def f(a: u64) -> u64:\n    x = a\n    x = u32(1)\n    return a", "x is u64, this is u32"),
        ("def f(p: Ptr[S]) -> u64:\n    return p", "take its .addr"),
        ("def f(p: Ptr[S]) -> Ptr[Inner]:\n    return p", "use cast"),
        ("def f(a: u64) -> u64:\n    return a + LIMIT + u32(1)", "operands are u64 and u32"),
        ("def f(a: u32) -> boolean:\n    return a < LIMIT", "operands are u32 and u64"),
        ("def f(p: Ptr[S]) -> u64:\n    return u64(p)", "take its .addr"),
        ("def f(a: f32) -> f32:\n    return a + a", "f32 is for storage"),
        ("def f(p: Ptr[S]) -> None:\n    p.at.small = u64(3)", "u8 wanted, this is u64"),
        ("def f() -> u64:\n    return callee(u32(1))", "u64 wanted, this is u32"),
        ("def f(a: boolean) -> boolean:\n    return a < a", "boolean has no order"),
        ("def f(p: Ptr[S]) -> Ptr[S]:\n    return p + 1", "use .add"),
    ],
    4: [
        ("def f(a: u32) -> u32:\n    return a >> 32", "shift count 32 is not below the width of u32"),
        ("def f(a: u32) -> u64:\n    return 1 << a", "needs a type"),
    ],
    5: [
        ("def f(a: u64) -> u64:\n    if a:\n        return a\n    return a", "a condition is boolean, this is u64"),
        ("def f(p: Ptr[S]) -> boolean:\n    return not p", "a condition is boolean"),
        ("def f(a: u64) -> boolean:\n    return 0 < a < 5", "comparisons are not chained"),
        ("def f(p: Ptr[S]) -> boolean:\n    return p == None", "not None"),
        ("def f(a: u64) -> boolean:\n    return boolean(a)", "no conversion to boolean"),
    ],
    6: [
        ("def f(p: Ptr[S], q: Ptr[S]) -> None:\n    p.at.inner = q.at.inner", "no Inner values to assign"),
        ("def f(p: Ptr[S], q: Ptr[S]) -> boolean:\n    return p.at == q.at", "no S values to compare"),
        ("def f(p: Ptr[u64]) -> u64:\n    return p.at", "followed with [0]"),
        ("def f(p: Ptr[S]) -> u64:\n    return addr_of(p.at.n)", "nested struct or array"),
    ],
    7: [
        ("def f(p: Ptr[S]) -> u64:\n    p.at.n = x = u64(1)\n    return x", "assignment to several targets"),
    ],
    8: [
        ("def f(p: Ptr[S]) -> u8:\n    return atomic_load(p.field(S.small))", "atomics work on Ptr[u32] and Ptr[u64]"),
    ],
    9: [
        ("def f(a: u64) -> u64:\n    x = [1, 2]\n    return a", "List is not in the dialect"),
        ("def f(a: u64) -> None:\n    try:\n        pass\n    except Exception:\n        pass", "try is not in"),
        ("def f(a: u64) -> None:\n    raise ValueError", "raise is not in"),
        ("def f(a: u64) -> None:\n    def g() -> None:\n        pass", "nested function"),
        ("def f(a: u64) -> u64:\n    g = lambda: a\n    return a", "Lambda is not in"),
        ("def f(a: u64) -> None:\n    print(a)", "print is not a function known"),
        ("def f(a: u64) -> u64:\n    if a == 1:\n        x = a\n    return x", "x may be used before it is assigned"),
        ("def f(a: u64) -> u64:\n    y = x\n    x = a\n    return y", "x may be used before"),
        ("def f(a: u64) -> u64:\n    if a == 1:\n        return a", "can end without returning"),
        ("def f(a: u64) -> u64:\n    while a > 1:\n        return a", "can end without returning"),
        ("def f(p: Ptr[S]) -> u64:\n    return p.n", "follow the pointer with .at"),
        ("def f(p: Ptr[S]) -> u64:\n    return p.at.m", "S has no m"),
        ("def f() -> u64:\n    return total", "static total is reached with .value"),
        ("def f() -> u64:\n    return callee(1, 2)", "takes 1 arguments, not 2"),
        ("def f() -> u64:\n    return callee(x=1)", "arguments are positional"),
        ("def f() -> u64:\n    return unary(1)", "use call_ptr"),
        ("def f(a) -> u64:\n    return 1", "every parameter and the result has an annotation"),
        ("def f(a: u64 = 3) -> u64:\n    return a", "without defaults"),
        ("def f(a: u64) -> u64:\n    x = fail(a)\n    return a", "returns no value"),
        ("def f(a: u64) -> None:\n    for i in [1]:\n        pass", "a for loop runs over range"),
        ("def f(a: u64) -> None:\n    for i in range(0, a, a):\n        pass", "step of a range is a literal"),
        ("def f(a: u64) -> u64:\n    return swap(a)", "belongs to CPython"),
        ("class A:\n    pass", "class A is not a @struct"),
        ("print('x')", "a module has imports"),
        ("def f(p: Ptr[S]) -> None:\n    p.addr = u64(3)", ".addr cannot be assigned"),
        ("def f(a: u64) -> u64:\n    return " + "+".join(["a"] * 2000), "nests too deeply"),
        ("def f() -> None:\n    FREE += 1", "may be used before it is assigned"),
    ],
    10: [
        ("@nosplit(why='t')\ndef f(a: u64) -> u64:\n    return f(a)", "recurses below a @nosplit"),
        ("@nosplit(why='t')\ndef f(a: u64) -> u64:\n    return call_ptr(unary, a, a)", "call_ptr in f"),
        (
            "def g0(a: u64) -> u64:\n    return a\n"
            + "".join(f"def g{i}(a: u64) -> u64:\n    return g{i - 1}(a)\n" for i in range(1, 26))
            + "@nosplit(why='t')\ndef f(a: u64) -> u64:\n    return g25(a)",
            "nest 26 deep, over 24",
        ),
    ],
}


@pytest.mark.parametrize(("rule", "source"), [(r, s) for r, cases in ACCEPT.items() for s in cases])
def test_accepted(rule: int, source: str) -> None:
    module = dialect_module(HEAD + source)
    for checked in (False, True):
        parse(compile_modules([module], checked=checked))


@pytest.mark.parametrize(
    ("rule", "source", "message"), [(r, *c) for r, cases in REJECT.items() for c in cases], ids=lambda v: str(v)[:60]
)
def test_rejected(rule: int, source: str, message: str) -> None:
    module = dialect_module(HEAD + source)
    with pytest.raises(DialectError) as caught:
        check_modules([module])
    lines = str(caught.value).splitlines()
    assert len(lines) == 1, lines
    assert f": rule {rule}: " in lines[0]
    assert message in lines[0]


def test_positions() -> None:
    module = dialect_module("from morestack.dialect.machine import *\ndef f(a: u64) -> u64:\n    return a + u32(1)\n")
    with pytest.raises(DialectError) as caught:
        check_modules([module])
    assert f"{module.__file__}:3:12: rule 3: operands are u64 and u32" in str(caught.value)


def test_several_violations_at_once() -> None:
    source = HEAD + textwrap.dedent(
        """
        def f(a: u64, b: u32) -> u64:
            x = a + b
            y = b < a
            return a
        def g(a: u64) -> u32:
            return a
        """
    )
    with pytest.raises(DialectError) as caught:
        check_modules([dialect_module(source)])
    assert len(str(caught.value).splitlines()) == 3


def test_text_is_deterministic() -> None:
    module = dialect_module(HEAD + "@export\ndef f(a: u64) -> u64:\n    return callee(a) + root.at.n")
    assert compile_modules([module]) == compile_modules([module])
