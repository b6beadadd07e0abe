"""Call expressions: a conversion, a builtin, or a call of a function."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir.module import Operand
from morestack.ir.representation import ir_type, under
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.expr.builtin import builtin
from morestack.irbuild.expr.call import call, mode_of
from morestack.irbuild.expr.convert import conversion, slice_to_array
from morestack.irbuild.func import FuncBuilder
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.types.core.info import Mode
from morestack.types.core.types import Array, Slice


def call_value(fb: FuncBuilder, e: ast.Call) -> Operand:
    """Build a call with one result, a conversion or a builtin."""
    mode = mode_of(fb, e)
    if mode is Mode.TYPE:
        return conversion(fb, e)
    if mode is Mode.BUILTIN:
        value = builtin(fb, e)
        if value is None:
            raise InternalError("ir.build", "a builtin without value is used as one", e.span)
        return value
    (result,) = call(fb, e)
    return result


def call_into(fb: FuncBuilder, e: ast.Call, to: Mem) -> None:
    """Build the value of a call, and store it."""
    if mode_of(fb, e) is Mode.TYPE:
        loc = fb.loc(e)
        assert isinstance(loc, Mem)
        fb.move(to, loc, ir_type(fb.type_of(e)))
        return
    fb.store(to, call_value(fb, e))


def call_loc(fb: FuncBuilder, e: ast.Call) -> Loc:
    """Build a call; a conversion that changes nothing has the place of its operand."""
    if mode_of(fb, e) is Mode.TYPE:
        target, source = fb.type_of(e), fb.type_of(e.args[0])
        if isinstance(under(source), Slice) and isinstance(under(target), Array):
            return slice_to_array(fb, e)
        if not bt.is_ssa(ir_type(target)):
            return fb.loc(e.args[0])
        return fb.expr(e)
    value = fb.expr(e)
    return value if bt.is_ssa(value.type) else fb.spill(value)


def call_statement(fb: FuncBuilder, e: ast.Call) -> None:
    """Build a call whose results are dropped."""
    mode = mode_of(fb, e)
    if mode is Mode.BUILTIN:
        builtin(fb, e)
    elif mode is Mode.TYPE:
        fb.expr(e)
    else:
        call(fb, e)
