"""ELF files: the headers by LIEF, symbols and relocations from the map."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import lief
import numpy as np

from morestack.binary.errors import BinaryError
from morestack.binary.image import Image, Section, Segment

MACHINES = {lief.ELF.ARCH.X86_64: "amd64", lief.ELF.ARCH.AARCH64: "arm64"}
RELATIVE = {"amd64": 8, "arm64": 1027}

SYMBOL = np.dtype(
    [("name", "<u4"), ("info", "u1"), ("other", "u1"), ("shndx", "<u2"), ("value", "<u8"), ("size", "<u8")]
)
RELA = np.dtype([("offset", "<u8"), ("info", "<u8"), ("addend", "<i8")])

SHF_EXECINSTR, SHF_COMPRESSED = 4, 0x800
NOTE_GO, NOTE_GNU = 4, 3


def read_elf(path: Path, data: mmap.mmap) -> Image:
    """The image of an ELF file."""
    config = lief.ELF.ParserConfig()
    config.parse_dyn_symbols = config.parse_symtab_symbols = config.parse_symbol_versions = False
    config.parse_notes = config.parse_overlay = config.parse_relocations = False
    binary = lief.ELF.parse(str(path), config)
    if binary is None:
        raise BinaryError(f"{path}: its ELF header is damaged")
    goarch = MACHINES.get(binary.header.machine_type)
    if goarch is None or binary.header.identity_data != lief.ELF.Header.ELF_DATA.LSB:
        raise BinaryError(f"{path}: built for {binary.header.machine_type.name}; amd64 and arm64 can be read")
    sections = [_section(section, len(data)) for section in binary.sections]
    segments = [
        Segment(part.virtual_address, part.file_offset, part.physical_size)
        for part in binary.segments
        if part.type == lief.ELF.Segment.TYPE.LOAD
    ]
    pie = binary.header.file_type == lief.ELF.Header.FILE_TYPE.DYN
    image = Image(path, data, "elf", goarch, pie, sections, segments)
    image.notes.update(_notes(image))
    _relocate(image)
    image.symbols = ElfSymbols(image)
    return image


def _section(section: Any, file_size: int) -> Section:
    flags = int(section.flags)
    size = 0 if section.type == lief.ELF.Section.TYPE.NOBITS else section.size
    return Section(
        str(section.name),
        section.virtual_address,
        section.file_offset,
        size if section.file_offset + size <= file_size else max(0, file_size - section.file_offset),
        bool(flags & SHF_EXECINSTR),
        bool(flags & SHF_COMPRESSED),
    )


def _notes(image: Image) -> dict[str, str]:
    """The build ids of Go's linker and of the system's."""
    found: dict[str, str] = {}
    for name, key, kind in ((".note.go.buildid", "go", NOTE_GO), (".note.gnu.build-id", "gnu", NOTE_GNU)):
        section = image.section(name)
        if section is None or section.size < 16:
            continue
        note = bytes(image.contents(section)[:4096])
        owner, size, tag = (int.from_bytes(note[i : i + 4], "little") for i in (0, 4, 8))
        start = 12 + (owner + 3) // 4 * 4
        if tag == kind and start + size <= len(note):
            text = note[start : start + size]
            found[key] = text.decode("ascii", "replace") if key == "go" else text.hex()
    return found


def _relocate(image: Image) -> None:
    """Fill in the pointers that the loader writes: with RELA, the file may hold zero in their places.

    Packed relocations (RELR) leave the target in place and need nothing.
    """
    for section in image.sections:
        if not section.name.startswith(".rela") or section.name == ".rela.plt":
            continue
        count = section.size // RELA.itemsize
        table = np.frombuffer(image.contents(section), RELA, count)
        relative = table[(table["info"] & 0xFFFFFFFF) == RELATIVE[image.goarch]]
        order = np.argsort(relative["offset"], kind="stable")
        image.relocations.append((relative["offset"][order], relative["addend"][order].astype(np.uint64)))


class ElfSymbols:
    """`.symtab`, searched by name."""

    def __init__(self, image: Image) -> None:
        self.image = image

    def address(self, name: str) -> int | None:
        """The address of the symbol called `name`."""
        table, strings = self.image.section(".symtab"), self.image.section(".strtab")
        if table is None or strings is None:
            return None
        text = bytes(self.image.contents(strings))
        symbols = np.frombuffer(self.image.contents(table), SYMBOL, table.size // SYMBOL.itemsize)
        wanted = name.encode() + b"\0"
        # A linker may store a name as the tail of a longer one, so every occurrence is a candidate.
        at = text.find(wanted)
        while at >= 0:
            hits = np.nonzero(symbols["name"] == at)[0]
            for hit in hits:
                if symbols["shndx"][hit]:
                    return int(symbols["value"][hit])
            at = text.find(wanted, at + 1)
        return None
