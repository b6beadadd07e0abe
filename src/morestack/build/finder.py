"""Where packages come from: overlays of our own under `golib/`, and a Go distribution.

`find_package` gives the files of an import path that belong to a build for this machine. What is taken from a
distribution, and where that is, `goroot` says; which files belong, `tags`.

Invariant: a path that no overlay and no distribution has is None here, never an error: the type checker reports it
where it is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from morestack.build.goroot import MISSING, STANDARD, goroot, standard_files
from morestack.build.tags import included
from morestack.source.span import SourceFile

GOLIB = Path(__file__).parent.parent / "golib"
"""Our overlays: a folder for each import path."""

Finder: TypeAlias = Callable[[str], "tuple[SourceFile, ...] | None"]
"""The files of the package with an import path; None if there is no such package."""


def importable() -> list[str]:
    """The packages a program can import, by path."""
    overlays = {p.parent.relative_to(GOLIB).as_posix() for p in GOLIB.rglob("*.go")}
    return sorted(p for p in {*overlays, *STANDARD, "unsafe"} if not p.startswith("internal/"))


def find_package(path: str) -> tuple[SourceFile, ...] | None:
    """The files of an overlay package, or of a Go distribution, that belong to this machine, by name."""
    if not path or any(part in ("", ".", "..") for part in path.split("/")):
        return None
    found = _overlay(path)
    if path in STANDARD:
        listed = _listed(path) if found else None
        places = standard_files(path, listed)
        if places is None or (listed is not None and len(places) != len(listed)):
            return None
        found += [SourceFile(str(p), p.read_bytes()) for p in places]
    files = (f for f in found if included(f.path.rpartition("/")[2], f.text))
    return tuple(sorted(files, key=lambda f: f.path.rpartition("/")[2])) or None


def _overlay(path: str) -> list[SourceFile]:
    """The Go files of our own."""
    try:
        names = [p.name for p in (GOLIB / path).iterdir() if p.suffix == ".go"]
    except (OSError, ValueError):
        return []
    return [SourceFile(f"golib/{path}/{name}", (GOLIB / path / name).read_bytes()) for name in names]


def _listed(path: str) -> list[str]:
    """The names of the files that an overlay takes from a distribution."""
    return (GOLIB / path / "std.txt").read_text().split()


def is_absent(path: str, name: str) -> bool:
    """Does Go's package with this path export a name, or type.method, that our overlay does not have yet (its
    `absent.txt`)?"""
    try:
        return name in (GOLIB / path / "absent.txt").read_text().split()
    except (OSError, ValueError):
        return False


def why_missing(path: str) -> str:
    """The message for an import of a package that there is none of."""
    if path in STANDARD and goroot() is None:
        return MISSING.format(path=path)
    return f"package {path} is not supported yet (there are: {', '.join(importable())})"
