"""Several values at once: calls with several results, comma-ok forms, and values that are kept while others are
stored."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.emit.emitter import Loc
from morestack.irbuild.expr.assertion import assert_target, comma_ok
from morestack.irbuild.expr.call import call
from morestack.irbuild.expr.map import lookup
from morestack.irbuild.expr.receive import receive
from morestack.irbuild.expr.value import value_as
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.types import BOOL, Map, Type


def keep(fb: FuncBuilder, e: ast.Expr, t: Type) -> Loc:
    """Build the value of e as type t, unaffected by the stores that follow."""
    if is_ssa(ir_type(t)):
        return fb.copy(value_as(fb, e, t))
    m = fb.temp(ir_type(t))
    fb.into(e, m)
    return m


def multi_value(fb: FuncBuilder, rhs: ast.Expr) -> list[tuple[Loc, Type]]:
    """Build the values of a call or a comma-ok form; return them with their types."""
    inner = unparen(rhs)
    if isinstance(inner, ast.Call):
        results = call(fb, inner)
        types = [bt.var_type(v) for v in bt.signature(fb.type_of(inner.fun)).results.vars]
        return list(zip(results, types, strict=True))
    if isinstance(inner, ast.TypeAssert):
        value, ok = comma_ok(fb, inner)
        return [(value, assert_target(fb, inner)), (ok, BOOL)]
    if isinstance(inner, ast.Index):
        u = under(fb.type_of(inner.x))
        assert isinstance(u, Map)
        value, ok = lookup(fb, inner, u, True)
        return [(value, u.elem), (ok, BOOL)]
    assert isinstance(inner, ast.Receive)
    value, ok, elem = receive(fb, inner)
    return [(value, elem), (ok, BOOL)]
