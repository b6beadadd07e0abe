"""Elements of maps."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Operand
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.map import value_or_zero
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.expr.value import into_as
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.types import Map, Type


def key_place(fb: FuncBuilder, key: ast.Expr, t: Type) -> Mem:
    """Build the key in its own memory."""
    m = fb.temp(ir_type(t))
    into_as(fb, key, t, m)
    return m


def map_index(fb: FuncBuilder, e: ast.Index, u: Map) -> Loc:
    """Build `m[k]`: the value, or zero."""
    return lookup(fb, e, u, False)[0]


def lookup(fb: FuncBuilder, e: ast.Index, u: Map, comma_ok: bool) -> tuple[Loc, Operand]:
    """Build `m[k]`, and whether the key is present. The value is a copy, because a later assignment may move the
    map's entry."""
    (k,) = e.indices
    ordered(fb, (e.x, k))
    m = fb.copy(fb.expr(e.x))
    key = key_place(fb, k, u.key)
    value, absent = value_or_zero(fb, fb.type_of(e.x), m, key, fb.pos(e, e.lbrack))
    return value, fb.op(Op.NOT, ir.BOOL, absent) if comma_ok else absent
