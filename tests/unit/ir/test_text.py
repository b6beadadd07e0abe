"""IR text: what is printed parses back to the same text; the verifier accepts it and rejects broken IR."""

import pytest

from morestack.ir.parse import parse_function, parse_module
from morestack.ir.text import print_function, print_module
from morestack.ir.verify import verify_function, verify_module
from morestack.source.diagnostics import InternalError

MODULE = r"""module "main"
gotype @type.int
global @str.0 [5 x i8] readonly = "he\"l\x00"
global @main.x {ptr, i64} {0: @str.0}

func @main.f(%0.a:i64, %1:ptr) (i64, {ptr, i64}) context %2 pragma "go:noinline" !"x.go":3:5 {
  object $0.t:[4 x i64]
  reg %2:ptr
b0:
  %3:bool = slt %0.a, i64 -5
  branch %3 -> b1, b2
b1:
  %4:ptr = addr[$0.t]
  clear[[4 x i64]] %4
  bounds[index signed] %0.a, i64 4 !4:7
  %5:ptr = index[8] %4, %0.a
  %6:i64 = load %5
  %7:{ptr, i64} = make @str.0, i64 5
  return %6, %7
b2:
  %8:f64 = copy f64 1.5
  %9:f32 = fptrunc %8
  nilcheck %1 !"y.go":9:1
  %10:i64, %7:{ptr, i64} = call[@main.f] %0.a, nil !5:1
  %11:i64 = callclosure[(i64, ptr) (i64)] %2, %10, %1 !6:1
  %12:ptr = rt[newobject] @type.int !6:2
  switch[1, 2] %11 -> b1, b2, b3
b3:
  rt[panicnil]
  unreachable
}

func @"main.(*T).M"() () kind wrapper defers {
b0:
  return
}

func @"main.g[int]"(%0:i64) (i64) leaf(panics frame 64 depth 1) shown "main.g[...]" !"x.go":20:6 {
b0:
  divcheck %0 !7:3 in @main.f !21:4 in @"main.(*T).M" !"y.go":1:2
  return %0
}

func @main.h(%0:i64) (i64) !"x.go":30:6 {
b0:
  loopcheck -> b0, b1 !31:2
b1:
  tailcall[@"main.h$body"] %0 !30:6
}

func @"main.h$body"(%0:i64) (i64) body_of @main.h !"x.go":30:6 {
b0:
  return %0
}
"""


def test_round_trip() -> None:
    module = parse_module(MODULE)
    assert print_module(module) == MODULE
    verify_module(module)


def test_function_round_trip_with_result_objects() -> None:
    text = "func @f() (i64, i8) defers result_objects($0.r, -) {\n  object $0.r:i64\nb0:\n  return i64 1, i8 2\n}"
    f = parse_function(text)
    assert f.result_objects[0] is f.objects[0]
    assert print_function(f) == text
    verify_function(f)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("%0:i64 = add i64 1, i64 2", "no terminator"),
        ("%0:i64 = add i64 1, i32 2\n  return", "one integer type"),
        ("%0:bool = eq f64 1.0, f64 2.0\n  return", "no floats"),
        ("return i64 1", "results are"),
        ("%0:i64 = add %1, i64 1\n  %1:i64 = copy i64 2\n  return", "read before it is written"),
        ("rt[nosuch]\n  return", "no runtime call"),
        ("rt[panicnil]\n  return", "followed by unreachable"),
        ("%0:i64 = rt[printint] i64 1\n  return", "results are"),
        ("jump -> b0\n  return", "in the middle"),
        ("%0:i8 = extract[2] %1\n  return", "no such field"),
        ("%0:i64 = load i64 5\n  return", "no pointer"),
        ("call[@f] i64 1\n  return", "parameters are"),
        ("tailcall[@f] i64 1", "parameters are"),
        ("loopcheck -> b0", "two targets"),
        ("nilcheck nil !1:2 in @gone !3:4\n  return", "not there"),
    ],
)
def test_verifier_rejects(body: str, complaint: str) -> None:
    prefix = "  %1:{i8, i8} = zero\n" if "extract" in body else ""
    m = parse_module(f"func @f() () {{\nb0:\n{prefix}  {body}\n}}\n")
    with pytest.raises(InternalError, match=complaint):
        verify_module(m)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("nilcheck nil\n  return", "may panic"),
        ("call[@g]\n  return", "leaves only"),
        ("defer nil\n  return", "not in a leaf"),
        ("%0:i64 = rt[chanrecv] nil, nil\n  return", "not in a leaf"),
        ("%0:{ptr, ptr} = rt[gorecover]\n  return", "not in a leaf"),
    ],
)
def test_verifier_rejects_in_leaves(body: str, complaint: str) -> None:
    m = parse_module(f"func @f() () leaf(frame 64 depth 1) {{\nb0:\n  {body}\n}}\nfunc @g() () {{\nb0:\n  return\n}}\n")
    with pytest.raises(InternalError, match=complaint):
        verify_module(m)


@pytest.mark.parametrize("text", ["func @f() () {\nb0:\n  nosuch\n}", "func @f() () {\nb0:\n  jump -> b7\n}", "what"])
def test_parser_rejects(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        parse_module(text)
