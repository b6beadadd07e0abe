"""The description of a function shows its frame, its segments and the pointers each call keeps."""

from morestack.codegen.show import describe
from morestack.ir.parse import parse_module
from morestack.opt.passes import optimize
from tests.unit.codegen.test_run import FIB, OBJECTS


def test_segments_and_frame() -> None:
    text = describe(optimize(parse_module(FIB)), "main.fib")
    assert "; main.fib$body: a goroutine function, frame of 8 bytes, 3 segments" in text
    assert "SP+0     %0.n or %3" in text
    assert "follows call main.fib$body in line 5: no pointers" in text
    assert "define internal preserve_nonecc void @main.fib$body$1" in text


def test_pointers_of_objects() -> None:
    text = describe(optimize(parse_module(OBJECTS)), "main.main")
    assert "$1.p: {ptr, i64}" in text
    assert "pointers at SP+" in text


def test_unknown_function() -> None:
    assert describe(optimize(parse_module(FIB)), "main.nothing") == ""


DEFERS = """
module "main"
global @main.c ptr readonly {0: @main.d}
func @main.d() () {
b0:
  return
}
func @main.main() () defers {
  object $0:ptr
  reg %0:bool
b0:
  %0:bool = ne nil, nil
  defer @main.c
  jump -> b1
b1:
  %1:ptr = addr[$0]
  store %1, nil
  defer @main.c
  branch %0 -> b1, b2
b2:
  rt[panicnil] !9:9
  unreachable
b3:
  deferreturn
  return
}
"""


def test_records_of_deferred_calls_and_an_exit_that_only_a_panic_reaches() -> None:
    text = describe(parse_module(DEFERS), "main.main")
    assert text.count("record of a deferred call") == 1  # the other is in a loop
    assert text.count("@cell.deferproc") == 1 and "@cell.deferreturn" in text
    assert "; @main.main$1 follows deferreturn: pointers at SP+" in text
    assert "$0: ptr  (cleared on entry)" in text  # a panic may come before its first store
