"""Runtime calls as the interpreter makes them: the same answers as `morestack.runtime`, by simple means.

Type descriptors and itabs are addresses that stand for checked types; only itabs have contents (code
addresses at the ABI's offsets, as compiled code loads them). Values order and wake as our scheduler does on
one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from morestack.ir.interp_memory import Value
from morestack.ir.interp_ops import divide, signed
from morestack.ir.interp_print import float_text
from morestack.ir.runtime_calls import RUNTIME_CALLS
from morestack.ir.types import F32, F64, I64
from morestack.source.diagnostics import InternalError
from morestack.types import types as go
from morestack.types.predicates import comparable_type, under
from morestack.types.sizes import offsetsof, sizeof
from morestack.types.type_set import type_set
from morestack.types.typestring import link_string, runtime_string

if TYPE_CHECKING:
    from morestack.ir.interp import Goroutine, Interpreter, Panic

ITAB_FUN = 24  # offset of the code addresses in an itab
MAX_ALLOC = 1 << 47


@dataclass(slots=True, eq=False)
class Waiter:
    """A goroutine waiting on a channel; `elem` is where its value is or goes."""

    goroutine: Goroutine
    elem: int


@dataclass(slots=True, eq=False)
class Channel:
    elem_size: int
    capacity: int
    buffer: deque[bytes] = field(default_factory=deque)
    receivers: deque[Waiter] = field(default_factory=deque)
    senders: deque[Waiter] = field(default_factory=deque)
    closed: bool = False


class Runtime:
    """The functions of `runtime_calls` that the interpreter has; others are an InternalError that names them."""

    def __init__(self, machine: Interpreter) -> None:
        self.m = machine
        self.output = bytearray()
        self.types: dict[int, go.Type] = {}
        self.channels: dict[int, Channel] = {}
        self.itabs: dict[tuple[int, int], int] = {}

    def call(self, name: str, args: list[Value]) -> Value | None:
        """Answer one runtime call; operands as in the IR."""
        function: Callable[..., Value | None] | None = getattr(self, name, None)
        if function is None or name not in RUNTIME_CALLS:
            raise InternalError("interp", f"no runtime call {name}")
        return function(*args)

    # -- types -------------------------------------------------------------------------------------

    def describe(self, symbol: str, address: int) -> None:
        """A symbol gets its address: remember what type it describes, or fill its itab."""
        module = self.m.module
        if symbol in module.go_types:
            self.types[address] = module.go_types[symbol]
        elif symbol in module.itabs:
            concrete, interface = module.itabs[symbol]
            self.fill_itab(address, concrete, interface)

    def descriptor(self, t: go.Type) -> int:
        """The address that stands for a type."""
        return self.m.address(f"type.{link_string(t)}")

    def fill_itab(self, address: int, concrete: go.Type, interface: go.Type) -> bool:
        """Write an itab; tell whether the type has all methods."""
        memory = self.m.memory
        inter, typ = self.descriptor(interface), self.descriptor(concrete)
        self.itabs[inter, typ] = address
        memory.write(address, inter.to_bytes(8, "little") + typ.to_bytes(8, "little"))
        iface = under(interface)
        assert isinstance(iface, go.Interface)
        entries = self.m.module.methods.get(f"type.{link_string(concrete)}", [])
        have = {(e.name, "" if e.name[:1].isupper() else e.pkg): e.code for e in entries}
        for number, method in enumerate(type_set(iface).methods):
            pkg = "" if method.name[:1].isupper() or method.pkg is None else method.pkg.path
            code = have.get((method.name, pkg))
            if code is None:
                return False
            memory.write(address + ITAB_FUN + 8 * number, self.m.address(code).to_bytes(8, "little"))
        return True

    def getitab(self, inter: int, typ: int) -> int:
        known = self.itabs.get((inter, typ))
        if known is not None:
            return known
        iface = under(self.types[inter])
        assert isinstance(iface, go.Interface)
        address = self.m.memory.allocate(ITAB_FUN + 8 * len(type_set(iface).methods))
        if not self.fill_itab(address, self.types[typ], self.types[inter]):
            address = self.itabs[inter, typ] = 0
        return address

    def typeequal(self, typ: int, p: int, q: int) -> int:
        return int(self.equal(self.types[typ], p, q))

    def efaceeq(self, typ: int, p: int, q: int) -> int:
        t = self.types[typ]
        if not comparable_type(t, dynamic=True):
            self.panic(f"runtime error: comparing uncomparable type {runtime_string(t)}")
        if is_direct(t):
            return int(p == q)
        return int(self.equal(t, p, q))

    def equal(self, t: go.Type, p: int, q: int) -> bool:
        """Compare memory as Go compares values of type t."""
        memory = self.m.memory
        match under(t):
            case go.Struct(fields=fields) as s:
                types = [f.type for f in fields]
                return all(
                    self.equal(ft, p + o, q + o)
                    for f, ft, o in zip(fields, types, offsetsof(s), strict=True)
                    if f.name != "_" and ft is not None
                )
            case go.Array(elem=elem, len=n):
                step = sizeof(elem)
                return all(self.equal(elem, p + i * step, q + i * step) for i in range(n))
            case go.Interface() as i:
                tab_p, tab_q = memory.word(p), memory.word(q)
                if tab_p != tab_q:
                    return False
                if tab_p == 0:
                    return True
                typ = memory.word(tab_p + 8) if type_set(i).methods else tab_p
                return bool(self.efaceeq(typ, memory.word(p + 8), memory.word(q + 8)))
            case go.Basic(kind=go.Kind.STRING):
                n = memory.word(p + 8)
                same = n == memory.word(q + 8)
                return same and memory.read(memory.word(p), n) == memory.read(memory.word(q), n)
            case go.Basic(traits=traits) if traits & (go.Traits.FLOAT | go.Traits.COMPLEX):
                size = sizeof(t) // (2 if traits & go.Traits.COMPLEX else 1)
                ft = F64 if size == 8 else F32
                return all(memory.load(ft, p + o) == memory.load(ft, q + o) for o in range(0, sizeof(t), size))
            case _:
                size = sizeof(t)
                return memory.read(p, size) == memory.read(q, size)

    # -- panics ------------------------------------------------------------------------------------

    def panic(self, text: str) -> None:
        from morestack.ir.interp import GoPanic

        raise GoPanic(text)

    def gopanic(self, value: tuple[int, int]) -> None:
        from morestack.ir.interp import GoPanic

        raise GoPanic(self.value_text(value), value)

    def gorecover(self) -> Value:
        g = self.m.current
        if g.panics and not g.panics[-1].recovered and g.panics[-1].depth == len(g.frames) - 1:
            g.panics[-1].recovered = True
            return g.panics[-1].value
        return (0, 0)

    def panicnil(self) -> None:
        self.panic("runtime error: invalid memory address or nil pointer dereference")

    def panicdottype(self, have: int, want: int, inter: int) -> None:
        what = runtime_string(self.types[have]) if have else "nil"
        self.panic(
            f"interface conversion: {'interface' if not have else ''}{self.interface_name(inter)} is {what}, "
            f"not {runtime_string(self.types[want])}"
        )

    def panicassert(self, have: int, want: int) -> None:
        name = runtime_string(self.types[want])
        if not have:
            self.panic(f"interface conversion: interface is nil, not {name}")
        self.panic(f"interface conversion: {runtime_string(self.types[have])} is not {name}: missing method")

    def interface_name(self, inter: int) -> str:
        return runtime_string(self.types[inter])

    def value_text(self, value: tuple[int, int]) -> str:
        """How an uncaught panic prints its value."""
        typ, data = value
        if not typ:
            return "nil"
        t = self.types[typ]
        basic = under(t)
        memory = self.m.memory
        if isinstance(basic, go.Basic):
            if basic.kind is go.Kind.STRING:
                text = memory.read(memory.word(data), memory.word(data + 8)).decode(errors="replace")
            elif basic.kind is go.Kind.BOOL:
                text = "true" if memory.read(data, 1) != b"\0" else "false"
            elif basic.traits & go.Traits.INTEGER:
                width = sizeof(t)
                raw = int.from_bytes(memory.read(data, width), "little")
                unsigned = basic.traits & go.Traits.UNSIGNED
                text = str(raw if unsigned or not raw >> (width * 8 - 1) else raw - (1 << width * 8))
            elif basic.traits & go.Traits.FLOAT:
                number = memory.load(F64 if sizeof(t) == 8 else F32, data)
                assert isinstance(number, float)
                text = float_text(number, sizeof(t) * 8)
            else:
                return f"({runtime_string(t)}) {data:#x}"
            if basic is t or t in (go.BYTE, go.RUNE):
                return text
            quoted = f'"{text}"' if basic.kind is go.Kind.STRING else text
            return f"{runtime_string(t)}({quoted})"
        return f"({runtime_string(t)}) {data:#x}"

    def panic_text(self, panics: Sequence[Panic]) -> bytes:
        """The first lines of a crash; tracebacks have no counterpart here."""
        lines = [f"panic: {p.text}" + (" [recovered]" if p.recovered else "") for p in panics]
        return ("\n\t".join(lines) + "\n").encode()

    def exit(self, code: int) -> None:
        from morestack.ir.interp import Exit

        raise Exit(code & 0xFF)

    # -- allocation --------------------------------------------------------------------------------

    def newobject(self, typ: int) -> int:
        return self.m.memory.allocate(sizeof(self.types[typ]))

    def makeslice(self, typ: int, length: int, capacity: int) -> int:
        size = sizeof(self.types[typ])
        n, c = signed(length, I64), signed(capacity, I64)
        if n < 0 or n * size > MAX_ALLOC:
            self.panic("runtime error: makeslice: len out of range")
        if c < n or c * size > MAX_ALLOC:
            self.panic("runtime error: makeslice: cap out of range")
        return self.m.memory.allocate(c * size, 8)

    def growslice(self, old: int, length: int, capacity: int, added: int, typ: int) -> Value:
        size = sizeof(self.types[typ])
        if signed(length, I64) < 0:
            self.panic("runtime error: growslice: len out of range")
        new = max(length, 2 * capacity if capacity < 256 else capacity + (capacity + 768) // 4)
        array = self.m.memory.allocate(new * size)
        kept = length - added
        self.m.memory.write(array, self.m.memory.read(old, kept * size))
        return (array, length, new)

    # -- strings -----------------------------------------------------------------------------------

    def text(self, s: tuple[int, int]) -> bytes:
        return self.m.memory.read(s[0], s[1])

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
        a, b = self.text(x), self.text(y)
        return ((a > b) - (a < b)) & ((1 << 64) - 1)

    def memequal(self, p: int, q: int, n: int) -> int:
        return int(self.m.memory.read(p, n) == self.m.memory.read(q, n))

    def intstring(self, rune: int) -> Value:
        return self.new_bytes(encode_rune(signed(rune, I64)))

    def slicebytetostring(self, s: tuple[int, int, int]) -> Value:
        return self.new_bytes(self.m.memory.read(s[0], s[1]))

    def stringtoslicebyte(self, s: tuple[int, int]) -> Value:
        address = self.m.memory.allocate(s[1], 1)
        self.m.memory.write(address, self.text(s))
        return (address, s[1], s[1])

    def slicerunetostring(self, s: tuple[int, int, int]) -> Value:
        data = self.m.memory.read(s[0], 4 * s[1])
        runes = [int.from_bytes(data[i : i + 4], "little", signed=True) for i in range(0, len(data), 4)]
        return self.new_bytes(b"".join(map(encode_rune, runes)))

    def stringtoslicerune(self, s: tuple[int, int]) -> Value:
        data, runes, at = self.text(s), bytearray(), 0
        while at < len(data):
            rune, at = decode_rune(data, at)
            runes += rune.to_bytes(4, "little")
        address = self.m.memory.allocate(len(runes), 4)
        self.m.memory.write(address, bytes(runes))
        return (address, len(runes) // 4, len(runes) // 4)

    def decoderune(self, s: tuple[int, int], k: int) -> int:
        rune, after = decode_rune(self.text(s), k)
        return rune << 32 | after

    # -- channels and goroutines -------------------------------------------------------------------

    def makechan(self, typ: int, size: int) -> int:
        chan = under(self.types[typ])
        assert isinstance(chan, go.Chan)
        if signed(size, I64) < 0 or size * sizeof(chan.elem) > MAX_ALLOC:
            self.panic("runtime error: makechan: size out of range")
        address = self.m.memory.allocate(96)
        self.channels[address] = Channel(sizeof(chan.elem), size)
        return address

    def ready(self, waiter: Waiter, result: int) -> None:
        waiter.goroutine.result = result
        self.m.ready.append(waiter.goroutine)

    def park(self, why: str) -> None:
        from morestack.ir.interp import Park

        self.m.current.waiting = why
        raise Park

    def try_send(self, c: Channel, elem: int) -> bool:
        if c.closed:
            self.panic("send on closed channel")
        if c.receivers:
            waiter = c.receivers.popleft()
            if waiter.elem:
                self.m.memory.write(waiter.elem, self.m.memory.read(elem, c.elem_size))
            self.ready(waiter, 1)
            return True
        if len(c.buffer) < c.capacity:
            c.buffer.append(self.m.memory.read(elem, c.elem_size))
            return True
        return False

    def chansend(self, chan: int, elem: int) -> int:
        if not chan:
            self.park("chan send (nil chan)")
        c = self.channels[chan]
        if not self.try_send(c, elem):
            c.senders.append(Waiter(self.m.current, elem))
            self.park("chan send")
        return 0

    def try_receive(self, c: Channel, elem: int) -> int | None:
        memory = self.m.memory
        if c.buffer or c.senders:
            if c.buffer:
                value = c.buffer.popleft()
                if c.senders:
                    sender = c.senders.popleft()
                    c.buffer.append(memory.read(sender.elem, c.elem_size))
                    self.ready(sender, 0)
            else:
                sender = c.senders.popleft()
                value = memory.read(sender.elem, c.elem_size)
                self.ready(sender, 0)
            if elem:
                memory.write(elem, value)
            return 1
        if c.closed:
            if elem:
                memory.write(elem, bytes(c.elem_size))
            return 0
        return None

    def chanrecv(self, chan: int, elem: int) -> int:
        if not chan:
            self.park("chan receive (nil chan)")
        c = self.channels[chan]
        got = self.try_receive(c, elem)
        if got is None:
            c.receivers.append(Waiter(self.m.current, elem))
            self.park("chan receive")
        return got or 0

    def closechan(self, chan: int) -> None:
        if not chan:
            self.panic("close of nil channel")
        c = self.channels[chan]
        if c.closed:
            self.panic("close of closed channel")
        c.closed = True
        for waiter in c.receivers:
            if waiter.elem:
                self.m.memory.write(waiter.elem, bytes(c.elem_size))
            self.ready(waiter, 0)
        c.receivers.clear()

    def chanlen(self, chan: int) -> int:
        return len(self.channels[chan].buffer) if chan else 0

    def chancap(self, chan: int) -> int:
        return self.channels[chan].capacity if chan else 0

    def selectnbsend(self, chan: int, elem: int) -> int:
        return int(bool(chan) and self.try_send(self.channels[chan], elem))

    def selectnbrecv(self, elem: int, chan: int) -> int:
        got = self.try_receive(self.channels[chan], elem) if chan else None
        return 0 if got is None else 1 | got << 1

    def block(self) -> None:
        self.park("select (no cases)")

    def newproc(self, closure: int) -> None:
        self.m.start(closure)

    # -- printing ----------------------------------------------------------------------------------

    def printlock(self) -> None:
        """Prints are whole here anyway."""

    printunlock = printlock

    def emit(self, text: str) -> None:
        self.output += text.encode()

    def printbool(self, x: int) -> None:
        self.emit("true" if x else "false")

    def printint(self, x: int) -> None:
        self.emit(str(signed(x, I64)))

    def printuint(self, x: int) -> None:
        self.emit(str(x))

    def printhex(self, x: int) -> None:
        self.emit(hex(x))

    printpointer = printhex

    def printfloat(self, x: float) -> None:
        self.emit(float_text(x, 64))

    def printfloat32(self, x: float) -> None:
        self.emit(float_text(x, 32))

    def printcomplex(self, z: tuple[float, float], bits: int = 64) -> None:
        imaginary = float_text(z[1], bits)
        sign = "" if imaginary[0] in "+-" else "+"
        self.emit(f"({float_text(z[0], bits)}{sign}{imaginary}i)")

    def printcomplex64(self, z: tuple[float, float]) -> None:
        self.printcomplex(z, 32)

    def printstring(self, s: tuple[int, int]) -> None:
        self.output += self.text(s)

    def printslice(self, s: tuple[int, int, int]) -> None:
        self.emit(f"[{s[1]}/{s[2]}]{s[0]:#x}")

    def printiface(self, i: tuple[int, int]) -> None:
        self.emit(f"({i[0]:#x},{i[1]:#x})")

    def printsp(self) -> None:
        self.emit(" ")

    def printnl(self) -> None:
        self.emit("\n")

    def complexdiv(self, x: tuple[float, float], y: tuple[float, float]) -> Value:
        (a, b), (c, d) = x, y
        if abs(c) >= abs(d):
            ratio = divide(d, c)
            scale = c + ratio * d
            return divide(a + b * ratio, scale), divide(b - a * ratio, scale)
        ratio = divide(c, d)
        scale = d + ratio * c
        return divide(a * ratio + b, scale), divide(b * ratio - a, scale)


def is_direct(t: go.Type) -> bool:
    """Whether an interface holds values of t in its data word itself."""
    match under(t):
        case go.Pointer() | go.Chan() | go.Map() | go.Signature():
            return True
        case go.Basic(kind=kind):
            return kind is go.Kind.UNSAFE_POINTER
        case go.Struct(fields=(single,)) if single.type is not None:
            return is_direct(single.type)
        case go.Array(elem=elem, len=1):
            return is_direct(elem)
        case _:
            return False


def encode_rune(rune: int) -> bytes:
    """UTF-8, with U+FFFD for what is no Unicode scalar value."""
    if not 0 <= rune <= 0x10FFFF or 0xD800 <= rune <= 0xDFFF:
        rune = 0xFFFD
    return chr(rune).encode()


def decode_rune(data: bytes, at: int) -> tuple[int, int]:
    """The rune at an offset and the offset after it; invalid UTF-8 is U+FFFD of width 1."""
    for width in range(1, 5):
        try:
            return ord(data[at : at + width].decode()), at + width
        except (UnicodeDecodeError, TypeError):
            continue
    return 0xFFFD, at + 1
