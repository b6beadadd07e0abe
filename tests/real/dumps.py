"""Reading the dumps that Go's runtime prints, as the truth to compare with: goroutines, frames, and with
GOTRACEBACK=system each frame's stack and frame pointer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

HEAD = re.compile(r"^goroutine (\d+)(?: gp=(0x[0-9a-f]+) m=(?:nil|\d+)(?: mp=0x[0-9a-f]+)?)? \[([^\]]*)\]")
PLACE = re.compile(r"^\t(.*):(\d+)(?: \+0x[0-9a-f]+)?(?: fp=(0x[0-9a-f]+) sp=(0x[0-9a-f]+) pc=(0x[0-9a-f]+))?$")
ELIDED = re.compile(r"^\.\.\.(\d+|additional) frames elided\.\.\.")


@dataclass(slots=True)
class DumpFrame:
    """One frame of a dump; `size` is fp - sp where it is printed."""

    function: str
    file: str
    line: int
    size: int | None


@dataclass(slots=True)
class DumpGoroutine:
    """One goroutine of a dump."""

    id: int
    state: str
    frames: list[DumpFrame] = field(default_factory=list)
    elided_at: int = -1
    """How many frames stand before the elision; -1 when nothing is left out."""
    elided: int = 0
    creator: str = ""
    creator_line: int = 0


def function_name(line: str) -> str:
    """The function of `pkg.f(0x1, {0x2, ...})`; the arguments are the last parenthesis that is balanced."""
    depth = 0
    for i in range(len(line) - 1, -1, -1):
        if line[i] == ")":
            depth += 1
        elif line[i] == "(":
            depth -= 1
            if depth == 0:
                return line[:i]
    return line


def read_dump(text: str) -> dict[int, DumpGoroutine]:
    """The goroutines by id."""
    found: dict[int, DumpGoroutine] = {}
    now: DumpGoroutine | None = None
    pending, creator = "", False
    for line in text.splitlines():
        head = HEAD.match(line)
        if head:
            now = DumpGoroutine(int(head[1]), head[3].split(",")[0])
            found[now.id] = now
            pending = ""
        elif now is None:
            continue
        elif not line:
            now = None
        elif elided := ELIDED.match(line):
            # Go 1.20 and earlier print the first hundred frames and no number.
            now.elided_at = len(now.frames)
            now.elided = int(elided[1]) if elided[1].isdigit() else 0
        elif place := PLACE.match(line):
            if creator:
                now.creator, now.creator_line = pending, int(place[2])
                creator = False
            elif pending:
                size = int(place[3], 16) - int(place[4], 16) if place[3] else None
                now.frames.append(DumpFrame(pending, place[1], int(place[2]), size))
            pending = ""
        elif line.startswith("created by "):
            pending, creator = re.sub(r" in goroutine \d+$", "", line[len("created by ") :]), True
        else:
            pending = function_name(line)
            if pending == "panic":
                pending = "runtime.gopanic"
    return found
