"""From dialect modules to machine code in memory, for the dialect's tests and for the engine.

`load` does all steps for a few dialect modules; unit tests and the fuzzer use it. A Go program is run by the engine
instead, which caches objects, links them with compiled Go code, and then calls `attach`. Both return a `Native`.
"""

import ctypes
import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from morestack.dialect import callback, machine, memory
from morestack.dialect.callback import NativeFunction
from morestack.dialect.lower import TABLE, Table, compile_modules, table_of
from morestack.llvm.linking import link
from morestack.llvm.objects import emit_object
from morestack.llvm.passes import Passes
from morestack.llvm.target import HEADER


class Native:
    """Dialect modules that are loaded in memory as native code."""

    def __init__(self, modules: list[ModuleType], table: Table, address: int, library: Any = None) -> None:
        self.modules, self.table, self.library = modules, table, library
        cells, functions = len(table.cells), len(table.functions)
        words = [memory.u64_view[(address >> 3) + i] for i in range(cells + functions + len(table.statics))]
        self.cells: dict[str, int] = dict(zip(table.cells, words, strict=False))
        self.addresses = {n: memory.u64_view[c >> 3] for n, c in self.cells.items()}
        self.functions = dict(zip(table.functions, words[cells:], strict=False))
        self.statics = dict(zip(table.statics, words[cells + functions :], strict=False))

    def bind_statics(self, on: bool = True) -> None:
        """Make the CPython side use this program's statics, or its own again."""
        if on:
            install_native_atomics()
        for module in self.modules:
            mine = {n: a for (m, n), a in self.statics.items() if m == module.__name__}
            machine.bind_statics(module, mine if on else None)

    def swap_all(self) -> None:
        """Make compiled code call the CPython version of every exported function."""
        self.swap(*self.cells)

    def swap(self, *names: str) -> None:
        """Make compiled code call the CPython version of some exported functions."""
        self.bind_statics()
        for func in self.exports():
            if func.__name__ in names:
                callback.swap(self.cells, func)

    def swap_back(self) -> None:
        """Undo every swap."""
        for name, cell in self.cells.items():
            memory.u64_view[cell >> 3] = self.addresses[name]

    def exports(self) -> list[Callable[..., Any]]:
        """The live exported functions."""
        found = (vars(m).get(n) for m in self.modules for n in self.table.cells)
        return list({id(f): f for f in found if f is not None and not isinstance(f, NativeFunction)}.values())

    def function(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The native version of a dialect function, callable from Python."""
        address = self.functions.get(f"{func.__module__}.{func.__name__}") or self.addresses[func.__name__]
        found = callback.native_function(callback.signature_of(func), address, func.__name__)
        found.__dict__["program"] = self  # keeps the code alive as long as the function
        return found


def load(
    modules: list[ModuleType],
    imports: dict[str, int] | None = None,
    *,
    checked: bool = False,
    passes: Passes = Passes.DIALECT,
) -> Native:
    """Compile and load dialect modules, with every function callable."""
    text = compile_modules(modules, checked=checked, every_function=True)
    library = link([emit_object(text, passes, here=True)], [TABLE], imports)
    return Native(modules, table_of(modules, every_function=True), library[TABLE], library)


def attach(modules: list[ModuleType], table_address: int, library: Any = None) -> Native:
    """Return the program of modules that are already loaded, given the address of their `dialect.table`."""
    return Native(modules, table_of(modules), table_address, library)


_UPDATES = ("add", "and", "or", "xchg")


class _Atomics(machine.NativeAtomics):
    """Compiled atomics, called through ctypes. They never block, so PYFUNCTYPE keeps the GIL."""

    def __init__(self) -> None:
        text: list[str] = []
        for ty in ("i32", "i64"):
            width = ty[1:]
            text.append(f"define {ty} @load{width}(ptr %p) {{")
            text.append(f" %r = load atomic {ty}, ptr %p seq_cst, align {int(width) // 8}\n ret {ty} %r\n}}")
            for op in _UPDATES:
                text.append(f"define {ty} @{op}{width}(ptr %p, {ty} %v) {{")
                text.append(f" %r = atomicrmw {op} ptr %p, {ty} %v seq_cst\n ret {ty} %r\n}}")
            text.append(f"define zeroext i1 @cas{width}(ptr %p, {ty} %o, {ty} %n) {{")
            text.append(f" %r = cmpxchg ptr %p, {ty} %o, {ty} %n seq_cst seq_cst")
            text.append(f" %b = extractvalue {{{ty}, i1}} %r, 1\n ret i1 %b\n}}")
        names = [f"{op}{bits}" for bits in (32, 64) for op in ("load", "cas", *_UPDATES)]
        self.library = link([emit_object("\n".join([*HEADER, *text]), Passes.NONE)], names)
        self.calls: dict[str, Any] = {}
        address, words = ctypes.c_uint64, {32: ctypes.c_uint32, 64: ctypes.c_uint64}
        for bits, word in words.items():
            prototypes: dict[str, Any] = dict.fromkeys(_UPDATES, ctypes.PYFUNCTYPE(word, address, word))
            prototypes["load"] = ctypes.PYFUNCTYPE(word, address)
            prototypes["cas"] = ctypes.PYFUNCTYPE(ctypes.c_bool, address, word, word)
            for op, prototype in prototypes.items():
                self.calls[f"{op}{bits}"] = prototype(self.library[f"{op}{bits}"])

    def load(self, bits: int, addr: int) -> int:
        return int(self.calls[f"load{bits}"](addr))

    def update(self, op: str, bits: int, addr: int, value: int) -> int:
        return int(self.calls[f"{op}{bits}"](addr, value))

    def cas(self, bits: int, addr: int, old: int, new: int) -> bool:
        return bool(self.calls[f"cas{bits}"](addr, old, new))


@functools.cache
def install_native_atomics() -> None:
    """From now on, the CPython side uses the processor's atomics (rule 8)."""
    machine.install_atomics(_Atomics())
