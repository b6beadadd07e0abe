"""The description of a function shows its frame, its segments and the pointers each call keeps."""

from morestack.codegen.show import describe
from morestack.ir.parse import parse_module
from tests.unit.codegen.test_run import FIB, OBJECTS


def test_segments_and_frame() -> None:
    text = describe(parse_module(FIB), "main.fib")
    assert "; main.fib$body: a goroutine function, frame of 8 bytes, 3 segments" in text
    assert "SP+0     %0.n or %3" in text
    assert "follows call main.fib$body in line 5: no pointers" in text
    assert "define internal preserve_nonecc void @main.fib$body$1" in text


def test_pointers_of_objects() -> None:
    text = describe(parse_module(OBJECTS), "main.main")
    assert "$1.p: {ptr, i64}" in text
    assert "pointers at SP+" in text


def test_unknown_function() -> None:
    assert describe(parse_module(FIB), "main.nothing") == ""
