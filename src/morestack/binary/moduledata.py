"""The runtime's module record (`runtime.firstmoduledata`): where text, the function table and their parts lie.

It is found without symbols: its first two words point to the function table and to the table's names. Releases of
Go add words to it; a layout is chosen by checking what it says against the file, the one of the binary's own version
first, so that binaries without a version, or of a version to come, are read when nothing contradicts.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from morestack.binary.errors import BinaryError
from morestack.binary.image import Image, Section, Segment

HEADER = struct.Struct("<IxxBBQQQQQQQQ")  # magic, minLC, ptrSize, nfunc, nfiles, textStart, five offsets
MAGIC_118, MAGIC_120 = 0xFFFFFFF0, 0xFFFFFFF1
HOMES = (".go.module", ".go_module", ".noptrdata", ".data", ".data.rel.ro")
QUANTUM = {"amd64": 1, "arm64": 4}

FIRST = """pcHeader funcnametab - - cutab - - filetab - - pctab - - pclntable - - ftab ftab_len - findfunctab minpc
    maxpc text etext noptrdata enoptrdata data edata bss ebss noptrbss enoptrbss """
COVERED = FIRST + "covctrs ecovctrs end gcdata gcbss "
LAST = " textsectmap textsectmap_len"
# A layout by the first release that has it: a name a word, and a dash for a word of no use here.
LAYOUTS: dict[tuple[int, int], list[str]] = {
    release: layout.split()
    for release, layout in (
        ((1, 18), FIRST + "end gcdata gcbss types etypes rodata gofunc" + LAST),
        ((1, 20), COVERED + "types etypes rodata gofunc" + LAST),
        ((1, 26), COVERED + "types etypes rodata gofunc epclntab" + LAST),
        ((1, 27), COVERED + "types typedesclen etypes itaboffset itabsize rodata gofunc epclntab" + LAST),
    )
}


@dataclass(frozen=True, slots=True)
class Header:
    """The function table's own header, checked."""

    address: int
    size: int  # bytes up to the end of the section, at most
    startline: bool  # Go 1.20 and later record where a function starts
    functions: int
    names: int  # offsets from the header
    units: int
    files: int
    pcs: int
    table: int


@dataclass(frozen=True, slots=True)
class Moduledata:
    """The module record: its address, the Go release whose layout it has, and its words by name."""

    address: int
    release: tuple[int, int]
    words: dict[str, int]

    def __getattr__(self, name: str) -> int:
        try:
            return self.words[name]
        except KeyError:
            raise AttributeError(name) from None


def find_header(image: Image) -> Header:
    """The function table: in its own section, else wherever its first bytes are."""
    named = [s for s in image.sections if s.name in (".gopclntab", ".data.rel.ro.gopclntab")]
    for section in named:
        header = _header(image, section, section.offset)
        if header is not None:
            return header
    quantum = QUANTUM[image.goarch]
    magics = [struct.pack("<IHBB", magic, 0, quantum, 8) for magic in (MAGIC_120, MAGIC_118)]
    for section in image.sections or [Section("", s.address, s.offset, s.size) for s in image.segments]:
        for magic in magics:
            at = image.data.find(magic, section.offset, section.offset + section.size)
            while at >= 0:
                header = _header(image, section, at)
                if header is not None:
                    return header
                at = image.data.find(magic, at + 1, section.offset + section.size)
    if named:
        raise BinaryError(f"{image.path}: its function table is damaged, or of a Go release before 1.18")
    raise BinaryError(f"{image.path}: no Go function table in it: not built by Go, or before 1.18")


def _header(image: Image, section: Section, at: int) -> Header | None:
    """The header at a place in the file, when what it says can be true."""
    size = section.offset + section.size - at
    if size < HEADER.size or at + HEADER.size > len(image.data):
        return None
    magic, quantum, pointer, functions, _, _, names, units, files, pcs, table = HEADER.unpack_from(image.data, at)
    if magic not in (MAGIC_118, MAGIC_120) or quantum != QUANTUM[image.goarch] or pointer != 8:
        return None
    if not HEADER.size <= names <= units <= files <= pcs <= table < size or functions * 8 + 4 > size - table:
        return None
    return Header(
        section.address + at - section.offset,
        size,
        magic == MAGIC_120,
        functions,
        names,
        units,
        files,
        pcs,
        table,
    )


def find_moduledata(image: Image, header: Header, release: tuple[int, int] | None) -> Moduledata:
    """The module record that points to this function table."""
    known = sorted(LAYOUTS, reverse=True)
    if release is not None:
        own = next((first for first in known if first <= release), known[-1])
        known.remove(own)
        known.insert(0, own)
    likely = [Segment(s.address, s.offset, s.size) for s in image.sections if s.name in HOMES]
    for places in (likely, image.segments):
        for address in _candidates(image, header, places):
            for first in known:
                words = _words(image, header, address, LAYOUTS[first])
                if words is not None:
                    return Moduledata(address, first, words)
    raise BinaryError(f"{image.path}: the Go module record is not to be found: damaged, or a layout not known here")


def _candidates(image: Image, header: Header, segments: list[Segment]) -> list[int]:
    """Where two words in a row point to the function table and to its names: in these parts, and in relocated words."""
    table, names = header.address, header.address + header.names
    found: list[int] = []
    for places, targets in image.relocations:
        for i in np.nonzero(targets == table)[0]:
            place = int(places[i])
            if image.pointer(place + 8) == names:
                found.append(place)
    if image.pointer_bits == 64:
        pattern = struct.pack("<QQ", table, names)
        for segment in segments:
            at = image.data.find(pattern, segment.offset, segment.offset + segment.size)
            while at >= 0:
                found.append(segment.address + at - segment.offset)
                at = image.data.find(pattern, at + 8, segment.offset + segment.size)
        return found
    mask = (1 << image.pointer_bits) - 1
    for segment in segments:
        end = min(segment.offset + segment.size, len(image.data))
        words = np.frombuffer(image.data, np.uint64, max(0, end - segment.offset) // 8, segment.offset)
        hits = np.nonzero((words & np.uint64(mask)) == np.uint64(table - image.pointer_base))[0]
        for i in hits:
            address = segment.address + 8 * int(i)
            if i + 1 < len(words) and image.pointer(address + 8) == names:
                found.append(address)
    return found


def _words(image: Image, header: Header, address: int, layout: list[str]) -> dict[str, int] | None:
    """The record's words under a layout, or None when they contradict the file."""
    try:
        words = {name: image.pointer(address + 8 * i) for i, name in enumerate(layout) if name != "-"}
    except BinaryError:
        return None
    start = header.address
    if (words["pctab"], words["pclntable"], words["filetab"], words["cutab"]) != (
        start + header.pcs,
        start + header.table,
        start + header.files,
        start + header.units,
    ):
        return None
    if words["ftab_len"] != header.functions + 1 or words["ftab"] != words["pclntable"]:
        return None
    if not words["text"] <= words["minpc"] <= words["maxpc"] <= words["etext"]:
        return None
    if not words["rodata"] or not words["types"] <= words["etypes"] or not words["end"] >= words["edata"]:
        return None
    if not 1 <= words["textsectmap_len"] <= 1024:
        return None
    try:
        image.offset(words["gofunc"])
        first = [image.pointer(words["textsectmap"] + 8 * i) for i in range(3)]
    except BinaryError:
        return None
    # the first text section starts at offset 0 and is loaded where the text is
    return words if first[0] == 0 and first[2] == words["text"] else None
