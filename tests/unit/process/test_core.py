"""Core files: what their headers may say, and what is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from morestack.process.core import NT_PRSTATUS, CoreMemory, Thread, is_core
from morestack.process.errors import MemoryGone, ProcessError
from tests.real.make_core import note


def header(count: int, kind: int = 4, machine: int = 62, at: int = 64, entry: int = 56) -> bytes:
    start = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)
    return start + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0, at, 0, 0, 64, entry, count, 0, 0, 0)


def segment(kind: int, offset: int, address: int, held: int, size: int, flags: int = 6) -> bytes:
    return struct.pack("<IIQQQQQQ", kind, flags, offset, address, 0, held, size, 4096)


@pytest.fixture
def core(tmp_path: Path) -> Path:
    """Two segments side by side, the second one half in the file, and one thread."""
    status = bytearray(336)
    struct.pack_into("<I", status, 32, 77)
    struct.pack_into("<Q", status, 112 + 16 * 8, 0x401000)
    struct.pack_into("<Q", status, 112 + 19 * 8, 0x1010)
    notes = note(NT_PRSTATUS, bytes(status))
    data = bytes(range(64))
    at = 64 + 3 * 56
    parts = segment(4, at, 0, len(notes), 0) + segment(1, at + len(notes), 0x1000, 32, 32)
    parts += segment(1, at + len(notes) + 32, 0x1020, 32, 64)
    path = tmp_path / "core"
    path.write_bytes(header(3) + parts + notes + data)
    return path


def test_reading(core: Path) -> None:
    memory = CoreMemory(core)
    assert is_core(core)
    assert memory.threads == [Thread(77, 0x401000, 0x1010)]
    assert memory.read(0x1008, 4) == bytes([8, 9, 10, 11])
    assert memory.read(0x1018, 16) == bytes(range(24, 40))  # across segments
    got = memory.gather(np.array([0x1018, 0x1038, 5], np.uint64), np.array([16, 16, 8], np.int64))
    assert got.good.tolist() == [True, False, False]
    with pytest.raises(MemoryGone):
        memory.read(0x1038, 16)


def test_what_a_core_leaves_out_is_read_from_the_binary(core: Path) -> None:
    memory = CoreMemory(core)
    memory.read_files_with(lambda address, size: bytes([0xAA]) * size)
    assert memory.read(0x103C, 8) == bytes(range(60, 64)) + b"\xaa" * 4


def test_a_cut_is_counted(core: Path) -> None:
    core.write_bytes(core.read_bytes()[:-16])
    memory = CoreMemory(core)
    assert memory.cut == 16
    with pytest.raises(MemoryGone):
        memory.read(0x1030, 8)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "is empty"),
        (b"hello" * 20, "is not a core"),
        (b"\x7fELF" + bytes([1, 1]) + bytes(80), "only 64-bit little-endian"),
        (header(1, kind=2), "not a core"),
        (header(1, machine=3) + bytes(56), "neither amd64 nor arm64"),
        (header(60000), "program headers are not in the file"),
        (header(1, at=1 << 63) + bytes(56), "program headers are not in the file"),
        (header(1) + segment(4, 64, 0, 1 << 60, 0), "notes are not in the file"),
        (header(1) + bytes(56), "it holds no memory"),
        (
            header(1) + segment(4, 120, 0, 20, 0) + struct.pack("<III8s", 5, 1000, 1, b"CORE"),
            "a note is longer than its segment",
        ),
    ],
)
def test_damaged_headers_are_refused(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "core"
    path.write_bytes(data)
    with pytest.raises(ProcessError, match=text):
        CoreMemory(path)
