"""The fields of a few structures, read from DWARF without a DWARF reader.

Go's linker writes a structure's name into its entry, as a string in `.debug_info`. So the entry of `runtime.g` is
found by searching the section for that string (milliseconds in 50 MB), and only that entry and its fields are
parsed. The unit the entry lies in, which names its abbreviation table, is found by hopping from header to header.

Rejected: pyelftools, which parses every entry before the wanted one (4 s on a server, and 60 MB).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

DW_TAG_structure_type, DW_TAG_member = 0x13, 0x0D
DW_AT_name, DW_AT_byte_size, DW_AT_data_member_location = 0x03, 0x0B, 0x38
DW_OP_plus_uconst = 0x23
FIXED = {
    0x01: 8,  # addr
    0x05: 2,  # data2
    0x06: 4,  # data4
    0x07: 8,  # data8
    0x0B: 1,  # data1
    0x0C: 1,  # flag
    0x0E: 4,  # strp
    0x10: 4,  # ref_addr
    0x11: 1,
    0x12: 2,
    0x13: 4,
    0x14: 8,
    0x17: 4,  # sec_offset
    0x19: 0,  # flag_present
    0x1F: 4,  # line_strp
    0x20: 8,
    0x1E: 16,  # data16
    0x25: 1,
    0x26: 2,
    0x28: 4,
    0x29: 1,
    0x2A: 2,
    0x2C: 4,
}
VARIABLE = (0x0D, 0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23)  # sdata, udata, ref_udata, strx, addrx, loclistx, rnglistx
FORM_BLOCK = (0x09, 0x18)  # block, exprloc
FORM_BLOCK1, FORM_BLOCK2, FORM_BLOCK4, FORM_STRING, FORM_IMPLICIT = 0x0A, 0x03, 0x04, 0x08, 0x21
MOST_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class Struct:
    """A structure's size and its fields' offsets."""

    size: int
    fields: dict[str, int]


Abbreviations = dict[int, tuple[int, bool, list[tuple[int, int]]]]


class _Damaged(Exception):
    pass


def _uleb(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise _Damaged


def _string(data: memoryview, at: int) -> tuple[str, int]:
    end = at
    while data[end]:
        end += 1
    return bytes(data[at:end]).decode(errors="replace"), end + 1


def _abbreviations(data: memoryview, at: int) -> Abbreviations:
    table: Abbreviations = {}
    while True:
        code, at = _uleb(data, at)
        if code == 0 or len(table) > 10_000:
            return table
        tag, at = _uleb(data, at)
        children = bool(data[at])
        at += 1
        attributes: list[tuple[int, int]] = []
        while True:
            name, at = _uleb(data, at)
            form, at = _uleb(data, at)
            if form == FORM_IMPLICIT:
                _, at = _uleb(data, at)
            if name == 0 and form == 0:
                break
            attributes.append((name, form))
        table[code] = tag, children, attributes


def _value(data: memoryview, at: int, form: int) -> tuple[int | str, int]:
    """An attribute's value, as far as it is of use here, and where the next begins."""
    if form in FIXED:
        size = FIXED[form]
        return int.from_bytes(data[at : at + size], "little"), at + size
    if form in VARIABLE:
        return _uleb(data, at)
    if form == FORM_STRING:
        return _string(data, at)
    if form == FORM_IMPLICIT:
        return 0, at
    if form in FORM_BLOCK:
        size, at = _uleb(data, at)
    elif form in (FORM_BLOCK1, FORM_BLOCK2, FORM_BLOCK4):
        width = {FORM_BLOCK1: 1, FORM_BLOCK2: 2, FORM_BLOCK4: 4}[form]
        size = int.from_bytes(data[at : at + width], "little")
        at += width
    else:
        raise _Damaged
    value = 0
    if size and data[at] == DW_OP_plus_uconst:
        value, _ = _uleb(data, at + 1)
    return value, at + size


def _units(info: memoryview) -> Iterable[tuple[int, int, int]]:
    """Start, end and abbreviation offset of each unit."""
    at = 0
    while at + 12 <= len(info):
        length = int.from_bytes(info[at : at + 4], "little")
        if length >= 0xFFFFFFF0 or length == 0:
            return
        version = int.from_bytes(info[at + 4 : at + 6], "little")
        place = at + (8 if version >= 5 else 6)
        yield at, at + 4 + length, int.from_bytes(info[place : place + 4], "little")
        at += 4 + length


def _entry(info: memoryview, abbreviations: Abbreviations, at: int) -> tuple[int, dict[int, int | str], int]:
    code, at = _uleb(info, at)
    if code == 0:
        return 0, {}, at
    if code not in abbreviations:
        raise _Damaged
    tag, _, attributes = abbreviations[code]
    found: dict[int, int | str] = {}
    for name, form in attributes:
        found[name], at = _value(info, at, form)
    return tag, found, at


def _struct(info: memoryview, abbreviations: Abbreviations, at: int, name: str) -> Struct | None:
    tag, found, at = _entry(info, abbreviations, at)
    size = found.get(DW_AT_byte_size)
    if tag != DW_TAG_structure_type or found.get(DW_AT_name) != name or not isinstance(size, int):
        return None
    fields: dict[str, int] = {}
    while len(fields) < MOST_FIELDS:
        tag, found, at = _entry(info, abbreviations, at)
        if tag != DW_TAG_member:
            return Struct(size, fields)
        field, offset = found.get(DW_AT_name), found.get(DW_AT_data_member_location)
        if isinstance(field, str) and isinstance(offset, int):
            fields[field] = offset
    return None


def find_structs(info: bytes, abbrev: bytes, names: Iterable[str]) -> dict[str, Struct]:
    """Those of the named structures that the DWARF sections describe."""
    view, table = memoryview(info), memoryview(abbrev)
    units = list(_units(view))
    tables: dict[int, Abbreviations] = {}
    found: dict[str, Struct] = {}
    for name in names:
        wanted = name.encode() + b"\0"
        at = info.find(wanted)
        while at >= 0 and name not in found:
            for start, end, offset in units:
                if start < at < end:
                    try:
                        if offset not in tables:
                            tables[offset] = _abbreviations(table, offset)
                        # The name follows the entry's code: one byte, or two where there are many codes.
                        for code_at in (at - 1, at - 2):
                            struct = _struct(view, tables[offset], code_at, name)
                            if struct is not None:
                                found[name] = struct
                                break
                    except (_Damaged, IndexError):
                        pass
            at = info.find(wanted, at + 1)
    return found
