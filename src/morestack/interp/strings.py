"""The interpreter's runtime calls that create and compare strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from morestack.interp.memory import Value
from morestack.interp.ops import signed
from morestack.ir.types import I64

if TYPE_CHECKING:
    from morestack.interp.interpreter import Interpreter


class Strings:
    """Runtime calls on strings, and their conversions."""

    def __init__(self, machine: Interpreter) -> None:
        self.m = machine

    def new_bytes(self, data: bytes) -> tuple[int, int]:
        if not data:
            return (0, 0)
        address = self.m.memory.allocate(len(data), 1)
        self.m.memory.write(address, data)
        return (address, len(data))

    def concatstrings(self, address: int, n: int) -> Value:
        memory = self.m.memory
        parts = [memory.read(memory.word(address + 16 * i), memory.word(address + 16 * i + 8)) for i in range(n)]
        return self.new_bytes(b"".join(parts))

    def cmpstring(self, x: tuple[int, int], y: tuple[int, int]) -> int:
        a, b = self.m.memory.text(x), self.m.memory.text(y)
        return ((a > b) - (a < b)) & ((1 << 64) - 1)

    def memequal(self, p: int, q: int, n: int) -> int:
        return int(self.m.memory.read(p, n) == self.m.memory.read(q, n))

    def intstring(self, rune: int) -> Value:
        return self.new_bytes(encode_rune(signed(rune, I64)))

    def slicebytetostring(self, s: tuple[int, int, int]) -> Value:
        return self.new_bytes(self.m.memory.read(s[0], s[1]))

    def stringtoslicebyte(self, s: tuple[int, int]) -> Value:
        address = self.m.memory.allocate(s[1], 1)
        self.m.memory.write(address, self.m.memory.text(s))
        return (address, s[1], s[1])

    def slicerunetostring(self, s: tuple[int, int, int]) -> Value:
        data = self.m.memory.read(s[0], 4 * s[1])
        runes = [int.from_bytes(data[i : i + 4], "little", signed=True) for i in range(0, len(data), 4)]
        return self.new_bytes(b"".join(map(encode_rune, runes)))

    def stringtoslicerune(self, s: tuple[int, int]) -> Value:
        data, runes, at = self.m.memory.text(s), bytearray(), 0
        while at < len(data):
            rune, at = decode_rune(data, at)
            runes += rune.to_bytes(4, "little")
        address = self.m.memory.allocate(len(runes), 4)
        self.m.memory.write(address, bytes(runes))
        return (address, len(runes) // 4, len(runes) // 4)

    def decoderune(self, s: tuple[int, int], k: int) -> int:
        rune, after = decode_rune(self.m.memory.text(s), k)
        return rune << 32 | after


def encode_rune(rune: int) -> bytes:
    """Encode as UTF-8; a number that is not a Unicode scalar value becomes U+FFFD."""
    if not 0 <= rune <= 0x10FFFF or 0xD800 <= rune <= 0xDFFF:
        rune = 0xFFFD
    return chr(rune).encode()


def decode_rune(data: bytes, at: int) -> tuple[int, int]:
    """Return the rune at an offset, and the offset after it; invalid UTF-8 yields U+FFFD with width 1."""
    for width in range(1, 5):
        try:
            return ord(data[at : at + width].decode()), at + width
        except (UnicodeDecodeError, TypeError):
            continue
    return 0xFFFD, at + 1
