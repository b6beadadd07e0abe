"""Read a goroutine profile in its text form, `debug=1`: counts and the addresses of each stack.

    12 @ 0x48c38a 0x419d8e 0x683739 0x493261
    # labels: {"tenant":"a"}
    #	0x683738	main.idle+0x18	/src/main.go:88

The addresses on the first line are return addresses, the innermost first; a call that was inlined has one of its own,
inside the same function. The lines below leave out runtime functions at the inner end. So with a binary the addresses
are used, which name every frame, and without one the lines.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from morestack.process.model import Frame, Path
from morestack.profile.errors import ProfileError
from morestack.profile.model import Profile, Sample, ValueType

if TYPE_CHECKING:
    from morestack.profile.sizes import Sizer

HEADER = re.compile(rb"(\w+) profile: total (\d{1,18})\s*$")
STACK = re.compile(r"(\d{1,18}) @((?: 0x[0-9a-f]{1,16})*)$")
LABELS = re.compile(r"# labels: (\{.*\})$")
LINE = re.compile(r"#\t(0x[0-9a-f]{1,16})(?:\t(.+?)\+(0x[0-9a-f]{1,16})\t+(.*):(\d{1,9}))?\s*$")


def is_counts(data: bytes) -> bool:
    """Whether the text is a count profile in its debug=1 form."""
    return HEADER.match(data.split(b"\n", 1)[0]) is not None


LINES = 600_000
"""Lines of a profile; 30,000 distinct stacks have fewer."""


class Stack:
    """One entry while it is read."""

    def __init__(self, count: int, pcs: list[int]) -> None:
        self.count = count
        self.pcs = pcs
        self.labels: tuple[tuple[str, str], ...] = ()
        self.lines: list[tuple[int, str, int, str, int]] = []


def read_counts(data: bytes, source: str, sizer: Sizer | None = None) -> Profile:
    """The counted stacks of a debug=1 profile."""
    header = HEADER.match(data.split(b"\n", 1)[0])
    if header is None:
        raise ProfileError(f"{source} is not a profile in debug=1 form")
    name, total = header[1].decode(), int(header[2])
    stacks = entries(data.decode(errors="replace"))
    notes = []
    seen = sum(s.count for s in stacks)
    if seen != total:
        notes.append(f"The profile says {total:,} and lists {seen:,}: it is cut short.")
    if sizer is not None:
        sizer.calibrate((pc, name) for s in stacks for pc, name, *_ in physical(s.lines))
    samples = [Sample(path(s, sizer), (s.count,), s.labels) for s in stacks]
    if sizer is not None:
        notes += sizer.take_notes()
    return Profile(source, (ValueType(name, "count"),), samples, notes=notes)


def entries(text: str) -> list[Stack]:
    """The entries of the text; a line that is none of theirs is an error that gives its number."""
    stacks: list[Stack] = []
    for number, line in enumerate(text.split("\n", LINES + 1)[1:], 2):
        if not line.strip():
            continue
        if number > LINES:
            raise ProfileError(f"the profile has more than {LINES:,} lines")
        stack, labels, place = STACK.match(line), LABELS.match(line), LINE.match(line)
        if stack:
            stacks.append(Stack(int(stack[1]), [int(pc, 16) for pc in stack[2].split()]))
        elif labels and stacks:
            stacks[-1].labels = parse_labels(labels[1])
        elif place and stacks:
            pc, function, offset, file, at = place.groups()
            stacks[-1].lines.append((int(pc, 16), function or pc, int(offset or "0", 16), file or "", int(at or 0)))
        else:
            raise ProfileError(f"line {number} of the profile is damaged: {line[:60]!r}")
    return stacks


def parse_labels(text: str) -> tuple[tuple[str, str], ...]:
    """The labels in braces; what does not parse is kept as it is."""
    try:
        found = json.loads(text)
    except ValueError:
        return (("labels", text),)
    return tuple((str(k), str(v)) for k, v in found.items()) if isinstance(found, dict) else (("labels", text),)


def physical(lines: list[tuple[int, str, int, str, int]]) -> list[tuple[int, str, int, str, int]]:
    """The lines that are frames of their own: an inlined call has the entry of the function it is in."""
    return [x for i, x in enumerate(lines) if not inlined(lines, i)]


def inlined(lines: list[tuple[int, str, int, str, int]], i: int) -> bool:
    """Whether a line is a call inlined in the next: they have one entry and two names."""
    if i + 1 >= len(lines):
        return False
    here, outer = lines[i], lines[i + 1]
    return bool(here[3]) and here[0] - here[2] == outer[0] - outer[2] and here[1] != outer[1]


def path(stack: Stack, sizer: Sizer | None) -> Path:
    """The path of an entry: from its addresses with a binary, else from its lines."""
    if sizer is not None and stack.pcs:
        sized = sizer.path(stack.pcs)
        if sized:
            return sized
    out = []
    for i, (pc, function, _, file, line) in enumerate(stack.lines):
        inner = inlined(stack.lines, i)
        out.append(Frame(function, file, line, pc + 1, 0 if inner else None, inner))
    return tuple(out) or tuple(Frame(f"{pc:#x}", pc=pc) for pc in stack.pcs)
