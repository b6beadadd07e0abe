"""Interface values: boxing, conversions between interfaces, type assertions.

A value that is one pointer is the data word itself, as in gc. Others are boxed: constants point to read-only
data, single bytes into a shared table, the rest to a copy on the stack or the heap, as escape analysis says.
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos, Reg, Sym
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.ir.types import IRType
from morestack.irbuild.compare import type_word
from morestack.irbuild.func import EXPR, INTO, NULL, FuncBuilder, Loc, Mem, builds
from morestack.syntax import nodes as ast
from morestack.types.core.info import Mode
from morestack.types.core.types import Type
from morestack.types.identity.identical import identical


def value_as(fb: FuncBuilder, e: ast.Node, target: Type | None) -> Operand:
    """The value of e where the context wants type `target`: e is boxed when that is an interface."""
    assert target is not None
    tv = fb.types.get(e)
    source = fb.type_of(e) if tv is None else tv.type
    if source is target or not bt.is_interface(target):
        return fb.expr(e)
    if tv is not None and tv.mode is Mode.NIL:
        return fb.zero(ir.IFACE)
    if bt.is_interface(source):
        if tv is not None and tv.value is not None:
            return _box_untyped(fb, e, target)
        return iface_to_iface(fb, fb.expr(e), source, target)
    return box(fb, e, source, target, fb.mod.escapes.box_escapes(e))


def into_as(fb: FuncBuilder, e: ast.Node, target: Type | None, to: Mem) -> None:
    """As `value_as`, stored: large values go straight to their place."""
    if is_ssa(ir_type(target)):
        fb.store(to, value_as(fb, e, target))
    else:
        fb.into(e, to)


def type_word_for(fb: FuncBuilder, source: Type, target: Type) -> Operand:
    """Word 0 of a value of concrete type `source` in interface `target`."""
    if bt.is_empty_interface(target):
        return fb.mod.dynamic_type(source)
    return fb.mod.itab(source, target)


def box(fb: FuncBuilder, e: ast.Node, source: Type, target: Type, escapes: bool) -> Operand:
    """A concrete value in an interface."""
    t = ir_type(source)
    if is_ssa(t):
        data = box_value(fb, fb.expr(e), source, escapes, fb.pos(e))
    elif escapes:
        loc = fb.loc(e)
        m = Mem(fb.new_object(source, fb.pos(e)))
        if isinstance(loc, Mem):
            fb.move(m, loc, t)
        else:
            fb.store(m, loc)
        data = m.addr
    else:
        m = fb.temp(t)
        fb.into(e, m)
        data = m.addr
    return fb.make(ir.IFACE, type_word_for(fb, source, target), data)


def _box_untyped(fb: FuncBuilder, e: ast.Node, target: Type) -> Operand:
    """A constant whose recorded type is the interface itself."""
    from morestack.irbuild.convert import constant, default_type_of

    tv = fb.types[e]
    assert tv.value is not None
    source = default_type_of(tv.value)
    value = constant(fb, tv.value, source)
    data = box_value(fb, value, source, fb.mod.escapes.box_escapes(e), fb.pos(e))
    return fb.make(ir.IFACE, type_word_for(fb, source, target), data)


def box_into(fb: FuncBuilder, value: Operand, source: Type, target: Type, pos: Pos) -> Operand:
    """A value in a register as the (interface or same) type target; what must be copied goes to the heap."""
    if source is target or not bt.is_interface(target):
        return value
    if bt.is_interface(source):
        return iface_to_iface(fb, value, source, target)
    return fb.make(ir.IFACE, type_word_for(fb, source, target), box_value(fb, value, source, True, pos))


def box_value(fb: FuncBuilder, value: Operand, source: Type, escapes: bool, pos: Pos) -> Operand:
    """The data word for a value in a register."""
    t = value.type
    if bt.is_pointer_shaped(source):
        return to_word(fb, value)
    if not t.size:
        return fb.mod.zero_value()
    fixed = _constant_data(fb, value)
    if fixed is not None:
        return fixed
    if t.size == 1:
        scalar = to_scalar(fb, value)
        wide = fb.op(Op.ZEXT, ir.I64, scalar)
        return fb.op(Op.INDEX, ir.PTR, fb.mod.small_values(), wide, aux=8)
    m = Mem(fb.new_object(source, pos)) if escapes else fb.temp(t)
    fb.store(m, value)
    return m.addr


def _constant_data(fb: FuncBuilder, value: Operand) -> Operand | None:
    """Read-only data when the value is a constant."""
    from morestack.irbuild.static import scalar_bytes

    if isinstance(value, Const):
        return fb.mod.readonly(value.type, scalar_bytes(value))
    fields = fb.made.get(value) if isinstance(value, Reg) else None
    t = value.type
    if fields is None or not isinstance(t, ir.Struct) or not all(isinstance(f, Const | Sym) for f in fields):
        return None
    data = bytearray(t.size)
    relocs: list[tuple[int, Sym]] = []
    for f, offset in zip(fields, t.offsets, strict=True):
        if isinstance(f, Sym):
            relocs.append((offset, f))
        elif isinstance(f, Const):
            data[offset : offset + f.type.size] = scalar_bytes(f)
    if not relocs:
        return fb.mod.readonly(t, bytes(data))
    return fb.mod.static(t, bytes(data), tuple(relocs), "const", readonly=True)


def to_word(fb: FuncBuilder, value: Operand) -> Operand:
    """The pointer inside a pointer-shaped value."""
    while value.type is not ir.PTR:
        value = fb.extract(value, sized_part(value.type))
    return value


def sized_part(t: IRType) -> int:
    """The number of the first part of a struct or array that is not empty."""
    if isinstance(t, ir.Struct):
        return next(n for n, f in enumerate(t.fields) if f.size)
    return 0


def to_scalar(fb: FuncBuilder, value: Operand) -> Operand:
    """The one scalar of a one-byte struct or array."""
    while not isinstance(value.type, ir.Scalar):
        value = fb.extract(value, sized_part(value.type))
    return value


def from_word(fb: FuncBuilder, word: Operand, t: IRType) -> Operand:
    """A pointer-shaped value of type t from its pointer."""
    if t is ir.PTR:
        return word
    if isinstance(t, ir.Struct):
        n = sized_part(t)
        return fb.make(t, *[from_word(fb, word, f) if i == n else fb.zero(f) for i, f in enumerate(t.fields)])
    assert isinstance(t, ir.Array)
    return fb.make(t, from_word(fb, word, t.elem))


def unbox_loc(fb: FuncBuilder, data: Operand, t: Type) -> Loc:
    """The value of concrete type t behind a data word."""
    if bt.is_pointer_shaped(t):
        return from_word(fb, data, ir_type(t))
    return Mem(data)


def unbox(fb: FuncBuilder, data: Operand, t: Type) -> Operand:
    loc = unbox_loc(fb, data, t)
    return fb.load(loc, ir_type(t)) if isinstance(loc, Mem) else loc


def _itab_or_nil(fb: FuncBuilder, have: Operand, target: Type) -> Reg:
    """The itab of dynamic type `have` for target; nil when there is no type, or it does not implement target."""
    result = fb.f.reg(ir.PTR)
    fb.set(result, NULL)
    some, done = fb.new_block(), fb.new_block()
    fb.branch(fb.op(Op.EQ, ir.BOOL, have, NULL), done, some)
    known = set(fb.nonnil)
    fb.start(some, keep=True)
    fb.set(result, fb.rt("getitab", fb.mod.type_symbol(target), have))
    fb.jump(done)
    fb.start(done)
    fb.nonnil = known
    return result


def iface_to_iface(fb: FuncBuilder, value: Operand, source: Type, target: Type) -> Operand:
    """From one interface type to another that it is known to implement; nil stays nil."""
    if bt.is_empty_interface(target):
        if bt.is_empty_interface(source):
            return value
        return fb.make(ir.IFACE, type_word(fb, value, source), fb.extract(value, 1))
    if identical(bt.under(source), bt.under(target)):
        return value
    itab = _itab_or_nil(fb, type_word(fb, value, source), target)
    return fb.make(ir.IFACE, itab, fb.extract(value, 1))


# -- type assertions -------------------------------------------------------------------------------


def assertion_test(fb: FuncBuilder, have: Operand, target: Type) -> tuple[Operand, Operand]:
    """Does dynamic type `have` (nil: none) meet the assertion? The answer, and word 0 for an interface target."""
    if not bt.is_interface(target):
        return fb.op(Op.EQ, ir.BOOL, have, fb.mod.dynamic_type(target)), NULL
    if bt.is_empty_interface(target):
        return fb.op(Op.NE, ir.BOOL, have, NULL), have
    itab = _itab_or_nil(fb, have, target)
    return fb.op(Op.NE, ir.BOOL, itab, NULL), itab


def asserted(fb: FuncBuilder, word: Operand, data: Operand, target: Type) -> Loc:
    """The value of an assertion that holds."""
    if bt.is_interface(target):
        return fb.make(ir.IFACE, word, data)
    return unbox_loc(fb, data, target)


def _assert_or_panic(fb: FuncBuilder, e: ast.TypeAssert) -> Loc:
    source = fb.type_of(e.x)
    target = assert_target(fb, e)
    value = fb.copy(fb.expr(e.x))
    have = type_word(fb, value, source)
    data = fb.extract(value, 1)
    good, bad = fb.new_block(), fb.new_block()
    holds, word = assertion_test(fb, have, target)
    fb.branch(holds, good, bad)
    known = set(fb.nonnil)
    fb.start(bad, keep=True)
    mod = fb.mod
    if bt.is_interface(target):
        fb.never("panicassert", have, mod.type_symbol(target), pos=fb.pos(e))
    else:
        fb.never("panicdottype", have, mod.type_symbol(target), mod.type_symbol(source), pos=fb.pos(e))
    fb.start(good)
    fb.nonnil = known
    return asserted(fb, word, data, target)


def assert_target(fb: FuncBuilder, e: ast.TypeAssert) -> Type:
    """T of `x.(T)`."""
    assert e.type is not None
    return fb.types[e.type].type


@builds(EXPR, ast.TypeAssert)
def type_assert(fb: FuncBuilder, e: ast.TypeAssert) -> Operand:
    loc = _assert_or_panic(fb, e)
    return fb.load(loc, ir_type(assert_target(fb, e))) if isinstance(loc, Mem) else loc


@builds(INTO, ast.TypeAssert)
def type_assert_into(fb: FuncBuilder, e: ast.TypeAssert, to: Mem) -> None:
    loc = _assert_or_panic(fb, e)
    assert isinstance(loc, Mem)
    fb.move(to, loc, ir_type(assert_target(fb, e)))


def comma_ok(fb: FuncBuilder, e: ast.TypeAssert) -> tuple[Loc, Operand]:
    """`v, ok := x.(T)`: a zero v when it does not hold."""
    source, target = fb.type_of(e.x), assert_target(fb, e)
    value = fb.copy(fb.expr(e.x))
    have = type_word(fb, value, source)
    data = fb.extract(value, 1)
    holds, word = assertion_test(fb, have, target)
    t = ir_type(target)
    good, bad, done = fb.new_block(), fb.new_block(), fb.new_block()
    result: Loc = fb.f.reg(t) if is_ssa(t) else fb.temp(t)
    fb.branch(holds, good, bad)
    fb.start(good, keep=True)
    if isinstance(result, Reg):
        found = asserted(fb, word, data, target)
        fb.set(result, fb.load(found, t) if isinstance(found, Mem) else found)
    elif isinstance(result, Mem):
        fb.move(result, Mem(data), t)
    fb.jump(done)
    fb.start(bad)
    if isinstance(result, Reg):
        fb.set(result, fb.zero(t))
    elif isinstance(result, Mem):
        fb.clear(result, t)
    fb.jump(done)
    fb.start(done)
    return result, holds
