"""Read a profile in pprof's protobuf form: goroutines, CPU, heap, mutex, block.

In a profile written by Go's runtime the address of a location is that of the call itself, not the return address
behind it (of the innermost frame of a CPU sample, the instruction that ran). A location with several lines is one
physical frame with the calls inlined in it, innermost first.

Invariant: every index and id is checked before it is used; damage is a `ProfileError` that names it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from morestack.process.model import Frame, Path
from morestack.profile.errors import ProfileError
from morestack.profile.message import messages, records
from morestack.profile.model import Profile, Sample, ValueType

if TYPE_CHECKING:
    from morestack.profile.sizes import Sizer

DEPTH = 4096
"""Frames of one sample; Go writes at most 128 by default, 1024 by GODEBUG=profstackdepth."""
TOTAL_FRAMES = 4_000_000
"""Frames of all samples, inlined calls too."""


def is_pprof(data: bytes) -> bool:
    """Whether these bytes can be a profile message: Go writes its value types first."""
    return len(data) > 2 and data[0] in (0x0A, 0x12, 0x1A, 0x22, 0x2A, 0x32, 0x48, 0x50, 0x5A, 0x60)


@dataclass(slots=True)
class Location:
    """One address and the lines that stand for it, innermost first: function id and line."""

    address: int
    lines: list[tuple[int, int]]


@dataclass(slots=True)
class Tables:
    """What the records refer to by id."""

    strings: list[str] = field(default_factory=list)
    functions: dict[int, tuple[int, int]] = field(default_factory=dict)
    locations: dict[int, Location] = field(default_factory=dict)

    def text(self, index: int) -> str:
        """A string of the table."""
        if not 0 <= index < len(self.strings):
            raise ProfileError(f"the profile is damaged: no string {index}")
        return self.strings[index]

    def named(self, function: int) -> tuple[str, str]:
        """A function's name and file."""
        if function not in self.functions:
            raise ProfileError(f"the profile is damaged: no function {function}")
        name, file = self.functions[function]
        return self.text(name), self.text(file)


@dataclass(slots=True)
class Raw:
    """A profile as it is read. Samples are parsed when they are used: a million objects slow Python's collector."""

    tables: Tables = field(default_factory=Tables)
    types: list[tuple[int, int]] = field(default_factory=list)
    samples: list[bytes] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)


def parse(data: bytes) -> Raw:
    """The records of a profile."""
    kinds = messages()
    raw = Raw()
    for number, value in records(data):
        if isinstance(value, int):
            raw.numbers[number] = value
        elif number == 2:
            raw.samples.append(value)
        else:
            add(raw, kinds, number, value)
    if not raw.types or not raw.tables.strings:
        raise ProfileError("this is not a profile: it has no value types")
    return raw


def add(raw: Raw, kinds: dict[str, Any], number: int, value: bytes) -> None:
    """Take one record of a table."""
    tables = raw.tables
    if number == 4:
        location = kinds["Location"].FromString(value)
        if len(location.line) > DEPTH:
            raise ProfileError(f"the profile is damaged: a location of {len(location.line):,} lines")
        tables.locations[location.id] = Location(location.address, [(x.function_id, x.line) for x in location.line])
    elif number == 5:
        function = kinds["Function"].FromString(value)
        tables.functions[function.id] = (function.name, function.filename)
    elif number == 6:
        tables.strings.append(value.decode())
    elif number == 1:
        kind = kinds["ValueType"].FromString(value)
        raw.types.append((kind.type, kind.unit))


def read_pprof(data: bytes, source: str, sizer: Sizer | None = None) -> Profile:
    """The samples of a profile in protobuf form; with a sizer, each frame has its bytes."""
    messages()
    from google.protobuf.message import DecodeError

    try:
        return follow(parse(data), source, sizer)
    except (DecodeError, UnicodeDecodeError):
        raise ProfileError("the profile is damaged: a record does not parse") from None


def follow(raw: Raw, source: str, sizer: Sizer | None) -> Profile:
    """The profile whose ids are followed."""
    tables = raw.tables
    types = tuple(ValueType(tables.text(kind), tables.text(unit)) for kind, unit in raw.types)
    if sizer is not None:
        sizer.calibrate(
            (x.address, tables.named(x.lines[-1][0])[0]) for x in tables.locations.values() if x.address and x.lines
        )
    frames: dict[tuple[int, bool], Path] = {}

    def located(id: int, innermost: bool) -> Path:
        known = frames.get((id, innermost))
        if known is None:
            location = tables.locations.get(id)
            if location is None:
                raise ProfileError(f"the profile is damaged: no location {id}")
            known = frames[id, innermost] = place(location, tables, innermost, sizer)
        return known

    samples: list[Sample] = []
    paths: dict[tuple[int, ...], Path] = {}
    budget = TOTAL_FRAMES
    parsed = messages()["Sample"].FromString
    for sample in map(parsed, raw.samples):
        values = tuple(sample.value)
        if len(values) != len(types):
            raise ProfileError(f"the profile is damaged: a sample of {len(values)} values for {len(types)} types")
        key = tuple(sample.location_id)
        path = paths.get(key)
        if path is None:
            if len(key) > DEPTH:
                raise ProfileError(f"the profile is damaged: a sample of {len(key):,} frames")
            path = tuple(f for i, id in enumerate(key) for f in located(id, i == 0))
            if sizer is not None:
                path = sizer.complete(path)
            paths[key] = path
            budget -= len(path)
            if budget < 0:
                raise ProfileError(f"the profile has more than {TOTAL_FRAMES:,} frames")
        labels = tuple((tables.text(x.key), tables.text(x.str) if x.str else str(x.num)) for x in sample.label)
        samples.append(Sample(path, values, labels))
    return Profile(
        source,
        types,
        samples,
        taken=raw.numbers.get(9, 0) / 1e9,
        seconds=raw.numbers.get(10, 0) / 1e9,
        notes=sizer.take_notes() if sizer is not None else [],
    )


def place(location: Location, tables: Tables, innermost: bool, sizer: Sizer | None) -> Path:
    """The frames of one location: inlined calls, then the frame they are in."""
    pc = location.address if innermost or not location.address else location.address + 1
    if sizer is not None and location.address:
        sized = sizer.frames(location.address, pc)
        if sized:
            return sized
    lines = location.lines
    if not lines:
        return (Frame(f"{location.address:#x}", pc=pc),)
    out = []
    for i, (function, line) in enumerate(lines):
        name, file = tables.named(function)
        inlined = i < len(lines) - 1
        out.append(Frame(name, file, line, pc, 0 if inlined else None, inlined))
    return tuple(out)
