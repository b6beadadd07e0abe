"""The vocabulary of the dialect, which runtime code imports. docs/dialect.md defines it.

mypy sees every integer type as `int`, so literals and mixed arithmetic need no conversions. The subset checker tells
integer types apart, before anything runs. Rejected: `int` subclasses per width, which make every literal an error;
and NewType, whose arithmetic falls back to int at the first operator.

Under CPython the types are `Kind` objects, and everything works on real memory.
"""

from __future__ import annotations

import ctypes
import struct as _structlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, ParamSpec, TypeAlias, TypeVar

from morestack.dialect import callback, kinds, memory
from morestack.dialect.callback import bind_symbols, python_callback, swap
from morestack.dialect.kinds import Pointer
from morestack.dialect.memory import MachineFault

__all__ = [
    "Array",
    "Literal",
    "MachineFault",
    "NoReturn",
    "Ptr",
    "Static",
    "addr_of",
    "atomic_add",
    "atomic_and",
    "atomic_load",
    "atomic_or",
    "atomic_store",
    "atomic_xchg",
    "bind_statics",
    "bind_symbols",
    "bit_length",
    "boolean",
    "call_ptr",
    "cas",
    "cast",
    "clz",
    "cpu_pause",
    "cstr",
    "ctz",
    "export",
    "f32",
    "f64",
    "f64_bits",
    "f64_from_bits",
    "fdiv",
    "func_ptr",
    "i8",
    "i16",
    "i32",
    "i64",
    "inline",
    "load_acquire",
    "local",
    "memcmp",
    "memmove",
    "memset",
    "mul_hi",
    "native",
    "nil",
    "noinline",
    "nosplit",
    "offset_of",
    "popcount",
    "ptr_at",
    "ptr_to",
    "python_callback",
    "signature",
    "size_of",
    "static",
    "statics_of",
    "store_release",
    "struct",
    "swap",
    "symbol_addr",
    "u8",
    "u16",
    "u32",
    "u64",
    "unreachable",
    "usize",
]  # fmt: skip

T = TypeVar("T")
N = TypeVar("N", bound=int)
C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R")

if TYPE_CHECKING:
    u8: TypeAlias = int
    u16: TypeAlias = int
    u32: TypeAlias = int
    u64: TypeAlias = int
    usize: TypeAlias = int
    i8: TypeAlias = int
    i16: TypeAlias = int
    i32: TypeAlias = int
    i64: TypeAlias = int
    f32: TypeAlias = float
    f64: TypeAlias = float
    boolean: TypeAlias = bool

    class Ptr(Generic[T]):
        """A typed address."""

        addr: int

        @property
        def at(self) -> T:
            """The struct or array it points to."""

        def __getitem__(self, index: int) -> T: ...
        def __setitem__(self, index: int, value: T) -> None: ...
        def add(self, count: int) -> Ptr[T]:
            """The pointer moved by count elements."""

        def field(self, field: R) -> Ptr[R]:
            """The pointer to a field: `p.field(MSpan.next)`."""

    class Array(Generic[T, N]):
        """A reference to a fixed array: `Array[u64, Literal[32]]`."""

        ptr: Ptr[T]

        def __getitem__(self, index: int) -> T: ...
        def __setitem__(self, index: int, value: T) -> None: ...
        def __len__(self) -> int: ...

    class Static(Generic[T]):
        """Zeroed static memory."""

        at: T
        value: T
        ptr: Ptr[T]
        addr: int

else:
    u8, u16, u32, u64, usize = kinds.U8, kinds.U16, kinds.U32, kinds.U64, kinds.U64
    i8, i16, i32, i64 = kinds.I8, kinds.I16, kinds.I32, kinds.I64
    f32, f64 = kinds.F32, kinds.F64
    boolean = kinds.BOOLEAN

    def _scope():
        return sys._getframe(2).f_globals

    class Ptr:
        """Ptr[T] in an annotation."""

        def __class_getitem__(cls, elem):
            return kinds.PtrKind(elem if isinstance(elem, str) else kinds.kind_of(elem), _scope())

    class Array:
        """Array[T, Literal[n]] in an annotation."""

        def __class_getitem__(cls, params):
            elem, count = params
            count = getattr(count, "__args__", (count,))[0]
            return kinds.ArrayKind(kinds.kind_of(elem, _scope()), count)

    class Static:
        """Zeroed static memory. After bind_statics, it is the memory of a native program's static instead."""

        __slots__ = ("_keep", "_own", "addr", "kind", "module")

        def __init__(self, kind, module):
            self.kind, self.module = kind, module
            align = max(kind.align, 16)
            self._keep = ctypes.create_string_buffer(kind.size + align)
            self._own = self.addr = -(-ctypes.addressof(self._keep) // align) * align

        def __class_getitem__(cls, kind):
            return cls

        def bind(self, addr):
            """Use the native memory at addr; with None, use its own again."""
            self.addr = self._own if addr is None else addr

        @property
        def at(self):
            return Pointer(self.kind, self.addr).at

        @property
        def ptr(self):
            return Pointer(self.kind, self.addr)

        @property
        def value(self):
            if not isinstance(self.kind, kinds.ScalarKind):
                raise MachineFault(f"a static {self.kind.name} is reached with .at")
            return self.kind.load(self.addr)

        @value.setter
        def value(self, value):
            self.kind.store(self.addr, value)

        def __repr__(self):
            return f"static({self.kind.name})@{self.addr:#x}"


# Declarations.


def struct(cls: C) -> C:
    """Turn a class of annotated fields into a memory layout, and into the type of references to it."""
    return kinds.define_struct(cls)


def static(kind: type[T]) -> Static[T]:
    """Zeroed static memory of a type, declared at module level."""
    return Static(kinds.kind_of(kind), sys._getframe(1).f_globals["__name__"])  # type: ignore[call-arg]


def statics_of(module: Any) -> dict[str, Static[Any]]:
    """The statics that a module declares (not those it imports), by name, in order."""
    found: dict[int, tuple[str, Any]] = {}
    for name, var in vars(module).items():
        if isinstance(var, Static) and var.module == module.__name__:  # type: ignore[attr-defined]
            found.setdefault(id(var), (name, var))
    return dict(found.values())


def bind_statics(module: Any, addresses: dict[str, int] | None) -> None:
    """Make a module's statics use the memory of a native program; with None, their own memory again."""
    for name, var in statics_of(module).items():
        if addresses is None or name in addresses:
            var.bind(None if addresses is None else addresses[name])  # type: ignore[attr-defined]


def native(symbol: str) -> Callable[[F], F]:
    """Declare a C function (from libc, or known to bind_symbols or the linker). Its body is `...`."""

    def declare(func: F) -> F:
        return callback.NativeFunction(symbol, func)  # type: ignore[return-value]

    return declare


def export(func: F) -> F:
    """Make a function callable from compiled Go code: symbol runtime.<name>, called through cell.<name>."""
    func.__dict__["dialect_export"] = True
    return func


def nosplit(why: str) -> Callable[[F], F]:
    """Mark a function that runs where the stack must not grow. Its calls are bounded and known statically."""

    def mark(func: F) -> F:
        func.__dict__["dialect_nosplit"] = why
        return func

    return mark


def noinline(func: F) -> F:
    """Keep the function out of line (slow paths)."""
    func.__dict__["dialect_noinline"] = True
    return func


def inline(func: F) -> F:
    """Replace each call by the body, however long. Arguments passed by address then stay in registers."""
    func.__dict__["dialect_inline"] = True
    return func


def signature(func: F) -> F:
    """Declare a type of C function pointers for call_ptr. Its body is `...`."""
    func.__dict__["dialect_signature"] = True
    return func


# Pointers and layout.


def nil(kind: type[T]) -> Ptr[T]:
    """The nil pointer to a type."""
    return Pointer(kinds.kind_of(kind), 0)  # type: ignore[return-value]


def ptr_at(kind: type[T], addr: int) -> Ptr[T]:
    """The pointer to an address (u64)."""
    return Pointer(kinds.kind_of(kind), addr)  # type: ignore[return-value]


def cast(kind: type[T], pointer: Ptr[Any]) -> Ptr[T]:
    """The same address as a pointer to another type."""
    return Pointer(kinds.kind_of(kind), pointer.addr)  # type: ignore[return-value]


def addr_of(ref: object) -> int:
    """The address (u64) of a struct or array reference."""
    if isinstance(ref, kinds.StructRef):
        return ref._addr
    if isinstance(ref, kinds.ArrayRef):
        return ref.addr
    raise MachineFault(f"addr_of wants a nested struct or array, not {ref!r}")


def ptr_to(ref: T) -> Ptr[T]:
    """The pointer to a struct or array reference."""
    kind: Any = ref.__kind__ if isinstance(ref, kinds.StructRef) else getattr(ref, "kind", None)
    return Pointer(kind, addr_of(ref))  # type: ignore[return-value]


def local(kind: type[T]) -> Ptr[T]:
    """Zeroed memory in the caller's frame, valid until the caller returns. Keep the pointer in a variable."""
    wanted = kinds.kind_of(kind)
    memory = ctypes.create_string_buffer(wanted.size + 16)
    pointer = Pointer(wanted, (ctypes.addressof(memory) + 15) & -16)
    pointer.memory = memory  # type: ignore[attr-defined]
    return pointer  # type: ignore[return-value]


def size_of(kind: type[Any]) -> int:
    """The size in bytes (u64) of a type."""
    return kinds.kind_of(kind).size


def offset_of(kind: type[Any], field: str) -> int:
    """The byte offset (u64) of a field."""
    owner = kinds.kind_of(kind)
    if not isinstance(owner, kinds.StructKind) or field not in owner.fields:
        raise MachineFault(f"{owner.name} has no field {field}")
    return owner.fields[field].offset


_literals: dict[bytes, Any] = {}


def cstr(text: bytes) -> Ptr[u8]:
    """Static read-only bytes, NUL-terminated."""
    keep = _literals.get(text)
    if keep is None:
        keep = _literals[text] = ctypes.create_string_buffer(text)
    return Pointer(kinds.U8, ctypes.addressof(keep))  # type: ignore[return-value]


# Calls through C addresses.


def func_ptr(func: Callable[..., Any]) -> int:
    """The C address (u64) of a dialect function or a @native one."""
    if isinstance(func, callback.NativeFunction):
        return callback.symbol_address(func.symbol)
    return python_callback(func)[0]


def call_ptr(sig: Callable[P, R], addr: int, *args: P.args, **_: P.kwargs) -> R:
    """Call the C function at an address, with the signature of a dialect or @signature function."""
    return callback.call_address(callback.signature_of(sig), addr, args)  # type: ignore[no-any-return]


def symbol_addr(name: str) -> int:
    """The address (u64) of an external symbol, such as a stub of compiled code."""
    return callback.symbol_address(name)


# Atomics on u32 and u64 (and pointers, for load, store, cas and xchg). They are sequentially consistent, except
# load_acquire and store_release. Under CPython the GIL makes them atomic among CPython threads; for native threads
# see rule 8.


def _pointee(pointer: Ptr[Any]) -> kinds.ScalarKind:
    kind: object = getattr(pointer, "kind", None)
    if kind is not kinds.U32 and kind is not kinds.U64 and not isinstance(kind, kinds.PtrKind):
        raise MachineFault(f"atomics work on u32, u64 and pointers, not {pointer!r}")
    assert isinstance(kind, kinds.ScalarKind)
    return kind


class NativeAtomics:
    """Compiled atomic operations on addresses. They are installed when native threads share memory with CPython."""

    def load(self, bits: int, addr: int) -> int:
        """Atomic load."""
        raise NotImplementedError

    def update(self, op: str, bits: int, addr: int, value: int) -> int:
        """Atomic add, and, or, xchg; return the old value."""
        raise NotImplementedError

    def cas(self, bits: int, addr: int, old: int, new: int) -> bool:
        """Compare and swap."""
        raise NotImplementedError


_atomics: list[NativeAtomics] = []


def install_atomics(atomics: NativeAtomics) -> None:
    """Make the atomics of this module use compiled ones from now on."""
    _atomics[:] = [atomics]


def _update(op: str, pointer: Ptr[Any], value: int) -> int:
    kind = _pointee(pointer)
    memory.check_address(pointer.addr, kind.size, f"atomic {op}")
    if _atomics:
        return _atomics[0].update(op, kind.size * 8, pointer.addr, value)
    view, at = (memory.u32_view, pointer.addr >> 2) if kind.size == 4 else (memory.u64_view, pointer.addr >> 3)
    old = view[at]
    new = {"add": old + value, "and": old & value, "or": old | value, "xchg": value}[op]
    view[at] = new & ((1 << kind.size * 8) - 1)
    return old


def atomic_load(pointer: Ptr[T]) -> T:
    """Load atomically."""
    kind = _pointee(pointer)
    if _atomics:
        memory.check_address(pointer.addr, kind.size, "atomic load")
        return callback.from_c(kind, _atomics[0].load(kind.size * 8, pointer.addr))  # type: ignore[no-any-return]
    return pointer[0]


def atomic_store(pointer: Ptr[T], value: T) -> None:
    """Store atomically."""
    atomic_xchg(pointer, value)


def load_acquire(pointer: Ptr[T]) -> T:
    """Load atomically. After it, this thread sees what the storing thread did before its store_release."""
    return atomic_load(pointer)


def store_release(pointer: Ptr[T], value: T) -> None:
    """Store atomically. Loads that follow may still happen before it."""
    atomic_xchg(pointer, value)


def atomic_xchg(pointer: Ptr[T], value: T) -> T:
    """Store atomically; return the old value."""
    kind = _pointee(pointer)
    return callback.from_c(kind, _update("xchg", pointer, callback.to_c(kind, value)))  # type: ignore[no-any-return]


def cas(pointer: Ptr[T], old: T, new: T) -> bool:
    """Compare and swap: if the current value is old, store new and return True."""
    kind = _pointee(pointer)
    memory.check_address(pointer.addr, kind.size, "cas")
    was, now = callback.to_c(kind, old), callback.to_c(kind, new)
    if _atomics:
        return _atomics[0].cas(kind.size * 8, pointer.addr, was, now)
    if pointer[0] != old:
        return False
    pointer[0] = new
    return True


def atomic_add(pointer: Ptr[int], delta: int) -> int:
    """Add, wrapping around; return the new value."""
    mask = (1 << _pointee(pointer).size * 8) - 1
    return (_update("add", pointer, delta & mask) + delta) & mask


def atomic_and(pointer: Ptr[int], value: int) -> int:
    """Bitwise and; return the old value."""
    return _update("and", pointer, value)


def atomic_or(pointer: Ptr[int], value: int) -> int:
    """Bitwise or; return the old value."""
    return _update("or", pointer, value)


def cpu_pause() -> None:
    """The pause instruction, for spin loops."""


# Memory. Addresses are u64 or pointers.

Address: TypeAlias = "int | Ptr[Any]"


def _address(where: Any) -> int:
    return where.addr if where.__class__ is Pointer else where


def memmove(dst: Address, src: Address, count: int) -> None:
    """Copy bytes; the ranges may overlap."""
    memory.move(_address(dst), _address(src), count)


def memset(dst: Address, byte: int, count: int) -> None:
    """Set bytes to one value (u8)."""
    memory.fill(_address(dst), byte, count)


def memcmp(a: Address, b: Address, count: int) -> int:
    """Compare bytes: -1, 0 or 1 (i32)."""
    return memory.compare(_address(a), _address(b), count)


# Arithmetic for which there are no operators. Operands are u64 unless said otherwise.


def mul_hi(a: int, b: int) -> int:
    """The high 64 bits of the product."""
    return (a * b) >> 64


def clz(x: int) -> int:
    """The number of leading zero bits of a u64: 64 for 0."""
    return 64 - x.bit_length()


def ctz(x: int) -> int:
    """The number of trailing zero bits of a u64: 64 for 0."""
    return (x & -x).bit_length() - 1 if x else 64


def popcount(x: int) -> int:
    """The number of one bits of a u64."""
    return x.bit_count()


def bit_length(x: int) -> int:
    """The number of bits that a u64 needs: 64 - clz(x)."""
    return x.bit_length()


def f64_bits(x: float) -> int:
    """The bits of an f64, as u64."""
    return int(_structlib.unpack("Q", _structlib.pack("d", x))[0])


def f64_from_bits(bits: int) -> float:
    """The f64 with these bits (u64)."""
    return float(_structlib.unpack("d", _structlib.pack("Q", bits))[0])


def fdiv(a: float, b: float) -> float:
    """IEEE division. A zero divisor gives an infinity or NaN; `/` must not have a zero divisor."""
    if b != 0.0:
        return a / b
    if a == 0.0 or a != a:
        return float("nan")
    return float("inf") if (f64_bits(a) ^ f64_bits(b)) >> 63 == 0 else float("-inf")


def unreachable(why: bytes) -> NoReturn:
    """Mark code that control never reaches. If it does, the process ends with the place and the reason."""
    raise MachineFault(f"unreachable: {why.decode()}")
