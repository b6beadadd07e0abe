"""Small programs built once by the virtual environment's Go; each process of a parallel run builds its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.go_sources import go_command

PROGRAM = Path(__file__).parents[2] / "real" / "program.go"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes from the user's cache of decoded binaries, or goes there."""
    if "GOCACHE" not in os.environ:
        found = subprocess.run([go_command(), "env", "GOCACHE"], check=True, capture_output=True, text=True)
        monkeypatch.setenv("GOCACHE", found.stdout.strip())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


class Builder:
    """Builds the program in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "go.mod").write_text("module example.com/program\ngo 1.18\n")
        shutil.copy(PROGRAM, folder / "main.go")

    def build(self, name: str, *flags: str, **settings: str) -> Path:
        """A binary called `name`, built with these flags and settings unless it is there."""
        path = self.folder / name
        if not path.exists():
            self.listing(name, *flags, **settings)
        return path

    def listing(self, name: str, *flags: str, **settings: str) -> str:
        """Build, and return what the compiler printed."""
        env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOOS": "linux", "GOARCH": "amd64", **settings}
        command = [go_command(), "build", *flags, "-o", str(self.folder / name), "."]
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stderr


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return Builder(tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="session")
def plain(builder: Builder) -> Path:
    """linux/amd64, with symbols and DWARF."""
    return builder.build("plain")


@pytest.fixture(scope="session")
def stripped(builder: Builder) -> Path:
    """The same without."""
    return builder.build("stripped", "-ldflags=-s -w")
