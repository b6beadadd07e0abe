"""Comparisons of all comparable types.

`equal` compares two places or values of one type. Structs and arrays are compared field by field, by control flow
that stops at the first difference. Memory for which equality of bytes suffices is compared as bytes. The runtime
compares long arrays of any other type. For interfaces the types are compared (never the itabs, because several
modules may have one for the same type), and the runtime compares the data.
"""

from __future__ import annotations

from collections.abc import Callable

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.emit.emitter import FALSE, TRUE, Emitter, Loc, Mem, int64
from morestack.irbuild.emit.iface import type_word, unbox_loc
from morestack.syntax.nodes import BinaryOp
from morestack.types.core.types import Array, Basic, Interface, Kind, Slice, Struct, Traits, Type

UNROLL = 4
"""The longest array that is compared element by element."""


_SIGNED = {BinaryOp.LSS: Op.SLT, BinaryOp.LEQ: Op.SLE}


_UNSIGNED = {BinaryOp.LSS: Op.ULT, BinaryOp.LEQ: Op.ULE}


_FLOAT = {BinaryOp.LSS: Op.FLT, BinaryOp.LEQ: Op.FLE}


Test = Callable[[], Operand]


def negated(fb: Emitter, result: Operand) -> Operand:
    """Emit the negation of result; a comparison that was just emitted is inverted instead."""
    if type(result) is Const:
        return FALSE if result.value else TRUE
    last = fb.block.instrs[-1] if fb.block.instrs else None
    if last is not None and last.dst == (result,):
        opposite = {Op.EQ: Op.NE, Op.FEQ: Op.FNE}.get(last.op)
        if opposite is not None:
            last.op = opposite
            return result
    return fb.op(Op.NOT, ir.BOOL, result)


def less(fb: Emitter, op: BinaryOp, x: Operand, y: Operand, t: Type) -> Operand:
    """Emit x < y or x <= y, for an ordered type."""
    traits = bt.traits(t)
    if traits & Traits.STRING:
        three_way = fb.rt("cmpstring", x, y)
        return fb.op(_SIGNED[op], ir.BOOL, three_way, int64(0))
    if traits & Traits.FLOAT:
        return fb.op(_FLOAT[op], ir.BOOL, x, y)
    return fb.op((_UNSIGNED if traits & Traits.UNSIGNED else _SIGNED)[op], ir.BOOL, x, y)


def is_nil(fb: Emitter, value: Operand) -> Operand:
    """Emit `value == nil` for pointers, funcs, maps, channels, slices and interfaces."""
    word = fb.extract(value, 0) if isinstance(value.type, ir.Struct) else value
    return fb.op(Op.EQ, ir.BOOL, word, Const(ir.PTR, 0))


def equal(fb: Emitter, x: Loc, y: Loc, t: Type, pos: Pos) -> Operand:
    """Emit x == y, where both have type t."""
    u = under(t)
    it = ir_type(t)
    if isinstance(u, Struct | Array) and not it.size:
        return TRUE
    if isinstance(x, Mem) and isinstance(y, Mem) and it.size > 16 and bt.is_plain_memory(t):
        return fb.rt("memequal", fb.address(x), fb.address(y), int64(it.size))
    if isinstance(u, Array) and u.len > UNROLL:
        assert isinstance(x, Mem) and isinstance(y, Mem)
        return fb.rt("typeequal", fb.mod.type_symbol(t), fb.address(x), fb.address(y), pos=pos)
    if isinstance(u, Struct | Array):
        return _parts_equal(fb, x, y, t, pos)
    a = fb.load(x, it) if isinstance(x, Mem) else x
    b = fb.load(y, it) if isinstance(y, Mem) else y
    return _value_equal(fb, a, b, t, pos)


def _value_equal(fb: Emitter, a: Operand, b: Operand, t: Type, pos: Pos) -> Operand:
    u = under(t)
    if isinstance(u, Interface):
        return iface_equal(fb, a, t, b, t, pos)
    if isinstance(u, Basic):
        if u.traits & Traits.STRING:
            return string_equal(fb, a, b)
        if u.traits & Traits.FLOAT:
            return fb.op(Op.FEQ, ir.BOOL, a, b)
        if u.traits & Traits.COMPLEX:

            def part(n: int) -> Test:
                return lambda: fb.op(Op.FEQ, ir.BOOL, fb.extract(a, n), fb.extract(b, n))

            return _all(fb, [part(0), part(1)])
        if u.kind is Kind.BOOL and type(b) is Const and type(a) is not Const:
            return a if b.value else fb.op(Op.NOT, ir.BOOL, a)
    if isinstance(u, Slice):
        return is_nil(fb, a)
    return fb.op(Op.EQ, ir.BOOL, a, b)


def _all(fb: Emitter, tests: list[Test]) -> Operand:
    """Emit the conjunction of several tests, which stops at the first test that fails."""
    result = fb.f.reg(ir.BOOL)
    done = fb.new_block()
    for i, test in enumerate(tests):
        value = test()
        fb.set(result, value)
        if i + 1 < len(tests):
            more = fb.new_block()
            fb.branch(value, more, done)
            fb.start(more, keep=True)
    fb.jump(done)
    fb.start(done)
    return result


def _parts_equal(fb: Emitter, x: Loc, y: Loc, t: Type, pos: Pos) -> Operand:
    u = under(t)
    parts: list[tuple[int, int, Type]] = []
    if isinstance(u, Struct):
        layout = ir_type(t)
        assert isinstance(layout, ir.Struct)
        parts = [(n, layout.offsets[n], bt.var_type(f)) for n, f in enumerate(u.fields) if f.name != "_"]
    else:
        assert isinstance(u, Array)
        size = ir_type(u.elem).size
        parts = [(n, n * size, u.elem) for n in range(u.len)]
    if not parts:
        return TRUE
    # comparisons by the runtime go last, as in gc
    parts.sort(key=lambda part: not _is_cheap(part[2]))

    def place(loc: Loc, n: int, offset: int) -> Loc:
        return Mem(loc.addr, loc.off + offset) if isinstance(loc, Mem) else fb.extract(loc, n)

    def test(n: int, offset: int, part: Type) -> Test:
        return lambda: equal(fb, place(x, n, offset), place(y, n, offset), part, pos)

    if len(parts) == 1:
        return test(*parts[0])()
    return _all(fb, [test(*part) for part in parts])


def _is_cheap(t: Type) -> bool:
    return not isinstance(under(t), Interface) and not bool(bt.traits(t) & Traits.STRING)


def string_equal(fb: Emitter, a: Operand, b: Operand) -> Operand:
    """Emit a comparison of the lengths, then of the bytes."""
    n, m = fb.extract(a, 1), fb.extract(b, 1)
    same = fb.op(Op.EQ, ir.BOOL, n, m)
    if any(type(length) is Const and length.value == 0 for length in (n, m)):
        return same
    p, q = fb.extract(a, 0), fb.extract(b, 0)
    return _all(fb, [lambda: same, lambda: fb.rt("memequal", p, q, n)])


def iface_equal(fb: Emitter, x: Operand, xt: Type, y: Operand, yt: Type, pos: Pos) -> Operand:
    """Compare two interfaces: both are nil, or they have the same dynamic type and equal data."""
    a, b = type_word(fb, x, xt), type_word(fb, y, yt)
    x_data, y_data = fb.extract(x, 1), fb.extract(y, 1)
    result = fb.f.reg(ir.BOOL)
    same, data, done = fb.new_block(), fb.new_block(), fb.new_block()
    fb.set(result, fb.op(Op.EQ, ir.BOOL, a, b))
    known = set(fb.nonnil)
    fb.branch(result, same, done)
    fb.start(same, keep=True)
    fb.branch(fb.op(Op.EQ, ir.BOOL, a, Const(ir.PTR, 0)), done, data)
    fb.start(data, keep=True)
    fb.set(result, fb.rt("efaceeq", a, x_data, y_data, pos=pos))
    fb.jump(done)
    fb.start(done)
    fb.nonnil = known
    return result


def iface_and_value(fb: Emitter, x: Operand, xt: Type, y: Loc, yt: Type, pos: Pos) -> Operand:
    """Compare an interface with a value of concrete type."""
    if isinstance(y, Mem) and is_ssa(ir_type(yt)):
        y = fb.load(y, ir_type(yt))
    have = type_word(fb, x, xt)
    data = fb.extract(x, 1)
    result = fb.f.reg(ir.BOOL)
    same, done = fb.new_block(), fb.new_block()
    fb.set(result, fb.op(Op.EQ, ir.BOOL, have, fb.mod.dynamic_type(yt)))
    known = set(fb.nonnil)
    fb.branch(result, same, done)
    fb.start(same, keep=True)
    fb.set(result, equal(fb, unbox_loc(fb, data, yt), y, yt, pos))
    fb.jump(done)
    fb.start(done)
    fb.nonnil = known
    return result
