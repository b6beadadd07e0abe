"""Composite literals, built at their destination.

Small structs become registers. In memory, the constant parts are copied from a read-only image if there are enough of
them. The other parts are stored element by element, in source order. The array of a slice literal is a frame object
or a heap cell, as escape analysis decides.
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Operand
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.emit.emitter import Loc, Mem, int64
from morestack.irbuild.emit.map import assign_slot
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.expr.static import Image, StaticBuilder, array_elements, promoted_elements, struct_elements
from morestack.irbuild.expr.value import into_as, value_as
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import Mode
from morestack.types.core.types import Array, Map, Slice, Struct, Type

IMAGE_ELEMENTS = 4
"""The least number of constant elements that are copied from an image."""


def literal(fb: FuncBuilder, e: ast.CompositeLit) -> Operand:
    """Build the value of a composite literal."""
    t = fb.type_of(e)
    u = under(t)
    base = bt.pointer_base(t)
    if base is not None:  # `&` is omitted inside another literal
        return _elided_address(fb, e, base)
    if isinstance(u, Slice):
        return _slice(fb, e, u)
    if isinstance(u, Map):
        return _map(fb, e, t, u)
    it = ir_type(t)
    if is_ssa(it):
        return _in_register(fb, e, u, it)
    m = fb.temp(it)
    literal_into(fb, e, m)
    return fb.load(m, it)


def literal_loc(fb: FuncBuilder, e: ast.CompositeLit) -> Loc:
    """Build a composite literal, in a temporary if it is large."""
    it = ir_type(fb.type_of(e))
    if is_ssa(it):
        return literal(fb, e)
    m = fb.temp(it)
    literal_into(fb, e, m)
    return m


def reads_nothing(fb: FuncBuilder, e: ast.Expr) -> bool:
    """Whether e is a constant, or a struct or array of constants, which can be built directly in the place it is
    assigned to."""
    e = unparen(e)
    tv = fb.types.get(e)
    if tv is None or e in fb.saved:
        return False
    if tv.value is not None or tv.mode is Mode.NIL:
        return True
    if not isinstance(e, ast.CompositeLit) or not isinstance(under(tv.type), Struct | Array):
        return False
    return all(reads_nothing(fb, _value_of(v)) for v in e.elements)


def _elided_address(fb: FuncBuilder, e: ast.CompositeLit, base: Type) -> Operand:
    escapes = fb.mod.escapes.pointer_escapes(e)
    m = fb.allocate(base, escapes, fb.pos(e, e.lbrace), clear=False)
    _fill(fb, e, base, m, escapes)
    return m.addr


def _in_register(fb: FuncBuilder, e: ast.CompositeLit, u: Type, it: ir.IRType) -> Operand:
    if isinstance(u, Struct):
        assert isinstance(it, ir.Struct)
        elements = struct_elements(fb.mod, e, u)
        ordered(fb, [v for _, v in elements])
        if len(elements) != len(e.elements):  # some are fields of embedded structs
            m = fb.temp(it)
            literal_into(fb, e, m)
            return fb.load(m, it)
        if not elements:
            return fb.zero(it)
        values = {n: fb.copy(_element_value(fb, v, bt.var_type(u.fields[n]))) for n, v in elements}
        return fb.make(it, *[values[n] if n in values else fb.zero(f) for n, f in enumerate(it.fields)])
    assert isinstance(u, Array)
    elements = array_elements(fb.mod, e)
    if not elements:
        return fb.zero(it)
    return fb.make(it, _element_value(fb, elements[-1][1], u.elem))


def _element_value(fb: FuncBuilder, v: ast.Expr, t: Type) -> Operand:
    if isinstance(v, ast.CompositeLit) and v not in fb.types:
        raise AssertionError("an inner literal has a type")
    elided = _elided(fb, v, t)
    if elided is not None:
        assert isinstance(v, ast.CompositeLit)
        return _elided_address(fb, v, elided)
    return value_as(fb, v, t)


def _elided(fb: FuncBuilder, v: ast.Expr, t: Type) -> Type | None:
    """Return T if v is `{...}` in the sense of `&T{...}`, else None."""
    if isinstance(v, ast.CompositeLit) and v.type is None and v not in fb.saved:
        return bt.pointer_base(t)
    return None


def literal_into(fb: FuncBuilder, e: ast.CompositeLit, to: Mem, zeroed: bool = False) -> None:
    """Build the literal at a place it does not read; `zeroed` tells that the memory is already zero."""
    _fill(fb, e, fb.type_of(e), to, zeroed)


def _fill(fb: FuncBuilder, e: ast.CompositeLit, t: Type, to: Mem, zeroed: bool) -> None:
    u = under(t)
    if isinstance(u, Struct):
        layout = ir_type(u)
        assert isinstance(layout, ir.Struct)
        parts = [(layout.offsets[n], v, bt.var_type(u.fields[n])) for n, v in struct_elements(fb.mod, e, u)]
        promoted = promoted_elements(e, t) if len(parts) != len(e.elements) else []
        parts += promoted
        complete = not promoted and len(parts) == len(u.fields) and sum(f.size for f in layout.fields) == layout.size
        _fill_parts(fb, parts, ir_type(u), to, zeroed, complete)
    elif isinstance(u, Array):
        size = ir_type(u.elem).size
        elements = array_elements(fb.mod, e)
        parts = [(n * size, v, u.elem) for n, v in elements]
        _fill_parts(fb, parts, ir_type(u), to, zeroed, len({n for n, _ in elements}) == u.len)
    else:
        fb.store(to, literal(fb, e))


def _fill_parts(
    fb: FuncBuilder,
    parts: list[tuple[int, ast.Expr, Type]],
    it: ir.IRType,
    to: Mem,
    zeroed: bool,
    complete: bool,
) -> None:
    ordered(fb, [v for _, v, _ in parts])
    if len(parts) >= IMAGE_ELEMENTS:
        rest = _image(fb, parts, it, to)
        if rest is not None:
            parts, complete = rest, True
    if not complete and not zeroed:
        fb.clear(to, it)
    for offset, v, t in parts:
        place = Mem(to.addr, to.off + offset)
        elided = _elided(fb, v, t)
        if elided is not None:
            assert isinstance(v, ast.CompositeLit)
            fb.store(place, _elided_address(fb, v, elided))
        elif is_ssa(ir_type(t)):
            fb.store(place, value_as(fb, v, t))
        elif isinstance(inner := unparen(v), ast.CompositeLit) and inner not in fb.saved:
            _fill(fb, inner, fb.type_of(inner), place, zeroed and complete is False)
        else:
            into_as(fb, v, t, place)


def _image(
    fb: FuncBuilder, parts: list[tuple[int, ast.Expr, Type]], it: ir.IRType, to: Mem
) -> list[tuple[int, ast.Expr, Type]] | None:
    """Copy the constant parts from read-only data, if there are enough; return the elements that remain to be
    stored."""
    static = StaticBuilder(fb.mod, elements_only=True)
    constants = sum(_is_constant(fb, v) for _, v, _ in parts)
    if constants < IMAGE_ELEMENTS:
        return None
    image = Image(bytearray(it.size))
    rest: list[tuple[int, ast.Expr, Type]] = []
    for offset, v, t in parts:
        trial = Image(bytearray(ir_type(t).size))
        if static.element(trial, 0, v, t):
            image.data[offset : offset + len(trial.data)] = trial.data
            image.relocs += [(offset + at, s) for at, s in trial.relocs]
        else:
            rest.append((offset, v, t))
    if image.relocs:
        source = fb.mod.static(it, bytes(image.data), tuple(image.relocs), "const", readonly=True)
    else:
        source = fb.mod.readonly(it, bytes(image.data))
    fb.do(Op.MOVE, fb.address(to), source, aux=it)
    return rest


def _is_constant(fb: FuncBuilder, v: ast.Expr) -> bool:
    tv = fb.types.get(v)
    if tv is not None and tv.value is not None:
        return True
    return isinstance(v, ast.CompositeLit) and bool(v.elements) and _is_constant(fb, _value_of(v.elements[0]))


def _value_of(e: ast.Expr) -> ast.Expr:
    return e.value if isinstance(e, ast.KeyValue) else e


def _slice(fb: FuncBuilder, e: ast.CompositeLit, u: Slice) -> Operand:
    elements = array_elements(fb.mod, e)
    length = max((n for n, _ in elements), default=-1) + 1
    escapes = fb.mod.escapes.node_escapes(e)
    array = Array(u.elem, length)
    it = ir_type(array)
    size = ir_type(u.elem).size
    parts = [(n * size, v, u.elem) for n, v in elements]
    ordered(fb, [v for _, v, _ in parts])
    if not it.size and not elements:
        return fb.make(ir.SLICE, fb.mod.zero_value(), int64(0), int64(0))
    m = fb.allocate(array, escapes, fb.pos(e, e.lbrace), clear=False)
    _fill_parts(fb, parts, it, m, escapes, len({n for n, _ in elements}) == length)
    return fb.make(ir.SLICE, m.addr, int64(length), int64(length))


def _map(fb: FuncBuilder, e: ast.CompositeLit, t: Type, u: Map) -> Operand:
    pos = fb.pos(e, e.lbrace)
    m = fb.rt("makemap", fb.mod.type_symbol(t), int64(len(e.elements)), pos=pos)
    ordered(fb, [part for kv in e.elements if isinstance(kv, ast.KeyValue) for part in (kv.key, kv.value)])
    vt = ir_type(u.elem)
    key_room = fb.temp(ir_type(u.key))
    for kv in e.elements:
        assert isinstance(kv, ast.KeyValue)
        _store_element(fb, kv.key, u.key, key_room)
        room = None
        value: Operand | None = None
        if is_ssa(vt):
            value = fb.copy(_element_value(fb, kv.value, u.elem))
        else:
            room = fb.temp(vt)
            _store_element(fb, kv.value, u.elem, room)
        slot = assign_slot(fb, t, m, key_room, fb.pos(kv))
        if value is not None:
            fb.store(slot, value)
        elif room is not None:
            fb.move(slot, room, vt)
    return m


def _store_element(fb: FuncBuilder, v: ast.Expr, t: Type, to: Mem) -> None:
    if is_ssa(ir_type(t)):
        fb.store(to, _element_value(fb, v, t))
    elif isinstance(v, ast.CompositeLit) and v not in fb.saved:
        _fill(fb, v, fb.type_of(v), to, False)
    else:
        into_as(fb, v, t, to)
