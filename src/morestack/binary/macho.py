"""Mach-O files: the load commands by LIEF, symbols from the map. Of a fat file, the first part that can be read."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import lief
import numpy as np

from morestack.binary.errors import BinaryError
from morestack.binary.image import Image, Section, Segment

CPUS = {lief.MachO.Header.CPU_TYPE.X86_64: "amd64", lief.MachO.Header.CPU_TYPE.ARM64: "arm64"}
SYMBOL = np.dtype([("name", "<u4"), ("type", "u1"), ("section", "u1"), ("desc", "<u2"), ("value", "<u8")])
CHAINED_TARGET_BITS = 36
PIE = 0x200000
PURE_INSTRUCTIONS = 0x80000000

lief.logging.disable()


def read_macho(path: Path, data: mmap.mmap) -> Image:
    """The image of a Mach-O file."""
    config = lief.MachO.ParserConfig()
    config.parse_dyld_bindings = config.parse_dyld_exports = config.parse_dyld_rebases = False
    fat = lief.MachO.parse(str(path), config)
    if fat is None:
        raise BinaryError(f"{path}: its Mach-O header is damaged")
    parts = [part for part in fat if part.header.cpu_type in CPUS]
    if not parts:
        raise BinaryError(f"{path}: no part of it is for amd64 or arm64")
    binary = parts[0]
    base = binary.fat_offset
    sections = [_section(section, base, len(data)) for section in binary.sections]
    segments = [
        Segment(part.virtual_address, base + part.file_offset, part.file_size)
        for part in binary.segments
        if part.file_size
    ]
    goarch = CPUS[binary.header.cpu_type]
    flags = int.from_bytes(data[base + 24 : base + 28], "little")  # LIEF refuses flags that it has no name for
    image = Image(path, data, "macho", goarch, bool(flags & PIE), sections, segments)
    commands = {command.command for command in binary.commands}
    if lief.MachO.LoadCommand.TYPE.DYLD_CHAINED_FIXUPS in commands:
        image.pointer_bits, image.pointer_base = CHAINED_TARGET_BITS, binary.imagebase
    uuid = binary.uuid if binary.has_uuid else None
    if uuid is not None:
        image.notes["gnu"] = bytes(uuid.uuid).hex()
    table = binary.symbol_command if binary.has_symbol_command else None
    if table is not None:
        image.symbols = MachoSymbols(image, base + table.symbol_offset, table.numberof_symbols, base, table)
    return image


def _section(section: Any, base: int, file_size: int) -> Section:
    """Sections are named without their two underscores, in the ELF way, where the contents are the same."""
    offset, size = section.offset, section.size
    if offset == 0:  # zero-filled
        size = 0
    offset += base
    name = str(section.name)
    return Section(
        "." + name.removeprefix("__"),
        section.virtual_address,
        offset,
        size if offset + size <= file_size else max(0, file_size - offset),
        bool(int(section.flags) & PURE_INSTRUCTIONS),
        name.startswith("__zdebug"),
    )


class MachoSymbols:
    """The symbol command's table, searched by name."""

    def __init__(self, image: Image, offset: int, count: int, base: int, command: Any) -> None:
        self.image, self.start, self.count = image, offset, count
        self.strings = base + command.strings_offset
        self.strings_size = command.strings_size

    def address(self, name: str) -> int | None:
        """The address of the symbol called `name`, with or without C's underscore."""
        end = self.start + self.count * SYMBOL.itemsize
        if end > len(self.image.data):
            return None
        symbols = np.frombuffer(self.image.data[self.start : end], SYMBOL)
        text = self.image.data[self.strings : self.strings + self.strings_size]
        for spelling in (name, "_" + name):
            wanted = spelling.encode() + b"\0"
            at = text.find(wanted)
            while at >= 0:
                hits = np.nonzero((symbols["name"] == at) & (symbols["section"] != 0))[0]
                if len(hits):
                    return int(symbols["value"][hits[0]])
                at = text.find(wanted, at + 1)
        return None
