"""The value of an expression in the type its context requires, boxed if that is an interface."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Operand
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.emit.constant import constant, default_type_of
from morestack.irbuild.emit.emitter import Mem
from morestack.irbuild.emit.iface import box_value, iface_to_iface, type_word_for
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.info import Mode
from morestack.types.core.types import Type


def value_as(fb: FuncBuilder, e: ast.Expr, target: Type | None) -> Operand:
    """Build the value of e as type `target`; e is boxed if that is an interface."""
    assert target is not None
    tv = fb.types.get(e)
    source = fb.type_of(e) if tv is None else tv.type
    if source is target or not bt.is_interface(target):
        return fb.expr(e)
    if tv is not None and tv.mode is Mode.NIL:
        return fb.zero(ir.IFACE)
    if bt.is_interface(source):
        if tv is not None and tv.value is not None:
            return _box_untyped(fb, e, target)
        return iface_to_iface(fb, fb.expr(e), source, target)
    return box(fb, e, source, target, fb.mod.escapes.box_escapes(e))


def into_as(fb: FuncBuilder, e: ast.Expr, target: Type | None, to: Mem) -> None:
    """Build a value as `value_as` does, and store it; large values are built directly in their place."""
    if is_ssa(ir_type(target)):
        fb.store(to, value_as(fb, e, target))
    else:
        fb.into(e, to)


def box(fb: FuncBuilder, e: ast.Expr, source: Type, target: Type, escapes: bool) -> Operand:
    """Build an interface that holds a concrete value."""
    t = ir_type(source)
    if is_ssa(t):
        data = box_value(fb, fb.expr(e), source, escapes, fb.pos(e))
    elif escapes:
        loc = fb.loc(e)
        m = Mem(fb.new_object(source, fb.pos(e)))
        if isinstance(loc, Mem):
            fb.move(m, loc, t)
        else:
            fb.store(m, loc)
        data = m.addr
    else:
        m = fb.temp(t)
        fb.into(e, m)
        data = m.addr
    return fb.make(ir.IFACE, type_word_for(fb, source, target), data)


def _box_untyped(fb: FuncBuilder, e: ast.Expr, target: Type) -> Operand:
    """Box a constant whose recorded type is the interface itself."""
    tv = fb.types[e]
    assert tv.value is not None
    source = default_type_of(tv.value)
    value = constant(fb, tv.value, source)
    data = box_value(fb, value, source, fb.mod.escapes.box_escapes(e), fb.pos(e))
    return fb.make(ir.IFACE, type_word_for(fb, source, target), data)
