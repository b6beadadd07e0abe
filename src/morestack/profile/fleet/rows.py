"""The rows of one profile: one a frame. The same code runs here, in worker processes and on a Dask cluster.

Columns with a path's figures (`goroutines`, `used_bytes`, `stack_bytes`, `nanoseconds`) stand in each of its frames'
rows; to sum them, take the rows of depth 0. Depth counts from the innermost frame.

Invariant: a profile gives all its rows or, with the reason, none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from morestack.process.model import Path, Snapshot
from morestack.profile.allocator import simulate, steps
from morestack.profile.errors import ProfileError
from morestack.profile.growth import growth
from morestack.profile.model import Profile
from morestack.profile.population import alike
from morestack.profile.read import open_sizer, parse
from morestack.profile.statement import of_goroutine, statement
from morestack.profile.target import fetch

if TYPE_CHECKING:
    from morestack.profile.sizes import Sizer

COLUMNS = (
    ("profile", "VARCHAR"),
    ("taken", "DOUBLE"),
    ("version", "VARCHAR"),
    ("kind", "VARCHAR"),
    ("statement", "VARCHAR"),
    ("path", "VARCHAR"),
    ("depth", "INTEGER"),
    ("function", "VARCHAR"),
    ("file", "VARCHAR"),
    ("line", "INTEGER"),
    ("inlined", "BOOLEAN"),
    ("frame_bytes", "BIGINT"),
    ("goroutines", "BIGINT"),
    ("used_bytes", "BIGINT"),
    ("stack_bytes", "BIGINT"),
    ("nanoseconds", "BIGINT"),
)
UNKNOWN = -1
"""In a column of numbers: not known. Becomes NULL in the file."""


class Version(NamedTuple):
    """A build that profiles can be of: what it is called, and its binary."""

    name: str
    binary: str


@dataclass(slots=True)
class Extracted:
    """What a batch of profiles gave."""

    columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name, _ in COLUMNS})
    read: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    """Profiles that gave nothing, each with the reason."""

    def __len__(self) -> int:
        return len(self.columns["profile"])


def extract(files: Sequence[str], versions: Sequence[Version]) -> Extracted:
    """The rows of these profiles; each is sized by the version whose binary it is of."""
    out = Extracted()
    for file in files:
        rows: list[tuple[Any, ...]] = []
        try:
            read_rows(file, versions, rows)
        except ProfileError as error:
            out.skipped.append((file, str(error).removeprefix(file).lstrip(": ")))
            continue
        except Exception as error:  # one strange file must not end the collection of a million
            out.skipped.append((file, f"{type(error).__name__}: {error}"))
            continue
        out.read += 1
        for (name, _), values in zip(COLUMNS, zip(*rows, strict=True), strict=False):
            out.columns[name].extend(values)
    return out


@cache
def sizer(binary: str) -> Sizer:
    """A binary, opened once in each process."""
    found = open_sizer(binary)
    assert found is not None
    return found


def read_rows(file: str, versions: Sequence[Version], rows: list[tuple[Any, ...]]) -> None:
    """Read one profile and add its rows."""
    data = fetch(file)
    if not versions:
        add_rows(parse(data, file), file, "", None, rows)
        return
    reasons = []
    for version in versions:
        try:
            found = parse(data, file, sizer(version.binary))
        except ProfileError as error:
            if "is not of" not in str(error):
                raise
            reasons.append(str(error))
            continue
        add_rows(found, file, version.name, sizer(version.binary), rows)
        return
    raise ProfileError(reasons[0] if len(reasons) == 1 else f"it is of none of the {len(reasons)} binaries given")


def add_rows(
    found: Snapshot | Profile, file: str, version: str, sized: Sizer | None, rows: list[tuple[Any, ...]]
) -> None:
    """Add a row for each frame of each path."""
    taken = found.taken or os.stat(file).st_mtime
    head = (file, taken, version)
    full = sized.full if sized is not None else None
    if isinstance(found, Snapshot):
        for (name, path), (count, used, stacks) in merged(found).items():
            add_path(rows, (*head, "goroutines", name), path, (count, used, stacks, UNKNOWN))
    elif found.is_cpu:
        for event in growth(found, full).events:
            add_path(
                rows, (*head, "growth", statement(event.path)), event.path, (UNKNOWN, UNKNOWN, UNKNOWN, event.time)
            )
    else:
        raise ProfileError(f"it counts {', '.join(t.name for t in found.types)}: neither goroutines nor CPU time")


def merged(snapshot: Snapshot) -> dict[tuple[str, Path], tuple[int, int, int]]:
    """Goroutines, bytes used and stack bytes by statement and path, over goroutines that a dump lists one by one."""
    out: dict[tuple[str, Path], tuple[int, int, int]] = {}
    for g, many in alike(snapshot):
        size = g.stack_bytes
        if size is None:
            known = steps(g.path)
            size = simulate(known).size if known else UNKNOWN
        key = (of_goroutine(g), g.path)
        count, used, stacks = out.get(key, (0, 0, 0))
        used = used + g.used_bytes * many if g.used_bytes is not None and used != UNKNOWN else UNKNOWN
        stacks = stacks + size * many if size != UNKNOWN and stacks != UNKNOWN else UNKNOWN
        out[key] = (count + many, used, stacks)
    return out


def add_path(
    rows: list[tuple[Any, ...]], head: tuple[Any, ...], path: Path, figures: tuple[int, int, int, int]
) -> None:
    """Add the rows of one path."""
    name = path_id(path)
    for depth, f in enumerate(path):
        size = UNKNOWN if f.frame_bytes is None else f.frame_bytes
        rows.append((*head, name, depth, f.function, f.file, f.line, f.inlined, size, *figures))


def path_id(path: Path) -> str:
    """A short name that equal paths of all builds share: of the functions, not of lines and addresses."""
    text = "\n".join(f.function for f in path)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
