"""Function literals, and the parameterless closures that `go` and `defer` run.

A closure is {code, captures...}, with a copy of each variable captured by value and the address of each other
variable. A closure that captures nothing is read-only data. `go f(x)` and `defer f(x)` evaluate f and x at once and
store them in a closure whose code makes the call, like gc's gowrap and deferwrap.
"""

from __future__ import annotations

from collections.abc import Sequence

from morestack.ir import types as ir
from morestack.ir.module import Operand, Reg, Sym
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.emit.closure import closure_type
from morestack.irbuild.emit.emitter import Mem, symbol_name
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.module import ModuleBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Var


def capture_layout(mod: ModuleBuilder, captures: Sequence[Var], *more: ir.IRType) -> ir.Struct:
    """Return the layout of the closure object of a literal with these captures; the fields `more` come before them."""
    return ir.struct(ir.PTR, *more, *[ir.PTR if v in mod.by_ref else ir_type(v.type) for v in captures])


def func_lit(fb: FuncBuilder, e: ast.FuncLit) -> Operand:
    """Build a function literal as a value."""
    return closure(fb, e, fb.mod.escapes.node_escapes(e))


def closure(fb: FuncBuilder, e: ast.FuncLit, escapes: bool) -> Operand:
    """Build the closure object of a literal."""
    mod = fb.mod
    name = mod.literal_name(e, fb.symbol_base, fb.nested)
    mod.request(name, lambda: mod.syntax.literal(mod, e, name))
    captures = [v for v in mod.info.captures.get(e, ()) if not v.is_global]
    if not captures:
        return mod.function_value(name)
    layout = capture_layout(mod, captures)
    pos = fb.pos(e)
    if escapes:
        cell: Operand = fb.rt("newobject", mod.type_symbol(closure_type(mod, layout)), pos=pos)
    else:
        cell = fb.temp(layout).addr
    assert isinstance(cell, Reg)
    fb.nonnil.add(cell.id)
    fb.store(Mem(cell), Sym(name))
    store_captures(fb, cell, layout, captures, 1)
    return cell


def store_captures(fb: FuncBuilder, cell: Operand, layout: ir.Struct, captures: Sequence[Var], first: int) -> None:
    """Store variables, or their addresses, in a closure object, starting at field number `first`."""
    by_ref = fb.mod.by_ref
    for v, offset in zip(captures, layout.offsets[first:], strict=True):
        to = Mem(cell, offset)
        loc = fb.var_loc(v)
        if v in by_ref:
            assert isinstance(loc, Mem)
            fb.store(to, fb.address(loc))
        elif isinstance(loc, Mem):
            fb.move(to, loc, ir_type(v.type))
        else:
            fb.store(to, loc)


def bind_captures(fb: FuncBuilder, lit: ast.FuncLit) -> None:
    """In the function of the literal itself, bind the captured variables to their places."""
    mod = fb.mod
    captures = [v for v in mod.info.captures.get(lit, ()) if not v.is_global]
    if not captures:
        return
    context = fb.f.context = fb.f.reg(ir.PTR, "context")
    bind_variables(fb, context, capture_layout(mod, captures), captures, 1)


def bind_variables(fb: FuncBuilder, context: Reg, layout: ir.Struct, captures: Sequence[Var], first: int) -> None:
    """Bind captured variables to the fields of the closure object, starting at field number `first`."""
    by_ref = fb.mod.by_ref
    for v, offset in zip(captures, layout.offsets[first:], strict=True):
        place = Mem(context, offset)
        name = symbol_name(v.name)
        if v in by_ref:
            r = fb.f.reg(ir.PTR, name)
            fb.set(r, fb.load(place, ir.PTR))
            fb.storage[v] = Mem(r)
        elif is_ssa(ir_type(v.type)):
            r = fb.f.reg(ir_type(v.type), name)
            fb.set(r, fb.load(place, r.type))
            fb.storage[v] = r
        else:
            fb.storage[v] = place
