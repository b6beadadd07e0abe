"""Calls between CPython and native code: libc functions, C addresses of dialect functions, swapping.

A dialect function becomes callable from C through a ctypes callback, which is made once and kept forever, because its
address may be anywhere in native memory. A native thread takes the GIL when it enters a callback. An exception cannot
propagate through native frames, so it prints its traceback and ends the process: a runtime that lost an error would
continue with half-done work.
"""

import ctypes
import os
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from morestack.dialect import memory
from morestack.dialect.kinds import (
    BOOLEAN,
    F64,
    NORETURN,
    VOID,
    FloatKind,
    IntKind,
    Kind,
    Pointer,
    PtrKind,
    ScalarKind,
    kind_of,
)
from morestack.dialect.memory import MachineFault

Function = Callable[..., Any]


class Signature(NamedTuple):
    """The parameters' names and kinds, and the result's kind, of a dialect function."""

    names: tuple[str, ...]
    params: tuple[Kind, ...]
    result: Kind


_signatures: dict[Function, Signature] = {}


def signature_of(func: Function) -> Signature:
    """Return the signature that the function's annotations give."""
    if func in _signatures:
        return _signatures[func]
    code, notes, scope = func.__code__, func.__annotations__, func.__globals__
    names = code.co_varnames[: code.co_argcount]
    missing = [n for n in (*names, "return") if n not in notes]
    if missing or code.co_flags & 0x0C or code.co_kwonlyargcount:
        raise MachineFault(f"{func.__name__}: every parameter and the result has an annotation ({', '.join(missing)})")
    kinds = tuple(kind_of(notes[n], scope) for n in names)
    _signatures[func] = found = Signature(names, kinds, kind_of(notes["return"], scope))
    return found


def _ctype(kind: Kind) -> Any:
    if kind is VOID or kind is NORETURN:
        return None
    if kind == BOOLEAN:
        return ctypes.c_bool
    if isinstance(kind, FloatKind):
        return ctypes.c_double if kind is F64 else ctypes.c_float
    if isinstance(kind, IntKind):
        return getattr(ctypes, f"c_{'' if kind.signed else 'u'}int{kind.bits}")
    return ctypes.c_uint64  # pointers and references: c_void_p would turn 0 into None


def prototype(sig: Signature) -> Any:
    """The ctypes function type."""
    return ctypes.CFUNCTYPE(_ctype(sig.result), *(_ctype(k) for k in sig.params))


def from_c(kind: Kind, value: Any) -> Any:
    """The dialect value of a C value."""
    if isinstance(kind, PtrKind):
        return Pointer(kind.elem, value)
    return value if isinstance(kind, ScalarKind) or value is None else kind.load(value)


def to_c(kind: Kind, value: Any) -> Any:
    """The C value of a dialect value, after a range check."""
    if kind is VOID or kind is NORETURN:
        return None
    if isinstance(kind, ScalarKind):
        kind.check(value)
        return value.addr if isinstance(kind, PtrKind) else value
    return value.addr if value.__class__.__name__ == "ArrayRef" else value._addr


def native_function(sig: Signature, address: int, name: str) -> Function:
    """A Python function that calls native code at an address."""
    entry = prototype(sig)(address)

    def call(*args: Any) -> Any:
        if len(args) != len(sig.params):
            raise MachineFault(f"{name} takes {len(sig.params)} arguments, not {len(args)}")
        return from_c(sig.result, entry(*map(to_c, sig.params, args)))

    call.__name__ = call.__qualname__ = name
    return call


_bound: dict[str, int] = {}
_process = ctypes.CDLL(None)


def bind_symbols(addresses: dict[str, int]) -> None:
    """Tell the CPython side the addresses of external symbols in the running native program (codegen's stubs, ...)."""
    _bound.update(addresses)


def symbol_address(name: str) -> int:
    """The address of an external symbol, which was bound or is in the C library."""
    if name in _bound:
        return _bound[name]
    try:
        return ctypes.cast(getattr(_process, name), ctypes.c_void_p).value or 0
    except AttributeError:
        raise MachineFault(f"no symbol {name}; bind_symbols gives those of a native program") from None


class NativeFunction:
    """A C function declared with @native. Its symbol is looked up at the first call."""

    def __init__(self, symbol: str, declared: Function) -> None:
        self.symbol, self.declared, self.__name__, self.__doc__ = symbol, declared, declared.__name__, declared.__doc__
        self._call: tuple[int, Function] | None = None

    @property
    def signature(self) -> Signature:
        """Its signature."""
        return signature_of(self.declared)

    def __call__(self, *args: Any) -> Any:
        bound = _bound.get(self.symbol, 0)
        if self._call is None or self._call[0] != bound:
            self._call = bound, native_function(self.signature, symbol_address(self.symbol), self.__name__)
        return self._call[1](*args)


_callbacks: dict[Function, tuple[int, Any]] = {}
_by_address: dict[int, Function] = {}
_thrown: list[BaseException] = []


def _die(func: Function, error: BaseException) -> None:
    """Report an exception that native frames cannot carry, and end the process."""
    sys.stdout.flush()
    if type(error).__name__ == "BdbQuit":
        os._exit(1)  # the user has left pdb
    print(f"morestack: runtime function {func.__name__} failed under CPython:", file=sys.stderr)
    traceback.print_exception(error)
    sys.stderr.flush()
    os._exit(2)


on_error: Callable[[Function, BaseException], None] = _die
"""Called with an exception that left a callback. Tests replace it."""

trace: Callable[[FrameType, str, Any], Any] | None = None
"""The trace function, set by a debugger, for functions that native code calls."""


def python_callback(func: Function) -> tuple[int, Any]:
    """Return a C address that runs a dialect function under CPython, and the object that keeps the address valid."""
    found = _callbacks.get(func)
    if found is not None:
        return found
    sig = signature_of(func)
    blank = False if sig.result == BOOLEAN else 0.0 if isinstance(sig.result, FloatKind) else 0

    def enter(*args: Any) -> Any:
        if trace is not None:
            sys.settrace(trace)
        try:
            return to_c(sig.result, func(*map(from_c, sig.params, args)))
        except BaseException as error:
            _thrown.append(error)
            on_error(func, error)
            return None if sig.result is VOID or sig.result is NORETURN else blank

    keep = prototype(sig)(enter)
    address = ctypes.cast(keep, ctypes.c_void_p).value or 0
    _callbacks[func] = address, keep
    _by_address[address] = func
    return address, keep


def swap(cells: dict[str, int], func: Function) -> int:
    """Make compiled code call the CPython version of an exported function; return the address it called before.

    `cells` maps function names to the addresses of their cells.
    """
    cell = cells[func.__name__]
    before = memory.u64_view[cell >> 3]
    memory.u64_view[cell >> 3] = python_callback(func)[0]
    return before


def call_address(sig: Signature, address: int, args: tuple[Any, ...]) -> Any:
    """Call a C function pointer. If it is a callback of ours, call the function directly, so that pdb steps into it."""
    memory.check_address(address, 1, "function pointer")
    func = _by_address.get(address)
    if func is not None:
        return func(*args)
    return native_function(sig, address, "call_ptr")(*args)
