"""Types in the interpreter's runtime calls: descriptors, itabs, equality and map keys.

Type descriptors and itabs are addresses that represent checked types. Only itabs have contents: code addresses at the
offsets of the ABI, from which compiled code loads them.

Run-time errors are values of types of package runtime. Such a value is, or points to, the string that its Error method
returns, so one method serves them all.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from morestack.interp.state import RuntimeFailure
from morestack.ir.module import Function, FunctionKind, Instr, MethodEntry
from morestack.ir.ops import Op
from morestack.ir.types import F32, F64, PTR, STRING
from morestack.types.core import types as go
from morestack.types.core.objects import Package, TypeName, Var
from morestack.types.core.sizes import is_direct_iface, offsetsof, sizeof
from morestack.types.core.under import under
from morestack.types.identity.comparable import comparable_type
from morestack.types.identity.identical import type_set
from morestack.types.identity.typestring import link_string, runtime_string

if TYPE_CHECKING:
    from morestack.interp.interpreter import Interpreter

ITAB_FUN = 24  # offset of the code addresses in an itab
RUNTIME = Package("runtime", "runtime")
ERROR_METHOD = "runtime.errorString.Error"


def error_method() -> Function:
    """Return the IR of `func (e errorString) Error() string`, which takes the data word of an interface."""
    f = Function(ERROR_METHOD, results=[STRING], kind=FunctionKind.WRAPPER)
    data, text = f.reg(PTR, "e"), f.reg(STRING)
    f.params.append(data)
    f.block().instrs += [Instr(Op.LOAD, (text,), (data,)), Instr(Op.RETURN, (), (text,))]
    return f


class Types:
    """Runtime calls on types and interfaces."""

    def __init__(self, machine: Interpreter) -> None:
        self.m = machine
        self.types: dict[int, go.Type] = {}
        self.itabs: dict[tuple[int, int], int] = {}
        self.errors: dict[str, int] = {}
        self.methods = dict(machine.module.methods)

    def describe(self, symbol: str, address: int) -> None:
        """When a symbol gets its address: note the type it describes, or fill its itab."""
        module = self.m.module
        if symbol in module.go_types:
            self.types[address] = module.go_types[symbol]
        elif symbol in module.itabs:
            concrete, interface = module.itabs[symbol]
            self.fill_itab(address, concrete, interface)

    def descriptor(self, t: go.Type) -> int:
        """Return the address that represents a type."""
        address = self.m.address(f"type.{link_string(t)}")
        self.types.setdefault(address, t)
        return address

    def method_code(self, t: go.Type, name: str, pkg: str = "") -> str | None:
        """Return the symbol of a type's method; `pkg` is empty for exported methods."""
        for e in self.methods.get(f"type.{link_string(t)}", ()):
            if e.name == name and (e.name[:1].isupper() or e.pkg == pkg):
                return e.code
        return None

    def fill_itab(self, address: int, concrete: go.Type, interface: go.Type) -> bool:
        """Write an itab; return whether the type has all the methods."""
        memory = self.m.memory
        inter, typ = self.descriptor(interface), self.descriptor(concrete)
        self.itabs[inter, typ] = address
        memory.write_word(address, inter)
        memory.write_word(address + 8, typ)
        if self.missing_method(concrete, interface) is not None:
            return False
        iface = under(interface)
        assert isinstance(iface, go.Interface)
        for number, method in enumerate(type_set(iface).methods):
            code = self.method_code(concrete, method.name, method.pkg.path if method.pkg is not None else "")
            assert code is not None
            memory.write_word(address + ITAB_FUN + 8 * number, self.m.address(code))
        return True

    def missing_method(self, concrete: go.Type, interface: go.Type) -> str | None:
        """Return the first method of an interface that a type lacks."""
        iface = under(interface)
        assert isinstance(iface, go.Interface)
        entries = {(e.name, "" if e.name[:1].isupper() else e.pkg): e for e in self.methods_of(concrete)}
        for method in type_set(iface).methods:
            pkg = "" if method.name[:1].isupper() or method.pkg is None else method.pkg.path
            entry = entries.get((method.name, pkg))
            if entry is None or method.type is None or plain(entry.type) != plain(method.type):
                return method.name
        return None

    def methods_of(self, t: go.Type) -> list[MethodEntry]:
        return self.methods.get(f"type.{link_string(t)}", [])

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

    def error_value(self, name: str, text: str) -> tuple[int, int]:
        """Return a run-time error of type runtime.name or *runtime.name as an interface value."""
        typ = self.errors.get(name)
        if typ is None:
            is_pointer = name.startswith("*")
            obj = TypeName(name.removeprefix("*"), None, pkg=RUNTIME)
            named = go.Named(obj, go.STRING)
            obj.type = named
            t: go.Type = named
            if is_pointer:
                named.underlying = go.Struct((Var("text", go.STRING, is_field=True, pkg=RUNTIME),), ("",))
                t = go.Pointer(named)
            results = go.Tuple((Var("", go.STRING),))
            signatures = {
                "Error": go.Signature(go.Tuple(()), results),
                "RuntimeError": go.Signature(go.Tuple(()), go.Tuple(())),
            }
            self.methods[f"type.{link_string(t)}"] = [
                MethodEntry(method, "runtime", s, ERROR_METHOD) for method, s in signatures.items()
            ]
            typ = self.errors[name] = self.descriptor(t)
        data, memory = self.m.memory.allocate(16), self.m.memory
        raw = text.encode()
        chars = memory.allocate(len(raw), 1)
        memory.write(chars, raw)
        memory.write_word(data, chars)
        memory.write_word(data + 8, len(raw))
        return typ, data

    # -- equality ----------------------------------------------------------------------------------

    def typeequal(self, typ: int, p: int, q: int) -> int:
        return int(self.equal(self.types[typ], p, q))

    def efaceeq(self, typ: int, p: int, q: int) -> int:
        t = self.types[typ]
        if not comparable_type(t)[0]:
            raise RuntimeFailure(f"runtime error: comparing uncomparable type {runtime_string(t)}")
        if is_direct_iface(t):
            return int(p == q)
        return int(self.equal(t, p, q))

    def dynamic(self, i: go.Interface, p: int) -> int:
        """Return the descriptor of the dynamic type of an interface of type i in memory, or 0 if it is nil."""
        word = self.m.memory.word(p)
        return self.m.memory.word(word + 8) if word and type_set(i).methods else word

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
                typ = self.dynamic(i, p)
                if typ != self.dynamic(i, q):
                    return False
                return not typ or bool(self.efaceeq(typ, memory.word(p + 8), memory.word(q + 8)))
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

    def key(self, t: go.Type, p: int) -> Hashable:
        """Return a Python dict key for a map key: equal for equal keys; NaN is equal to nothing."""
        memory = self.m.memory
        match under(t):
            case go.Struct(fields=fields) as s:
                types = [f.type for f in fields]
                return tuple(
                    self.key(ft, p + o)
                    for f, ft, o in zip(fields, types, offsetsof(s), strict=True)
                    if f.name != "_" and ft is not None
                )
            case go.Array(elem=elem, len=n):
                step = sizeof(elem)
                return tuple(self.key(elem, p + i * step) for i in range(n))
            case go.Interface() as i:
                typ = self.dynamic(i, p)
                if not typ:
                    return None
                dynamic = self.types[typ]
                if not comparable_type(dynamic)[0]:
                    raise RuntimeFailure(f"runtime error: hash of unhashable type {runtime_string(dynamic)}")
                data = memory.word(p + 8)
                return typ, data if is_direct_iface(dynamic) else self.key(dynamic, data)
            case go.Basic(kind=go.Kind.STRING):
                return memory.text((memory.word(p), memory.word(p + 8)))
            case go.Basic(traits=traits) if traits & (go.Traits.FLOAT | go.Traits.COMPLEX):
                size = sizeof(t) // (2 if traits & go.Traits.COMPLEX else 1)
                ft = F64 if size == 8 else F32
                parts = [memory.load(ft, p + o) for o in range(0, sizeof(t), size)]
                return tuple(x if x == x else object() for x in parts)
            case _:
                return memory.read(p, sizeof(t))


def plain(t: go.Type) -> str:
    """Return a type's parameters and results as text, by which signatures of a method are compared."""
    assert isinstance(t, go.Signature)
    return link_string(go.Signature(t.params, t.results, t.variadic))
