"""IR from Go source: cases build, verify, print, parse back, and have their `check:` lines in order."""

import re
from pathlib import Path

import pytest

from morestack.escape.analyze import analyze
from morestack.escape.result import EscapeResult
from morestack.ir import types as ir
from morestack.ir.module import Module
from morestack.ir.parse import parse_module
from morestack.ir.text import print_module
from morestack.ir.verify import verify_module
from morestack.irbuild.build import build_package
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file
from morestack.types.check.package import check_package
from morestack.types.core.info import CheckedPackage
from morestack.types.core.types import Type
from morestack.types.identity.typestring import link_string
from tests import txtar

FOLDER = Path(__file__).parents[2] / "cases"
CASES = sorted((FOLDER / "ir").glob("*.txtar"))
RUN = sorted((FOLDER / "run").glob("*.txtar"))
IMPORT = re.compile(r"^import", re.MULTILINE)


def analyzed(source: str) -> tuple[CheckedPackage, EscapeResult]:
    """A program's types and escapes."""
    diagnostics = Diagnostics()
    file = parse_file(SourceFile("main.go", source.encode()), diagnostics)
    assert file is not None, diagnostics.render()
    package = check_package("main", [file], diagnostics)
    assert not diagnostics, diagnostics.render()
    return package, analyze(package)


def build(source: str, escapes: bool = True) -> Module:
    """The verified IR of a program."""
    package, result = analyzed(source)
    if not escapes:
        result = EscapeResult(range_captures=result.range_captures)
    module = build_package(package, result)
    verify_module(module)
    return module


def types_of(module: Module) -> dict[str, Type]:
    """Every Go type a module's text names, by symbol."""
    types = dict(module.go_types)
    for entries in module.methods.values():
        types.update({"type." + link_string(e.type): e.type for e in entries})
    for pair in module.itabs.values():
        types.update({"type." + link_string(t): t for t in pair})
    return types


PLACE = re.compile(r"( !\S+)?( \{)?$")
"""A position, and the brace of a function's first line: left out of comparisons."""


def sections(text: str) -> dict[str, list[str]]:
    """The lines of a module's text by the first line of their function; what stands before the first is under ""."""
    found: dict[str, list[str]] = {"": []}
    lines = found[""]
    for line in text.splitlines():
        line = PLACE.sub("", line.strip())
        if line.startswith("func "):
            lines = found[line] = []
        lines.append(line)
    return found


def meets(text: str, expected: str) -> None:
    """Whole lines, in order (`check:`), in the function that the last `check: func` began; lines that are there once
    (`once:`) or not at all (`never:`) in that function, and what the whole text must not contain (`absent:`)."""
    functions = sections(text)
    lines, at = functions[""], 0
    for line in expected.splitlines():
        kind, want = line.split(": ", 1)
        if want.startswith("func "):
            assert want in functions, f"{want}\nis none of\n{chr(10).join(functions)}"
            lines, at = functions[want], 0
        shown = f"{line}\nfails in\n{chr(10).join(lines)}"
        match kind:
            case "check":
                assert want in lines[at:], shown
                at = lines.index(want, at) + 1
            case "once":
                assert lines.count(want) == 1, shown
            case "never":
                assert want not in lines, shown
            case "absent":
                assert want not in text, shown
            case _:
                raise AssertionError(f"{kind} is not a kind of check")


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path) -> None:
    case = txtar.read(path)[1]
    meets(print_module(build(case["main.go"])), case.get("ir", ""))


@pytest.mark.parametrize("path", [*CASES, *RUN], ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_text_round_trips(path: Path) -> None:
    """Printing what the parser reads gives the same text: of every case that is one file and imports nothing."""
    source = txtar.read(path)[1].get("main.go")
    if source is None or IMPORT.search(source):
        pytest.skip("more than one file or package")
    module = build(source)
    text = print_module(module)
    assert print_module(parse_module(text, types_of(module))) == text


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case_when_everything_escapes(path: Path) -> None:
    build(txtar.read(path)[1]["main.go"], escapes=False)


GENERIC = """package main

type list[T any] struct {
	head *node[T]
}

type node[T any] struct {
	v    T
	next *node[T]
}

func (l *list[T]) push(v T) { l.head = &node[T]{v, l.head} }

func each[T any](l *list[T], f func(T)) {
	for n := l.head; n != nil; n = n.next {
		f(n.v)
	}
}

func unused[T any](x T) {}

func main() {
	var a list[int]
	var b list[string]
	a.push(1)
	b.push("x")
	each(&a, func(int) {})
	each(&a, func(int) {})
	each[string](&b, func(string) {})
}
"""


def test_instances_are_built_once_and_only_when_named() -> None:
    functions = build(GENERIC).functions
    generic = sorted(name for name in functions if "[" in name or "unused" in name)
    assert generic == ["main.(*list[int]).push", "main.(*list[string]).push", "main.each[int]", "main.each[string]"]


def test_an_instance_has_its_own_types() -> None:
    functions = build(GENERIC).functions
    assert [r.type for r in functions["main.(*list[int]).push"].params] == [ir.PTR, ir.I64]
    assert [r.type for r in functions["main.(*list[string]).push"].params] == [ir.PTR, ir.STRING]


def test_building_leaves_the_side_tables_as_they_are() -> None:
    package, escapes = analyzed(GENERIC)
    before = {node: (tv.mode, tv.type) for node, tv in package.info.types.items()}
    names = [list(build_package(package, escapes).functions) for _ in range(2)]
    assert names[0] == names[1]
    assert before == {node: (tv.mode, tv.type) for node, tv in package.info.types.items()}


def test_bodies_of_loops_over_functions_are_functions_named_as_gc_names_them() -> None:
    functions = build(
        """package main

func seq(yield func(int) bool) { yield(1) }

func f() int {
	for range seq {
		for x := range seq {
			func() { println(x) }()
			return x
		}
	}
	return 0
}

func main() { f() }
"""
    ).functions
    assert {"main.f-range1", "main.f-range1-range1", "main.f-range1-range1.1"} <= functions.keys()
    assert functions["main.f-range1"].results == [ir.BOOL]


def test_no_block_is_unreachable_and_no_register_unused() -> None:
    module = build(
        "package main\n\nfunc f(x int) int {\n\tif x > 1 {\n\t\treturn 2\n\t}\n\tpanic(x)\n}\n\nfunc main() { f(1) }\n"
    )
    f = module.functions["main.f"]
    targets = {t.id for b in f.blocks for t in b.instrs[-1].targets}
    assert {b.id for b in f.blocks} - {0} <= targets
    written = {d.id for b in f.blocks for i in b.instrs for d in i.dst} | {p.id for p in f.params}
    assert written == {r.id for r in f.regs}
