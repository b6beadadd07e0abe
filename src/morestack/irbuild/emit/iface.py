"""Interface values: boxing, conversions between interfaces, type assertions.

A value that is a single pointer is the data word itself, as in gc. Other values are boxed: the data word of a
constant points to read-only data, that of a single byte into a shared table, and any other to a copy on the stack or
the heap, as escape analysis decides.
"""

from __future__ import annotations

import struct

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos, Reg, Sym
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.ir.types import IRType
from morestack.irbuild.emit.emitter import NULL, Emitter, Loc, Mem
from morestack.types.core.types import Type
from morestack.types.identity.identical import identical


def converted(fb: Emitter, loc: Loc, source: Type, target: Type, pos: Pos) -> Loc:
    """Convert one of several values to the type of its variable."""
    if isinstance(loc, Mem):
        if not bt.is_interface(target):
            return loc
        cell = Mem(fb.new_object(source, pos))
        fb.move(cell, loc, ir_type(source))
        return fb.make(ir.IFACE, type_word_for(fb, source, target), cell.addr)
    return box_into(fb, loc, source, target, pos)


def type_word(fb: Emitter, value: Operand, t: Type) -> Operand:
    """Return the dynamic type of an interface value, or nil."""
    word = fb.extract(value, 0)
    if bt.is_empty_interface(t):
        return word
    result = fb.f.reg(ir.PTR)
    fb.set(result, word)
    some, done = fb.new_block(), fb.new_block()
    fb.branch(fb.op(Op.EQ, ir.BOOL, word, Const(ir.PTR, 0)), done, some)
    known = set(fb.nonnil)
    fb.start(some, keep=True)
    fb.set(result, fb.load(Mem(word, 8), ir.PTR))
    fb.jump(done)
    fb.start(done)
    fb.nonnil = known
    return result


def type_word_for(fb: Emitter, source: Type, target: Type) -> Operand:
    """Return word 0 of a value of concrete type `source` in interface `target`."""
    if bt.is_empty_interface(target):
        return fb.mod.dynamic_type(source)
    return fb.mod.itab(source, target)


def box_into(fb: Emitter, value: Operand, source: Type, target: Type, pos: Pos) -> Operand:
    """Convert a value in a register to target, an interface or the same type; a value that must be copied goes to the
    heap."""
    if source is target or not bt.is_interface(target):
        return value
    if bt.is_interface(source):
        return iface_to_iface(fb, value, source, target)
    return fb.make(ir.IFACE, type_word_for(fb, source, target), box_value(fb, value, source, True, pos))


def box_value(fb: Emitter, value: Operand, source: Type, escapes: bool, pos: Pos) -> Operand:
    """Return the data word for a value in a register."""
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


def _constant_data(fb: Emitter, value: Operand) -> Operand | None:
    """Return the address of read-only data if the value is a constant, else None."""
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


def to_word(fb: Emitter, value: Operand) -> Operand:
    """Return the pointer in a pointer-shaped value."""
    while value.type is not ir.PTR:
        value = fb.extract(value, sized_part(value.type))
    return value


def sized_part(t: IRType) -> int:
    """Return the number of the first non-empty part of a struct or array."""
    if isinstance(t, ir.Struct):
        return next(n for n, f in enumerate(t.fields) if f.size)
    return 0


def to_scalar(fb: Emitter, value: Operand) -> Operand:
    """Return the only scalar of a one-byte struct or array."""
    while not isinstance(value.type, ir.Scalar):
        value = fb.extract(value, sized_part(value.type))
    return value


def from_word(fb: Emitter, word: Operand, t: IRType) -> Operand:
    """Build a pointer-shaped value of type t from its pointer."""
    if t is ir.PTR:
        return word
    if isinstance(t, ir.Struct):
        n = sized_part(t)
        return fb.make(t, *[from_word(fb, word, f) if i == n else fb.zero(f) for i, f in enumerate(t.fields)])
    assert isinstance(t, ir.Array)
    return fb.make(t, from_word(fb, word, t.elem))


def unbox_loc(fb: Emitter, data: Operand, t: Type) -> Loc:
    """Return the value of concrete type t that a data word represents."""
    if bt.is_pointer_shaped(t):
        return from_word(fb, data, ir_type(t))
    return Mem(data)


def _itab_or_nil(fb: Emitter, have: Operand, target: Type) -> Reg:
    """Return the itab of dynamic type `have` for target, or nil if there is no type or it does not implement target."""
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


def iface_to_iface(fb: Emitter, value: Operand, source: Type, target: Type) -> Operand:
    """Convert from one interface type to another that it is known to implement; nil stays nil."""
    if bt.is_empty_interface(target):
        if bt.is_empty_interface(source):
            return value
        return fb.make(ir.IFACE, type_word(fb, value, source), fb.extract(value, 1))
    if identical(bt.under(source), bt.under(target)):
        return value
    itab = _itab_or_nil(fb, type_word(fb, value, source), target)
    return fb.make(ir.IFACE, itab, fb.extract(value, 1))


def assertion_test(fb: Emitter, have: Operand, target: Type) -> tuple[Operand, Operand]:
    """Test whether dynamic type `have` (nil: none) satisfies the assertion; also return word 0 for an interface
    target."""
    if not bt.is_interface(target):
        return fb.op(Op.EQ, ir.BOOL, have, fb.mod.dynamic_type(target)), NULL
    if bt.is_empty_interface(target):
        return fb.op(Op.NE, ir.BOOL, have, NULL), have
    itab = _itab_or_nil(fb, have, target)
    return fb.op(Op.NE, ir.BOOL, itab, NULL), itab


def asserted(fb: Emitter, word: Operand, data: Operand, target: Type) -> Loc:
    """Return the value of an assertion that holds."""
    if bt.is_interface(target):
        return fb.make(ir.IFACE, word, data)
    return unbox_loc(fb, data, target)


def asserted_or_panic(fb: Emitter, value: Operand, source: Type, target: Type, pos: Pos) -> Loc:
    """Emit `value.(target)`."""
    have = type_word(fb, value, source)
    data = fb.extract(value, 1)
    good, bad = fb.new_block(), fb.new_block()
    holds, word = assertion_test(fb, have, target)
    fb.branch(holds, good, bad)
    known = set(fb.nonnil)
    fb.start(bad, keep=True)
    mod = fb.mod
    if bt.is_interface(target):
        fb.never("panicassert", have, mod.type_symbol(target), pos=pos)
    else:
        fb.never("panicdottype", have, mod.type_symbol(target), mod.type_symbol(source), pos=pos)
    fb.start(good)
    fb.nonnil = known
    return asserted(fb, word, data, target)


def asserted_or_zero(fb: Emitter, value: Operand, source: Type, target: Type) -> tuple[Loc, Operand]:
    """Return the value of an assertion, or zero, and whether it holds."""
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


def scalar_bytes(c: Const) -> bytes:
    """Return the bytes of a scalar in memory."""
    if c.type is ir.F64:
        return struct.pack("<d", c.value)
    if c.type is ir.F32:
        return struct.pack("<f", c.value)
    return int(c.value).to_bytes(c.type.size, "little")
