"""Indexing and slicing of arrays, slices and strings."""

from __future__ import annotations

from morestack.ir.module import Operand
from morestack.ir.ops import BoundsKind
from morestack.ir.representation import ir_type, under
from morestack.irbuild.emit.emitter import Loc, Mem, int64
from morestack.irbuild.emit.memory import bounds, element, extend
from morestack.irbuild.emit.slice import part_of
from morestack.irbuild.expr.map import map_index
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.instance import instantiated_name
from morestack.syntax import nodes as ast
from morestack.types.const import exact
from morestack.types.core.types import Array, Map, Pointer, Slice, Type


def index_value(fb: FuncBuilder, e: ast.Expr) -> tuple[Operand, bool]:
    """Build an index as i64; return it, and whether it is signed. Constants are int64."""
    tv = fb.types[e]
    if tv.value is not None:
        number = exact.to_int(tv.value)
        assert number is not None
        return int64(number), True
    return extend(fb, fb.expr(e), tv.type)


def index_loc(fb: FuncBuilder, e: ast.Index) -> Loc:
    """Build `x[i]`: an element, a byte of a string, a map entry, or an instantiated function."""
    inner = instantiated_name(e, fb.mod)
    if inner is not e:
        return fb.loc(inner)
    u = under(fb.type_of(e.x))
    if isinstance(u, Map):
        return map_index(fb, e, u)
    (i,) = e.indices
    pos = fb.pos(e, e.lbrack)
    ordered(fb, (e.x, i))
    if isinstance(u, Slice):
        s = fb.expr(e.x)
        index, signed = index_value(fb, i)
        bounds(fb, BoundsKind.INDEX, index, fb.extract(s, 1), signed, pos)
        return element(fb, Mem(fb.extract(s, 0)), index, ir_type(u.elem).size)
    if isinstance(u, Pointer):
        array = under(u.elem)
        assert isinstance(array, Array)
        p = fb.copy(fb.expr(e.x))
        index, signed = index_value(fb, i)
        fb.nil_check(p, pos)
        bounds(fb, BoundsKind.INDEX, index, int64(array.len), signed, pos)
        return element(fb, Mem(p), index, ir_type(array.elem).size)
    if isinstance(u, Array):
        loc = fb.loc(e.x)
        index, signed = index_value(fb, i)
        bounds(fb, BoundsKind.INDEX, index, int64(u.len), signed, pos)
        if isinstance(loc, Mem):
            return element(fb, loc, index, ir_type(u.elem).size)
        if u.len == 0:
            return fb.zero(ir_type(u.elem))  # unreachable
        return fb.extract(loc, 0)  # arrays in registers have one element
    s = fb.expr(e.x)  # a string
    index, signed = index_value(fb, i)
    bounds(fb, BoundsKind.INDEX, index, fb.extract(s, 1), signed, pos)
    return element(fb, Mem(fb.extract(s, 0)), index, 1)


def slice_expr(fb: FuncBuilder, e: ast.Slice) -> Operand:
    """Build `x[lo:hi:max]`: max, hi and lo are checked in gc's order; a slice without capacity keeps the base
    pointer."""
    u = under(fb.type_of(e.x))
    pos = fb.pos(e, e.lbrack)
    ordered(fb, [part for part in (e.x, e.lo, e.hi, e.max) if part is not None])
    is_string = False
    elem: Type | None = None
    length: Operand
    cap: Operand | None
    if isinstance(u, Slice):
        s = fb.expr(e.x)
        base, length, cap, elem = fb.extract(s, 0), fb.extract(s, 1), fb.extract(s, 2), u.elem
        whole_kind = BoundsKind.SLICE_ACAP
    elif isinstance(u, Pointer | Array):
        array = under(u.elem) if isinstance(u, Pointer) else u
        assert isinstance(array, Array)
        if isinstance(u, Pointer):
            base = fb.copy(fb.expr(e.x))
            fb.nil_check(base, pos)
        else:
            base = fb.address(fb.mem(e.x))
        length = cap = int64(array.len)
        elem = array.elem
        whole_kind = BoundsKind.SLICE_ALEN
    else:
        s = fb.expr(e.x)
        base, length, cap = fb.extract(s, 0), fb.extract(s, 1), None
        is_string = True
        whole_kind = BoundsKind.SLICE_ALEN
    lo, lo_signed = index_value(fb, e.lo) if e.lo is not None else (int64(0), True)
    lo = fb.copy(lo)
    limit = cap if cap is not None else length
    if e.hi is not None:
        hi, hi_signed = index_value(fb, e.hi)
        hi = fb.copy(hi)
    else:
        hi, hi_signed = length, True
    if e.max is not None:
        top, signed = index_value(fb, e.max)
        kind = BoundsKind.SLICE3_ACAP if whole_kind is BoundsKind.SLICE_ACAP else BoundsKind.SLICE3_ALEN
        bounds(fb, kind, top, limit, signed, pos)
        bounds(fb, BoundsKind.SLICE3_B, hi, top, hi_signed, pos)
        bounds(fb, BoundsKind.SLICE3_C, lo, hi, lo_signed, pos)
        limit = top
    else:
        if e.hi is not None:
            bounds(fb, whole_kind, hi, limit, hi_signed, pos)
        bounds(fb, BoundsKind.SLICE_B, lo, hi, lo_signed, pos)
    return part_of(fb, is_string, base, lo, hi, limit, 1 if elem is None else ir_type(elem).size)
