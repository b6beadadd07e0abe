"""The interpreter's memory: one flat little-endian address space, allocated upwards and never freed.

Addresses are ints, so pointers can be stored, compared and converted as on a machine. The lowest page stays
unmapped: an access there is an error of the IR (a missing NILCHECK), as is one past the end.
"""

from __future__ import annotations

import struct as packing

from morestack.ir.types import BOOL, F32, F64, Array, IRType, Scalar, Struct
from morestack.source.diagnostics import InternalError

BASE = 0x10000

Value = int | float | tuple["Value", ...]
"""A register's content: scalars as unsigned ints or floats, aggregates as tuples of their fields."""


class Memory:
    """Bytes from `BASE` on."""

    def __init__(self) -> None:
        self.data = bytearray()

    def allocate(self, size: int, align: int = 8) -> int:
        """Zeroed memory; distinct from all other, even when size is 0."""
        at = -(-len(self.data) // align) * align
        self.data.extend(bytes(at + max(size, 1) - len(self.data)))
        return BASE + at

    def _range(self, address: int, size: int) -> int:
        at = address - BASE
        if at < 0 or at + size > len(self.data):
            raise InternalError("interp", f"access of {size} bytes at {address:#x}")
        return at

    def read(self, address: int, size: int) -> bytes:
        if size == 0:
            return b""
        at = self._range(address, size)
        return bytes(self.data[at : at + size])

    def write(self, address: int, data: bytes) -> None:
        if not data:
            return
        at = self._range(address, len(data))
        self.data[at : at + len(data)] = data

    def load(self, t: IRType, address: int) -> Value:
        """The value of type t in memory."""
        match t:
            case Scalar():
                data = self.read(address, t.size)
                if t is F64:
                    return float(packing.unpack("<d", data)[0])
                if t is F32:
                    return float(packing.unpack("<f", data)[0])
                value = int.from_bytes(data, "little")
                return value & 1 if t is BOOL else value
            case Struct(fields=fields, offsets=offsets):
                return tuple(self.load(f, address + o) for f, o in zip(fields, offsets, strict=True))
            case Array(elem=elem, len=n):
                return tuple(self.load(elem, address + i * elem.size) for i in range(n))

    def store(self, t: IRType, address: int, value: Value) -> None:
        """Write a value of type t; padding keeps what it held."""
        match t:
            case Scalar():
                if t is F64:
                    self.write(address, packing.pack("<d", value))
                elif t is F32:
                    self.write(address, packing.pack("<f", value))
                else:
                    assert isinstance(value, int)
                    self.write(address, value.to_bytes(t.size, "little"))
            case Struct(fields=fields, offsets=offsets):
                assert isinstance(value, tuple)
                for f, o, v in zip(fields, offsets, value, strict=True):
                    self.store(f, address + o, v)
            case Array(elem=elem, len=n):
                assert isinstance(value, tuple)
                for i in range(n):
                    self.store(elem, address + i * elem.size, value[i])

    def word(self, address: int) -> int:
        """The 8-byte word at an address."""
        return int.from_bytes(self.read(address, 8), "little")


def zero(t: IRType) -> Value:
    """The zero value of a type."""
    match t:
        case Scalar():
            return 0.0 if t in (F32, F64) else 0
        case Struct(fields=fields):
            return tuple(zero(f) for f in fields)
        case Array(elem=elem, len=n):
            return (zero(elem),) * n
