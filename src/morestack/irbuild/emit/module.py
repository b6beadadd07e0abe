"""The state shared by the functions of one module during emission: symbols, data, type descriptors, itabs, pending
work.

Symbols have the names that gc uses. Functions that the source does not declare (wrappers, method values, bodies of
closures) are queued, and built after the function that requested them, so building never nests deeper than the
syntax.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from morestack.ir import types as ir
from morestack.ir.module import Function, FunctionKind, Global, Module, Sym
from morestack.ir.representation import ir_type, path_prefix
from morestack.ir.types import IRType
from morestack.types.core.objects import Func, Package, Var, is_exported
from morestack.types.core.types import Named, Pointer, Type
from morestack.types.core.under import has_pointer_receiver, signature_of, unalias
from morestack.types.identity.typestring import link_string


class Links(NamedTuple):
    """Functions of the layers above emission: they read syntax, or build wrappers, which are emitted in turn."""

    describe_methods: Callable[[ModuleEmitter, str, Type], None]
    """Lists the methods that can be called through an interface holding a type."""
    external_symbol: Callable[[Func], str | None]
    """Returns the symbol of a function without a body."""
    build_instance: Callable[[Func, str], None]
    """Builds the code of an instance of a generic function."""


class ModuleEmitter:
    """One module being emitted."""

    links: Links
    """Set before the first function is emitted."""

    def __init__(self, pkg: Package) -> None:
        self.pkg = pkg
        self.home = pkg
        """The package that declares the function being built; for generic functions of other packages, that package."""
        self.module = Module(pkg.path)
        self.pending: list[Callable[[], None]] = []
        self.is_local = False
        """Whether other modules build their own copies of the functions being built."""
        self._strings: dict[bytes, Sym] = {}
        self._data: dict[tuple[int, bytes], Sym] = {}
        self._types: dict[Type, Sym] = {}
        self._link_strings: dict[Type, str] = {}
        self._func_symbols: dict[Func, str] = {}
        self._described: set[str] = set()
        self._counts: dict[str, int] = {}
        self._requested: set[str] = set()

    # -- data --

    def string(self, data: bytes) -> Sym:
        """Return the address of read-only bytes."""
        known = self._strings.get(data)
        if known is None:
            known = self._strings[data] = self.readonly(ir.array(ir.I8, len(data)), data, "str")
        return known

    def readonly(self, t: IRType, data: bytes, kind: str = "const") -> Sym:
        """Return the address of read-only data of type t, shared with equal data."""
        key = (id(t), data)
        known = self._data.get(key)
        if known is None:
            known = self._data[key] = self.static(t, data, (), kind, readonly=True)
        return known

    def static(
        self, t: IRType, data: bytes, relocs: tuple[tuple[int, Sym], ...], kind: str, readonly: bool = False
    ) -> Sym:
        """Add a global with a generated name."""
        data = data.rstrip(b"\0")
        name = f"{path_prefix(self.pkg)}.{kind}.{len(self.module.globals)}"
        self.module.globals[name] = Global(name, t, data, relocs, readonly)
        return Sym(name)

    def zero_value(self) -> Sym:
        """Return the address of zero-sized values in interfaces."""
        name = f"{path_prefix(self.pkg)}.zero"
        if name not in self.module.globals:
            self.module.globals[name] = Global(name, ir.I64, b"", (), True)
        return Sym(name)

    def small_values(self) -> Sym:
        """Return the address of the 256 words 0..255, into which boxed one-byte values point."""
        name = f"{path_prefix(self.pkg)}.staticuint64s"
        if name not in self.module.globals:
            data = b"".join(n.to_bytes(8, "little") for n in range(256))
            self.module.globals[name] = Global(name, ir.array(ir.I64, 256), data, (), True)
        return Sym(name)

    # -- types --

    def link_string(self, t: Type) -> str:
        """Return the name of a type in symbols."""
        known = self._link_strings.get(t)
        if known is None:
            known = self._link_strings[t] = link_string(t)
        return known

    def type_symbol(self, t: Type | None) -> Sym:
        """Return the type descriptor of t, for allocation and comparison."""
        assert t is not None
        known = self._types.get(t)
        if known is None:
            name = "type." + self.link_string(t)
            self.module.go_types.setdefault(name, unalias(t))
            known = self._types[t] = Sym(name)
        return known

    def dynamic_type(self, t: Type | None) -> Sym:
        """Return the type descriptor of t as the dynamic type of an interface, through which its methods can be
        called."""
        s = self.type_symbol(t)
        if s.name not in self._described:
            self._described.add(s.name)
            assert t is not None
            self.links.describe_methods(self, s.name, t)
        return s

    def itab(self, t: Type, iface: Type) -> Sym:
        """Return the itab of concrete type t for the interface type."""
        self.dynamic_type(t)
        self.type_symbol(iface)
        name = f"itab.{self.link_string(t)},{self.link_string(iface)}"
        self.module.itabs.setdefault(name, (unalias(t), unalias(iface)))
        return Sym(name)

    # -- functions --

    def func_symbol(self, f: Func) -> str:
        """Return gc's name of a declared function or method: `main.f`, `main.T.M`, `main.(*T).M`."""
        known = self._func_symbols.get(f)
        if known is None:
            known = self._func_symbols[f] = self._name_func(f)
        return known

    def _name_func(self, f: Func) -> str:
        external = self.links.external_symbol(f)
        if external is not None:
            return external
        recv = signature_of(f).recv
        name = f.name
        if f.origin is not None and signature_of(f.origin).type_params:
            name += f"[{','.join([self.link_string(a) for a in f.type_args])}]"
        if recv is None or recv.type is None:
            name = path_prefix(f.pkg) + name
        else:
            name = self.method_symbol(recv.type, name, has_pointer_receiver(f))
        if f.origin is not None:  # an instance is built when some code refers to it
            self.request(name, lambda: self.links.build_instance(f, name))
        return name

    def method_symbol(self, recv: Type, name: str, pointer: bool | None = None) -> str:
        """Return the name of a method of type recv."""
        t = unalias(recv)
        if pointer is None:
            pointer = isinstance(t, Pointer)
        if isinstance(t, Pointer):
            t = unalias(t.elem)
        if isinstance(t, Named):
            prefix, base = path_prefix(t.obj.pkg), self.link_string(t)
            base = base.removeprefix(prefix)
        else:
            prefix, base = path_prefix(self.pkg), self.link_string(t)
        return f"{prefix}(*{base}).{name}" if pointer else f"{prefix}{base}.{name}"

    def fresh_name(self, outer: str, kind: str) -> str:
        """Return `outer` + kind + the next number."""
        key = outer + kind
        n = self._counts[key] = self._counts.get(key, 0) + 1
        return f"{key}{n}"

    def add(self, f: Function) -> None:
        """Add a finished function to the module. Wrappers and instances are local to it."""
        if f.kind is FunctionKind.GO and self.home.path == "runtime":
            declared = f.name[len(path_prefix(self.home)) :]
            if not is_exported(declared) and declared != "runFinalizers":  # Go's tracebacks have this one
                f.kind = FunctionKind.RUNTIME
        f.shown = shown_name(f.name)
        f.local = self.is_local or f.kind.is_wrapper
        self.module.functions[f.name] = f

    def request(self, name: str, build: Callable[[], None]) -> None:
        """Queue a function to be built, unless it has been queued before."""
        if name not in self._requested:
            self._requested.add(name)
            self.pending.append(build)

    def function_value(self, code: str) -> Sym:
        """Return the static closure object of a function that captures nothing."""
        name = code + "·f"
        if name not in self.module.globals:
            self.module.globals[name] = Global(name, ir.PTR, b"", ((0, Sym(code)),), True)
        return Sym(name)

    def global_symbol(self, v: Var) -> Sym:
        """Return the address of a package variable; variables of size zero share one address, as with gc's linker."""
        if not ir_type(v.type).size:
            return self.zero_value()
        return Sym(path_prefix(v.pkg) + v.name)

    def export(self, name: str) -> None:
        """Make a wrapper callable from other modules."""
        self.module.functions[name].local = False

    def declare_global(self, v: Var) -> Global:
        """Add the storage of a package variable, initially zero."""
        name = path_prefix(v.pkg) + v.name
        g = self.module.globals.get(name)
        if g is None:
            g = self.module.globals[name] = Global(name, ir_type(v.type))
        return g


def shown_name(symbol: str) -> str:
    """Return the name that tracebacks print for an instance of a generic function, with `...` for its type arguments.
    It is empty for other functions, for which tracebacks print the symbol."""
    first, last = symbol.find("["), symbol.rfind("]")
    return f"{symbol[:first]}[...]{symbol[last + 1 :]}" if 0 <= first < last else ""
