"""`python -m benchmarks.frames [--repeats N]`: a first and a second look at large binaries, beside Go's own tools.

The binaries are a program with much of the standard library, and prometheus (100 MB) as `tests.real.debian` fetches it.
The peer is `go tool objdump`, which reads the same code and the same function table, but tells no frames: no tool of
Go's does. It refuses stripped binaries, as prometheus is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from morestack.bench.rows.slopes import GO, MORESTACK, Cost, Row, run, whole
from morestack.bench.rows.table import shown
from tests.real import debian

PACKAGES = ("net/http", "encoding/json", "go/types", "html/template", "archive/zip", "image/png", "net/rpc", "log/slog")


def built(folder: Path) -> Path:
    """A program with much of the standard library, and its symbols, which the peer needs."""
    source = folder / "library.go"
    imports = "".join(f'\t_ "{package}"\n' for package in PACKAGES)
    source.write_text(f"package main\n\nimport (\n{imports})\n\nfunc main() {{}}\n")
    binary = source.with_suffix(".bin")
    subprocess.run([GO, "build", "-o", binary, source], check=True)
    return binary


def looks(folder: Path, repeats: int) -> list[Row]:
    """A first look, with an empty cache, and a second; the first beside a disassembly where that is to be had."""
    large = debian.folder() / "sid/prometheus/usr/bin/prometheus"
    rows = look(built(folder), folder, repeats, peer=True)
    return [*rows, *look(large, folder, repeats, peer=False)] if large.exists() else rows


def look(binary: Path, folder: Path, repeats: int, *, peer: bool) -> list[Row]:
    """The rows of one binary."""
    first: list[Cost] = []
    second: list[Cost] = []
    theirs: list[Cost] = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            command: list[str | Path] = ["env", f"XDG_CACHE_HOME={cache}", MORESTACK, "frames", binary]
            first.append(run(command)[0])
            second.append(run(command)[0])
        if peer:
            theirs.append(run([GO, "tool", "objdump", binary])[0])
    size = f"{binary.stat().st_size / 1e6:.0f} MB"
    return [
        Row(f"frames of {size} of code and data, first look", whole(first), whole(theirs) if peer else None, limit=10),
        Row(f"frames of {size}, second look", whole(second), None, limit=1),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frames")
    parser.add_argument("--repeats", type=int, default=3)
    with tempfile.TemporaryDirectory() as name:
        rows = looks(Path(name), parser.parse_args().repeats)
    for row in rows:
        ours, peer = row.ours.cost, row.peer.cost if row.peer is not None else None
        beside = f", go tool objdump {shown(peer.seconds, 's')}" if peer is not None else ""
        print(
            f"{row.name}: {shown(ours.seconds, 's')} ({shown(ours.processor, 's')} of processors, "
            f"{ours.memory / 1e6:.0f} MB), at most {row.limit} s{beside}{' !' if row.over else ''}"
        )
    return int(any(row.over for row in rows))


if __name__ == "__main__":
    sys.exit(main())
