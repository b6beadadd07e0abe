"""A core file as an address space: mapped, only its headers read.

Cores of the kernel and of gdb's gcore are ELF files whose PT_LOAD segments are the memory and whose notes name the
threads' registers (NT_PRSTATUS) and the mapped files (NT_FILE). Read-only file mappings are usually left out
(`filesz` 0, or one page): those addresses are read from the executable.

Invariants: nothing is copied but what is asked for; every size and offset of the file is checked against the file's
length, so that a truncated or hostile core ends in ProcessError, and header counts are bounded before anything is
made of them. Rejected: LIEF, which loads the whole file (1.2 GB of memory for a core of that size).
"""

from __future__ import annotations

import mmap
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from morestack.process.errors import MemoryGone, ProcessError
from morestack.process.memory import I64, U64, Gathered, Mapping, layout_of

ET_CORE, PT_LOAD, PT_NOTE = 4, 1, 4
NT_PRSTATUS, NT_AUXV, NT_FILE = 1, 6, 0x46494C45
AT_ENTRY = 9
MACHINES = {62: "amd64", 183: "arm64"}
MOST_HEADERS = 1 << 20


@dataclass(frozen=True, slots=True)
class Thread:
    """One thread of a stopped process or a core."""

    tid: int
    pc: int
    sp: int
    lr: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """A segment: `held` of its bytes are in the file at `offset`."""

    address: int
    size: int
    offset: int
    held: int
    flags: int


def is_core(path: Path) -> bool:
    """Whether a file is an ELF core."""
    try:
        with path.open("rb") as file:
            head = file.read(18)
    except OSError:
        return False
    return head[:4] == b"\x7fELF" and len(head) == 18 and struct.unpack("<H", head[16:18])[0] == ET_CORE


class CoreMemory:
    """The memory in a core."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self.data = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        except ValueError:
            raise ProcessError(f"{path} is empty") from None
        except OSError as error:
            raise ProcessError(f"{path} cannot be read: {error.strerror}") from None
        self.threads: list[Thread] = []
        self.files: list[Mapping] = []
        self.entry = 0
        self.cut = 0  # bytes that headers promise and the file does not hold
        self._loads: list[Load] = []
        self._headers()
        self._starts = [load.address for load in self._loads]
        self._array = np.frombuffer(self.data, np.uint8)
        self._file_reader: Callable[[int, int], bytes] | None = None
        self.mappings: Sequence[Mapping] = [
            Mapping(load.address, load.address + load.size, 0, self._permissions(load), self._path_at(load.address))
            for load in self._loads
        ]

    def read_files_with(self, reader: Callable[[int, int], bytes]) -> None:
        """Take what the core left out from `reader(address, size)`, which raises MemoryGone."""
        self._file_reader = reader

    def read(self, address: int, size: int) -> bytes:
        place = self._place(address, size)
        if place is not None:
            return self.data[place : place + size]
        if not 0 <= size <= len(self.data):
            raise MemoryGone(f"{address:#x}")
        return b"".join(self._pieces(address, size))

    def _pieces(self, address: int, size: int) -> Iterator[bytes]:
        """A range that lies in several segments, or in the executable."""
        while size:
            i = bisect_right(self._starts, address) - 1
            load = self._loads[i] if i >= 0 else None
            inside = address - load.address if load is not None else 0
            if load is not None and inside < load.held:
                n = min(size, load.held - inside)
                yield self.data[load.offset + inside : load.offset + inside + n]
            elif self._file_reader is not None:
                end = load.address + load.size if load is not None and inside < load.size else address + size
                n = min(size, end - address)
                yield self._file_reader(address, n)
            else:
                raise MemoryGone(f"{address:#x}")
            address += n
            size -= n

    def gather(self, addresses: U64, sizes: I64) -> Gathered:
        starts, whole = layout_of(sizes)
        data = np.empty(whole, np.uint8)
        good = np.ones(len(addresses), np.bool_)
        source = self._array
        spans = zip(addresses.tolist(), sizes.tolist(), starts.tolist(), strict=True)
        for i, (address, size, start) in enumerate(spans):
            place = self._place(address, size)
            if place is not None:
                data[start : start + size] = source[place : place + size]
                continue
            try:
                data[start : start + size] = np.frombuffer(self.read(address, size), np.uint8)
            except MemoryGone:
                good[i] = False
        return Gathered(data, starts, sizes, good)

    def _place(self, address: int, size: int) -> int | None:
        i = bisect_right(self._starts, address) - 1
        if i < 0:
            return None
        load = self._loads[i]
        inside = address - load.address
        if size < 0 or inside + size > load.held:
            return None
        return load.offset + inside

    def _bad(self, what: str) -> ProcessError:
        return ProcessError(f"{self.path}: {what}: the core is truncated or damaged")

    def _headers(self) -> None:
        data, size = self.data, len(self.data)
        if size < 64 or data[:4] != b"\x7fELF":
            raise ProcessError(f"{self.path} is not a core file: it does not start with an ELF header")
        if data[4] != 2 or data[5] != 1:
            raise ProcessError(f"{self.path}: only 64-bit little-endian cores are read")
        kind, machine = struct.unpack_from("<HH", data, 16)
        if kind != ET_CORE:
            raise ProcessError(f"{self.path} is an ELF file, but not a core")
        if machine not in MACHINES:
            raise ProcessError(f"{self.path}: machine {machine} is neither amd64 nor arm64")
        self.goarch = MACHINES[machine]
        (at,) = struct.unpack_from("<Q", data, 32)
        (section_at,) = struct.unpack_from("<Q", data, 40)
        entry, count = struct.unpack_from("<HH", data, 54)
        if count == 0xFFFF and 0 < section_at <= size - 64:  # more segments than 16 bits count
            (count,) = struct.unpack_from("<I", data, section_at + 44)
        if entry != 56 or count > MOST_HEADERS or at + entry * count > size:
            raise self._bad("its program headers are not in the file")
        table = np.frombuffer(data, np.dtype("<u4,<u4,<u8,<u8,<u8,<u8,<u8,<u8"), count, at).tolist()
        for kind, flags, offset, address, _, held, whole, _ in table:
            if kind == PT_LOAD and whole:
                there = max(0, min(held, size - offset, whole))
                self.cut += held - there
                if address + whole < 1 << 64:
                    self._loads.append(Load(address, whole, offset, there, flags))
            elif kind == PT_NOTE and held:
                if offset + held > size:
                    raise self._bad("its notes are not in the file")
                self._notes(offset, held)
        self._loads.sort(key=lambda load: load.address)
        if not self._loads:
            raise self._bad("it holds no memory")

    def _note_list(self, at: int, size: int) -> Iterator[tuple[int, int, int]]:
        end = at + size
        while at + 12 <= end:
            name, length, kind = struct.unpack_from("<III", self.data, at)
            body = at + 12 + (name + 3 & ~3)
            if body + length > end:
                raise self._bad("a note is longer than its segment")
            yield kind, body, length
            at = body + (length + 3 & ~3)

    def _notes(self, at: int, size: int) -> None:
        for kind, body, length in self._note_list(at, size):
            if kind == NT_PRSTATUS and length >= 336:
                # struct elf_prstatus: the thread's id at 32, general registers from 112 on
                (tid,) = struct.unpack_from("<I", self.data, body + 32)
                if self.goarch == "amd64":
                    (pc,) = struct.unpack_from("<Q", self.data, body + 112 + 16 * 8)
                    (sp,) = struct.unpack_from("<Q", self.data, body + 112 + 19 * 8)
                    self.threads.append(Thread(tid, pc, sp))
                elif length >= 112 + 33 * 8:
                    lr, sp, pc = struct.unpack_from("<QQQ", self.data, body + 112 + 30 * 8)
                    self.threads.append(Thread(tid, pc, sp, lr))
            elif kind == NT_FILE and length >= 16:
                self._file_note(body, length)
            elif kind == NT_AUXV:
                for i in range(body, body + length - 15, 16):
                    key, value = struct.unpack_from("<QQ", self.data, i)
                    if key == AT_ENTRY:
                        self.entry = value

    def _file_note(self, body: int, length: int) -> None:
        count, page = struct.unpack_from("<QQ", self.data, body)
        if 16 + 24 * count > length:
            raise self._bad("its list of mapped files is longer than the note")
        names = bytes(self.data[body + 16 + 24 * count : body + length]).split(b"\0")
        for i in range(count):
            start, end, offset = struct.unpack_from("<QQQ", self.data, body + 16 + 24 * i)
            name = names[i].decode(errors="replace") if i < len(names) else ""
            self.files.append(Mapping(start, end, offset * page, "", name))

    def _path_at(self, address: int) -> str:
        for file in self.files:
            if file.start <= address < file.end:
                return file.path
        return ""

    @staticmethod
    def _permissions(load: Load) -> str:
        return ("r" if load.flags & 4 else "-") + ("w" if load.flags & 2 else "-") + ("x" if load.flags & 1 else "-")
