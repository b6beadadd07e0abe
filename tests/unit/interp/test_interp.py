"""The interpreter prints what the run cases say; it defines recover, and checks escapes."""

from pathlib import Path

import pytest

from morestack.build.program import Program
from morestack.interp.interpreter import Result, Steps, interpret
from morestack.ir.parse import parse_module
from morestack.source.diagnostics import InternalError
from morestack.source.span import SourceFile
from morestack.types.core.types import INT, Pointer
from tests.crash import up_to_traceback
from tests.txtar import parse

CASES = sorted((Path(__file__).parents[2] / "cases" / "run").glob("*.txtar"))
LIMIT = 1_000_000


def run(text: str) -> Result:
    return interpret(Program([SourceFile("main.go", text.encode())]).root.ir, LIMIT)


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in CASES if c.stem != "map_range"], ids=lambda path: path.stem)
def test_cases(case: Path) -> None:
    """All but the one that sees that map order is random."""
    _, sections = parse(case.read_text())
    if "\nimport " in sections["main.go"]:
        pytest.skip("the interpreter runs one package")
    try:
        result = run(sections["main.go"])
    except Steps:
        pytest.skip("too long for the interpreter")
    want = sections.get("stderr", "").removesuffix("...\n")
    assert up_to_traceback(result.output) == up_to_traceback(want.encode())
    assert result.code == int(sections.get("exit", "0"))


RECOVER = """package main

type T struct{ n int }

func (t T) stop(what string)   { println(what, t.n, recover() != nil) }
func (t *T) again(what string) { println(what, t.n, recover() != nil) }

type I interface{ stop(string) }

type D struct{ T }

func inner() any { return recover() }

func value() (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = r.(error)
			n *= 2
		}
	}()
	n = 21
	var a []int
	return a[n], nil
}

func nested() {
	defer func() { println("outer", recover() == "second") }()
	defer func() {
		defer func() { panic("second") }()
		panic("first")
	}()
	panic("zeroth")
}

func within() {
	defer func() { println("still", recover() == "one") }()
	defer func() {
		func() {
			defer func() { println("got", recover() == "two") }()
			panic("two")
		}()
	}()
	panic("one")
}

func main() {
	func() {
		var i I = D{T{1}}
		defer i.stop("interface")
		panic(1)
	}()
	func() {
		d := &D{T{2}}
		defer d.again("promoted")
		defer func() { println("too deep", inner() == nil) }()
		panic(1)
	}()
	func() {
		defer func() { println("too early", recover() != nil) }()
		defer recover()
		panic(1)
	}()
	func() {
		defer func() { println("squelched", recover() == nil) }()
		defer func() { defer recover() }()
		panic(1)
	}()
	n, err := value()
	println(n, err.Error())
	nested()
	within()
	defer println("last")
	defer func() { panic(recover()) }()
	var p *T
	println(p.n)
}
"""

PRINTED = """interface 1 true
too deep true
promoted 2 true
too early true
squelched true
42 runtime error: index out of range [21] with length 0
outer true
got true
still true
last
panic: runtime error: invalid memory address or nil pointer dereference [recovered, repanicked]

"""


def test_recover() -> None:
    assert run(RECOVER) == Result(PRINTED.encode(), 2)


KEPT = """module "main"
gotype @"type.*int"
func @runtime.main() () !"x.go":1:1 {
  object $0.t:i64
b0:
  %0:ptr = rt[newobject] @"type.*int"
  %1:ptr = addr[$0.t]
  store %0, %1
  return
}
"""


def test_pointer_to_a_stack_in_the_heap() -> None:
    module = parse_module(KEPT, {"type.*int": Pointer(INT)})
    with pytest.raises(InternalError, match="points to the frame object"):
        interpret(module)


LEFT = """module "main"
func @main.f() (ptr) !"x.go":1:1 {
  object $0.t:i64
b0:
  %0:ptr = addr[$0.t]
  store %0, i64 7
  return %0
}
func @runtime.main() () !"x.go":1:1 {
b0:
  %0:ptr = call[@main.f] !2:1
  %1:i64 = load %0
  rt[printhex] %1
  return
}
"""


def test_what_a_frame_leaves_is_poison() -> None:
    assert interpret(parse_module(LEFT)).output.startswith(b"0xdbdbdbdbdbdbdbdb")
