"""Reading and writing `.txtar`: a comment, then files, each after a line `-- name --`."""

import re
from pathlib import Path

_MARKER = re.compile(r"^-- (\S(?:.*\S)?) --[ \t]*$")


def parse(text: str) -> tuple[str, dict[str, str]]:
    """Split an archive into its comment and its files by name, in order."""
    comment: list[str] = []
    files: dict[str, list[str]] = {}
    current = comment
    for line in text.splitlines(keepends=True):
        marker = _MARKER.match(line.rstrip("\n"))
        if marker:
            current = files.setdefault(marker[1], [])
        else:
            current.append(line if line.endswith("\n") else line + "\n")
    return "".join(comment), {name: "".join(lines) for name, lines in files.items()}


def read(path: Path) -> tuple[str, dict[str, str]]:
    """Parse the archive in a file."""
    return parse(path.read_text(encoding="utf-8"))


def write(comment: str, files: dict[str, str]) -> str:
    """The archive's text; the reverse of `parse`."""
    return comment + "".join(f"-- {name} --\n{body}" for name, body in files.items())
