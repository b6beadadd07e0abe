"""Source files and byte spans.

A `Span` is a half-open byte range of one `SourceFile`. Lines and columns are computed on demand from a line table.
Both are 1-based, and columns count bytes, as in Go's messages. Rejected: storing line and column in every node,
because most are never printed.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(slots=True, eq=False)
class SourceFile:
    """One source file. `path` is the path the user gave, and `text` the raw bytes."""

    path: str
    text: bytes
    _line_starts: list[int] = field(default_factory=list, repr=False)

    def line_starts(self) -> list[int]:
        """Return the byte offsets at which lines begin."""
        if not self._line_starts:
            starts = [0]
            find = self.text.find
            at = find(b"\n")
            while at >= 0:
                starts.append(at + 1)
                at = find(b"\n", at + 1)
            self._line_starts = starts
        return self._line_starts

    def position(self, offset: int) -> tuple[int, int]:
        """Return the 1-based (line, byte column) of a byte offset."""
        starts = self.line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1


class Span(NamedTuple):
    """The bytes of `file` from `start` up to but not including `end`."""

    file: SourceFile
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.file.position(self.start)[0]

    @property
    def col(self) -> int:
        return self.file.position(self.start)[1]

    def text(self) -> str:
        return self.file.text[self.start : self.end].decode("utf-8", "replace")

    def at(self, offset: int) -> "Span":
        """Return the empty span at a byte offset of the same file."""
        return Span(self.file, offset, offset)

    def __str__(self) -> str:
        line, col = self.file.position(self.start)
        return f"{self.file.path}:{line}:{col}"
