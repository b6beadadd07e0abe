"""The function table of a Go binary: every function's name, place, frame and inlined calls.

The table is read where it lies: the columns of all functions' records become numpy arrays once (some 10 ms for
50,000 functions), and a `Func` is made of a row when it is asked for.

What the numbers mean:

- `sp_delta(pc)` is what the function has subtracted from SP at that instruction, counted from SP at its entry. On
  amd64 the caller's return address lies above and is not in it; a saved frame pointer is. So at pc the frame's top
  is SP + delta, the return address is the word there, and the caller's SP is SP + delta + 8. On arm64 the delta
  includes the saved LR (at SP) and there is no word between frames: the caller's SP is SP + delta.
- `frame_bytes` is the largest delta of the function. For compiled functions it is the first number of `$frame-args` in
  `go build -gcflags=-S`, on both.
- For a return address, ask `line` and `inline_stack` for pc - 1 and `sp_delta` for the address itself, as Go's own
  unwinder does: the address may be the first of another line, or of another function when the callee never returns.

Invariant: reads outside the table raise BinaryError. Rejected: a dictionary of all functions at the start, which costs
a second for 200,000 functions that nobody asks for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from morestack.binary import pctable
from morestack.binary.errors import BinaryError
from morestack.binary.image import Image
from morestack.binary.moduledata import QUANTUM, Header, Moduledata
from morestack.binary.pctable import PcTable

U32 = NDArray[np.uint32]

INLINE_INDEX, INLINE_TREE = 2, 3  # of pcdata and of funcdata
NO_FUNCDATA = 0xFFFFFFFF
ARGS_UNKNOWN = -0x80000000
TOP_FRAME, SP_WRITE, ASSEMBLY = 1, 2, 4

DAMAGED = "the function table is damaged"


@dataclass(frozen=True, slots=True)
class InlineFrame:
    """One level of inlining at a pc; `start_line` is 0 before Go 1.20."""

    name: str
    file: str
    line: int
    start_line: int


class Func:
    """One function: a row of the table."""

    __slots__ = ("_tab", "end", "entry", "index")

    def __init__(self, tab: Pclntab, index: int) -> None:
        self._tab = tab
        self.index = index
        self.entry: int = tab.entries[index]
        self.end: int = tab.entries[index + 1]

    def __repr__(self) -> str:
        return f"<Func {self.name} {self.entry:#x}-{self.end:#x}>"

    @property
    def name(self) -> str:
        """The full name, as `net/http.(*conn).serve`."""
        return self._tab.name(int(self._tab.record[1][self.index]))

    @property
    def file(self) -> str:
        """The file at the entry."""
        return self.line(self.entry)[0]

    @property
    def start_line(self) -> int:
        """The line of the `func` keyword; 0 before Go 1.20, which does not record it."""
        return int(self._tab.startline[self.index])

    @property
    def args_bytes(self) -> int | None:
        """Bytes of arguments and results in the caller's frame; None for assembly that does not say."""
        args = int(self._tab.record[2][self.index])
        args -= (args & 0x80000000) << 1
        return None if args == ARGS_UNKNOWN else args

    @property
    def frame_bytes(self) -> int:
        """The largest stack delta; see the module's text for what it includes."""
        return int(self._tab.frame_bytes[self.index])

    @property
    def func_id(self) -> int:
        """The runtime's number for functions it treats specially; the numbers differ between releases of Go."""
        return int(self._tab.tail[self.index]) & 0xFF

    @property
    def flags(self) -> int:
        """TOP_FRAME, SP_WRITE and ASSEMBLY bits."""
        return int(self._tab.tail[self.index]) >> 8 & 0xFF

    @property
    def is_top(self) -> bool:
        """Whether a stack ends here: goexit, mstart, and the functions that start threads."""
        return bool(self.flags & TOP_FRAME)

    @property
    def writes_sp(self) -> bool:
        """Whether it sets SP to what no table can tell (systemstack, mcall, gogo ...); unwinding stops here."""
        return bool(self.flags & SP_WRITE)

    def sp_delta(self, pc: int) -> int:
        """What is subtracted from SP at a pc; see the module's text."""
        value = self._tab.values(int(self._tab.record[4][self.index])).at(pc - self.entry)
        if value is None:
            return 0 if not int(self._tab.record[4][self.index]) else self._missing(pc)
        return value

    def _missing(self, pc: int) -> int:
        raise BinaryError(f"no stack delta at {pc:#x} in {self.name}: the function table is damaged")

    def sp_table(self) -> PcTable:
        """All deltas, by pcs relative to the entry."""
        return self._tab.values(int(self._tab.record[4][self.index]))

    def line(self, pc: int) -> tuple[str, int]:
        """File and line of a pc, of the innermost inlined function there."""
        record, offset = self._tab.record, pc - self.entry
        file = self._tab.values(int(record[5][self.index])).at(offset)
        line = self._tab.values(int(record[6][self.index])).at(offset)
        if file is None or line is None or file < 0:
            return "?", 0
        return self._tab.file(int(record[8][self.index]), file), line

    def place(self) -> tuple[str, int]:
        """File and line of the function: where it starts, before Go 1.20 the line of its first instruction."""
        record = self._tab.record
        file, line = (self._tab.first_value(int(record[k][self.index])) for k in (5, 6))
        if file < 0:
            return "?", 0
        return self._tab.file(int(record[8][self.index]), file), self.start_line or line

    def inline_stack(self, pc: int) -> list[InlineFrame]:
        """The functions inlined at a pc, innermost first; the last is this function itself."""
        frames: list[InlineFrame] = []
        tree = self._tab.inline_tree(self.index)
        if tree is not None:
            at, indices = tree
            while True:
                index = indices.at(pc - self.entry)
                if index is None or index < 0:
                    break
                name, parent, start = self._tab.inlined(at, index)
                frames.append(InlineFrame(name, *self.line(pc), start))
                pc = self.entry + parent
                if len(frames) > 10_000:
                    raise BinaryError(f"{DAMAGED}: inlined calls of {self.name} form a circle")
        frames.append(InlineFrame(self.name, *self.line(pc), self.start_line))
        return frames


class Functions(Sequence[Func]):
    """All functions, by address."""

    def __init__(self, tab: Pclntab) -> None:
        self._tab = tab

    def __len__(self) -> int:
        return len(self._tab.entries) - 1

    def __getitem__(self, index: int) -> Func:  # type: ignore[override]
        return self._tab.func(range(len(self))[index])

    def __iter__(self) -> Iterator[Func]:
        return map(self._tab.func, range(len(self)))


class Pclntab:
    """The whole table.

    `entries` are the functions' addresses in order and the end of the last; `record[k]` is the k-th word of all
    functions' records (1 the name, 2 the arguments, 4 pcsp, 5 pcfile, 6 pcln, 7 the number of pcdata, 8 the unit).
    """

    def __init__(self, image: Image, header: Header, module: Moduledata) -> None:
        self.goarch = image.goarch
        self._image, self._header, self._module = image, header, module
        self._whole = image.view(header.address, header.size)
        self._pcs = self._whole[header.pcs : header.table]
        self._quantum = QUANTUM[image.goarch]
        table = self._whole[header.table :]
        self._words: U32 = np.frombuffer(table, np.uint32, len(table) // 4)
        pairs = self._words[: 2 * header.functions + 1]
        self._offsets = (pairs[1::2] // 4).astype(np.int64)
        width = 11 if header.startline else 10
        if header.functions == 0 or (pairs[1::2] % 4).any() or int(self._offsets.max()) + width > len(self._words):
            raise BinaryError(f"{image.path}: {DAMAGED}: a record lies outside")
        self.record = [self._words[self._offsets + k] for k in range(9)]
        self.startline: U32 = (
            self._words[self._offsets + 9] if header.startline else np.zeros(header.functions, np.uint32)
        )
        self.tail: U32 = self._words[self._offsets + width - 1]
        self._width = width
        self.entries: list[int] = self._entries(pairs[0::2].astype(np.int64))
        self.functions = Functions(self)
        self._funcs: dict[int, Func] = {}
        self._names: dict[int, str] = {}
        self._files: dict[tuple[int, int], str] = {}
        self._tables: dict[int, PcTable] = {}

    def _entries(self, offsets: NDArray[np.int64]) -> list[int]:
        """Link-time addresses of offsets in the text, whose sections need not lie side by side."""
        if (np.diff(offsets) < 0).any():
            raise BinaryError(f"{self._image.path}: {DAMAGED}: functions are out of order")
        module = self._module
        addresses = offsets + module.text
        for i in range(1, module.textsectmap_len):
            start, end, base = (self._image.pointer(module.textsectmap + 24 * i + 8 * k) for k in range(3))
            inside = (offsets >= start) & ((offsets < end) | (i == module.textsectmap_len - 1))
            addresses[inside] = offsets[inside] - start + base
        if (np.diff(addresses) < 0).any():
            raise BinaryError(f"{self._image.path}: {DAMAGED}: functions are out of order")
        return [int(address) for address in addresses.tolist()]

    def __len__(self) -> int:
        return len(self.entries) - 1

    def func(self, index: int) -> Func:
        """The function in a row."""
        found = self._funcs.get(index)
        if found is None:
            found = self._funcs[index] = Func(self, index)
        return found

    def find(self, pc: int) -> Func | None:
        """The function that a link-time address lies in, as the runtime has it: padding belongs to the one before."""
        i = bisect_right(self.entries, pc) - 1
        return self.func(i) if 0 <= i < len(self.entries) - 1 else None

    @cached_property
    def frame_bytes(self) -> NDArray[np.int64]:
        """The largest stack delta of every function."""
        return pctable.largest(np.frombuffer(self._pcs, np.uint8), self.record[4].astype(np.int64))

    @cached_property
    def by_name(self) -> dict[str, list[int]]:
        """Rows by name; assembly and its wrapper for another calling convention share one."""
        found: dict[str, list[int]] = {}
        for index, name in enumerate(self.names):
            found.setdefault(name, []).append(index)
        return found

    @cached_property
    def names(self) -> list[str]:
        """The names of all functions."""
        table = self._name_table
        try:
            return [table[at : table.index(0, at)].decode("utf-8", "replace") for at in self.record[1].tolist()]
        except (ValueError, IndexError):
            raise BinaryError(f"{self._image.path}: {DAMAGED}: a name lies outside") from None

    def lookup(self, name: str) -> Func | None:
        """The first function of this name."""
        table = self._name_table
        wanted = name.encode() + b"\0"
        at = 0 if table.startswith(wanted) else table.find(b"\0" + wanted) + 1
        rows = np.nonzero(self.record[1] == at)[0]
        return self.func(int(rows[0])) if len(rows) and (at or table.startswith(wanted)) else None

    @cached_property
    def _name_table(self) -> bytes:
        return bytes(self._whole[self._header.names : self._header.units])

    def functions_named(self, start: str) -> list[Func]:
        """The functions whose names begin so."""
        return [self.func(row) for name, rows in self.by_name.items() if name.startswith(start) for row in rows]

    def name(self, offset: int) -> str:
        """The name at an offset of the table of names."""
        found = self._names.get(offset)
        if found is None:
            found = self._names[offset] = self._text(self._header.names + offset, self._header.units)
        return found

    def _text(self, at: int, end: int) -> str:
        """A text up to its zero byte."""
        size = 256
        while at < end:
            chunk = bytes(self._whole[at : min(at + size, end)])
            zero = chunk.find(b"\0")
            if zero >= 0:
                return chunk[:zero].decode("utf-8", "replace")
            if at + size >= end or size > 1 << 20:
                break
            size *= 8
        raise BinaryError(f"{self._image.path}: {DAMAGED}: a name lies outside")

    def file(self, unit: int, number: int) -> str:
        """A file by its number in a compilation unit."""
        key = (unit, number)
        found = self._files.get(key)
        if found is None:
            at = self._header.units + 4 * (unit + number)
            if at + 4 > self._header.files:
                raise BinaryError(f"{self._image.path}: {DAMAGED}: a file's number lies outside")
            offset = int.from_bytes(self._whole[at : at + 4], "little")
            found = "?" if offset == 0xFFFFFFFF else self._text(self._header.files + offset, self._header.pcs)
            self._files[key] = found
        return found

    def values(self, offset: int) -> PcTable:
        """The pc-value table at an offset."""
        found = self._tables.get(offset)
        if found is None:
            found = self._tables[offset] = pctable.decode(self._pcs, offset, self._quantum)
        return found

    def first_value(self, offset: int) -> int:
        """The value of a pc-value table at the function's entry; -1 without a table."""
        return pctable.first(self._pcs, offset)

    def pcdata(self, index: int, kind: int) -> PcTable | None:
        """A function's table of per-instruction data, as the index of inlined calls."""
        if kind >= int(self.record[7][index]):
            return None
        at = int(self._offsets[index]) + self._width + kind
        if at >= len(self._words):
            raise BinaryError(f"{self._image.path}: {DAMAGED}: a record lies outside")
        offset = int(self._words[at])
        return self.values(offset) if offset else None

    def funcdata(self, index: int, kind: int) -> int | None:
        """The address of a function's data of one kind."""
        if kind >= int(self.tail[index]) >> 24:
            return None
        at = int(self._offsets[index]) + self._width + int(self.record[7][index]) + kind
        if at >= len(self._words):
            raise BinaryError(f"{self._image.path}: {DAMAGED}: a record lies outside")
        offset = int(self._words[at])
        return None if offset == NO_FUNCDATA else self._module.gofunc + offset

    def inline_tree(self, index: int) -> tuple[int, PcTable] | None:
        """Where a function's inlined calls are listed, and which of them each pc is in."""
        at, indices = self.funcdata(index, INLINE_TREE), self.pcdata(index, INLINE_INDEX)
        return None if at is None or indices is None else (at, indices)

    def inlined(self, tree: int, index: int) -> tuple[str, int, int]:
        """An inlined call: the callee's name, the pc of the call from the function's entry, the callee's start."""
        if self._header.startline:
            _, name, parent, start = self._record(tree + 16 * index, 4)
            return self.name(name), parent, start
        _, _, _, name, parent = self._record(tree + 20 * index, 5)
        return self.name(name), parent, 0

    def _record(self, at: int, words: int) -> tuple[int, ...]:
        data = self._image.view(at, 4 * words)
        return tuple(int.from_bytes(data[4 * k : 4 * k + 4], "little", signed=True) for k in range(words))
