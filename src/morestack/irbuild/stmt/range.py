"""`for ... range`: the operand is evaluated once; arrays are copied only if their values are used.

If the statement declares the key and value variables, each iteration has its own. Hidden counters are named
registers, because they are written more than once.
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Reg
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.emit.emitter import NULL, ONE64, ZERO64, Loc, Mem, int64
from morestack.irbuild.emit.memory import element
from morestack.irbuild.expr.order import has_call
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.stmt.bind import bind
from morestack.irbuild.stmt.place import is_blank, left_type
from morestack.irbuild.stmt.rangefunc import range_func
from morestack.syntax import nodes as ast
from morestack.types.core.types import INT, RUNE, Array, Basic, Chan, Map, Pointer, Signature, Slice, Traits, Type

ITERATOR = ir.array(ir.PTR, 12)
"""A map iterator, whose first two words are the addresses of key and value."""


def range_stmt(fb: FuncBuilder, s: ast.Range) -> None:
    """Build a range statement, depending on the type of its operand."""
    u = under(fb.type_of(s.x))
    if isinstance(u, Basic):
        if u.traits & Traits.STRING:
            _string(fb, s)
        else:
            _integer(fb, s)
    elif isinstance(u, Slice):
        _slice(fb, s, u)
    elif isinstance(u, Array):
        _array(fb, s, u)
    elif isinstance(u, Pointer):
        array = under(u.elem)
        assert isinstance(array, Array)
        _array_pointer(fb, s, array)
    elif isinstance(u, Chan):
        _chan(fb, s, u)
    elif isinstance(u, Map):
        _map(fb, s, u)
    else:
        assert isinstance(u, Signature)
        range_func(fb, s, u)


def _wanted(e: ast.Expr | None) -> bool:
    return e is not None and not is_blank(e)


class Loop:
    """The blocks of a counting loop: `head` tests, `post` counts."""

    def __init__(self, fb: FuncBuilder, s: ast.Range) -> None:
        self.head, self.body, self.post, self.done = (fb.new_block() for _ in range(4))
        fb.breaks[s], fb.continues[s] = self.done, self.post


def _count(fb: FuncBuilder, s: ast.Range, limit: Operand) -> tuple[Loop, Reg]:
    """Start `for i := 0; i < limit; i++`, and continue in the body."""
    loop = Loop(fb, s)
    i = fb.f.reg(ir.I64, "i_")
    fb.set(i, ZERO64)
    fb.jump(loop.head)
    fb.start(loop.head)
    fb.branch(fb.op(Op.SLT, ir.BOOL, i, limit), loop.body, loop.done)
    fb.start(loop.body)
    return loop, i


def _count_end(fb: FuncBuilder, s: ast.Range, loop: Loop, i: Reg) -> None:
    fb.stmts(s.body.stmts)
    fb.jump(loop.post)
    fb.start(loop.post)
    fb.assign(i, fb.op(Op.ADD, ir.I64, i, ONE64))
    fb.jump(loop.head)
    fb.start(loop.done)


def _integer(fb: FuncBuilder, s: ast.Range) -> None:
    """Build `for i := range n`: i has the type of n or, if n is an untyped constant, that of the variable."""
    t = fb.type_of(s.x)
    if s.key is not None and not is_blank(s.key) and bt.traits(t) & Traits.UNTYPED:
        t = left_type(fb, s.key) or t
    it = ir_type(t)
    limit = fb.copy(fb.expr(s.x))
    if isinstance(limit, Const) and limit.type is not it:
        limit = Const(it, int(limit.value) & ((1 << (it.size * 8)) - 1))
    loop = Loop(fb, s)
    i = fb.f.reg(it, "i_")
    fb.set(i, Const(it, 0))
    fb.jump(loop.head)
    fb.start(loop.head)
    less = Op.SLT if bt.is_signed(t) else Op.ULT
    fb.branch(fb.op(less, ir.BOOL, i, limit), loop.body, loop.done)
    fb.start(loop.body)
    if _wanted(s.key):
        bind(fb, s, [(fb.copy(i), t)])
    fb.stmts(s.body.stmts)
    fb.jump(loop.post)
    fb.start(loop.post)
    fb.assign(i, fb.op(Op.ADD, it, i, Const(it, 1)))
    fb.jump(loop.head)
    fb.start(loop.done)


def _element(fb: FuncBuilder, base: Mem, i: Operand, elem: Type) -> Loc:
    t = ir_type(elem)
    place = element(fb, base, i, t.size)
    return fb.load(place, t) if is_ssa(t) else place


def _slice(fb: FuncBuilder, s: ast.Range, u: Slice) -> None:
    whole = fb.copy(fb.expr(s.x))
    base, length = fb.extract(whole, 0), fb.extract(whole, 1)
    loop, i = _count(fb, s, length)
    values: list[tuple[Loc, Type]] = [(fb.copy(i) if _wanted(s.key) else i, INT)]
    if _wanted(s.value):
        values.append((_element(fb, Mem(base), i, u.elem), u.elem))
    bind(fb, s, values)
    _count_end(fb, s, loop, i)


def _array(fb: FuncBuilder, s: ast.Range, u: Array) -> None:
    place: Loc | None = None
    if _wanted(s.value):
        t = ir_type(fb.type_of(s.x))
        if is_ssa(t):
            place = fb.copy(fb.expr(s.x))
        else:
            place = fb.temp(t)
            fb.into(s.x, place)
    elif fb.types[s.x].value is None:
        if has_call(fb, s.x):  # without calls only the length is needed, which is constant
            fb.loc(s.x)
    loop, i = _count(fb, s, int64(u.len))
    values: list[tuple[Loc, Type]] = [(fb.copy(i) if _wanted(s.key) else i, INT)]
    if isinstance(place, Mem):
        values.append((_element(fb, place, i, u.elem), u.elem))
    elif place is not None:
        values.append((fb.extract(place, 0) if u.len else fb.zero(ir_type(u.elem)), u.elem))
    bind(fb, s, values)
    _count_end(fb, s, loop, i)


def _array_pointer(fb: FuncBuilder, s: ast.Range, array: Array) -> None:
    p = fb.copy(fb.expr(s.x))
    loop, i = _count(fb, s, int64(array.len))
    values: list[tuple[Loc, Type]] = [(fb.copy(i) if _wanted(s.key) else i, INT)]
    if _wanted(s.value):
        fb.nil_check(p, fb.pos(s.x))
        values.append((_element(fb, Mem(p), i, array.elem), array.elem))
    bind(fb, s, values)
    _count_end(fb, s, loop, i)


def _string(fb: FuncBuilder, s: ast.Range) -> None:
    """Build a range over a string: bytes below 0x80 are runes, and the runtime decodes all others."""
    whole = fb.copy(fb.expr(s.x))
    base, length = fb.extract(whole, 0), fb.extract(whole, 1)
    loop = Loop(fb, s)
    i, following = fb.f.reg(ir.I64, "i_"), fb.f.reg(ir.I64, "next_")
    rune = fb.f.reg(ir.I32, "rune_")
    fb.set(i, ZERO64)
    fb.jump(loop.head)
    fb.start(loop.head)
    decode, decoded = fb.new_block(), fb.new_block()
    fb.branch(fb.op(Op.SLT, ir.BOOL, i, length), loop.body, loop.done)
    fb.start(loop.body)
    byte = fb.load(Mem(fb.op(Op.INDEX, ir.PTR, base, i, aux=1)), ir.I8)
    fb.set(rune, fb.op(Op.ZEXT, ir.I32, byte))
    fb.set(following, fb.op(Op.ADD, ir.I64, i, ONE64))
    fb.branch(fb.op(Op.ULT, ir.BOOL, byte, Const(ir.I8, 0x80)), decoded, decode)
    fb.start(decode)
    answer = fb.rt("decoderune", whole, i)
    fb.set(rune, fb.op(Op.TRUNC, ir.I32, fb.op(Op.LSHR, ir.I64, answer, int64(32))))
    fb.set(following, fb.op(Op.AND, ir.I64, answer, int64(0xFFFF_FFFF)))
    fb.jump(decoded)
    fb.start(decoded)
    bind(fb, s, [(fb.copy(i), INT), (fb.copy(rune), RUNE)])
    fb.stmts(s.body.stmts)
    fb.jump(loop.post)
    fb.start(loop.post)
    fb.set(i, following)
    fb.jump(loop.head)
    fb.start(loop.done)


def _chan(fb: FuncBuilder, s: ast.Range, u: Chan) -> None:
    ch = fb.copy(fb.expr(s.x))
    head, body, done = fb.new_block(), fb.new_block(), fb.new_block()
    fb.breaks[s], fb.continues[s] = done, head
    t = ir_type(u.elem)
    fb.jump(head)
    fb.start(head)
    room = fb.temp(t) if _wanted(s.key) else None
    received = fb.rt("chanrecv", ch, room.addr if room is not None else NULL, pos=fb.pos(s))
    fb.branch(fb.op(Op.NE, ir.BOOL, received, ZERO64), body, done)
    fb.start(body)
    if room is not None:
        bind(fb, s, [(fb.load(room, t) if is_ssa(t) else room, u.elem)])
    fb.stmts(s.body.stmts)
    fb.jump(head)
    fb.start(done)


def _map(fb: FuncBuilder, s: ast.Range, u: Map) -> None:
    m = fb.copy(fb.expr(s.x))
    loop = Loop(fb, s)
    iterator = fb.f.object(ITERATOR, "hiter")
    at = fb.op(Op.ADDR, ir.PTR, aux=iterator)
    fb.do(Op.CLEAR, at, aux=ITERATOR)
    fb.rt_do("mapiterinit", fb.mod.type_symbol(fb.type_of(s.x)), m, at, pos=fb.pos(s))
    fb.jump(loop.head)
    fb.start(loop.head)
    at = fb.op(Op.ADDR, ir.PTR, aux=iterator)
    key = fb.load(Mem(at), ir.PTR)
    fb.branch(fb.op(Op.NE, ir.BOOL, key, NULL), loop.body, loop.done)
    fb.start(loop.body)
    values: list[tuple[Loc, Type]] = [(_through(fb, key, u.key) if _wanted(s.key) else key, u.key)]
    if _wanted(s.value):
        value = fb.load(Mem(fb.op(Op.ADDR, ir.PTR, aux=iterator), 8), ir.PTR)
        values.append((_through(fb, value, u.elem), u.elem))
    bind(fb, s, values)
    fb.stmts(s.body.stmts)
    fb.jump(loop.post)
    fb.start(loop.post)
    fb.rt_do("mapiternext", fb.op(Op.ADDR, ir.PTR, aux=iterator), pos=fb.pos(s))
    fb.jump(loop.head)
    fb.start(loop.done)


def _through(fb: FuncBuilder, p: Operand, t: Type) -> Loc:
    it = ir_type(t)
    return fb.load(Mem(p), it) if is_ssa(it) else Mem(p)
