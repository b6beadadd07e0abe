"""Paths as a pprof profile, gzipped: `go tool pprof -sample_index=stack_bytes FILE` opens it."""

from __future__ import annotations

import gzip
from typing import Any

from morestack.process.model import Frame, Path
from morestack.profile.message import messages
from morestack.profile.paths import PathSet


class Writer:
    """A profile while it is written: the tables of strings, functions and locations."""

    def __init__(self) -> None:
        self.message: Any = messages()["Profile"]()
        self.strings: dict[str, int] = {}
        self.functions: dict[tuple[str, str], int] = {}
        self.locations: dict[Path, int] = {}
        self.text("")

    def text(self, text: str) -> int:
        """The number of a string."""
        known = self.strings.get(text)
        if known is None:
            known = self.strings[text] = len(self.strings)
            self.message.string_table.append(text)
        return known

    def function(self, frame: Frame) -> int:
        """The id of a frame's function."""
        key = (frame.function, frame.file)
        known = self.functions.get(key)
        if known is None:
            known = self.functions[key] = len(self.functions) + 1
            name = self.text(frame.function)
            self.message.function.add(id=known, name=name, system_name=name, filename=self.text(frame.file))
        return known

    def location(self, frames: Path) -> int:
        """The id of the location of a physical frame and the calls inlined in it."""
        known = self.locations.get(frames)
        if known is None:
            known = self.locations[frames] = len(self.locations) + 1
            pc = frames[-1].pc
            location = self.message.location.add(id=known, mapping_id=1, address=pc - 1 if pc else 0)
            for frame in frames:
                location.line.add(function_id=self.function(frame), line=frame.line)
        return known


def pprof(paths: PathSet) -> bytes:
    """The profile's bytes."""
    out = Writer()
    message = out.message
    for kind in paths.types:
        message.sample_type.add(type=out.text(kind.name), unit=out.text(kind.unit))
    message.default_sample_type = out.text(paths.types[paths.default].name)
    message.mapping.add(
        id=1,
        memory_limit=(1 << 64) - 1,
        filename=out.text(paths.binary),
        has_functions=True,
        has_filenames=True,
        has_line_numbers=True,
        has_inline_frames=True,
    )
    message.time_nanos = int(paths.taken * 1e9)
    for note in paths.notes:
        message.comment.append(out.text(note))
    for path, values in paths.rows.items():
        message.sample.add(location_id=[out.location(group) for group in physical(path)], value=values)
    return gzip.compress(message.SerializeToString(deterministic=True), 6, mtime=0)


def physical(path: Path) -> list[Path]:
    """A path cut behind each physical frame."""
    groups: list[Path] = []
    begin = 0
    for i, frame in enumerate(path):
        if not frame.inlined or i == len(path) - 1:
            groups.append(path[begin : i + 1])
            begin = i + 1
    return groups
