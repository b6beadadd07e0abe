"""Every diagnostic code's docstring example has exactly that code."""

import ast
import inspect
import textwrap

import pytest

from morestack.source import codes
from morestack.source.codes import Code
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file
from morestack.types.check.package import check_package


def examples() -> dict[Code, str]:
    """Code -> the example of the docstring below it; empty when it has none."""
    found: dict[Code, str] = {}
    body = next(n for n in ast.parse(inspect.getsource(codes)).body if isinstance(n, ast.ClassDef)).body
    member: Code | None = None
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            member = Code[statement.targets[0].id]
            found[member] = ""
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and member is not None:
            text = inspect.cleandoc(str(statement.value.value))
            _, _, example = text.partition("Example:\n")
            found[member] = textwrap.dedent(example)
    return found


EXAMPLES = examples()


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda c: c.name)
def test_every_code_has_an_example(code: Code) -> None:
    assert EXAMPLES[code].strip()


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda c: c.name)
def test_example_has_exactly_its_code(code: Code) -> None:
    example = EXAMPLES[code]
    if example.startswith("$ "):
        pytest.skip("the example is a command; tests of its stage cover it")
    if "package " not in example:
        example = "package main\n" + example
    diagnostics = Diagnostics()
    file = parse_file(SourceFile("main.go", example.encode()), diagnostics)
    if code.value.startswith("S"):
        assert {d.code for d in diagnostics.items} == {code}
        return
    assert file is not None and not diagnostics, diagnostics.render()
    if code.value.startswith("T"):
        check_package("main", [file], diagnostics)
        assert {d.code for d in diagnostics.items} == {code}, diagnostics.render()
