"""Write a core of a live process, as the kernel would, wherever the kernel or gdb cannot: for tests."""

from __future__ import annotations

import struct
from pathlib import Path

from morestack.process.core import NT_AUXV, NT_FILE, NT_PRSTATUS, PT_LOAD, PT_NOTE
from morestack.process.errors import MemoryGone
from morestack.process.memory import ProcessMemory
from morestack.process.stop import stopped

PAGE = 4096


def note(kind: int, data: bytes) -> bytes:
    """One note of the kernel's."""
    return struct.pack("<III", 5, len(data), kind) + b"CORE\0\0\0\0" + data + b"\0" * (-len(data) % 4)


def write_core(pid: int, path: Path) -> None:
    """All writable memory, the threads' registers and the mapped files, while the process stands still."""
    memory = ProcessMemory(pid)
    with stopped(pid) as threads:
        notes = b""
        for thread in threads:
            status = bytearray(336)
            struct.pack_into("<I", status, 32, thread.tid)
            struct.pack_into("<Q", status, 112 + 16 * 8, thread.pc)
            struct.pack_into("<Q", status, 112 + 19 * 8, thread.sp)
            notes += note(NT_PRSTATUS, bytes(status))
        notes += note(NT_AUXV, Path(f"/proc/{pid}/auxv").read_bytes())
        files = [m for m in memory.mappings if m.path.startswith("/")]
        table = struct.pack("<QQ", len(files), PAGE)
        table += b"".join(struct.pack("<QQQ", m.start, m.end, m.offset // PAGE) for m in files)
        notes += note(NT_FILE, table + b"".join(m.path.encode() + b"\0" for m in files))
        parts = []
        for m in memory.mappings:
            if m.path in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                continue
            try:
                parts.append((m, memory.read(m.start, m.end - m.start) if "w" in m.permissions else b""))
            except MemoryGone:
                parts.append((m, b""))
    memory.close()
    count = len(parts) + 1
    offset = 64 + 56 * count
    header = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)
    header += struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    programs = struct.pack("<IIQQQQQQ", PT_NOTE, 0, offset, 0, 0, len(notes), 0, 4)
    place = (offset + len(notes) + PAGE - 1) // PAGE * PAGE
    begin = place
    for m, data in parts:
        flags = 4 * ("r" in m.permissions) | 2 * ("w" in m.permissions) | ("x" in m.permissions)
        programs += struct.pack("<IIQQQQQQ", PT_LOAD, flags, place, m.start, 0, len(data), m.end - m.start, PAGE)
        place += len(data)
    with path.open("wb") as file:
        file.write(header + programs + notes)
        file.write(b"\0" * (begin - offset - len(notes)))
        for _, data in parts:
            file.write(data)
