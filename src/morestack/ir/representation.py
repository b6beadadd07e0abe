"""The conversion of Go types to IR types, and predicates on representation for the builders.

Results are cached by type object, so a type is converted once. A type is *SSA-able* if it flattens to at most
`MAX_SCALARS` scalars and has no array of more than one element. Values of such types live in registers. All other
values live in memory and are copied from address to address (gc draws the same line).
"""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.types import IRType
from morestack.types.core import under as underlying
from morestack.types.core.objects import Func, Package, Var, method_key
from morestack.types.core.sizes import is_direct_iface
from morestack.types.core.types import (
    Alias,
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
    Traits,
    Tuple,
    Type,
    TypeParam,
    Union,
)
from morestack.types.identity.identical import type_set

MAX_SCALARS = 4

_BASIC: dict[Kind, IRType] = {
    Kind.BOOL: ir.BOOL,
    Kind.INT: ir.I64,
    Kind.INT8: ir.I8,
    Kind.INT16: ir.I16,
    Kind.INT32: ir.I32,
    Kind.INT64: ir.I64,
    Kind.UINT: ir.I64,
    Kind.UINT8: ir.I8,
    Kind.UINT16: ir.I16,
    Kind.UINT32: ir.I32,
    Kind.UINT64: ir.I64,
    Kind.UINTPTR: ir.I64,
    Kind.FLOAT32: ir.F32,
    Kind.FLOAT64: ir.F64,
    Kind.COMPLEX64: ir.COMPLEX64,
    Kind.COMPLEX128: ir.COMPLEX128,
    Kind.STRING: ir.STRING,
    Kind.UNSAFE_POINTER: ir.PTR,
    # constants that got no type from their context keep their default type
    Kind.UNTYPED_BOOL: ir.BOOL,
    Kind.UNTYPED_INT: ir.I64,
    Kind.UNTYPED_RUNE: ir.I32,
    Kind.UNTYPED_FLOAT: ir.F64,
    Kind.UNTYPED_COMPLEX: ir.COMPLEX128,
    Kind.UNTYPED_STRING: ir.STRING,
    Kind.UNTYPED_NIL: ir.PTR,
}

_under_cache: dict[Type, Type] = {}
_ir_cache: dict[Type, IRType] = {}
_ssa_cache: dict[IRType, bool] = {}
_methods_cache: dict[Interface, tuple[Func, ...]] = {}


def forget_types() -> None:
    """Clear the caches, so that they do not keep the types of a finished program alive."""
    _under_cache.clear()
    _ir_cache.clear()
    _methods_cache.clear()


def under(t: Type | None) -> Type:
    """Return the underlying type; all types are complete when the IR is built."""
    assert t is not None
    known = _under_cache.get(t)
    if known is None:
        known = _under_cache[t] = underlying.under(t)
    return known


def ir_type(t: Type | None) -> IRType:
    """Return the memory representation of t. A Tuple becomes the struct of its parts."""
    assert t is not None
    known = _ir_cache.get(t)
    if known is None:
        known = _ir_cache[t] = _ir_type(under(t))
    return known


def _ir_type(u: Type) -> IRType:
    match u:
        case Basic(kind=kind):
            return _BASIC[kind]
        case Pointer() | Signature() | Map() | Chan():
            return ir.PTR
        case Slice():
            return ir.SLICE
        case Interface():
            return ir.IFACE
        case Array(elem=elem, len=n):
            return ir.array(ir_type(elem), n)
        case Struct(fields=fields):
            return ir.struct(*[ir_type(f.type) for f in fields])
        case Tuple(vars=parts):
            return ir.struct(*[ir_type(v.type) for v in parts])
        case Named() | Alias() | TypeParam() | Union():
            raise AssertionError(f"no representation for {u!r}")


def is_ssa(t: IRType) -> bool:
    """Whether values of t live in registers."""
    known = _ssa_cache.get(t)
    if known is None:
        known = _ssa_cache[t] = 0 <= _count(t) <= MAX_SCALARS
    return known


def _count(t: IRType) -> int:
    """Return the number of scalars in t, or -1 if there are too many or an array of several elements."""
    match t:
        case ir.Scalar():
            return 1
        case ir.Struct(fields=fields):
            total = 0
            for f in fields:
                n = _count(f)
                if n < 0 or total + n > MAX_SCALARS:
                    return -1
                total += n
            return total
        case ir.Array(elem=elem, len=n):
            if n > 1:
                return -1
            return _count(elem) if n else 0


def is_pointer_shaped(t: Type | None) -> bool:
    """Whether a value of t is a single pointer, which an interface stores directly in its data word."""
    assert t is not None
    return is_direct_iface(t)


def is_interface(t: Type | None) -> bool:
    return type(under(t)) is Interface


def is_empty_interface(t: Type | None) -> bool:
    """Whether the interface type t has no methods, so that word 0 is a type and not an itab."""
    return not interface_methods(t)


def interface_methods(t: Type | None) -> tuple[Func, ...]:
    """Return the methods of an interface type in itab order."""
    u = under(t)
    assert isinstance(u, Interface)
    known = _methods_cache.get(u)
    if known is None:
        known = _methods_cache[u] = type_set(u).methods
    return known


def method_index(t: Type | None, f: Func) -> int:
    """Return the index of interface method f in the itab."""
    key = method_key(f)
    for i, m in enumerate(interface_methods(t)):
        if m is f or method_key(m) == key:
            return i
    raise AssertionError(f"no method {f.name}")


def is_signed(t: Type | None) -> bool:
    """Whether t is a signed integer type."""
    u = under(t)
    return isinstance(u, Basic) and u.traits & (Traits.INTEGER | Traits.UNSIGNED) == Traits.INTEGER


def traits(t: Type | None) -> int:
    """Return the traits of basic type t, or NONE for other types."""
    u = under(t)
    return u.traits if type(u) is Basic else Traits.NONE


def kind(t: Type | None) -> Kind:
    """Return the kind of basic type t, or INVALID for other types."""
    u = under(t)
    return u.kind if type(u) is Basic else Kind.INVALID


def signature(t: Type | None) -> Signature:
    u = under(t)
    assert isinstance(u, Signature)
    return u


def var_type(v: Var) -> Type:
    assert v.type is not None
    return v.type


def params_of(s: Signature) -> tuple[IRType, ...]:
    """Return the IR types of the parameters, without the receiver."""
    return tuple([ir_type(v.type) for v in s.params.vars])


def results_of(s: Signature) -> tuple[IRType, ...]:
    return tuple([ir_type(v.type) for v in s.results.vars])


def pointer_base(t: Type | None) -> Type | None:
    """Return the element type if t is a pointer type, else None."""
    u = under(t)
    return u.elem if type(u) is Pointer else None


def path_prefix(pkg: Package | None) -> str:
    """Return the prefix of a package's symbols."""
    return (pkg.path if pkg is not None else "") + "."


def is_plain_memory(t: Type | None) -> bool:
    """Whether two values of t are equal exactly if their bytes are (gc's AMEM: no floats, strings, interfaces,
    padding)."""
    assert t is not None
    u = under(t)
    if isinstance(u, Basic):
        return bool(u.traits & (Traits.BOOLEAN | Traits.INTEGER)) or u.kind is Kind.UNSAFE_POINTER
    if isinstance(u, Array):
        return is_plain_memory(u.elem)
    if isinstance(u, Struct):
        at = 0
        layout = ir_type(u)
        assert isinstance(layout, ir.Struct)
        for f, offset, ft in zip(u.fields, layout.offsets, layout.fields, strict=True):
            if f.name == "_" or offset != at or not is_plain_memory(f.type):
                return False
            at += ft.size
        return at == layout.size
    return isinstance(u, Pointer | Chan)
