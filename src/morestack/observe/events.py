"""Reads the runtime's event ring and counters from memory, while a program runs or afterwards.

The runtime is also written in Python. Its structs describe the memory, so no layout is repeated here. Records are
unpacked in bulk, because reading each field as a Python attribute would take seconds for a full ring.
"""

from __future__ import annotations

import ctypes
import struct as packing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from morestack.dialect.machine import offset_of, size_of
from morestack.runtime.stack import crossing
from morestack.runtime.sys import event

KINDS = {
    event.EVENT_GROW: "grow",
    event.EVENT_SHRINK: "shrink",
    event.EVENT_ALLOC: "alloc",
    event.EVENT_FREE: "free",
    event.EVENT_MOVE: "move",
    event.EVENT_OVERFLOW: "overflow",
}
SOURCES = {
    event.SOURCE_CACHE: "cache",
    event.SOURCE_POOL: "pool",
    event.SOURCE_LARGE: "large",
    event.SOURCE_HEAP: "heap",
}


class Place(NamedTuple):
    """A function and a source line; empty and 0 if the runtime did not know them."""

    function: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else "?"


@dataclass(frozen=True, slots=True)
class Event:
    """One record of the ring. Sizes are in bytes; `time` is in nanoseconds of the monotonic clock."""

    kind: str
    time: int
    goid: int
    function: str
    place: Place
    old_size: int
    new_size: int
    copied: int
    frames: int
    pointers: int


def _text(address: int) -> str:
    return ctypes.string_at(address).decode("utf-8", "replace")


def _words(address: int) -> tuple[int, int, int, int]:
    """Return the four i32 of a function or site record (docs/abi.md)."""
    return packing.unpack("<4i", ctypes.string_at(address, 16))


@cache
def function_name(record: int) -> str:
    """Return the name in a function record, or an empty string if there is no record."""
    return _text(record + _words(record)[0]) if record else ""


@cache
def site_place(record: int) -> Place:
    """Return the function, file and line of a site record."""
    if not record:
        return Place("", "", 0)
    function, line, _, _ = _words(record)
    function += record
    return Place(function_name(function), _text(function + _words(function)[1]), line)


def pc_place(pc: int) -> Place:
    """Return the place of a continuation; for 0 it is unknown."""
    return site_place(pc + packing.unpack("<i", ctypes.string_at(pc - 4, 4))[0]) if pc else Place("", "", 0)


_COUNTERS = ("pc", "func", "made", "kept", "left", "extra", "frames", "moved")


def crossing_records() -> Iterator[dict[str, int]]:
    """Yield the counters of every call that created a segment, by field (runtime/stack/crossing.py)."""
    table, size = crossing.crossings.value, size_of(crossing.Crossing)
    at = {name: offset_of(crossing.Crossing, name) for name in _COUNTERS}
    for slot in range(crossing.MAX_PLACES + 1 if table else 0):
        data = ctypes.string_at(table + slot * size, size)
        record = {name: int.from_bytes(data[k : k + 8], "little") for name, k in at.items()}
        if record["made"]:
            yield record


_FIELDS = ("what", "time", "goid", "func", "site", "old_size", "new_size", "copied", "frames", "pointers")


def events() -> Iterator[Event]:
    """Yield the records that are still in the ring, oldest first."""
    capacity, count, ring = event.event_capacity.value, event.event_next.value, event.event_ring.value
    if not capacity:
        return
    size = size_of(event.Event)
    first = max(0, count - capacity)
    at = {name: offset_of(event.Event, name) for name in _FIELDS}
    for number in range(first, count):
        data = ctypes.string_at(ring + number % capacity * size, size)

        def word(name: str, data: bytes = data) -> int:
            return int.from_bytes(data[at[name] : at[name] + 8], "little")

        yield Event(
            KINDS[word("what") & 0xFFFF_FFFF],
            word("time"),
            word("goid"),
            function_name(word("func")),
            site_place(word("site")),
            *(word(name) for name in _FIELDS[5:]),
        )


def lost() -> int:
    """Return the number of records for which the ring had no room."""
    return max(0, event.event_next.value - event.event_capacity.value)
