"""Return statements."""

from __future__ import annotations

from morestack.ir.module import Operand
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.iface import converted
from morestack.irbuild.expr.multi import keep, multi_value
from morestack.irbuild.expr.order import has_call, hoist
from morestack.irbuild.expr.value import value_as
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast


def return_stmt(fb: FuncBuilder, s: ast.Return) -> None:
    """Build `return x, y`."""
    types = fb.result_types
    if not types:
        _leave(fb, [])
        return
    if not s.results:
        _leave(fb, [fb.var_loc(v) for v in fb.results])
        return
    if len(s.results) == len(types):
        if len(s.results) > 1 and any(has_call(fb, r) for r in s.results):
            for r in s.results:
                hoist(fb, r)
        if len(types) == 1:
            t = types[0]
            single = value_as(fb, s.results[0], t) if is_ssa(ir_type(t)) else fb.loc(s.results[0])
            _leave(fb, [single], stored=False)
        else:
            _leave(fb, [keep(fb, r, t) for r, t in zip(s.results, types, strict=True)], stored=False)
    else:
        values = multi_value(fb, s.results[0])
        pos = fb.pos(s.results[0])
        _leave(
            fb,
            [converted(fb, v, source, t, pos) for (v, source), t in zip(values, types, strict=True)],
            stored=False,
        )
    fb.saved.clear()


def _leave(fb: FuncBuilder, values: list[Loc], stored: bool = True) -> None:
    """Return these values; `stored` tells that they are the result variables themselves."""
    if fb.range_body is not None:
        if not stored:
            _store_results(fb, values)
        fb.range_body.leave(fb, None)
    elif fb.exit is not None:
        if not stored:
            _store_results(fb, values)
        fb.jump(fb.exit)
    else:
        operands: list[Operand] = []
        for v, t in zip(values, fb.result_types, strict=True):
            operands.append(fb.load(v, ir_type(t)) if isinstance(v, Mem) else v)
        fb.do(Op.RETURN, *operands)
    fb.start(fb.new_block())


def leave_stored(fb: FuncBuilder) -> None:
    """Return the values of the result variables."""
    _leave(fb, [] if fb.range_body is not None or fb.exit is not None else [fb.var_loc(v) for v in fb.results])


def _store_results(fb: FuncBuilder, values: list[Loc]) -> None:
    """Store results in the result variables, where deferred calls see them."""
    for v, loc in zip(fb.results, values, strict=True):
        t = ir_type(v.type)
        to = fb.var_loc(v)
        assert isinstance(to, Mem)
        if isinstance(loc, Mem):
            fb.move(to, loc, t)
        else:
            fb.store(to, loc)
