"""PE files: the headers by LIEF, symbols from the map."""

from __future__ import annotations

import mmap
from pathlib import Path

import lief
import numpy as np

from morestack.binary.errors import BinaryError
from morestack.binary.image import Image, Section, Segment

MACHINES = {lief.PE.Header.MACHINE_TYPES.AMD64: "amd64", lief.PE.Header.MACHINE_TYPES.ARM64: "arm64"}
SYMBOL = np.dtype(
    [("name", "V8"), ("value", "<u4"), ("section", "<i2"), ("type", "<u2"), ("class", "u1"), ("aux", "u1")]
)
EXECUTE = 0x20000000

lief.logging.disable()


def read_pe(path: Path, data: mmap.mmap) -> Image:
    """The image of a PE file."""
    config = lief.PE.ParserConfig()
    config.parse_arm64x_binary = config.parse_exceptions = config.parse_exports = config.parse_imports = False
    config.parse_reloc = config.parse_rsrc = config.parse_signature = False
    binary = lief.PE.parse(str(path), config)
    if binary is None:
        raise BinaryError(f"{path}: its PE header is damaged")
    goarch = MACHINES.get(binary.header.machine)
    if goarch is None:
        raise BinaryError(f"{path}: built for {binary.header.machine}; amd64 and arm64 can be read")
    base = binary.imagebase
    table, count = binary.header.pointerto_symbol_table, binary.header.numberof_symbols
    names = _Names(data, table + count * SYMBOL.itemsize)
    sections: list[Section] = []
    for part in binary.sections:
        size = min(part.virtual_size, part.sizeof_raw_data)
        name = names.text(str(part.name))
        sections.append(
            Section(
                name,
                base + part.virtual_address,
                part.offset,
                size if part.offset + size <= len(data) else max(0, len(data) - part.offset),
                bool(part.characteristics & EXECUTE),
                name.startswith(".zdebug"),
            )
        )
    segments = [Segment(section.address, section.offset, section.size) for section in sections if section.size]
    image = Image(path, data, "pe", goarch, bool(binary.is_pie), sections, segments)
    if table and count and table + count * SYMBOL.itemsize <= len(data):
        image.symbols = PeSymbols(image, table, count)
    return image


class _Names:
    """The string table behind the symbols: `/19` as a section's name stands for the text at 19."""

    def __init__(self, data: mmap.mmap, at: int) -> None:
        self.data, self.at = data, at

    def text(self, name: str) -> str:
        if not (name.startswith("/") and name[1:].isdigit()):
            return name
        start = self.at + int(name[1:])
        end = self.data.find(b"\0", start, start + 256)
        return self.data[start:end].decode("utf-8", "replace") if end > 0 else name


class PeSymbols:
    """The COFF symbol table, searched by name."""

    def __init__(self, image: Image, table: int, count: int) -> None:
        self.image, self.start, self.count = image, table, count

    def address(self, name: str) -> int | None:
        """The address of the symbol called `name`."""
        data = self.image.data
        strings = self.start + self.count * SYMBOL.itemsize
        symbols = np.frombuffer(data[self.start : strings], SYMBOL)
        raw = name.encode()
        keys = symbols["name"].copy().view("<u8")
        candidates: list[int] = []
        if len(raw) <= 8:
            candidates.append(int.from_bytes(raw.ljust(8, b"\0"), "little"))
        at = data.find(b"\0" + raw + b"\0", strings)
        while at >= 0:
            candidates.append((at + 1 - strings) << 32)
            at = data.find(b"\0" + raw + b"\0", at + 1)
        for key in candidates:
            for hit in np.nonzero(keys == key)[0]:
                section = int(symbols["section"][hit])
                if 0 < section <= len(self.image.sections):
                    return self.image.sections[section - 1].address + int(symbols["value"][hit])
        return None
