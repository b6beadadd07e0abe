"""Runtime calls for the interpreter: the same results as those of `morestack.runtime`, by simple means.

Each family of calls is a class, and each call is the method with its name. This module has allocation and raw memory.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from math import copysign, inf, isfinite, isinf, isnan
from typing import TYPE_CHECKING

from morestack.interp.chan import MAX_ALLOC, Channels
from morestack.interp.map import Maps
from morestack.interp.memory import Value
from morestack.interp.ops import divide, signed
from morestack.interp.panic import Panics
from morestack.interp.print import Printing
from morestack.interp.state import Exit, RuntimeFailure
from morestack.interp.strings import Strings
from morestack.interp.sync import Sync
from morestack.interp.types import Types
from morestack.ir.representation import ir_type
from morestack.ir.runtime_calls import RUNTIME_CALLS
from morestack.ir.types import I64, pointer_words
from morestack.source.diagnostics import InternalError
from morestack.types.core.sizes import sizeof

if TYPE_CHECKING:
    from morestack.interp.interpreter import Interpreter

# fmt: off
SIZE_CLASSES = (
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416,
    448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456,
    4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432,
    19072, 20480, 21760, 24576, 27264, 28672, 32768,
)
# fmt: on
"""Go's size classes for small objects, which are visible in the capacities of slices that append returns."""


class Runtime:
    """All runtime calls, by name."""

    def __init__(self, machine: Interpreter) -> None:
        self.m = machine
        self.types = Types(machine)
        self.panics = Panics(machine)
        self.printing = Printing(machine)
        families = (
            self,
            self.types,
            self.panics,
            self.printing,
            Strings(machine),
            Channels(machine),
            Maps(machine),
            Sync(machine),
        )
        self.calls: dict[str, Callable[..., Value | None]] = {
            name: getattr(family, name) for family in families for name in RUNTIME_CALLS if hasattr(family, name)
        }

    def call(self, name: str, args: list[Value]) -> Value | None:
        """Execute one runtime call; the operands are those of the IR."""
        function = self.calls.get(name)
        if function is None:
            raise InternalError("interp", f"no runtime call {name}")
        return function(*args)

    def exit(self, code: int) -> None:
        raise Exit(code & 0xFF)

    # -- allocation and memory ---------------------------------------------------------------------

    def newobject(self, typ: int) -> int:
        return self.m.memory.allocate(sizeof(self.types.types[typ]))

    def makeslice(self, typ: int, length: int, capacity: int) -> int:
        size = sizeof(self.types.types[typ])
        n, c = signed(length, I64), signed(capacity, I64)
        if n < 0 or n * size > MAX_ALLOC:
            raise RuntimeFailure("runtime error: makeslice: len out of range")
        if c < n or c * size > MAX_ALLOC:
            raise RuntimeFailure("runtime error: makeslice: cap out of range")
        return self.m.memory.allocate(c * size, 8)

    def growslice(self, old: int, length: int, capacity: int, added: int, typ: int) -> Value:
        size = sizeof(self.types.types[typ])
        if signed(length, I64) < 0:
            raise RuntimeFailure("runtime error: growslice: len out of range")
        new = length
        if size:
            has_header = bool(pointer_words(ir_type(self.types.types[typ])))
            new = roundupsize(next_capacity(length, capacity) * size, has_header) // size
        array = self.m.memory.allocate(new * size)
        kept = length - added
        self.m.memory.write(array, self.m.memory.read(old, kept * size))
        return (array, length, new)

    def memmove(self, to: int, source: int, n: int) -> None:
        self.m.memory.write(to, self.m.memory.read(source, n))

    def memclr(self, p: int, n: int) -> None:
        self.m.memory.write(p, bytes(n))

    def lockinit(self) -> None:
        """There are no threads."""

    def unlockinit(self) -> None:
        """There are no threads."""

    def keepalive(self, p: int) -> None:
        """Nothing is collected."""

    def unsafeslice(self, typ: int, p: int, n: int) -> None:
        self.check_extent(p, n, sizeof(self.types.types[typ]), "unsafe.Slice")

    def unsafestring(self, p: int, n: int) -> None:
        self.check_extent(p, n, 1, "unsafe.String")

    def check_extent(self, p: int, n: int, size: int, what: str) -> None:
        """Check that n elements at p do not extend past the address space, and that n is 0 if p is nil."""
        if signed(n, I64) >= 0 and not p and n:
            raise RuntimeFailure(f"runtime error: {what}: ptr is nil and len is not zero")
        if signed(n, I64) < 0 or p + n * size > 1 << 64:
            raise RuntimeFailure(f"runtime error: {what}: len out of range")

    def complexdiv(self, x: tuple[float, float], y: tuple[float, float]) -> Value:
        """Divide by Smith's algorithm (CACM 5(8), 1962), then correct infinities and zeros as annex G of C99 does."""
        (a, b), (c, d) = x, y
        if abs(c) >= abs(d):
            ratio = divide(d, c)
            scale = c + ratio * d
            e, f = divide(a + b * ratio, scale), divide(b - a * ratio, scale)
        else:
            ratio = divide(c, d)
            scale = d + ratio * c
            e, f = divide(a * ratio + b, scale), divide(b * ratio - a, scale)
        if not (isnan(e) or isnan(f)):
            return e, f
        if c == 0 and d == 0 and not (isnan(a) and isnan(b)):
            return copysign(inf, c) * a, copysign(inf, c) * b
        if (isinf(a) or isinf(b)) and isfinite(c) and isfinite(d):
            a, b = copysign(isinf(a), a), copysign(isinf(b), b)
            return inf * (a * c + b * d), inf * (b * c - a * d)
        if (isinf(c) or isinf(d)) and isfinite(a) and isfinite(b):
            c, d = copysign(isinf(c), c), copysign(isinf(d), d)
            return 0.0 * (a * c + b * d), 0.0 * (b * c - a * d)
        return e, f


def next_capacity(length: int, capacity: int) -> int:
    """Return the capacity as Go's nextslicecap does: doubled for small slices, approaching 1.25 times for large
    ones."""
    if length > 2 * capacity:
        return length
    if capacity < 256:
        return 2 * capacity
    while capacity < length:
        capacity += (capacity + 768) // 4
    return capacity


def roundupsize(size: int, has_header: bool) -> int:
    """Return the size of the block Go's allocator returns, minus the header of large objects with pointers."""
    if size > 32768 - 8:
        return -(-size // 8192) * 8192
    header = 8 if has_header and size > 512 else 0
    return SIZE_CLASSES[bisect_left(SIZE_CLASSES, size + header)] - header
