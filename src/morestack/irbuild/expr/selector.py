"""Selectors: fields, qualified names, method values and method expressions; and the function that an operand names."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Operand, Sym
from morestack.irbuild.emit.closure import closure_object
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.memory import walk
from morestack.irbuild.emit.method import build_method_value, embedded, method_function, receiver
from morestack.irbuild.expr.operand import name_loc
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.instance import instance_of, instantiated_name
from morestack.syntax import nodes as ast
from morestack.types.core.info import Selection, SelectionKind
from morestack.types.core.objects import Func
from morestack.types.core.under import signature_of


def static_callee(fb: FuncBuilder, fun: ast.Expr) -> str | None:
    """Return the symbol of a declared function or a method expression if fun names one, else None."""
    fun = instantiated_name(fun, fb.mod)
    if isinstance(fun, ast.Selector):
        selection = fb.info.selections.get(fun)
        if selection is not None:
            if selection.kind is SelectionKind.METHOD_EXPR and isinstance(selection.obj, Func):
                f = instance_of(fb.mod, fun.sel, selection.obj)
                return method_function(fb.mod, selection.recv, f, selection.index)
            return None
        fun = fun.sel
    if isinstance(fun, ast.Name):
        obj = fb.info.uses.get(fun)
        if type(obj) is Func and signature_of(obj).recv is None:
            return fb.mod.func_symbol(instance_of(fb.mod, fun, obj))
    return None


def selector_loc(fb: FuncBuilder, e: ast.Selector) -> Loc:
    """Build a field, a qualified name, a method value or a method expression."""
    selection = fb.info.selections.get(e)
    if selection is None:  # a qualified identifier
        return name_loc(fb, e.sel)
    if selection.kind is SelectionKind.FIELD:
        return walk(fb, fb.loc(e.x), fb.type_of(e.x), selection.index, fb.pos(e.sel))[0]
    if selection.kind is SelectionKind.METHOD:
        return method_value(fb, e, selection)
    return method_expression(fb, e, selection)


def method_expression(fb: FuncBuilder, e: ast.Selector, selection: Selection) -> Operand:
    """Build `T.f` as a function value."""
    assert isinstance(selection.obj, Func)
    code = method_function(fb.mod, selection.recv, instance_of(fb.mod, e.sel, selection.obj), selection.index)
    return fb.mod.function_value(code)


def method_value(fb: FuncBuilder, e: ast.Selector, selection: Selection) -> Operand:
    """Build `x.f`: a closure that holds the receiver, which is evaluated now."""
    assert isinstance(selection.obj, Func)
    f = instance_of(fb.mod, e.sel, selection.obj)
    pos = fb.pos(e.sel)
    loc, t = embedded(fb, fb.loc(e.x), fb.type_of(e.x), selection.index, pos)
    mod = fb.mod
    if bt.is_interface(t):
        held: Operand = fb.load(loc, ir.IFACE) if isinstance(loc, Mem) else loc
        fb.nil_check(fb.extract(held, 0), pos)
        name = mod.method_symbol(t, f.name) + "-fm"
        recv_type = t
    else:
        held = receiver(fb, loc, t, f, pos)
        name = mod.func_symbol(f) + "-fm"
        recv = signature_of(f).recv
        assert recv is not None and recv.type is not None
        recv_type = recv.type
    mod.request(name, lambda: build_method_value(mod, name, recv_type, f))
    layout = ir.struct(ir.PTR, held.type)
    return closure_object(fb, Sym(name), layout, [held], mod.escapes.node_escapes(e), pos)
