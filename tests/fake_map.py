"""Maps without a compiler: hand-made map types, and a map as Python sees it, over the runtime's functions.

m = FakeMap(functions, g, map_type("string"))
m["a"] = 1
list(m.walk())
"""

from __future__ import annotations

import ctypes
import functools
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from morestack.dialect import memory
from morestack.dialect.machine import nil, ptr_at
from morestack.runtime.mem.type import Type
from morestack.runtime.value.mapiter import Hiter
from morestack.runtime.value.maptable import (
    HASH_MIGHT_PANIC,
    INDIRECT_ELEM,
    INDIRECT_KEY,
    NEED_KEY_UPDATE,
    Map,
    MapType,
)

_kept: list[Any] = []
Key = int | float | str | tuple[Any, ...] | None


def blob(data: bytes) -> int:
    """The address of bytes that stay, aligned to 16."""
    buffer = ctypes.create_string_buffer(len(data) + 16)
    _kept.append(buffer)
    address = -(-ctypes.addressof(buffer) // 16) * 16
    ctypes.memmove(address, data, len(data))
    return address


def descriptor(
    text: str, kind: int, size: int, *, regular: bool = False, pointers: bool = False, comparable: bool = True,
    align: int = 8, extra: bytes = b"",
) -> int:  # fmt: skip
    """A type descriptor with the layout of Go's internal/abi.Type."""
    name = bytes([0, len(text)]) + text.encode()
    head = struct.pack(
        "<QQIBBBBQQii", size, 8 if pointers else 0, zlib.crc32(text.encode()), 8 if regular else 0, align, align, kind,
        1 if comparable else 0, 0, 48 + len(extra), 0,
    )  # fmt: skip
    return blob(head + extra + name)


def _struct(text: str, fields: list[tuple[str, int, int]], size: int) -> int:
    names = [blob(bytes([0, len(f[0])]) + f[0].encode()) for f in fields]
    table = blob(b"".join(struct.pack("<QQQ", n, f[1], f[2]) for n, f in zip(names, fields, strict=True)))
    return descriptor(text, 25, size, extra=struct.pack("<QQQQ", 0, table, len(fields), len(fields)), pointers=True)


@functools.cache
def type_of(text: str) -> int:
    """The descriptor of one of the types the tests use."""
    match text:
        case "int" | "int32" | "uint8":
            size = {"int": 8, "int32": 4, "uint8": 1}[text]
            return descriptor(text, {"int": 2, "int32": 5, "uint8": 8}[text], size, regular=True, align=size)
        case "float64":
            return descriptor(text, 14, 8)
        case "complex128":
            return descriptor(text, 16, 16)
        case "string":
            return descriptor(text, 24, 16, pointers=True)
        case "interface {}":
            return descriptor(text, 20, 16, pointers=True, extra=bytes(32))
        case "[]int":
            return descriptor(text, 23, 24, pointers=True, comparable=False, extra=struct.pack("<Q", type_of("int")))
        case "struct {}":
            return descriptor(text, 25, 0, regular=True, align=1, extra=bytes(32))
        case "[40]int":
            return descriptor(text, 17, 320, regular=True, extra=struct.pack("<QQQ", type_of("int"), 0, 40))
        case "[2]string":
            extra = struct.pack("<QQQ", type_of("string"), 0, 2)
            return descriptor(text, 17, 32, pointers=True, extra=extra)
        case "main.P":
            fields = [("x", type_of("float64"), 0), ("_", type_of("int"), 8), ("s", type_of("string"), 16)]
            return _struct(text, fields, 32)
        case _:
            raise AssertionError(text)


@functools.cache
def map_type(key: str, elem: str = "int") -> Any:
    """map[key]elem, as codegen makes it."""
    k, e = ptr_at(Type, type_of(key)), ptr_at(Type, type_of(elem))
    flags = NEED_KEY_UPDATE if key in ("float64", "complex128", "interface {}", "main.P") else 0
    flags |= HASH_MIGHT_PANIC if key == "interface {}" else 0
    flags |= (INDIRECT_KEY if k.at.size > 128 else 0) | (INDIRECT_ELEM if e.at.size > 128 else 0)
    key_size, elem_size = (8 if t.at.size > 128 else t.at.size for t in (k, e))
    align = max(1 if t.at.size == 0 else 8 if s == 8 else t.at.align for t, s in ((k, key_size), (e, elem_size)))
    elem_off = -(-key_size // (8 if elem_size >= 8 else 1)) * (8 if elem_size >= 8 else 1)
    slot = -(-(elem_off + elem_size) // align) * align
    size = -(-(8 + 8 * slot) // 8) * 8
    group = descriptor(f"group {key} {elem}", 25, size, pointers=bool(k.at.ptrdata or e.at.ptrdata or flags & 12))
    extra = struct.pack(
        "<QQQQQQQQQQII", k.addr, e.addr, group, 0, size, 8, slot, 8 + elem_off, slot, elem_off, flags, 0
    )
    return ptr_at(MapType, descriptor(f"map[{key}]{elem}", 21, 8, pointers=True, comparable=False, extra=extra))


def encode(text: str, value: Any) -> bytes:
    """A value of a type, as memory has it. An interface value is (type, value) or None; a struct P is (x, blank, s)."""
    match text:
        case "int" | "int32" | "uint8":
            return struct.pack({"int": "<q", "int32": "<i", "uint8": "<B"}[text], value)
        case "float64":
            return struct.pack("<d", value)
        case "complex128":
            return struct.pack("<dd", *value)
        case "string":
            return struct.pack("<QQ", blob(value.encode()) if value else 0, len(value.encode()))
        case "interface {}":
            return struct.pack("<QQ", type_of(value[0]), blob(encode(*value))) if value else bytes(16)
        case "[]int":
            return bytes(24)
        case "struct {}":
            return b""
        case "[40]int":
            return struct.pack("<40q", *(value,) * 40)
        case "[2]string":
            return encode("string", value[0]) + encode("string", value[1])
        case "main.P":
            return struct.pack("<dq", value[0], value[1]) + encode("string", value[2])
        case _:
            raise AssertionError(text)


def decode(text: str, at: int) -> Any:
    """The value of a type at an address."""
    match text:
        case "int" | "int32" | "uint8" | "float64":
            code, size = {"int": ("<q", 8), "int32": ("<i", 4), "uint8": ("<B", 1), "float64": ("<d", 8)}[text]
            return struct.unpack(code, ctypes.string_at(at, size))[0]
        case "string":
            data, n = struct.unpack("<QQ", ctypes.string_at(at, 16))
            return ctypes.string_at(data, n).decode() if n else ""
        case "[40]int":
            values = struct.unpack("<40q", ctypes.string_at(at, 320))
            assert len(set(values)) == 1
            return values[0]
        case "struct {}":
            return ()
        case _:
            raise AssertionError(text)


class FakeMap:
    """A map over the runtime functions of one side (`rt.mapassign` and so on)."""

    def __init__(self, rt: Any, g: Any, key: str, elem: str = "int", hint: int = 0) -> None:
        self.rt, self.g, self.key, self.elem = rt, g, key, elem
        self.type = map_type(key, elem)
        self.map = rt.makemap(g, self.type, hint)

    @classmethod
    def nil(cls, rt: Any, g: Any, key: str) -> FakeMap:
        made = cls(rt, g, key)
        made.map = nil(Map)
        return made

    def place(self, key: Any) -> int:
        return blob(encode(self.key, key))

    def get(self, key: Any) -> Any:
        at = self.rt.mapaccess(self.g, self.type, self.map, self.place(key))
        return decode(self.elem, at) if at else None

    def __setitem__(self, key: Any, value: Any) -> None:
        at = self.rt.mapassign(self.g, self.type, self.map, self.place(key))
        assert at != 0
        data = encode(self.elem, value)
        ctypes.memmove(at, data, len(data))

    def __delitem__(self, key: Any) -> None:
        self.rt.mapdelete(self.g, self.type, self.map, self.place(key))

    def __len__(self) -> int:
        return int(self.rt.maplen(self.g, self.map))

    def clear(self) -> None:
        self.rt.mapclear(self.g, self.type, self.map)

    def walk(self, move: bool = False) -> Iterator[tuple[Any, Any]]:
        """Range over the map; the map may be changed between two entries. `move` moves the iterator each time."""
        it = blob(bytes(96))
        self.rt.mapiterinit(self.g, self.type, self.map, ptr_at(Hiter, it))
        while key := memory.u64_view[it >> 3]:
            yield decode(self.key, key), decode(self.elem, memory.u64_view[(it >> 3) + 1])
            if move:
                old, it = it, blob(ctypes.string_at(it, 96))
                ctypes.memset(old, 0xDB, 96)
            self.rt.mapiternext(self.g, ptr_at(Hiter, it))
