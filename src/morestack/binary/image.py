"""An executable's file as addresses: sections, segments, symbols and relocated pointers, the same for all formats.

`elf`, `macho` and `pe` fill an `Image` from LIEF's reading of the headers; contents are read from a memory map, so
a big file costs what is touched. Addresses are link-time addresses everywhere; a loaded program adds its bias.

Invariants: every read is checked against the file, and raises BinaryError outside it. Rejected: LIEF for symbols
and relocations, because it makes an object of each (a million in a large program); numpy reads the same tables in
milliseconds.
"""

from __future__ import annotations

import mmap
import struct
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from morestack.binary.errors import BinaryError

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Section:
    """A named part of the file; `size` is what the file holds of it."""

    name: str
    address: int
    offset: int
    size: int
    executable: bool = False
    compressed: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is loaded: `size` bytes of the file from `offset` at `address`."""

    address: int
    offset: int
    size: int


class Symbols(Protocol):
    """A symbol table, read when it is asked for."""

    def address(self, name: str) -> int | None:
        """The address of the symbol called `name`."""


@dataclass(slots=True, eq=False)
class Image:
    """One executable file."""

    path: Path
    data: mmap.mmap
    format: str  # elf, macho or pe
    goarch: str
    pie: bool
    sections: list[Section]
    segments: list[Segment]
    notes: dict[str, str] = field(default_factory=dict)  # build ids: "go" and "gnu"
    relocations: list[tuple[Words, Words]] = field(default_factory=list)  # places whose word may be zero in the file
    pointer_bits: int = 64  # chained fix-ups keep the target in the low bits of a word
    pointer_base: int = 0  # and count from the image's base
    symbols: Symbols | None = None
    _starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.segments.sort(key=lambda segment: segment.address)
        self._starts = [segment.address for segment in self.segments]

    def section(self, *names: str) -> Section | None:
        """The first section of one of these names."""
        for section in self.sections:
            if section.name in names:
                return section
        return None

    def contents(self, section: Section) -> memoryview:
        """A section's bytes, in place."""
        if section.offset + section.size > len(self.data):
            raise BinaryError(f"{self.path}: section {section.name} lies outside the file: it is truncated or damaged")
        return memoryview(self.data)[section.offset : section.offset + section.size]

    def offset(self, address: int) -> tuple[int, int]:
        """Where an address lies in the file, and how many bytes follow it there."""
        i = bisect_right(self._starts, address) - 1
        if i >= 0:
            segment = self.segments[i]
            inside = address - segment.address
            if inside < segment.size:
                offset = segment.offset + inside
                return offset, min(segment.size - inside, max(0, len(self.data) - offset))
        raise BinaryError(f"{self.path}: address {address:#x} is not in the file")

    def view(self, address: int, size: int) -> memoryview:
        """`size` bytes at a link-time address, in place."""
        offset, left = self.offset(address)
        if size < 0 or size > left:
            raise BinaryError(f"{self.path}: {size} bytes at {address:#x} are not in the file")
        return memoryview(self.data)[offset : offset + size]

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes at a link-time address."""
        return bytes(self.view(address, size))

    def word(self, address: int) -> int:
        """The 8 bytes at an address, as a number."""
        return int(struct.unpack("<Q", self.view(address, 8))[0])

    def pointer(self, address: int) -> int:
        """The pointer stored at an address, as the loader would leave it when the program is not moved."""
        for places, targets in self.relocations:
            i = int(np.searchsorted(places, address))
            if i < len(places) and places[i] == address:
                return int(targets[i])
        word = self.word(address)
        if self.pointer_bits == 64 or word == 0:
            return word
        return (word & ((1 << self.pointer_bits) - 1)) + self.pointer_base
