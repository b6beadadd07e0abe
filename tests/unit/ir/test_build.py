"""IR from Go source: cases build, verify, print, parse back, and have their `check:` lines in order."""

from pathlib import Path

import pytest

from morestack.escape.analyze import analyze
from morestack.escape.result import EscapeResult
from morestack.ir.build import build_package
from morestack.ir.module import Module
from morestack.ir.parse import parse_module
from morestack.ir.text import print_module
from morestack.ir.verify import verify_module
from morestack.source.diagnostics import CompileError, Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file
from morestack.types.checker import check_package
from morestack.types.types import Type
from morestack.types.typestring import link_string
from tests import txtar

CASES = sorted((Path(__file__).parents[2] / "cases" / "ir").glob("*.txtar"))


def build(source: str, escapes: bool = True) -> Module:
    """The verified IR of a program."""
    diagnostics = Diagnostics()
    file = parse_file(SourceFile("main.go", source.encode()), diagnostics)
    assert file is not None, diagnostics.render()
    package = check_package("main", [file], diagnostics)
    assert not diagnostics, diagnostics.render()
    module = build_package(package, analyze(package) if escapes else EscapeResult())
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


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path) -> None:
    case = txtar.read(path)[1]
    module = build(case["main.go"])
    text = print_module(module)
    at = 0
    for line in case.get("ir", "").splitlines():
        if line.startswith("check: "):
            found = text.find(line.removeprefix("check: "), at)
            assert found >= 0, f"{line}\nnot found in order in\n{text}"
            at = found + 1
        elif line.startswith("never: "):
            assert line.removeprefix("never: ") not in text, text
    assert print_module(parse_module(text, types_of(module))) == text


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case_when_everything_escapes(path: Path) -> None:
    build(txtar.read(path)[1]["main.go"], escapes=False)


def test_generic_functions_are_refused_where_they_are_declared() -> None:
    with pytest.raises(CompileError, match=r"main.go:3:6: generic functions are not supported yet"):
        build("package main\n\nfunc f[T any](x T) {}\n\nfunc main() { f(1) }\n")


def test_range_over_a_function_is_refused() -> None:
    with pytest.raises(CompileError, match="range over a function is not supported yet"):
        build("package main\n\nfunc main() {\n\tfor range func(func() bool) {} {\n\t}\n}\n")


def test_no_block_is_unreachable_and_no_register_unused() -> None:
    module = build(
        "package main\n\nfunc f(x int) int {\n\tif x > 1 {\n\t\treturn 2\n\t}\n\tpanic(x)\n}\n\nfunc main() { f(1) }\n"
    )
    f = module.functions["main.f"]
    targets = {t.id for b in f.blocks for t in b.instrs[-1].targets}
    assert {b.id for b in f.blocks} - {0} <= targets
    written = {d.id for b in f.blocks for i in b.instrs for d in i.dst} | {p.id for p in f.params}
    assert written == {r.id for r in f.regs}
