"""Operands and selectors: names, fields, elements, slices, dereferences and addresses."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos, Reg
from morestack.ir.ops import Bounds, BoundsKind, Op
from morestack.ir.representation import ir_type, under
from morestack.irbuild.func import EXPR, INTO, LOC, FuncBuilder, Loc, Mem, builds, int64, unparen
from morestack.irbuild.instance import instance_of, instantiated_name
from morestack.irbuild.order import ordered
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.types.core.info import SelectionKind
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Array, Map, Pointer, Slice, Struct, Type


@builds(LOC, ast.Paren)
def paren_loc(fb: FuncBuilder, e: ast.Paren) -> Loc:
    return fb.loc(e.x)


@builds(EXPR, ast.Paren)
def paren(fb: FuncBuilder, e: ast.Paren) -> Operand:
    return fb.expr(e.x)


@builds(INTO, ast.Paren)
def paren_into(fb: FuncBuilder, e: ast.Paren, to: Mem) -> None:
    fb.into(e.x, to)


@builds(LOC, ast.Name)
def name_loc(fb: FuncBuilder, e: ast.Name) -> Loc:
    obj = fb.info.uses.get(e)
    if obj is None:
        obj = fb.info.defs.get(e)
    if type(obj) is Var:
        return fb.var_loc(obj)
    if type(obj) is Func:
        return fb.mod.function_value(fb.mod.func_symbol(instance_of(fb.mod, e, obj)))
    raise InternalError("ir.build", f"{e.text} is no value", e.span)


@builds(EXPR, ast.Name, ast.Selector, ast.Index, ast.Star)
def located(fb: FuncBuilder, e: ast.Expr) -> Operand:
    return fb.value(LOC[type(e)](fb, e), e)


@builds(LOC, ast.Star)
def star_loc(fb: FuncBuilder, e: ast.Star) -> Loc:
    p = fb.expr(e.x)
    fb.nil_check(p, fb.pos(e))
    return Mem(p)


# -- fields ----------------------------------------------------------------------------------------


def walk(fb: FuncBuilder, loc: Loc, t: Type, path: tuple[int, ...], pos: Pos) -> tuple[Loc, Type]:
    """Follow field numbers from a value of type t, through pointers; the field's place and type."""
    for n in path:
        base = bt.pointer_base(t)
        if base is not None:
            p = fb.load(loc, ir.PTR) if isinstance(loc, Mem) else loc
            fb.nil_check(p, pos)
            loc, t = Mem(p), base
        s = under(t)
        assert isinstance(s, Struct)
        if isinstance(loc, Mem):
            layout = ir_type(s)
            assert isinstance(layout, ir.Struct)
            loc = Mem(loc.addr, loc.off + layout.offsets[n])
        else:
            loc = fb.extract(loc, n)
        t = bt.var_type(s.fields[n])
    return loc, t


@builds(LOC, ast.Selector)
def selector_loc(fb: FuncBuilder, e: ast.Selector) -> Loc:
    selection = fb.info.selections.get(e)
    if selection is None:  # a qualified identifier
        return name_loc(fb, e.sel)
    if selection.kind is SelectionKind.FIELD:
        return walk(fb, fb.loc(e.x), fb.type_of(e.x), selection.index, fb.pos(e.sel))[0]
    from morestack.irbuild.methods import method_expression, method_value

    if selection.kind is SelectionKind.METHOD:
        return method_value(fb, e, selection)
    return method_expression(fb, e, selection)


# -- elements --------------------------------------------------------------------------------------


def index_value(fb: FuncBuilder, e: ast.Expr) -> tuple[Operand, bool]:
    """An index as i64, and whether it is signed. Constants are int64."""
    tv = fb.types[e]
    if tv.value is not None:
        from morestack.types.const import exact

        number = exact.to_int(tv.value)
        assert number is not None
        return int64(number), True
    return extend(fb, fb.expr(e), tv.type)


def extend(fb: FuncBuilder, value: Operand, t: Type) -> tuple[Operand, bool]:
    """An integer of type t as i64, and whether t is signed."""
    signed = bt.is_signed(t)
    if value.type is ir.I64:
        return value, signed
    return fb.op(Op.SEXT if signed else Op.ZEXT, ir.I64, value), signed


def bounds(fb: FuncBuilder, kind: BoundsKind, index: Operand, limit: Operand, signed: bool, pos: Pos) -> None:
    """Check, unless both are constants that fit."""
    if type(index) is Const and type(limit) is Const:
        fits = index.value < limit.value if kind is BoundsKind.INDEX else index.value <= limit.value
        if fits:
            return
    if type(index) is Const and index.value == 0 and kind is not BoundsKind.INDEX and kind is not BoundsKind.CONVERT:
        return  # 0 is within anything
    fb.do(Op.BOUNDS, index, limit, aux=Bounds(kind, signed), pos=pos)


def element(fb: FuncBuilder, base: Mem, index: Operand, size: int) -> Mem:
    """The place of an element, after the check."""
    if not size:
        return base
    if type(index) is Const:
        return Mem(base.addr, base.off + int(index.value) * size)
    return Mem(fb.op(Op.INDEX, ir.PTR, fb.address(base), index, aux=size))


@builds(LOC, ast.Index)
def index_loc(fb: FuncBuilder, e: ast.Index) -> Loc:
    inner = instantiated_name(e, fb.mod)
    if inner is not e:
        return fb.loc(inner)
    u = under(fb.type_of(e.x))
    if isinstance(u, Map):
        from morestack.irbuild.map import map_index

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
            return fb.zero(ir_type(u.elem))  # not reached
        return fb.extract(loc, 0)  # arrays in registers have one element
    s = fb.expr(e.x)  # a string
    index, signed = index_value(fb, i)
    bounds(fb, BoundsKind.INDEX, index, fb.extract(s, 1), signed, pos)
    return element(fb, Mem(fb.extract(s, 0)), index, 1)


@builds(EXPR, ast.Slice)
def slice_expr(fb: FuncBuilder, e: ast.Slice) -> Operand:
    """`x[lo:hi:max]`: checks max, hi, lo in gc's order; a slice of no capacity keeps the base pointer."""
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
    return _slice_result(fb, is_string, base, lo, hi, limit, 1 if elem is None else ir_type(elem).size)


def _slice_result(
    fb: FuncBuilder, is_string: bool, base: Operand, lo: Operand, hi: Operand, limit: Operand, size: int
) -> Operand:
    if type(lo) is Const and lo.value == 0:
        return fb.make(ir.STRING, base, hi) if is_string else fb.make(ir.SLICE, base, hi, limit)
    length = difference(fb, hi, lo)
    room = length if is_string else difference(fb, limit, lo)
    # the pointer must not move past the end of the array when nothing is left
    if type(room) is Const:
        start = base if room.value == 0 else fb.op(Op.INDEX, ir.PTR, base, lo, aux=size)
    else:
        moved = fb.op(Op.INDEX, ir.PTR, base, lo, aux=size)
        start = fb.op(Op.SELECT, ir.PTR, fb.op(Op.EQ, ir.BOOL, room, int64(0)), base, moved)
    return fb.make(ir.STRING, start, length) if is_string else fb.make(ir.SLICE, start, length, room)


def difference(fb: FuncBuilder, a: Operand, b: Operand) -> Operand:
    if type(a) is Const and type(b) is Const:
        return int64(int(a.value) - int(b.value))
    return fb.op(Op.SUB, ir.I64, a, b)


# -- addresses -------------------------------------------------------------------------------------


def address_of(fb: FuncBuilder, e: ast.Expr) -> Operand:
    """`&e` of an addressable operand or a composite literal."""
    inner = unparen(e)
    if isinstance(inner, ast.CompositeLit):
        t = fb.type_of(inner)
        from morestack.irbuild.literal import literal_into

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
