"""A descriptor under construction: bytes, addresses and offsets, in order, and the names it refers to."""

from __future__ import annotations

from morestack.codegen.context import ModuleContext, relative
from morestack.codegen.data.globals import byte_string

NAME_EXPORTED = 1
NAME_TAG = 2
NAME_PACKAGE = 4
NAME_EMBEDDED = 8


def varint(n: int) -> bytes:
    """abi.Name's length encoding."""
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def encode_name(text: str, exported: bool, tag: str = "", embedded: bool = False) -> bytes:
    """abi.Name: a flag byte, the length, the bytes, and a tag likewise."""
    data, more = text.encode(), tag.encode()
    flags = (NAME_EXPORTED if exported else 0) | (NAME_TAG if more else 0) | (NAME_EMBEDDED if embedded else 0)
    out = bytes([flags]) + varint(len(data)) + data
    return out + varint(len(more)) + more if more else out


def fnv(text: str) -> int:
    """FNV-1a, 32 bits: the hash of a type."""
    h = 0x811C9DC5
    for b in text.encode():
        h = (h ^ b) * 0x01000193 & 0xFFFFFFFF
    return h


class Data:
    """Fields of a packed LLVM struct."""

    def __init__(self, base: str) -> None:
        self.base = base  # the symbol offsets are relative to
        self.fields: list[tuple[str, str]] = []
        self.size = 0

    def _add(self, t: str, value: str, size: int) -> None:
        self.fields.append((t, value))
        self.size += size

    def u8(self, v: int) -> None:
        self._add("i8", str(v & 0xFF), 1)

    def u16(self, v: int) -> None:
        self._add("i16", str(v & 0xFFFF), 2)

    def u32(self, v: int) -> None:
        self._add("i32", str(v & 0xFFFFFFFF), 4)

    def u64(self, v: int) -> None:
        self._add("i64", str(v), 8)

    def ptr(self, symbol: str | None) -> None:
        self._add("ptr", symbol or "null", 8)

    def inner(self, offset: int) -> None:
        """The address of something further on in this descriptor."""
        self._add("ptr", f"getelementptr (i8, ptr {self.base}, i64 {offset})", 8)

    def off(self, symbol: str | None) -> None:
        """An offset from the descriptor, 0 for none."""
        if symbol is None:
            self.u32(0)
        else:
            t, value = relative(symbol, self.base).split(" ", 1)
            self._add(t, value, 4)

    def text(self) -> str:
        """`type value` of the whole."""
        types = ", ".join(t for t, _ in self.fields)
        return f"<{{{types}}}> <{{{', '.join(f'{t} {v}' for t, v in self.fields)}}}>"


class Blobs:
    """Names and pointer masks, each emitted once a module."""

    def __init__(self, ctx: ModuleContext) -> None:
        self.ctx = ctx
        self._known: dict[tuple[str, bytes], str] = {}

    def data(self, kind: str, content: bytes, align: int = 1) -> str:
        key = (kind, content)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = f"@{kind}.{len(self._known)}"
            literal = byte_string(content) if content.strip(b"\0") else "zeroinitializer"
            self.ctx.data.append(f"{known} = private constant [{len(content)} x i8] {literal}, align {align}")
        return known

    def name(self, text: str, exported: bool, tag: str = "", embedded: bool = False) -> str:
        return self.data("rname", encode_name(text, exported, tag, embedded))

    def method_name(self, text: str, pkg: str) -> str:
        """The name of a method; behind one that is not exported is the offset of its package's path from it."""
        if not pkg:
            return self.name(text, True)
        content = encode_name(text, False)
        content = bytes([content[0] | NAME_PACKAGE]) + content[1:]
        key = ("mname " + pkg, content)
        known = self._known.get(key)
        if known is None:
            path = self.name(pkg, False)
            known = self._known[key] = f"@mname.{len(self._known)}"
            t = f"[{len(content)} x i8]"
            value = f"<{{{t} {byte_string(content)}, {relative(path, known)}}}>"
            self.ctx.data.append(f"{known} = private constant <{{{t}, i32}}> {value}, align 1")
        return known
