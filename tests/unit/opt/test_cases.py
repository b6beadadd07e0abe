"""Each pass by cases of its own (tests/cases/opt): IR in, and lines of the IR after the pass.

A case names its pass. `check` holds whole lines that stand in the output in this order; `never` holds lines that
the input has and the output has not. One of the two fails on the input. The program prints the same before and after.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from morestack.build.files import read_program
from morestack.build.program import Program
from morestack.interp.interpreter import interpret
from morestack.ir.module import Module
from morestack.ir.parse import parse_module
from morestack.ir.text import print_module
from morestack.ir.verify import verify_module
from morestack.opt.passes import PASSES, optimize, stages
from tests import txtar
from tests.unit.irbuild.test_build import types_of

CASES = sorted((Path(__file__).parents[2] / "cases" / "opt").glob("*.txtar"))
PROGRAMS = [
    Path(__file__).parents[3] / "examples" / f"{name}.go" for name in ("fib", "tree", "tasks", "waves", "guard")
]
HEAD = 'module "main"\ngotype @type.int\n'
ENTRY = """func @runtime.main() () kind entry {
b0:
  call[@main.main]
  rt[exit] i64 0
  unreachable
}
"""


def stand_in_order(lines: list[str], text: str) -> bool:
    """Whether the lines are whole lines of the text, in this order."""
    rest = iter(text.splitlines())
    return all(line in rest for line in lines)


def after(module: Module, name: str) -> Module:
    """The module after the pass of that name, which has changed it."""
    found = [(changed, made) for p, changed, made in stages(module) if p.name == name]
    assert found, f"no pass {name}"
    assert found[0][0], f"{name} changes nothing"
    return found[0][1]


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path) -> None:
    case = txtar.read(path)[1]
    module = parse_module(HEAD + case["main.ir"] + ENTRY)
    verify_module(module)
    before = print_module(module)
    check, never = case["check"].splitlines(), case.get("never", "").splitlines()
    assert never or not stand_in_order(check, before), "the check cannot fail"
    assert set(never) <= set(before.splitlines()), "the line is never there"

    made = after(module, case["pass"].strip())
    text = print_module(made)
    assert stand_in_order(check, text), text
    assert not set(never) & set(text.splitlines()), text
    verify_module(made)
    assert print_module(parse_module(text)) == text
    assert print_module(module) == before, "the input was changed"
    for program in (module, made, optimize(module)):
        result = interpret(program)
        assert (result.output.decode().rstrip("\n"), result.code) == (case["output"].rstrip("\n"), 0)


def test_every_pass_has_a_case() -> None:
    named = {txtar.read(path)[1]["pass"].strip() for path in CASES}
    assert {p.name for p in PASSES if p.again is None} <= named


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_programs_are_well_formed_after_every_pass(path: Path) -> None:
    """Go from the examples: the IR verifies, and its text round-trips, after each pass."""
    for p, changed, made in stages(Program(read_program([str(path)])).root.ir):
        if changed:
            verify_module(made)
            text = print_module(made)
            assert print_module(parse_module(text, types_of(made))) == text, p.name
