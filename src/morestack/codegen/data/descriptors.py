"""Type descriptors with the layout of Go's internal/abi.Type and its variants, and itabs.

The module's `go_types` are wanted; those they refer to are added. Offsets in a descriptor are relative to
itself, so each is a private constant with a weak alias `type.<link string>`: objects of several packages
may hold one each (an assembler refuses to subtract a weak symbol). Equal is a closure over the
descriptor that calls the runtime's `typeequal`. A map's hasher is nil, because the runtime hashes by kind.
"""

from __future__ import annotations

from morestack.abi import descriptors as abi
from morestack.codegen.context import ModuleContext
from morestack.codegen.data.descriptor_data import Blobs, Data, fnv
from morestack.ir.module import Block, Function, FunctionKind, Instr, MethodEntry
from morestack.ir.ops import Op
from morestack.ir.representation import interface_methods, ir_type
from morestack.ir.types import BOOL, PTR, IRType, pointer_words
from morestack.ir.types import Struct as IRStruct
from morestack.llvm.text import quote
from morestack.syntax.nodes import ChanDir
from morestack.types.core.objects import Func, Var, is_exported
from morestack.types.core.types import (
    BASIC,
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Type,
)
from morestack.types.core.under import signature_of, unalias, under
from morestack.types.identity.comparable import comparable_type
from morestack.types.identity.typestring import link_string, runtime_string

MAP_SLOTS = 8
MAP_INLINE = 128
_KINDS = {
    Kind.BOOL: abi.KIND_BOOL, Kind.INT: abi.KIND_INT, Kind.INT8: abi.KIND_INT8, Kind.INT16: abi.KIND_INT16,
    Kind.INT32: abi.KIND_INT32, Kind.INT64: abi.KIND_INT64, Kind.UINT: abi.KIND_UINT, Kind.UINT8: abi.KIND_UINT8,
    Kind.UINT16: abi.KIND_UINT16, Kind.UINT32: abi.KIND_UINT32, Kind.UINT64: abi.KIND_UINT64,
    Kind.UINTPTR: abi.KIND_UINTPTR, Kind.FLOAT32: abi.KIND_FLOAT32, Kind.FLOAT64: abi.KIND_FLOAT64,
    Kind.COMPLEX64: abi.KIND_COMPLEX64, Kind.COMPLEX128: abi.KIND_COMPLEX128, Kind.STRING: abi.KIND_STRING,
    Kind.UNSAFE_POINTER: abi.KIND_UNSAFE_POINTER,
}  # fmt: skip
_COMPOSITE = {
    Array: (abi.KIND_ARRAY, abi.ARRAY_TYPE_SIZE), Chan: (abi.KIND_CHAN, abi.CHAN_TYPE_SIZE),
    Signature: (abi.KIND_FUNC, abi.FUNC_TYPE_SIZE), Interface: (abi.KIND_INTERFACE, abi.INTERFACE_TYPE_SIZE),
    Map: (abi.KIND_MAP, abi.MAP_TYPE_SIZE), Pointer: (abi.KIND_POINTER, abi.POINTER_TYPE_SIZE),
    Slice: (abi.KIND_SLICE, abi.SLICE_TYPE_SIZE), Struct: (abi.KIND_STRUCT, abi.STRUCT_TYPE_SIZE),
}  # fmt: skip
"""The kind of each composite type, and the size of its descriptor without what may follow."""
_DIRS = {ChanDir.RECV: 1, ChanDir.SEND: 2, ChanDir.BOTH: 3}


def kind_number(t: Type) -> int:
    """abi.Kind of a type."""
    u = under(t)
    return _KINDS[u.kind] if isinstance(u, Basic) else _COMPOSITE[type(u)][0]


def is_regular_memory(t: Type) -> bool:
    """Whether == on t compares the bytes: no floats, strings, interfaces, padding or blank fields."""
    work = [t]
    while work:
        u = under(work.pop())
        match u:
            case Basic(kind=kind):
                if kind in (Kind.FLOAT32, Kind.FLOAT64, Kind.COMPLEX64, Kind.COMPLEX128, Kind.STRING):
                    return False
            case Array(elem=elem):
                work.append(elem)
            case Struct(fields=fields):
                layout = ir_type(u)
                if sum(ir_type(f.type).size for f in fields) != layout.size or any(f.name == "_" for f in fields):
                    return False
                work.extend(f.type for f in fields if f.type is not None)
            case Pointer() | Chan():
                pass
            case _:
                return False
    return True


class TypeEmitter:
    """Descriptors and itabs of one module."""

    def __init__(self, ctx: ModuleContext) -> None:
        self.ctx = ctx
        self.blobs = Blobs(ctx)
        self.lines: list[str] = []
        self._queue: list[tuple[str, Type]] = []
        self._seen: set[str] = set()
        self._symbols: dict[Type, str] = {}

    def symbol(self, t: Type | None) -> str:
        """The LLVM name of t's descriptor, which will be emitted."""
        assert t is not None
        known = self._symbols.get(t)
        if known is None:
            name = "type." + link_string(t)
            self.want(name, t)
            known = self._symbols[t] = quote(name)
        return known

    def want(self, name: str, t: Type) -> None:
        if name not in self._seen:
            self._seen.add(name)
            self._queue.append((name, unalias(t)))

    def run(self) -> list[str]:
        """All descriptors and itabs."""
        module = self.ctx.module
        for name, t in module.go_types.items():
            self.want(name, t)
        for name, (concrete, iface) in module.itabs.items():
            self._itab(name, concrete, iface)
        while self._queue:
            name, t = self._queue.pop()
            self.ctx.defined.add(name)
            self._descriptor(name, t)
        return self.lines

    # pieces

    def _define(self, name: str, d: Data) -> None:
        self.lines.append(f"{d.base} = private constant {d.text()}, align 8")
        self.lines.append(f"{quote(name)} = linkonce_odr hidden alias i8, ptr {d.base}")

    def _private(self, name: str) -> str:
        return quote("desc." + name)

    def _equal(self, name: str) -> str:
        """The closure in Equal: {code, descriptor}."""
        closure = quote("eq." + name)
        code = self.ctx.symbol(equal_name(self.ctx.module.name))
        self.lines.append(f"{closure} = private constant {{ptr, ptr}} {{ptr {code}, ptr {quote(name)}}}, align 8")
        return closure

    def _descriptor(self, name: str, t: Type) -> None:
        u = under(t)
        layout = ir_type(t)
        methods = sorted(self.ctx.module.methods.get(name, ()), key=lambda m: (not is_exported(m.name), m.name, m.pkg))
        d = Data(self._private(name))
        uncommon = isinstance(t, Named | Basic) or bool(methods)
        self._common(d, name, t, u, layout, uncommon)
        size = abi.TYPE_SIZE if isinstance(u, Basic) else _COMPOSITE[type(u)][1]
        tail = size + (abi.UNCOMMON_TYPE_SIZE if uncommon else 0)
        self._variant(d, t, u, tail)
        if uncommon:
            self._uncommon(d, t, methods, u)
        self._tail(d, u)
        for m in methods:
            d.off(self.blobs.method_name(m.name, m.pkg))
            d.off(self.symbol(m.type))
            code = self.ctx.symbol(m.code)
            d.off(code)
            d.off(code)
        self._define(name, d)

    def _common(self, d: Data, name: str, t: Type, u: Type, layout: IRType, uncommon: bool) -> None:
        bits = pointer_words(layout)
        flags = abi.TFLAG_UNCOMMON if uncommon else 0
        flags |= abi.TFLAG_NAMED if isinstance(t, Named | Basic) else 0
        comparable = comparable_type(t)[0]
        flags |= abi.TFLAG_REGULAR_MEMORY if comparable and is_regular_memory(t) else 0
        flags |= abi.TFLAG_DIRECT_IFACE if layout.size == 8 and bits == 1 else 0
        d.u64(layout.size)
        d.u64(8 * bits.bit_length())
        d.u32(fnv(link_string(t)))
        d.u8(flags)
        d.u8(layout.align)
        d.u8(layout.align)
        d.u8(kind_number(t))
        d.ptr(self._equal(name) if comparable else None)
        d.ptr(self.blobs.data("gcmask", bits.to_bytes(-(-bits.bit_length() // 8), "little")) if bits else None)
        exported = isinstance(t, Named) and is_exported(t.obj.name)
        d.off(self.blobs.name(runtime_string(t), exported))
        pointer = "type." + link_string(Pointer(t))
        d.off(quote(pointer) if pointer in self.ctx.module.go_types else None)

    def _variant(self, d: Data, t: Type, u: Type, tail: int) -> None:
        match u:
            case Array(elem=elem, len=n):
                d.ptr(self.symbol(elem))
                d.ptr(self.symbol(Slice(elem)))
                d.u64(n)
            case Chan(dir=direction, elem=elem):
                d.ptr(self.symbol(elem))
                d.u64(_DIRS[direction])
            case Signature():
                d.u16(len(u.params.vars))
                d.u16(len(u.results.vars) | (0x8000 if u.variadic else 0))
                d.u32(0)
            case Interface():
                methods = interface_methods(u)
                pkg = next((m.pkg for m in methods if m.pkg is not None), t.obj.pkg if isinstance(t, Named) else None)
                d.ptr(self.blobs.name(pkg.path, False) if pkg is not None else None)
                d.inner(tail)
                d.u64(len(methods))
                d.u64(len(methods))
            case Map():
                self._map(d, u)
            case Pointer(elem=elem) | Slice(elem=elem):
                d.ptr(self.symbol(elem))
            case Struct(fields=fields):
                pkg = next((f.pkg for f in fields if f.pkg is not None and not is_exported(f.name)), None)
                d.ptr(self.blobs.name(pkg.path, False) if pkg is not None else None)
                d.inner(tail)
                d.u64(len(fields))
                d.u64(len(fields))
            case _:
                pass

    def _uncommon(self, d: Data, t: Type, methods: list[MethodEntry], u: Type) -> None:
        path = t.obj.pkg.path if isinstance(t, Named) and t.obj.pkg is not None else ""
        d.off(self.blobs.name(path, False) if path else None)
        d.u16(len(methods))
        d.u16(sum(is_exported(m.name) for m in methods))
        d.u32(16 + _tail_size(u))
        d.u32(0)

    def _tail(self, d: Data, u: Type) -> None:
        """What follows the descriptor and its uncommon part."""
        match u:
            case Signature():
                for v in (*u.params.vars, *u.results.vars):
                    d.ptr(self.symbol(v.type))
            case Interface():
                for m in interface_methods(u):
                    pkg = "" if is_exported(m.name) or m.pkg is None else m.pkg.path
                    d.off(self.blobs.method_name(m.name, pkg))
                    d.off(self.symbol(plain_signature(m)))
            case Struct(fields=fields, tags=tags):
                layout = ir_type(u)
                assert isinstance(layout, IRStruct)
                for f, tag, offset in zip(fields, tags or ("",) * len(fields), layout.offsets, strict=True):
                    d.ptr(self.blobs.name(f.name, is_exported(f.name), tag, f.embedded))
                    d.ptr(self.symbol(f.type))
                    d.u64(offset)
            case _:
                pass

    def _map(self, d: Data, u: Map) -> None:
        key, elem = ir_type(u.key), ir_type(u.elem)
        flags = 0 if is_reflexive(u.key) else abi.MAP_NEED_KEY_UPDATE
        flags |= abi.MAP_HASH_MIGHT_PANIC if hash_might_panic(u.key) else 0
        slot_key, slot_elem = u.key, u.elem
        if key.size > MAP_INLINE:
            slot_key, flags = Pointer(u.key), flags | abi.MAP_INDIRECT_KEY
        if elem.size > MAP_INLINE:
            slot_elem, flags = Pointer(u.elem), flags | abi.MAP_INDIRECT_ELEM
        slot = Struct((_field("key", slot_key), _field("elem", slot_elem)), ("", ""))
        group = Struct((_field("ctrl", BASIC[Kind.UINT64]), _field("slots", Array(slot, MAP_SLOTS))), ("", ""))
        slot_layout, group_layout = ir_type(slot), ir_type(group)
        assert isinstance(slot_layout, IRStruct) and isinstance(group_layout, IRStruct)
        d.ptr(self.symbol(u.key))
        d.ptr(self.symbol(u.elem))
        d.ptr(self.symbol(group))
        d.ptr(None)
        slots, elem_offset = group_layout.offsets[1], slot_layout.offsets[1]
        d.u64(group_layout.size)
        d.u64(slots)
        d.u64(slot_layout.size)
        d.u64(slots + elem_offset)
        d.u64(slot_layout.size)
        d.u64(elem_offset)
        d.u32(flags)
        d.u32(0)

    def _itab(self, name: str, concrete: Type, iface: Type) -> None:
        """abi.ITab: {inter, type, hash, pad, fun...} in the order of the interface's methods."""
        self.ctx.defined.add(name)
        have = {(m.name, m.pkg): m.code for m in self.ctx.module.methods.get("type." + link_string(concrete), ())}
        d = Data(self._private(name))
        d.ptr(self.symbol(iface))
        d.ptr(self.symbol(concrete))
        d.u32(fnv(link_string(concrete)))
        d.u32(0)
        for m in interface_methods(iface):
            pkg = "" if is_exported(m.name) or m.pkg is None else m.pkg.path
            d.ptr(self.ctx.symbol(have[m.name, pkg]))
        self._define(name, d)


def _field(name: str, t: Type) -> Var:
    return Var(name, t, is_field=True)


def _tail_size(u: Type) -> int:
    match u:
        case Signature():
            return 8 * (len(u.params.vars) + len(u.results.vars))
        case Interface():
            return 8 * len(interface_methods(u))
        case Struct(fields=fields):
            return 24 * len(fields)
        case _:
            return 0


def plain_signature(m: Func) -> Signature:
    """The type of a method without its receiver."""
    s = signature_of(m)
    return s if s.recv is None else Signature(s.params, s.results, s.variadic)


def is_reflexive(t: Type) -> bool:
    """Whether x == x for all keys: no floats (nor interfaces, which may hold them)."""
    work = [t]
    while work:
        match under(work.pop()):
            case Basic(kind=kind):
                if kind in (Kind.FLOAT32, Kind.FLOAT64, Kind.COMPLEX64, Kind.COMPLEX128):
                    return False
            case Array(elem=elem):
                work.append(elem)
            case Struct(fields=fields):
                work.extend(f.type for f in fields if f.type is not None)
            case Interface():
                return False
            case _:
                pass
    return True


def hash_might_panic(t: Type) -> bool:
    """Whether keys may hold interfaces, whose dynamic type may be unhashable."""
    work = [t]
    while work:
        match under(work.pop()):
            case Interface():
                return True
            case Array(elem=elem):
                work.append(elem)
            case Struct(fields=fields):
                work.extend(f.type for f in fields if f.type is not None)
            case _:
                pass
    return False


def equal_name(module: str) -> str:
    """The function behind every Equal closure of a module."""
    return f"{module}.type..eq"


def equal_function(module: str) -> Function:
    """`func(p, q unsafe.Pointer) bool` over a closure {code, descriptor}: runtime.typeequal."""
    f = Function(equal_name(module), kind=FunctionKind.WRAPPER)
    p, q = f.reg(PTR), f.reg(PTR)
    f.params = [p, q]
    f.results = [BOOL]
    f.context = context = f.reg(PTR)
    at, typ, result = f.reg(PTR), f.reg(PTR), f.reg(BOOL)
    f.blocks = [
        Block(0, [
            Instr(Op.OFFSET, (at,), (context,), 8),
            Instr(Op.LOAD, (typ,), (at,)),
            Instr(Op.RT, (result,), (typ, p, q), "typeequal"),
            Instr(Op.RETURN, (), (result,)),
        ])
    ]  # fmt: skip
    return f
