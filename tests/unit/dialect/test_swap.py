"""Swapping: compiled code calls CPython versions through cells, on the native program's own statics."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from morestack.dialect import callback, native
from morestack.dialect.callback import native_function, signature_of
from morestack.dialect.lower import TABLE, compile_modules, table_of
from morestack.dialect.machine import MachineFault, bind_symbols, boolean, i32, python_callback, u64
from morestack.llvm.linking import link
from morestack.llvm.objects import emit_object
from morestack.llvm.passes import Passes
from tests.runtime_sides import dialect_module

prog = dialect_module(
    """
from morestack.dialect.machine import *

total: Static[u64] = static(u64)

def helper(n: u64) -> u64:
    total.value += n
    return total.value

@export
def tally(n: u64) -> u64:
    return helper(n)

@export
def flip(a: boolean, n: i32) -> boolean:
    return not a and n < 0

@signature
def caller(n: u64) -> u64: ...

@native("test.twice")
def twice(n: u64) -> u64: ...

def use_stub(n: u64) -> u64:
    return twice(n) + u64(symbol_addr("test.twice") == func_ptr(twice))
"""
)

# what compiled Go code does: an object of its own that calls through the cells
CALLER = """
@cell.tally = external hidden global ptr
@cell.flip = external hidden global ptr
define i64 @call_tally(i64 %n) {
  %f = load ptr, ptr @cell.tally
  %r = call i64 %f(i64 %n)
  ret i64 %r
}
define i64 @call_flip(i1 zeroext %a, i32 %n) {
  %f = load ptr, ptr @cell.flip
  %r = call zeroext i1 %f(i1 zeroext %a, i32 signext %n)
  %w = zext i1 %r to i64
  ret i64 %w
}
define hidden i64 @test.twice(i64 %n) {
  %r = mul i64 %n, 2
  ret i64 %r
}
@twice_address = constant ptr @test.twice
"""


@pytest.fixture(scope="module")
def program() -> Iterator[native.Native]:
    objects = [emit_object(compile_modules([prog]), Passes.FULL), emit_object(CALLER, Passes.NONE)]
    library = link(objects, [TABLE, "call_tally", "call_flip", "twice_address"])
    program = native.attach([prog], library[TABLE], library)
    yield program
    program.bind_statics(False)


def flip_sig(a: boolean, n: i32) -> u64:
    return 0


def test_swapped_functions_share_state(program: native.Native) -> None:
    call = native_function(signature_of(prog.caller), program.library["call_tally"], "call_tally")
    flip = native_function(signature_of(flip_sig), program.library["call_flip"], "call_flip")
    assert call(5) == 5
    program.swap("tally")
    assert prog.total.value == 5
    seen: list[str] = []
    original = prog.helper
    prog.helper = lambda n: (seen.append(threading.current_thread().name), original(n))[1]
    try:
        assert call(10) == 15
        thread = threading.Thread(target=call, args=(1,), name="worker")
        thread.start()
        thread.join()
    finally:
        prog.helper = original
    assert seen == ["MainThread", "worker"]
    program.swap_back()
    assert call(1) == 17
    for swapped in (False, True):
        if swapped:
            program.swap_all()
        assert [flip(a, n) for a in (False, True) for n in (-1, 1)] == [1, 0, 0, 0]
    program.swap_back()


def test_symbols_of_the_native_program(program: native.Native) -> None:
    from morestack.dialect.memory import u64_view

    with pytest.raises(MachineFault, match=r"no symbol test\.twice"):
        prog.twice(3)
    bind_symbols({"test.twice": u64_view[program.library["twice_address"] >> 3]})
    assert prog.use_stub(21) == 43


def test_table_needs_no_compilation() -> None:
    table = table_of([prog])
    assert table.cells == ("tally", "flip")
    assert table.statics == ((prog.__name__, "total"),)


def test_an_exception_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    caught: list[tuple[str, str]] = []
    monkeypatch.setattr(callback, "on_error", lambda f, e: caught.append((f.__name__, str(e))))
    call = native_function(signature_of(prog.tally), python_callback(prog.tally)[0], "tally")
    prog.total.value = 2**64 - 1
    call(1)
    assert caught == [("tally", "rule 1: 18446744073709551616 does not fit u64; wrap explicitly with u64(...)")]
    prog.total.value = 0


SCRIPT = """
import sys, threading
sys.path[:0] = {path!r}
from morestack.dialect.callback import native_function, python_callback, signature_of
from morestack.dialect.machine import u64, nil, Ptr, ptr_at

def broken(n: u64) -> u64:
    return nil(u64)[n]

call = native_function(signature_of(broken), python_callback(broken)[0], "broken")
t = threading.Thread(target=call, args=(1,))
t.start(); t.join()
print("went on")
"""


def test_an_exception_ends_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(path=sys.path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "runtime function broken failed under CPython" in done.stderr
    assert "MachineFault: nil dereference: u64 at address 0x8" in done.stderr


ABORTS = """
import sys
sys.path[:0] = {path!r}
from tests.runtime_sides import dialect_module
from morestack.dialect import native
from morestack.dialect.machine import nil, u64
m = dialect_module('''
from morestack.dialect.machine import *
from morestack.dialect.machine import NoReturn
@struct
class S:
    n: u64
    a: Array[u8, Literal[4]]
def divide(a: u64) -> u64:
    return 7 // a
def check(a: u64) -> u64:
    assert a == 1, "a is one"
    return a
def stop(a: u64) -> NoReturn:
    unreachable(b"stopped")
def overflow(a: u64) -> u64:
    return a - 1
def index(a: u64) -> u64:
    return u64(static_s.at.a[a + 9])
def follow(a: u64) -> u64:
    return nil(S).at.n
static_s: Static[S] = static(S)
''')
native.load([m], checked={checked}).function(m.{name})(0)
print("went on")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "checked", "line", "why"),
    [
        ("divide", False, 9, "division by zero"),
        ("check", False, 11, "assertion failed: a is one"),
        ("stop", False, 14, "unreachable: stopped"),
        ("overflow", True, 16, "rule 1: u64 overflow"),
        ("index", True, 18, "index out of range"),
        ("follow", True, 20, "nil dereference"),
    ],
)
def test_native_aborts_with_the_place(name: str, checked: bool, line: int, why: str) -> None:
    script = ABORTS.format(path=["", *sys.path], name=name, checked=checked)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"morestack runtime: dialect_case_0.py:{line}: {why}\n"
