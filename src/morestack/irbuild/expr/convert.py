"""Explicit conversions."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir.module import Operand
from morestack.ir.representation import ir_type, under
from morestack.irbuild.emit.constant import constant
from morestack.irbuild.emit.convert import convert, slice_to_pointer
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.iface import iface_to_iface
from morestack.irbuild.expr.value import box
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.types import Array, Pointer, Slice, Traits


def basic_lit(fb: FuncBuilder, e: ast.BasicLit) -> Operand:
    """Build a literal of a basic type."""
    tv = fb.types[e]
    assert tv.value is not None
    return constant(fb, tv.value, tv.type)


def conversion(fb: FuncBuilder, call: ast.Call) -> Operand:
    """Build `T(x)` for a type whose values live in registers."""
    (arg,) = call.args
    target = fb.type_of(call)
    source = fb.type_of(arg)
    if bt.is_interface(target):
        if bt.is_interface(source):
            return iface_to_iface(fb, fb.expr(arg), source, target)
        if fb.types[arg].value is not None and bt.traits(source) & Traits.UNTYPED:
            known = fb.types[arg].value
            assert known is not None
            return constant(fb, known, target)
        return box(fb, arg, source, target, fb.mod.escapes.node_escapes(call))
    if isinstance(under(source), Slice) and isinstance(under(target), Array):
        loc = slice_to_array(fb, call)
        return fb.value(loc, call)
    known = fb.types[arg].value
    if known is not None and not isinstance(known, bytes) and bt.traits(target) & Traits.NUMERIC:
        return constant(fb, known, target)  # the type was a type parameter, so for the checker it is not a constant
    value = fb.expr(arg)
    return convert(fb, value, source, target, fb.pos(call, call.lparen))


def slice_to_array(fb: FuncBuilder, call: ast.Call) -> Loc:
    """Build `[N]T(s)` as the place of the first N elements."""
    (arg,) = call.args
    target = under(fb.type_of(call))
    assert isinstance(target, Array)
    s = fb.expr(arg)
    if not target.len:
        return fb.zero(ir_type(target))
    return Mem(slice_to_pointer(fb, s, Pointer(target), fb.pos(call, call.lparen)))
