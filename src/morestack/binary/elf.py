"""ELF files: the headers by pyelftools, symbols and relocations from the map.

Not by LIEF, which reads the other two formats: importing it costs 0.9 s of processor time and 60 MB, and it copies the
file into memory, where all that is needed here are two small tables.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from elftools.common.exceptions import ELFError
from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile

from morestack.binary.errors import BinaryError
from morestack.binary.image import Image, Section, Segment

MACHINES = {"EM_X86_64": "amd64", "EM_AARCH64": "arm64"}
RELATIVE = {"amd64": 8, "arm64": 1027}

SYMBOL = np.dtype(
    [("name", "<u4"), ("info", "u1"), ("other", "u1"), ("shndx", "<u2"), ("value", "<u8"), ("size", "<u8")]
)
RELA = np.dtype([("offset", "<u8"), ("info", "<u8"), ("addend", "<i8")])

SHF_EXECINSTR, SHF_COMPRESSED = 4, 0x800
NOTE_GO, NOTE_GNU = 4, 3
MOST = 10_000  # sections or segments; a Go program has some 40


def read_elf(path: Path, data: mmap.mmap) -> Image:
    """The image of an ELF file."""
    try:
        elf = ELFFile(cast(IO[bytes], data))
        goarch = MACHINES.get(elf["e_machine"])
        if goarch is None or not elf.little_endian or elf.elfclass != 64:
            raise BinaryError(f"{path}: built for {elf['e_machine']}; amd64 and arm64 can be read")
        sections = _sections(elf, data)
        headers = _table(elf, data, elf.structs.Elf_Phdr, elf["e_phoff"], elf["e_phnum"], elf["e_phentsize"])
        segments = [Segment(h["p_vaddr"], h["p_offset"], h["p_filesz"]) for h in headers if h["p_type"] == "PT_LOAD"]
    except (ELFError, AssertionError, KeyError) as error:
        raise BinaryError(f"{path}: its ELF header is damaged ({error})") from None
    image = Image(path, data, "elf", goarch, elf["e_type"] == "ET_DYN", sections, segments)
    image.notes.update(_notes(image))
    _relocate(image)
    image.symbols = ElfSymbols(image)
    return image


def _table(elf: ELFFile, data: mmap.mmap, kind: Any, at: int, count: int, size: int) -> list[Any]:
    """The entries of a header table, as far as they lie in the file."""
    count = min(count, MOST, (len(data) - at) // size if size > 0 and at < len(data) else 0)
    return [struct_parse(kind, cast(IO[bytes], data), at + i * size) for i in range(count)]


def _sections(elf: ELFFile, data: mmap.mmap) -> list[Section]:
    headers = _table(elf, data, elf.structs.Elf_Shdr, elf["e_shoff"], elf["e_shnum"], elf["e_shentsize"])
    names = headers[elf["e_shstrndx"]]["sh_offset"] if elf["e_shstrndx"] < len(headers) else len(data)
    found: list[Section] = []
    for header in headers:
        at, size = header["sh_offset"], header["sh_size"]
        if header["sh_type"] == "SHT_NOBITS":
            size = 0
        start = names + header["sh_name"]
        end = data.find(b"\0", start, start + 256) if start < len(data) else -1
        found.append(
            Section(
                data[start:end].decode("utf-8", "replace") if end > start else "",
                header["sh_addr"],
                at,
                max(0, min(size, len(data) - at)),
                bool(header["sh_flags"] & SHF_EXECINSTR),
                bool(header["sh_flags"] & SHF_COMPRESSED),
            )
        )
    return found


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
