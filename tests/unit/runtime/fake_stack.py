"""Hand-made code metadata and goroutine stacks: what compiled code would leave, without a compiler."""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from morestack.dialect import memory

_arena = mmap.mmap(-1, 1 << 25)  # one piece: offsets in metadata have 32 bits
_next = [ctypes.addressof(ctypes.c_char.from_buffer(_arena))]


def blob(data: bytes, align: int = 16) -> int:
    """The address of bytes that stay."""
    address = -(-_next[0] // align) * align
    _next[0] = address + len(data)
    ctypes.memmove(address, data, len(data))
    return address


@dataclass(frozen=True)
class Site:
    """A continuation (or, with `entry`, a function's entry) to make metadata for."""

    func: str
    line: int = 1
    words: int = 0
    pointers: Sequence[int] = ()
    entry: bool = False
    flags: int = 0
    args: int = 0
    area: int = 0
    file: str = "/x/prog.go"
    objects: Sequence[tuple[int, int]] = ()  # first word and words of each; tracked when there are any
    used: int = 0  # mask of those that are read again


GOEXIT = Site("runtime.goexit", flags=4 | 2 | 8)
PANICVAL = Site("runtime.panicval", flags=2 | 8)
PANICRETURN = Site("runtime.panicreturn", flags=2 | 8)
_codes: dict[tuple[Any, ...], int] = {}


def code(site: Site) -> int:
    """The address of (fake) code with the metadata of docs/abi.md in front of it."""
    key = (
        site.func,
        site.line,
        site.words,
        tuple(site.pointers),
        site.entry,
        site.flags,
        site.args,
        site.area,
        site.file,
        tuple(site.objects),
        site.used,
    )
    if key in _codes:
        return _codes[key]
    bits = sum(1 << i for i in site.pointers)
    bitmap = b"" if site.words <= 64 or site.entry else bits.to_bytes(-(-site.words // 8), "little")
    # layout: function record 0..28, site record 28..48, prefix 48..64, code 64..80, objects, strings, large bitmap
    theirs = sum(((1 << n) - 1) << first for first, n in site.objects) & (1 << 64) - 1
    places = [w for pair in site.objects for w in pair]
    objects = struct.pack(f"<QI{len(places)}I", theirs, len(site.objects), *places)
    words = site.words | (0x4000_0000 if site.objects else 0)
    name, file = site.func.encode() + b"\0", site.file.encode() + b"\0"
    at = blob(bytes(80) + objects + name + file + bitmap)
    name_at = at + 80 + len(objects)
    file_at = name_at + len(name)
    bitmap_at = file_at + len(file)
    head = (name_at - at, file_at - at, site.line, site.flags, site.args, site.area, 80 if site.objects else 0)
    record = struct.pack("<iiIIIIi", *head)
    where = struct.pack("<iiIii", -28, site.line, site.used, 0, -20)
    if site.entry:
        prefix = struct.pack("<QIi", bits, 0xFFFF_FFFF, -64)
    elif bitmap:
        prefix = struct.pack("<QIi", bitmap_at, words | 0x8000_0000, -36)
    else:
        prefix = struct.pack("<QIi", bits, words, -36)
    ctypes.memmove(at, record + where + prefix, 64)
    _codes[key] = at + 64
    return at + 64


def load(address: int) -> int:
    return memory.u64_view[address >> 3]


def store(address: int, value: int) -> None:
    memory.u64_view[address >> 3] = value


def closure(entry: int) -> int:
    """A closure object without captures."""
    return blob(struct.pack("<Q", entry))


def push_frames(g: Any, frames: Sequence[tuple[Site, Sequence[int]]]) -> None:
    """Give a fresh goroutine frames, outermost first, and leave it stopped in the innermost as morestack does: with
    linkage for a callee below it. Words are stored as they are; see `relative_words` for pointers into the stack."""
    sp, bp, pc = g.at.stack_hi, 0, load(g.at.stack_hi - 8)
    for site, words in frames:
        store(sp - 8, pc)
        store(sp - 16, bp)
        bp = sp - 16
        sp = bp - site.words * 8
        for i, word in enumerate(words):
            store(sp + 8 * i, word)
        pc = code(site)
    store(sp - 8, pc)
    store(sp - 16, bp)
    g.at.sched.pc, g.at.sched.sp, g.at.sched.bp = pc, sp, bp


def sp_of(g: Any, sites: Sequence[Site], index: int) -> int:
    """The SP of frame `index` (0: outermost) of a goroutine with these frames."""
    sp = int(g.at.stack_hi)
    for site in sites[: index + 1]:
        sp -= 16 + site.words * 8
    return sp
