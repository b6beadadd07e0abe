"""Conversions."""

from __future__ import annotations

from morestack.escape import typeinfo as ti
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole
from morestack.escape.text import position
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, UnaryOp, unparen
from morestack.types.core.kinds import is_bytes_or_runes, is_integer
from morestack.types.core.types import Array, Kind, Slice, Type
from morestack.types.identity.type_params import core_type


def conversion(fb: FlowBuilder, k: Hole, n: ast.Call) -> None:
    """`T(x)`."""
    x = n.args[0]
    dst, src = fb.type_of(n), fb.type_of(x)
    if fb.is_constant(n) or dst is None or src is None:
        fb.discard(x)
    elif ti.is_interface(dst):
        if not fb.is_nil(x) and not ti.is_interface(src) and not ti.is_direct_iface(src):
            k = conversion_site(fb, k, n)
        fb.expr(k.note(n, "interface-converted"), x)
    elif allocates(dst, src):
        conversion_site(fb, k, n)
        fb.discard(x)
    elif ti.is_kind(dst, Kind.UNSAFE_POINTER) and ti.is_kind(src, Kind.UINTPTR):
        unsafe_value(fb, k, x)
    elif isinstance(core_type(dst), Array) and isinstance(core_type(src), Slice):
        fb.expr(k.deref(n, "slice-to-array"), x)
    else:
        fb.expr(k, x)


def conversion_site(fb: FlowBuilder, k: Hole, n: ast.Call) -> Hole:
    """The storage of a conversion that makes a copy."""
    hole = fb.spill(k, n)
    hole.dst.span = position(n.args[0])
    return hole


def allocates(dst: Type, src: Type) -> bool:
    """Conversions between strings and byte or rune slices, and from integers, make copies."""
    if ti.is_string(dst):
        return is_bytes_or_runes(src) or is_integer(src)
    return ti.is_string(src) and is_bytes_or_runes(dst)


def unsafe_value(fb: FlowBuilder, k: Hole, n: ast.Expr) -> None:
    """A uintptr that becomes a pointer: find the pointers it was computed from."""
    n = unparen(n)
    match n:
        case ast.Call(fun=fun, args=(x,)) if fb.is_type(fun):
            if ti.is_kind(fb.type_of(x), Kind.UNSAFE_POINTER):
                fb.expr(k, x)
            else:
                fb.discard(x)
        case ast.Unary(op=UnaryOp.ADD | UnaryOp.SUB | UnaryOp.XOR, x=x):
            unsafe_value(fb, k, x)
        case ast.Binary(op=BinaryOp.SHL | BinaryOp.SHR, x=x, y=y):
            unsafe_value(fb, k, x)
            fb.discard(y)
        case ast.Binary(x=x, y=y) if ti.is_kind(fb.type_of(n), Kind.UINTPTR):
            unsafe_value(fb, k, x)
            unsafe_value(fb, k, y)
        case _:
            fb.discard(n)
