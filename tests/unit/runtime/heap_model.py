"""Types, roots and objects for tests of the heap, and what must hold for them."""

from __future__ import annotations

import struct
from typing import Any

from morestack.dialect.machine import ptr_at
from morestack.runtime.mem import mcache
from morestack.runtime.mem.type import Type
from tests.unit.runtime.fake_stack import blob, store

ROOTS = 64


def make_type(size: int, pointers: tuple[int, ...]) -> int:
    """A type of `size` bytes with pointers at these words."""
    bits = sum(1 << i for i in pointers)
    ptrdata = 8 * bits.bit_length()
    mask = blob(bits.to_bytes(max(1, -(-bits.bit_length() // 8)), "little")) if bits else 0
    return blob(struct.pack("<QQIBBBBQQii", size, ptrdata, 0, 0, 8, 8, 25, 0, mask, 0, 0))


class Heap:
    """A runtime with a table of roots: `roots + 8 * i` for i < ROOTS."""

    def __init__(self, rt: Any) -> None:
        self.rt = rt
        self.roots = blob(bytes(8 * ROOTS))
        mask = blob(bytes([0xFF]) * (ROOTS // 8))
        rt.addroots(blob(struct.pack("<QQQQ", self.roots, ROOTS, mask, 0)))
        self.pp = rt.g0.at.m.at.p

    def new(self, size: int, pointers: tuple[int, ...] = ()) -> int:
        """An object of a new type."""
        return self.new_of(make_type(size, pointers))

    def new_of(self, typ: int) -> int:
        return int(self.rt.newobject(self.rt.g0, ptr_at(Type, typ)))

    def array(self, typ: int, n: int) -> int:
        return int(self.rt.makeslice(self.rt.g0, ptr_at(Type, typ), n, n))

    def collect(self) -> None:
        self.rt.collect(self.pp)

    def root(self, i: int, p: int) -> None:
        store(self.roots + 8 * i, p)

    def live(self) -> int:
        return int(mcache.heap_live.value)
