"""The interpreter's memory: a heap and a stack, little-endian, allocated upwards and never reused.

Addresses are ints, so pointers can be stored, compared and converted as on a machine. The lowest page stays unmapped:
an access there is an error in the IR (a missing NILCHECK), and so is an access past the end.

Escape analysis guarantees that the heap holds no pointer to a frame object, and that no such pointer outlives its
frame. Every store checks the first property (`store`, `check_pointers`). For the second, the memory of a finished
frame is overwritten with POISON, so a program that still reads it behaves differently than natively or under real Go.
"""

from __future__ import annotations

import struct as packing

from morestack.ir.types import BOOL, F32, F64, PTR, Array, IRType, Scalar, Struct, pointer_words
from morestack.source.diagnostics import InternalError

BASE = 0x10000
STACK = 0xC0_0000_0000
POISON = 0xDB

Value = int | float | tuple["Value", ...]
"""The content of a register: scalars as unsigned ints or floats, aggregates as tuples of their fields."""


MOST_BYTES = 1 << 30
"""The most memory a program may allocate, in bytes. Memory is never freed, so endless allocation must stop here."""


class Steps(Exception):
    """The limit of instructions or of memory was reached."""


class Memory:
    """The heap, from `BASE` on, and the memory of frame objects, from `STACK` on."""

    def __init__(self) -> None:
        self.heap = bytearray()
        self.stack = bytearray()

    def allocate(self, size: int, align: int = 8) -> int:
        """Allocate zeroed heap memory, distinct from all other memory even if size is 0."""
        at = -(-len(self.heap) // align) * align
        self._limit(at + size)
        self.heap.extend(bytes(at + max(size, 1) - len(self.heap)))
        return BASE + at

    def _limit(self, size: int) -> None:
        if size > MOST_BYTES:
            raise Steps(f"more than {MOST_BYTES} bytes")

    def allocate_object(self, size: int) -> int:
        """Allocate the memory of a frame object; its content is undefined, that is, poison."""
        at = len(self.stack)
        self._limit(at + size)
        self.stack.extend(bytes([POISON]) * (-(-max(size, 1) // 8) * 8))
        return STACK + at

    def free_object(self, address: int, size: int) -> None:
        """Poison an object whose frame has ended, so that later reads become visible."""
        at = address - STACK
        self.stack[at : at + size] = bytes([POISON]) * size

    def _range(self, address: int, size: int) -> tuple[bytearray, int]:
        region, at = (self.heap, address - BASE) if address < STACK else (self.stack, address - STACK)
        if at < 0 or at + size > len(region):
            raise InternalError("interp", f"access of {size} bytes at {address:#x}")
        return region, at

    def read(self, address: int, size: int) -> bytes:
        if size == 0:
            return b""
        region, at = self._range(address, size)
        return bytes(region[at : at + size])

    def write(self, address: int, data: bytes) -> None:
        if not data:
            return
        region, at = self._range(address, len(data))
        region[at : at + len(data)] = data

    def check_pointers(self, t: IRType, address: int) -> None:
        """Check that the value of type t at a heap address holds no pointer to a stack."""
        if address >= STACK:
            return
        bits, at = pointer_words(t), address
        while bits:
            if bits & 1 and self.word(at) >= STACK:
                raise InternalError("interp", f"the heap at {at:#x} points to the frame object {self.word(at):#x}")
            bits >>= 1
            at += 8

    def load(self, t: IRType, address: int) -> Value:
        """Return the value of type t at an address."""
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
        """Write a value of type t; padding bytes are left unchanged."""
        match t:
            case Scalar():
                if t is F64:
                    self.write(address, packing.pack("<d", value))
                elif t is F32:
                    self.write(address, packing.pack("<f", value))
                else:
                    assert isinstance(value, int)
                    self.write(address, value.to_bytes(t.size, "little"))
                    if t is PTR:
                        self.check_pointers(t, address)
            case Struct(fields=fields, offsets=offsets):
                assert isinstance(value, tuple)
                for f, o, v in zip(fields, offsets, value, strict=True):
                    self.store(f, address + o, v)
            case Array(elem=elem, len=n):
                assert isinstance(value, tuple)
                for i in range(n):
                    self.store(elem, address + i * elem.size, value[i])

    def word(self, address: int) -> int:
        """Return the 8-byte word at an address."""
        return int.from_bytes(self.read(address, 8), "little")

    def write_word(self, address: int, value: int) -> None:
        """Set the 8-byte word at an address."""
        self.write(address, value.to_bytes(8, "little"))

    def text(self, s: tuple[int, int]) -> bytes:
        """Return the bytes of a string."""
        return self.read(s[0], s[1])


def zero(t: IRType) -> Value:
    """Return the zero value of a type."""
    match t:
        case Scalar():
            return 0.0 if t in (F32, F64) else 0
        case Struct(fields=fields):
            return tuple(zero(f) for f in fields)
        case Array(elem=elem, len=n):
            return (zero(elem),) * n
