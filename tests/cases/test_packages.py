"""Programs of several packages: `cases/packages/*.txtar`, each with what it must print and its exit code.

Sections with a folder in their name belong to the package with that import path; `main.go`, `stderr` and `exit` are
as in `cases/run`. Packages come from the case instead of a Go distribution or an overlay.
"""

import os
import tempfile
from pathlib import Path

import pytest

from morestack.build.finder import Finder, find_package
from morestack.build.program import Program
from morestack.engine.program import LinkedProgram
from morestack.source.span import SourceFile
from tests.txtar import parse

CASES = sorted((Path(__file__).parent / "packages").glob("*.txtar"))


def finder(sections: dict[str, str]) -> Finder:
    """Packages of a case, then overlays."""

    def find(path: str) -> tuple[SourceFile, ...] | None:
        files = [(n, text) for n, text in sections.items() if n.rpartition("/")[0] == path]
        return tuple(SourceFile(n, text.encode()) for n, text in files) or find_package(path)

    return find


def run(program: Program, stress: str) -> tuple[int, str]:
    """Run in a fork; the exit code and what was printed."""
    objects = program.objects
    with tempfile.TemporaryFile() as out:
        pid = os.fork()
        if pid == 0:
            os.dup2(out.fileno(), 2)
            os.environ["STRESS"] = stress
            os._exit(LinkedProgram.load(objects, lambda _: None).run())
        _, status = os.waitpid(pid, 0)
        out.seek(0)
        return os.waitstatus_to_exitcode(status), out.read().decode()


@pytest.mark.parametrize("stress", ["", "movestack,poison", "gc,poison"])
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_packages(case: Path, stress: str) -> None:
    _, sections = parse(case.read_text())
    program = Program([SourceFile("main.go", sections["main.go"].encode())], find=finder(sections))
    code, printed = run(program, stress)
    assert printed == sections.get("stderr", "")
    assert code == int(sections.get("exit", "0"))
    again = Program([SourceFile("main.go", sections["main.go"].encode())], find=finder(sections))
    assert again.objects == program.objects
    assert again.root.computed == [], "a cached program is not checked"
