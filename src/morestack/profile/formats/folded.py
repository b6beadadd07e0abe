"""Paths as folded stacks, one a line: `main;serve;read 4096`, for flame graph scripts."""

from __future__ import annotations

from morestack.profile.paths import PathSet


def folded(paths: PathSet) -> bytes:
    """The lines of the default value, outermost function first; what is 0 is left out."""
    sums: dict[str, int] = {}
    for path, values in paths.rows.items():
        if values[paths.default]:
            line = ";".join(clean(f.function) for f in reversed(path))
            sums[line] = sums.get(line, 0) + values[paths.default]
    return "".join(f"{line} {value}\n" for line, value in sums.items()).encode()


def clean(name: str) -> str:
    """A name without what separates stacks: generic names hold semicolons, `f[struct { X int; Y int }]`."""
    return name.replace(";", ",").replace("\n", " ")
