"""Builtin functions. Each builder returns the value, or None for a builtin without a value."""

from __future__ import annotations

from collections.abc import Callable

from morestack.ir import representation as bt
from morestack.ir.module import Operand, Pos
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, under
from morestack.irbuild.emit.arith import float_extreme
from morestack.irbuild.emit.compare import less
from morestack.irbuild.emit.emitter import int64
from morestack.irbuild.emit.print import print_value
from morestack.irbuild.expr.append import append, clear, copy
from morestack.irbuild.expr.make import make, new, unsafe_add, unsafe_slice, unsafe_string
from morestack.irbuild.expr.multi import multi_value
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.expr.value import into_as, value_as
from morestack.irbuild.func import FuncBuilder
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, unparen
from morestack.types.core.info import Mode, TypeAndValue
from morestack.types.core.objects import Builtin, BuiltinId
from morestack.types.core.sizes import alignof, offsetsof, sizeof
from morestack.types.core.types import Array, Chan, Interface, Map, Pointer, Struct, Traits, Tuple

B = BuiltinId


ANY = Interface((), ())


def builtin(fb: FuncBuilder, e: ast.Call) -> Operand | None:
    """Build a call of a builtin, through the table of builders."""
    fun = unparen(e.fun)
    name = fun.sel if isinstance(fun, ast.Selector) else fun
    assert isinstance(name, ast.Name)
    obj = fb.info.uses[name]
    assert isinstance(obj, Builtin)
    handler = _BUILTINS.get(obj.id)
    if handler is None:
        raise InternalError("ir.build", f"builtin {obj.name} is not a constant", e.span)
    if len(e.args) == 1 and isinstance(fb.type_of_or_none(e.args[0]), Tuple):
        e = _spread(fb, e)
    return handler(fb, e, fb.pos(e, e.lparen))


def _spread(fb: FuncBuilder, e: ast.Call) -> ast.Call:
    """For calls such as `append(f())`, return the call with the results of f, already evaluated, as arguments."""
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
    if isinstance(u, Array):  # not constant, because the operand has calls or receives
        fb.loc(arg)
        return int64(u.len)
    x = fb.expr(arg)
    if isinstance(u, Map):
        return fb.rt("maplen", x)
    if isinstance(u, Chan):
        return fb.rt(chan, x)
    return fb.extract(x, field)


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
        print_value(fb, v, fb.type_of(a))
    if line:
        fb.rt_do("printnl")
    fb.rt_do("printunlock")


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
            best = float_extreme(fb, best, v, largest)
        else:
            first, second = (best, v) if largest else (v, best)
            replace = less(fb, BinaryOp.LSS, first, second, t)
            best = fb.op(Op.SELECT, v.type, replace, v, best)
    return best


def _complex(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    ordered(fb, e.args)
    t = ir_type(fb.type_of(e))
    re = fb.copy(fb.expr(e.args[0]))
    return fb.make(t, re, fb.copy(fb.expr(e.args[1])))


def _real(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return fb.extract(fb.expr(e.args[0]), 0)


def _imag(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return fb.extract(fb.expr(e.args[0]), 1)


def _data(fb: FuncBuilder, e: ast.Call, pos: Pos) -> Operand:
    return fb.extract(fb.expr(e.args[0]), 0)


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
    B.APPEND: append,
    B.CAP: _cap,
    B.CLEAR: clear,
    B.CLOSE: _close,
    B.COMPLEX: _complex,
    B.COPY: copy,
    B.DELETE: _delete,
    B.IMAG: _imag,
    B.LEN: _len,
    B.MAKE: make,
    B.MAX: _max,
    B.MIN: _min,
    B.NEW: new,
    B.OFFSETOF: _offsetof,
    B.PANIC: _panic,
    B.PRINT: _print,
    B.PRINTLN: _println,
    B.REAL: _real,
    B.RECOVER: _recover,
    B.SIZEOF: _sizeof,
    B.ADD: unsafe_add,
    B.SLICE: unsafe_slice,
    B.SLICE_DATA: _data,
    B.STRING: unsafe_string,
    B.STRING_DATA: _data,
}
