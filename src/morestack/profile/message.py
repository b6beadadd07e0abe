"""The messages of pprof's profile format, declared with the `protobuf` library, and a bounded reader of records.

The format is public (github.com/google/pprof, proto/profile.proto describes it); its fields are declared here in
Python, by number, name and type.

Reading goes record by record: a message that holds the whole profile would let 64 MB of empty records become 3 GB of
objects. `records` walks the outermost level itself, within limits, and each record is then parsed by protobuf.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from morestack.profile.errors import ProfileError, extra

RECORDS = 400_000
"""Records of a profile: samples, locations, functions, strings. That of a large server has some 20,000."""
RECORD = 1 << 20
"""Bytes of one record: 1024 frames have 10 KB."""

_FIELDS: dict[str, list[tuple[str, int, str, bool]]] = {
    "ValueType": [("type", 1, "int64", False), ("unit", 2, "int64", False)],
    "Label": [
        ("key", 1, "int64", False),
        ("str", 2, "int64", False),
        ("num", 3, "int64", False),
        ("num_unit", 4, "int64", False),
    ],
    "Sample": [("location_id", 1, "uint64", True), ("value", 2, "int64", True), ("label", 3, "Label", True)],
    "Mapping": [
        ("id", 1, "uint64", False),
        ("memory_start", 2, "uint64", False),
        ("memory_limit", 3, "uint64", False),
        ("file_offset", 4, "uint64", False),
        ("filename", 5, "int64", False),
        ("build_id", 6, "int64", False),
        ("has_functions", 7, "bool", False),
        ("has_filenames", 8, "bool", False),
        ("has_line_numbers", 9, "bool", False),
        ("has_inline_frames", 10, "bool", False),
    ],
    "Line": [("function_id", 1, "uint64", False), ("line", 2, "int64", False)],
    "Location": [
        ("id", 1, "uint64", False),
        ("mapping_id", 2, "uint64", False),
        ("address", 3, "uint64", False),
        ("line", 4, "Line", True),
    ],
    "Function": [
        ("id", 1, "uint64", False),
        ("name", 2, "int64", False),
        ("system_name", 3, "int64", False),
        ("filename", 4, "int64", False),
        ("start_line", 5, "int64", False),
    ],
    "Profile": [
        ("sample_type", 1, "ValueType", True),
        ("sample", 2, "Sample", True),
        ("mapping", 3, "Mapping", True),
        ("location", 4, "Location", True),
        ("function", 5, "Function", True),
        ("string_table", 6, "string", True),
        ("time_nanos", 9, "int64", False),
        ("duration_nanos", 10, "int64", False),
        ("period_type", 11, "ValueType", False),
        ("period", 12, "int64", False),
        ("comment", 13, "int64", True),
        ("default_sample_type", 14, "int64", False),
    ],
}


@cache
def messages() -> dict[str, Any]:
    """The message classes by name; needs the extra `inspect`."""
    pb2: Any = extra("google.protobuf.descriptor_pb2", "inspect")
    pools: Any = extra("google.protobuf.descriptor_pool", "inspect")
    factory: Any = extra("google.protobuf.message_factory", "inspect")
    file = pb2.FileDescriptorProto(name="morestack/pprof.proto", package="morestack.pprof", syntax="proto3")
    kinds = pb2.FieldDescriptorProto
    scalars = {
        "int64": kinds.TYPE_INT64,
        "uint64": kinds.TYPE_UINT64,
        "bool": kinds.TYPE_BOOL,
        "string": kinds.TYPE_STRING,
    }
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            declared = message.field.add(name=field, number=number, label=label)
            if kind in scalars:
                declared.type = scalars[kind]
            else:
                declared.type = kinds.TYPE_MESSAGE
                declared.type_name = f".morestack.pprof.{kind}"
    pool = pools.DescriptorPool()
    pool.Add(file)
    return {name: factory.GetMessageClass(pool.FindMessageTypeByName(f"morestack.pprof.{name}")) for name in _FIELDS}


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The number that starts at `at`, and where the next thing starts."""
    value = shift = 0
    while True:
        if at >= end or shift > 63:
            raise ProfileError("the profile is damaged: a number does not end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def records(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of the outermost message: their numbers with a number or with the record's bytes."""
    at, end, count = 0, len(data), 0
    while at < end:
        count += 1
        if count > RECORDS:
            raise ProfileError(f"the profile has more than {RECORDS:,} records")
        tag = data[at]
        at += 1
        if tag >= 0x80:
            tag, at = varint(data, at - 1, end)
        kind = tag & 7
        if kind == 2:
            if at < end and data[at] < 0x80:
                size = data[at]
                at += 1
            else:
                size, at = varint(data, at, end)
            if size > RECORD:
                raise ProfileError(f"the profile is damaged: a record of {size:,} bytes")
            if size > end - at:
                raise ProfileError("the profile is cut short: its last record ends in the middle")
            yield tag >> 3, data[at : at + size]
            at += size
        elif kind == 0:
            value, at = varint(data, at, end)
            yield tag >> 3, value
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ProfileError(f"the profile is damaged: wire type {kind} is none of protobuf's")
