"""The table of passes: every place has its reasons, no pass is missing, and a broken pass is found out."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import morestack.opt
from morestack.ir.module import Instr, Module
from morestack.ir.ops import Op
from morestack.ir.parse import parse_module
from morestack.opt import passes
from morestack.opt.passes import PASSES, Pass, optimize
from morestack.source.diagnostics import InternalError

SMALL = 'module "main"\nfunc @main.f() () {\nb0:\n  return\n}\n'


def test_each_pass_follows_those_it_names() -> None:
    ran: set[object] = set()
    for p in PASSES:
        assert set(p.after) <= ran, p.name
        assert all(len(reason.split()) > 3 for reason in p.after.values()), p.name
        assert p.after or not ran, f"nothing says why {p.name} stands where it does"
        assert p.again is None or (p.run in ran and p.again in p.after), p.name
        assert p.again is not None or p.run not in ran, f"{p.name} is there twice"
        ran.add(p.run)
    assert len({p.name for p in PASSES}) == len(PASSES)


def test_no_pass_is_missing() -> None:
    """Every module of opt/ but the table has a public function that the table runs, or serves one that has."""
    ran = {p.run for p in PASSES}
    folder = Path(morestack.opt.__file__ or "").parent
    for path in sorted(folder.glob("*.py")):
        if path.stem in ("__init__", "passes"):
            continue
        names = [d.name for d in ast.parse(path.read_text()).body if isinstance(d, ast.FunctionDef)]
        module = __import__(f"morestack.opt.{path.stem}", fromlist=names)
        takes_modules = [
            getattr(module, n)
            for n in names
            if not n.startswith("_") and getattr(module, n).__annotations__.get("return") in ("Module",)
        ]
        assert set(takes_modules) <= ran, path.stem
        assert ran & {getattr(module, n) for n in names}, f"{path.stem} has no pass"


def _broken(module: Module) -> Module:
    block = module.functions["main.f"].blocks[0]
    block.instrs.append(Instr(Op.RETURN))
    return Module("main", module.functions)


def test_the_flag_finds_a_broken_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "PASSES", (Pass(_broken),))
    monkeypatch.setenv("MORESTACK_VERIFY", "1")
    with pytest.raises(InternalError, match="terminator in the middle"):
        optimize(parse_module(SMALL))
    monkeypatch.delenv("MORESTACK_VERIFY")
    optimize(parse_module(SMALL))
