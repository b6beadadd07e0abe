"""Paths as one HTML file that needs nothing else: a flame graph, a table of functions, a search.

The page's text is `page.html`; the data stands in it as JSON. A policy in the page forbids every request.
"""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files

from morestack.process.model import Frame
from morestack.profile.paths import PathSet

NODES = 200_000
"""Frames of all rows that a page holds; the smallest rows beyond are left out, and the page says so."""


def html(paths: PathSet) -> bytes:
    """The page's bytes."""
    numbers: dict[tuple[str, str], int] = {}
    functions: list[tuple[str, str]] = []

    def number(frame: Frame) -> int:
        key = (frame.function, f"{frame.file}:{frame.line}" if frame.file else "")
        known = numbers.get(key)
        if known is None:
            known = numbers[key] = len(functions)
            functions.append(key)
        return known

    rows = []
    room = NODES
    dropped = 0
    ordered = sorted(paths.rows.items(), key=lambda x: (-x[1][paths.default], -max(x[1], default=0)))
    for path, values in ordered:
        room -= len(path)
        if room < 0:
            dropped += 1
            continue
        rows.append([[number(f) for f in reversed(path)], values])
    notes = list(paths.notes)
    if dropped:
        notes.append(f"{dropped:,} of {len(paths.rows):,} paths are left out, those of the least value.")
    data = {
        "types": [[kind.name, kind.unit] for kind in paths.types],
        "shown": paths.default,
        "functions": functions,
        "rows": rows,
        "tables": [{"title": t.title, "columns": t.columns, "rows": t.rows} for t in paths.tables],
        "notes": notes,
    }
    # "</script>" in a name must not end the element, nor "<!--" open a comment in it
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    page = files("morestack.profile.formats").joinpath("page.html").read_text()
    return page.replace("{{title}}", escape(paths.title)).replace("{{data}}", text).encode()
