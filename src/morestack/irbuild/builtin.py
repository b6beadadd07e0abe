"""Builtin functions. Each builder gives the value, or None where there is none."""

from __future__ import annotations

from collections.abc import Callable

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.compare import less
from morestack.irbuild.expr import extend
from morestack.irbuild.func import ZERO64, FuncBuilder, Mem, int64, unparen
from morestack.irbuild.iface import into_as, value_as
from morestack.irbuild.order import ordered
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp
from morestack.types.const import exact
from morestack.types.core.info import Mode, TypeAndValue
from morestack.types.core.objects import Builtin, BuiltinId
from morestack.types.core.sizes import alignof, offsetsof, sizeof
from morestack.types.core.types import (
    Array,
    Basic,
    Chan,
    Interface,
    Map,
    Pointer,
    Slice,
    Struct,
    Traits,
    Tuple,
    Type,
)

B = BuiltinId
ANY = Interface((), ())
MAX_STACK_SLICE = 64 << 10
"""make([]T, n) with a constant n stays in the frame up to this size, as in gc."""


def builtin(fb: FuncBuilder, e: ast.Call) -> Operand | None:
    fun = unparen(e.fun)
    name = fun.sel if isinstance(fun, ast.Selector) else fun
    assert isinstance(name, ast.Name)
    obj = fb.info.uses[name]
    assert isinstance(obj, Builtin)
    handler = _BUILTINS.get(obj.id)
    if handler is None:
        raise InternalError("ir.build", f"builtin {obj.name} is no constant", e.span)
    if len(e.args) == 1 and isinstance(fb.type_of_or_none(e.args[0]), Tuple):
        e = _spread(fb, e)
    return handler(fb, e, fb.pos(e, e.lparen))


def _spread(fb: FuncBuilder, e: ast.Call) -> ast.Call:
    """`append(f())` and the like: the call with f's results as its arguments, already evaluated."""
    from morestack.irbuild.assign import multi_value

    args: list[ast.Expr] = []
    for value, t in multi_value(fb, e.args[0]):
        name = ast.Name(e.args[0].span, "result")
        fb.types[name] = TypeAndValue(Mode.VALUE, t)
        fb.saved[name] = value
        args.append(name)
    spread = ast.Call(e.span, e.fun, tuple(args), e.has_dots, e.lparen)
    tv = fb.types.get(e)
    if tv is not None:
        fb.types[spread] = tv
    return spread


def _len(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return _size(fb, e, pos, 1, "chanlen")


def _cap(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return _size(fb, e, pos, 2, "chancap")


def _size(fb: FuncBuilder, e: ast.Call, pos: Pos, field: int, chan: str) -> Operand:
    (arg,) = e.args
    u = under(fb.type_of(arg))
    if isinstance(u, Pointer):
        u = under(u.elem)
    if isinstance(u, Array):  # not constant: the operand has calls or receives
        fb.loc(arg)
        return int64(u.len)
    x = fb.expr(arg)
    if isinstance(u, Map):
        return fb.rt("maplen", x)
    if isinstance(u, Chan):
        return fb.rt(chan, x)
    return fb.extract(x, field)


def _append(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    t = under(fb.type_of(e))
    assert isinstance(t, Slice)
    ordered(fb, e.args)
    first = value_as(fb, e.args[0], fb.type_of(e))
    old = fb.copy(first)
    if e.has_dots:
        return _append_slice(fb, e, t, old, pos)
    extra = e.args[1:]
    if not extra:
        return old
    et = ir_type(t.elem)
    values: list[Operand | Mem] = []
    for a in extra:
        if is_ssa(et):
            values.append(fb.copy(value_as(fb, a, t.elem)))
        else:  # the array may move: keep the value aside
            m = fb.temp(et)
            into_as(fb, a, t.elem, m)
            values.append(m)
    base, length = _grown(fb, old, int64(len(extra)), t.elem, pos)
    start = fb.extract(old, 1)
    for n, v in enumerate(values):
        to = Mem(fb.op(Op.INDEX, ir.PTR, fb.extract(base, 0), start, aux=et.size), n * et.size)
        if isinstance(v, Mem):
            fb.move(to, v, et)
        else:
            fb.store(to, v)
    return fb.make(ir.SLICE, fb.extract(base, 0), length, fb.extract(base, 2))


def _grown(fb: FuncBuilder, old: Operand, added: Operand, elem: Type, pos: Pos) -> tuple[Operand, Operand]:
    """A slice with room for `added` more elements, and the new length."""
    old_len, cap = fb.extract(old, 1), fb.extract(old, 2)
    length = fb.op(Op.ADD, ir.I64, old_len, added)
    grown = fb.f.reg(ir.SLICE, "s")
    fb.set(grown, old)
    grow, done = fb.new_block(), fb.new_block()
    fb.branch(fb.op(Op.ULT, ir.BOOL, cap, length), grow, done)
    known = set(fb.nonnil)
    fb.start(grow, keep=True)
    bigger = fb.rt("growslice", fb.extract(old, 0), length, cap, added, fb.mod.type_symbol(elem), pos=pos)
    fb.set(grown, bigger)
    fb.jump(done)
    fb.start(done)
    fb.nonnil = known
    return grown, length


def _append_slice(fb: FuncBuilder, e: ast.Call, t: Slice, old: Operand, pos: Pos) -> Operand:
    """`append(s, more...)`; more may be a string."""
    more = fb.copy(fb.expr(e.args[1]))
    if not isinstance(more.type, ir.Struct):  # nil
        return old
    source, added = fb.extract(more, 0), fb.extract(more, 1)
    grown, length = _grown(fb, old, added, t.elem, pos)
    size = ir_type(t.elem).size
    to = fb.op(Op.INDEX, ir.PTR, fb.extract(grown, 0), fb.extract(old, 1), aux=size)
    _memmove(fb, to, source, added, size)
    return fb.make(ir.SLICE, fb.extract(grown, 0), length, fb.extract(grown, 2))


def _memmove(fb: FuncBuilder, to: Operand, source: Operand, n: Operand, size: int) -> None:
    if not size:
        return
    count = n if size == 1 else fb.op(Op.MUL, ir.I64, n, int64(size))
    fb.rt_do("memmove", to, source, count)


def _copy(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    ordered(fb, e.args)
    to = fb.copy(fb.expr(e.args[0]))
    source = fb.copy(fb.expr(e.args[1]))
    t = under(fb.type_of(e.args[0]))
    assert isinstance(t, Slice)
    a, b = fb.extract(to, 1), fb.extract(source, 1)
    n = fb.op(Op.SELECT, ir.I64, fb.op(Op.SLT, ir.BOOL, b, a), b, a)
    _memmove(fb, fb.extract(to, 0), fb.extract(source, 0), n, ir_type(t.elem).size)
    return n


def _clear(fb: FuncBuilder, e: ast.Call, pos: Pos) -> None:
    (arg,) = e.args
    t = under(fb.type_of(arg))
    x = fb.expr(arg)
    if isinstance(t, Map):
        fb.rt_do("mapclear", fb.mod.type_symbol(fb.type_of(arg)), x, pos=pos)
        return
    assert isinstance(t, Slice)
    size = ir_type(t.elem).size
    if size:
        n = fb.extract(x, 1)
        count = n if size == 1 else fb.op(Op.MUL, ir.I64, n, int64(size))
        fb.rt_do("memclr", fb.extract(x, 0), count)


def _close(fb: FuncBuilder, e: ast.Call, pos: Pos) -> None:
    fb.rt_do("closechan", fb.expr(e.args[0]), pos=pos)


def _delete(fb: FuncBuilder, e: ast.Call, pos: Pos) -> None:
    t = fb.type_of(e.args[0])
    u = under(t)
    assert isinstance(u, Map)
    ordered(fb, e.args)
    m = fb.copy(fb.expr(e.args[0]))
    key = fb.temp(ir_type(u.key))
    into_as(fb, e.args[1], u.key, key)
    fb.rt_do("mapdelete", fb.mod.type_symbol(t), m, key.addr, pos=pos)


# -- allocation ------------------------------------------------------------------------------------


def _new(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    t = bt.pointer_base(fb.type_of(e))
    assert t is not None
    (arg,) = e.args
    escapes = fb.mod.escapes.node_escapes(e)
    if fb.types[arg].mode is Mode.TYPE:
        return fb.allocate(t, escapes, pos).addr
    if is_ssa(ir_type(t)):  # new(x): a variable with that value
        value = value_as(fb, arg, t)
        m = fb.allocate(t, escapes, pos, clear=False)
        fb.store(m, value)
        return m.addr
    room = fb.temp(ir_type(t))
    fb.into(arg, room)
    m = fb.allocate(t, escapes, pos, clear=False)
    fb.move(m, room, ir_type(t))
    return m.addr


def _length(fb: FuncBuilder, e: ast.Expr) -> Operand:
    """A size argument as i64; an unsigned one that is too large becomes negative and fails the same checks."""
    tv = fb.types[e]
    if tv.value is not None:
        number = exact.to_int(tv.value)
        assert number is not None
        return int64(number)
    value = fb.expr(e)
    return fb.copy(extend(fb, value, tv.type)[0])


def _make(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    t = fb.type_of(e)
    u = under(t)
    sizes = e.args[1:]
    ordered(fb, sizes)
    if isinstance(u, Map):
        return fb.rt("makemap", fb.mod.type_symbol(t), _length(fb, sizes[0]) if sizes else ZERO64, pos=pos)
    if isinstance(u, Chan):
        return fb.rt("makechan", fb.mod.type_symbol(t), _length(fb, sizes[0]) if sizes else ZERO64, pos=pos)
    assert isinstance(u, Slice)
    length = _length(fb, sizes[0])
    cap = _length(fb, sizes[1]) if len(sizes) > 1 else length
    et = ir_type(u.elem)
    if isinstance(cap, Const) and cap.value * et.size <= MAX_STACK_SLICE and not fb.mod.escapes.node_escapes(e):
        room = fb.allocate(Array(u.elem, int(cap.value)), False, pos).addr
        if not isinstance(length, Const):
            # a length above the capacity panics as the runtime's makeslice does
            fits = fb.op(Op.ULE, ir.BOOL, length, cap)
            bad, good = fb.new_block(), fb.new_block()
            fb.branch(fits, good, bad)
            fb.start(bad, keep=True)
            fb.rt("makeslice", fb.mod.type_symbol(u.elem), length, cap, pos=pos)
            fb.jump(good)
            fb.start(good)
        return fb.make(ir.SLICE, room, length, cap)
    base = fb.rt("makeslice", fb.mod.type_symbol(u.elem), length, cap, pos=pos)
    return fb.make(ir.SLICE, base, length, cap)


# -- panics and printing ---------------------------------------------------------------------------


def _panic(fb: FuncBuilder, e: ast.Call, pos: Pos) -> None:
    value = value_as(fb, e.args[0], ANY)
    fb.never("gopanic", value, pos=pos)
    fb.start(fb.new_block())


def _recover(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return fb.rt("gorecover", pos=pos)


def _print(fb: FuncBuilder, e: ast.Call, pos: Pos) -> None:
    _print_values(fb, e, False)


def _println(fb: FuncBuilder, e: ast.Call, pos: Pos) -> None:
    _print_values(fb, e, True)


def _print_values(fb: FuncBuilder, e: ast.Call, line: bool) -> None:
    ordered(fb, e.args)
    values = [fb.copy(fb.expr(a)) for a in e.args]
    fb.rt_do("printlock")
    for i, (a, v) in enumerate(zip(e.args, values, strict=True)):
        if i and line:
            fb.rt_do("printsp")
        _print_value(fb, v, fb.type_of(a))
    if line:
        fb.rt_do("printnl")
    fb.rt_do("printunlock")


def _print_value(fb: FuncBuilder, v: Operand, t: Type) -> None:
    u = under(t)
    if isinstance(u, Basic):
        traits = u.traits
        if traits & Traits.STRING:
            fb.rt_do("printstring", v)
        elif traits & Traits.BOOLEAN:
            fb.rt_do("printbool", v)
        elif traits & Traits.INTEGER:
            wide, signed = (v, bt.is_signed(t)) if isinstance(v, Const) and v.type is ir.I64 else extend(fb, v, t)
            fb.rt_do("printint" if signed else "printuint", wide)
        elif traits & Traits.FLOAT:
            if v.type is ir.F32:
                fb.rt_do("printfloat32", fb.op(Op.FPEXT, ir.F64, v))
            else:
                fb.rt_do("printfloat", v)
        elif traits & Traits.COMPLEX:
            if v.type is ir.COMPLEX64:
                v = fb.make(ir.COMPLEX128, *[fb.op(Op.FPEXT, ir.F64, fb.extract(v, n)) for n in (0, 1)])
                fb.rt_do("printcomplex64", v)
            else:
                fb.rt_do("printcomplex", v)
        else:
            fb.rt_do("printpointer", v)
    elif isinstance(u, Slice):
        fb.rt_do("printslice", v)
    elif isinstance(u, Interface):
        fb.rt_do("printiface", v)
    else:
        fb.rt_do("printpointer", v)


# -- min, max, complex, unsafe ---------------------------------------------------------------------


def _min(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return _extreme(fb, e, False)


def _max(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return _extreme(fb, e, True)


def _extreme(fb: FuncBuilder, e: ast.Call, largest: bool) -> Operand:
    t = fb.type_of(e)
    ordered(fb, e.args)
    values = [fb.copy(fb.expr(a)) for a in e.args]
    best = values[0]
    for v in values[1:]:
        if bt.traits(t) & Traits.FLOAT:
            best = _float_extreme(fb, best, v, largest)
        else:
            first, second = (best, v) if largest else (v, best)
            replace = less(fb, BinaryOp.LSS, first, second, t)
            best = fb.op(Op.SELECT, v.type, replace, v, best)
    return best


def _float_extreme(fb: FuncBuilder, x: Operand, y: Operand, largest: bool) -> Operand:
    """NaN when one is NaN; -0 is less than +0."""
    t = x.type
    first, second = (x, y) if largest else (y, x)
    better = fb.op(Op.SELECT, t, fb.op(Op.FLT, ir.BOOL, first, second), y, x)
    bits = ir.I64 if t is ir.F64 else ir.I32
    a, b = fb.op(Op.BITCAST, bits, x), fb.op(Op.BITCAST, bits, y)
    zero = fb.op(Op.BITCAST, t, fb.op(Op.AND if largest else Op.OR, bits, a, b))
    equal = fb.op(Op.SELECT, t, fb.op(Op.FEQ, ir.BOOL, x, y), zero, better)
    with_y = fb.op(Op.SELECT, t, fb.op(Op.FNE, ir.BOOL, y, y), y, equal)
    return fb.op(Op.SELECT, t, fb.op(Op.FNE, ir.BOOL, x, x), x, with_y)


def _complex(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    ordered(fb, e.args)
    t = ir_type(fb.type_of(e))
    re = fb.copy(fb.expr(e.args[0]))
    return fb.make(t, re, fb.copy(fb.expr(e.args[1])))


def _real(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return fb.extract(fb.expr(e.args[0]), 0)


def _imag(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return fb.extract(fb.expr(e.args[0]), 1)


def _unsafe_add(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    ordered(fb, e.args)
    p = fb.copy(fb.expr(e.args[0]))
    return fb.op(Op.INDEX, ir.PTR, p, _length(fb, e.args[1]), aux=1)


def _unsafe_slice(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    ordered(fb, e.args)
    t = under(fb.type_of(e))
    assert isinstance(t, Slice)
    p = fb.copy(fb.expr(e.args[0]))
    n = _length(fb, e.args[1])
    fb.rt_do("unsafeslice", fb.mod.type_symbol(t.elem), p, n, pos=pos)
    return fb.make(ir.SLICE, p, n, n)


def _unsafe_string(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    ordered(fb, e.args)
    p = fb.copy(fb.expr(e.args[0]))
    n = _length(fb, e.args[1])
    fb.rt_do("unsafestring", p, n, pos=pos)
    return fb.make(ir.STRING, p, n)


def _data(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return fb.extract(fb.expr(e.args[0]), 0)


# -- sizes, constants but for types that depend on type parameters ---------------------------------


def _sizeof(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return int64(sizeof(fb.type_of(e.args[0])))


def _alignof(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return int64(alignof(fb.type_of(e.args[0])))


def _offsetof(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    field = unparen(e.args[0])
    assert isinstance(field, ast.Selector)
    selection = fb.info.selections[field]
    offset, t = 0, selection.recv
    for n in selection.index:
        s = under(t)
        assert isinstance(s, Struct)
        offset += offsetsof(s)[n]
        t = bt.var_type(s.fields[n])
    return int64(offset)


_BUILTINS: dict[BuiltinId, Callable[[FuncBuilder, ast.Call, Pos], Operand | None]] = {
    B.ALIGNOF: _alignof,
    B.APPEND: _append,
    B.CAP: _cap,
    B.CLEAR: _clear,
    B.CLOSE: _close,
    B.COMPLEX: _complex,
    B.COPY: _copy,
    B.DELETE: _delete,
    B.IMAG: _imag,
    B.LEN: _len,
    B.MAKE: _make,
    B.MAX: _max,
    B.MIN: _min,
    B.NEW: _new,
    B.OFFSETOF: _offsetof,
    B.PANIC: _panic,
    B.PRINT: _print,
    B.PRINTLN: _println,
    B.REAL: _real,
    B.RECOVER: _recover,
    B.SIZEOF: _sizeof,
    B.ADD: _unsafe_add,
    B.SLICE: _unsafe_slice,
    B.SLICE_DATA: _data,
    B.STRING: _unsafe_string,
    B.STRING_DATA: _data,
}
