"""Whole corpora parse without an error: Go's own tests and its standard library."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file
from tests.go_sources import goroot, gotest

VALID = (b"// run\n", b"// run ", b"// compile\n", b"// compile ", b"// build")


def failures(paths: Iterable[Path]) -> list[str]:
    shown = []
    for path in paths:
        diagnostics = Diagnostics()
        file = parse_file(SourceFile(str(path), path.read_bytes()), diagnostics)
        if diagnostics or file is None:
            shown.append(diagnostics.render() or str(path))
    return shown


@pytest.mark.slow
def test_go_test_directory_parses() -> None:
    paths = [p for p in sorted(gotest().rglob("*.go")) if p.read_bytes().startswith(VALID)]
    assert len(paths) > 1000
    assert failures(paths) == []


@pytest.mark.slow
@pytest.mark.parametrize("package", ["fmt", "strconv", "sort", "reflect", "slices", "maps", "runtime", "go/types"])
def test_standard_library_parses(package: str) -> None:
    assert failures(sorted((goroot() / "src" / package).glob("*.go"))) == []
