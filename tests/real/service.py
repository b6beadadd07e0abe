"""The program of docs/service.md, built by Go's own compiler, with profiles of a run as it is and of one that is fixed.

Made once for all tests, in a folder beside the sources' digest; other test processes wait for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent.parent.parent / "examples" / "real" / "service"
SECONDS = "3"


@cache
def service() -> Path:
    """The folder with `service`, `cpu.pb.gz`, `goroutines.pb.gz`, and `pool-*` of the fixed run, and all as
    `stacks.parquet`; skips without Go."""
    go = find_go()
    if go is None:
        pytest.skip("real Go is not there: pip install 'morestack[peer]'")
    version = subprocess.run([go, "version"], capture_output=True, check=True).stdout
    files = sorted(p for p in SOURCES.iterdir() if p.suffix in (".go", ".mod"))
    digest = hashlib.sha256(version + SECONDS.encode() + b"".join(p.read_bytes() for p in files)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"morestack-service-{os.getuid()}-{digest}"
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            make(go, folder)
    return folder


def find_go() -> str | None:
    """The `go` beside this Python, else the one on the path."""
    beside = Path(sys.executable).parent / "go"
    return str(beside) if beside.exists() else shutil.which("go")


def make(go: str, folder: Path) -> None:
    """Build the program and take its profiles."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    build = [go, "build", "-trimpath", "-o", str(folder / "service"), "."]
    subprocess.run(build, cwd=SOURCES, check=True, env={**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"})
    for fix, prefix in (("", ""), ("pool", "pool-")):
        names = ["-cpu", f"{prefix}cpu.pb.gz", "-goroutines", f"{prefix}goroutines.pb.gz"]
        command = ["./service", "-seconds", SECONDS, "-fix", fix, *names]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    collect = [sys.executable, "-m", "morestack", "fleet", "collect", "*.pb.gz", "--binary", "v1=service"]
    subprocess.run([*collect, "-o", "stacks.parquet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "done").touch()
