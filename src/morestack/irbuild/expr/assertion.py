"""Type assertions."""

from __future__ import annotations

from morestack.ir.module import Operand
from morestack.ir.representation import ir_type
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.iface import asserted_or_panic, asserted_or_zero
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.types import Type


def _assert_or_panic(fb: FuncBuilder, e: ast.TypeAssert) -> Loc:
    return asserted_or_panic(fb, fb.copy(fb.expr(e.x)), fb.type_of(e.x), assert_target(fb, e), fb.pos(e))


def assert_target(fb: FuncBuilder, e: ast.TypeAssert) -> Type:
    """Return T of `x.(T)`."""
    assert e.type is not None
    return fb.types[e.type].type


def type_assert(fb: FuncBuilder, e: ast.TypeAssert) -> Operand:
    """Build `x.(T)`, which panics if the assertion does not hold."""
    loc = _assert_or_panic(fb, e)
    return fb.load(loc, ir_type(assert_target(fb, e))) if isinstance(loc, Mem) else loc


def type_assert_into(fb: FuncBuilder, e: ast.TypeAssert, to: Mem) -> None:
    """Build `x.(T)` for a large type, and store the value."""
    loc = _assert_or_panic(fb, e)
    assert isinstance(loc, Mem)
    fb.move(to, loc, ir_type(assert_target(fb, e)))


def comma_ok(fb: FuncBuilder, e: ast.TypeAssert) -> tuple[Loc, Operand]:
    """Build `v, ok := x.(T)`; v is zero if the assertion does not hold."""
    return asserted_or_zero(fb, fb.copy(fb.expr(e.x)), fb.type_of(e.x), assert_target(fb, e))
