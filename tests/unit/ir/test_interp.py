"""The interpreter prints what the run cases say, up to the traceback; recover and escapes, which it defines or checks."""

from pathlib import Path

import pytest

from morestack.ir.interp import Result, interpret
from morestack.ir.parse import parse_module
from morestack.pipeline import Compilation
from morestack.source.diagnostics import InternalError
from morestack.source.span import SourceFile
from tests.crash import up_to_traceback
from tests.txtar import parse

CASES = sorted((Path(__file__).parents[2] / "cases" / "run").glob("*.txtar"))
LONG = {"grow_deep", "sieve"}
"""Cases that take the interpreter too long."""


def run(text: str) -> Result:
    return interpret(Compilation([SourceFile("main.go", text.encode())]).ir)


@pytest.mark.parametrize("case", [c for c in CASES if c.stem not in LONG], ids=lambda path: path.stem)
def test_cases(case: Path) -> None:
    _, sections = parse(case.read_text())
    result = run(sections["main.go"])
    want = sections.get("stderr", "").encode()
    assert up_to_traceback(result.output) == up_to_traceback(want.removesuffix(b"...\n"))
    assert result.code == int(sections.get("exit", "0"))
