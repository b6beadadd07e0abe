"""Escape decisions: `cases/escape/*.txtar`, each a program and what `go build -gcflags='-m -l'` says of it.

Sections: `main.go` and `messages`, real Go's own, byte for byte and in its order. `--update` rewrites
`messages` from the `go` that is found, so the expected text never comes from us.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from morestack.escape.analyze import analyze
from morestack.escape.report import report
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file
from morestack.types.check.package import check_package
from tests.txtar import read, write

CASES = sorted((Path(__file__).parent / "escape").glob("*.txtar"))


def go() -> str | None:
    """Real Go, beside this Python or on PATH."""
    return shutil.which("go", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")


def messages_of_go(source: str, folder: Path) -> str:
    """What real Go prints, its heading line left out."""
    (folder / "main.go").write_text(source)
    tool = go()
    assert tool is not None
    command = [tool, "build", "-gcflags=-m -l", "-o", str(folder / "out"), "main.go"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return "".join(line + "\n" for line in run.stderr.splitlines() if not line.startswith("#"))


def messages(source: str) -> str:
    """What we print."""
    diagnostics = Diagnostics()
    file = parse_file(SourceFile("./main.go", source.encode()), diagnostics)
    assert file is not None and not diagnostics, diagnostics.render()
    checked = check_package("main", (file,), diagnostics)
    assert not diagnostics, diagnostics.render()
    return report(analyze(checked))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_messages(case: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    comment, sections = read(case)
    if request.config.getoption("--update", False):
        sections["messages"] = messages_of_go(sections["main.go"], tmp_path)
        case.write_text(write(comment, sections))
    assert messages(sections["main.go"]) == sections["messages"]
