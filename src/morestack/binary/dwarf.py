"""DWARF as far as locals need it: entries by a function's name, their attributes, types and stack slots.

Go's linker writes names into the entries, so a function's entry is found by searching `.debug_info` for its name, and
only the entry, what is below it, and the types it names are parsed: milliseconds in 50 MB. A function that was also
inlined somewhere has its name in an abstract entry; the concrete one holds that entry's offset, and is searched by it.

Rejected: pyelftools, which parses every entry before the wanted one: 4 s for the runtime's.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from morestack.binary.errors import BinaryError
from morestack.binary.image import Image

LARGEST = 400 << 20  # bytes of a section, unpacked

SUBPROGRAM, VARIABLE, PARAMETER, INLINED, TYPEDEF, POINTER, SUBROUTINE = 0x2E, 0x34, 0x05, 0x1D, 0x16, 0x0F, 0x15
AT_NAME, AT_LOCATION, AT_SIZE, AT_LOW, AT_HIGH, AT_ORIGIN, AT_TYPE = 0x03, 0x02, 0x0B, 0x11, 0x12, 0x31, 0x49
FORM_ADDRESS = 0x01
FIXED = {0x01: 8, 0x05: 2, 0x06: 4, 0x07: 8, 0x0B: 1, 0x0C: 1, 0x0E: 4, 0x10: 4, 0x11: 1, 0x12: 2, 0x13: 4, 0x14: 8}
FIXED |= {0x17: 4, 0x19: 0, 0x1E: 16, 0x1F: 4, 0x20: 8, 0x25: 1, 0x26: 2, 0x28: 4, 0x29: 1, 0x2A: 2, 0x2C: 4}
LEB = (0x0D, 0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23)
BLOCKS = {0x0A: 1, 0x03: 2, 0x04: 4}
STRING, BLOCK, EXPRESSION = 0x08, 0x09, 0x18
MOST_ENTRIES = 100_000  # below one function

Value = int | str | bytes


class Damaged(Exception):
    """The debug information contradicts itself; it is then left alone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its tag, its attributes and their forms, its depth below the first, and where the next is."""

    at: int
    tag: int
    values: dict[int, Value]
    forms: dict[int, int]
    children: bool
    end: int


def uleb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned varint, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise Damaged


def sleb(data: bytes, at: int) -> tuple[int, int]:
    """A signed varint, and the place behind it."""
    start = at
    value, at = uleb(data, at)
    if data[at - 1] & 0x40:
        value -= 1 << 7 * (at - start)
    return value, at


class Dwarf:
    """The debug information of one binary."""

    def __init__(self, image: Image) -> None:
        self.image = image

    def section(self, name: str) -> bytes:
        """A section's contents, unpacked; empty when there is none."""
        found = self.image.section(f".debug_{name}", f".zdebug_{name}")
        if found is None:
            return b""
        data = bytes(self.image.contents(found))
        if data[:4] == b"ZLIB":
            size, data = int.from_bytes(data[4:12], "big"), data[12:]
        elif found.compressed and data[:4] == b"\x01\0\0\0":
            size, data = int.from_bytes(data[8:16], "little"), data[24:]
        else:
            return data
        if size > LARGEST:
            raise BinaryError(f"{self.image.path}: {found.name} has {size} bytes, unpacked")
        try:
            return zlib.decompressobj().decompress(data, size) if size else b""
        except zlib.error:
            raise BinaryError(f"{self.image.path}: {found.name} is damaged") from None

    @cached_property
    def info(self) -> bytes:
        """The entries."""
        return self.section("info")

    @cached_property
    def version_4(self) -> bool:
        """Whether the entries are of DWARF 4 and earlier (Go before 1.25)."""
        return int.from_bytes(self.info[4:6], "little") < 5

    @cached_property
    def loclists(self) -> bytes:
        """Lists of locations, in the form of the version."""
        return self.section("loc" if self.version_4 else "loclists")

    @cached_property
    def abbreviations(self) -> bytes:
        """The shapes of entries."""
        return self.section("abbrev")

    @cached_property
    def units(self) -> list[tuple[int, int, int]]:
        """Start, end and the place of the shapes of each unit."""
        found: list[tuple[int, int, int]] = []
        at, info = 0, self.info
        while at + 12 <= len(info):
            length = int.from_bytes(info[at : at + 4], "little")
            if length == 0 or length >= 0xFFFFFFF0:
                break
            place = at + (8 if int.from_bytes(info[at + 4 : at + 6], "little") >= 5 else 6)
            found.append((at, at + 4 + length, int.from_bytes(info[place : place + 4], "little")))
            at += 4 + length
        return found

    def shapes(self, at: int) -> dict[int, tuple[int, bool, list[tuple[int, int]]]]:
        """The shapes that the unit of an entry uses."""
        for start, end, place in self.units:
            if start <= at < end:
                if place not in self._shapes:
                    self._shapes[place] = self._table(place)
                return self._shapes[place]
        raise Damaged

    @cached_property
    def _shapes(self) -> dict[int, dict[int, tuple[int, bool, list[tuple[int, int]]]]]:
        return {}

    def _table(self, at: int) -> dict[int, tuple[int, bool, list[tuple[int, int]]]]:
        data = self.abbreviations
        table: dict[int, tuple[int, bool, list[tuple[int, int]]]] = {}
        while True:
            code, at = uleb(data, at)
            if code == 0 or len(table) > 10_000:
                return table
            tag, at = uleb(data, at)
            children = data[at] != 0
            at += 1
            attributes: list[tuple[int, int]] = []
            while True:
                name, at = uleb(data, at)
                form, at = uleb(data, at)
                if name == 0 and form == 0:
                    break
                if form == 0x21:  # the value stands here, and nothing in the entry
                    _, at = sleb(data, at)
                    continue
                attributes.append((name, form))
            table[code] = (tag, children, attributes)

    def entry(self, at: int) -> Entry:
        """The entry at an offset; tag 0 ends a list of children."""
        info, start = self.info, at
        code, at = uleb(info, at)
        if code == 0:
            return Entry(start, 0, {}, {}, False, at)
        shape = self.shapes(start).get(code)
        if shape is None:
            raise Damaged
        values: dict[int, Value] = {}
        for name, form in shape[2]:
            values[name], at = self._value(at, form)
        return Entry(start, shape[0], values, dict(shape[2]), shape[1], at)

    def _value(self, at: int, form: int) -> tuple[Value, int]:
        info = self.info
        if form in FIXED:
            size = FIXED[form]
            if at + size > len(info):
                raise Damaged
            return int.from_bytes(info[at : at + size], "little"), at + size
        if form == STRING:
            end = info.index(0, at)
            return info[at:end].decode("utf-8", "replace"), end + 1
        if form in LEB:
            return sleb(info, at) if form == 0x0D else uleb(info, at)
        if form in BLOCKS:
            size = int.from_bytes(info[at : at + BLOCKS[form]], "little")
            at += BLOCKS[form]
        elif form in (BLOCK, EXPRESSION):
            size, at = uleb(info, at)
        else:
            raise Damaged
        if at + size > len(info):
            raise Damaged
        return info[at : at + size], at + size

    def function(self, name: str, entry: int, size: int) -> Entry | None:
        """The concrete entry of the function of this name, at an address, with at most so many bytes of code."""
        abstract: list[int] = []
        for at in self._before(name.encode() + b"\0"):
            found = self._try(at)
            if found is not None and found.values.get(AT_NAME) == name:
                if AT_HIGH in found.values and self._is(found, entry, size):
                    return found
                if AT_HIGH not in found.values:
                    abstract.append(found.at)
        for origin in abstract:
            for at in self._before(origin.to_bytes(4, "little")):
                found = self._try(at)
                if found is not None and found.values.get(AT_ORIGIN) == origin and self._is(found, entry, size):
                    return found
        return None

    def _before(self, wanted: bytes) -> Iterator[int]:
        """Where entries may begin whose first attribute is this: one byte, the shape's number, stands before it."""
        at = self.info.find(wanted)
        while at > 0:
            yield at - 1
            at = self.info.find(wanted, at + 1)

    def _try(self, at: int) -> Entry | None:
        try:
            found = self.entry(at)
        except (Damaged, IndexError, ValueError):
            return None
        return found if found.tag == SUBPROGRAM else None

    def _is(self, found: Entry, entry: int, size: int) -> bool:
        """Whether it is of that code. Up to 63 bytes behind a function are padding."""
        low, high = found.values.get(AT_LOW), found.values.get(AT_HIGH)
        if not isinstance(high, int) or not isinstance(low, int):
            return False
        if found.forms[AT_LOW] == FORM_ADDRESS:
            if low != entry:
                return False
            high -= low if found.forms[AT_HIGH] == FORM_ADDRESS else 0
        return 0 <= size - high < 64

    def below(self, function: Entry) -> Iterator[tuple[Entry, list[Entry]]]:
        """All entries below one, with those they are in."""
        at, inside = function.end, [function]
        for _ in range(MOST_ENTRIES):
            found = self.entry(at)
            at = found.end
            if found.tag == 0:
                inside.pop()
                if not inside:
                    return
                continue
            yield found, inside
            if found.children:
                inside.append(found)

    def attribute(self, entry: Entry, name: int) -> Value | None:
        """An attribute, of the entry or of the abstract one it is made from."""
        for _ in range(4):
            if name in entry.values:
                return entry.values[name]
            origin = entry.values.get(AT_ORIGIN)
            if not isinstance(origin, int):
                return None
            entry = self.entry(origin)
        return None

    def type_of(self, entry: Entry) -> tuple[str, int]:
        """The name and the size of a variable's type."""
        at = self.attribute(entry, AT_TYPE)
        name = ""
        for _ in range(20):
            if not isinstance(at, int):
                break
            kind = self.entry(at)
            own = kind.values.get(AT_NAME)
            name = name or (own if isinstance(own, str) else "")
            size = kind.values.get(AT_SIZE)
            if isinstance(size, int):
                return name, size
            if kind.tag in (POINTER, SUBROUTINE):
                return name, 8
            at = kind.values.get(AT_TYPE)
        return name, 0
