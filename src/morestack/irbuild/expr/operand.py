"""Names, dereferences and addresses."""

from __future__ import annotations

from morestack.ir.module import Operand, Reg
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.expr.literal import literal_into
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.instance import instance_of
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.objects import Func, Var


def name_loc(fb: FuncBuilder, e: ast.Name) -> Loc:
    """Build a name: a variable, or the closure of a function."""
    obj = fb.info.uses.get(e)
    if obj is None:
        obj = fb.info.defs.get(e)
    if type(obj) is Var:
        return fb.var_loc(obj)
    if type(obj) is Func:
        return fb.mod.function_value(fb.mod.func_symbol(instance_of(fb.mod, e, obj)))
    raise InternalError("ir.build", f"{e.text} is not a value", e.span)


def star_loc(fb: FuncBuilder, e: ast.Star) -> Loc:
    """Build `*p` as a place."""
    p = fb.expr(e.x)
    fb.nil_check(p, fb.pos(e))
    return Mem(p)


def address_of(fb: FuncBuilder, e: ast.Expr) -> Operand:
    """Build `&e` for an addressable operand or a composite literal."""
    inner = unparen(e)
    if isinstance(inner, ast.CompositeLit):
        t = fb.type_of(inner)
        m = fb.allocate(t, fb.mod.escapes.pointer_escapes(inner), fb.pos(inner, inner.lbrace), clear=False)
        fresh = fb.mod.escapes.pointer_escapes(inner)
        literal_into(fb, inner, m, zeroed=fresh)
        p = m.addr
    else:
        loc = fb.loc(e)
        if not isinstance(loc, Mem):
            raise InternalError("ir.build", "address of a value in a register", e.span)
        p = fb.address(loc)
    if isinstance(p, Reg):
        fb.nonnil.add(p.id)
    return p
