"""Arithmetic, logic and concatenation: unary and binary operators other than comparisons."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Block, Const, Operand, Pos
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type
from morestack.ir.types import IRType
from morestack.irbuild.func import EXPR, FALSE, TRUE, FuncBuilder, builds, int64, unparen
from morestack.irbuild.order import ordered
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, UnaryOp
from morestack.types.core.types import Traits, Type

COMPARISONS = frozenset({BinaryOp.EQL, BinaryOp.NEQ, BinaryOp.LSS, BinaryOp.LEQ, BinaryOp.GTR, BinaryOp.GEQ})
_INT = {
    BinaryOp.ADD: Op.ADD,
    BinaryOp.SUB: Op.SUB,
    BinaryOp.MUL: Op.MUL,
    BinaryOp.AND: Op.AND,
    BinaryOp.OR: Op.OR,
    BinaryOp.XOR: Op.XOR,
}
_FLOAT = {BinaryOp.ADD: Op.FADD, BinaryOp.SUB: Op.FSUB, BinaryOp.MUL: Op.FMUL, BinaryOp.QUO: Op.FDIV}


@builds(EXPR, ast.Binary)
def binary(fb: FuncBuilder, e: ast.Binary) -> Operand:
    op = e.op
    if op is BinaryOp.LAND or op is BinaryOp.LOR:
        return _short_circuit(fb, e)
    if op in COMPARISONS:
        from morestack.irbuild.compare import comparison

        return comparison(fb, e)
    t = fb.type_of(e)
    if op is BinaryOp.ADD and bt.traits(t) & Traits.STRING:
        return concat(fb, _chain(fb, e), fb.pos(e, e.op_pos))
    ordered(fb, (e.x, e.y))
    x = fb.expr(e.x)
    y = fb.expr(e.y)
    if op is BinaryOp.SHL or op is BinaryOp.SHR:
        return shift(fb, op, x, y, t, fb.type_of(e.y), fb.pos(e, e.op_pos))
    return arithmetic(fb, op, x, y, t, fb.pos(e, e.op_pos))


def arithmetic(fb: FuncBuilder, op: BinaryOp, x: Operand, y: Operand, t: Type, pos: Pos) -> Operand:
    """x op y, both of numeric type t."""
    traits = bt.traits(t)
    it = ir_type(t)
    if traits & Traits.FLOAT:
        return fb.op(_FLOAT[op], it, x, y)
    if traits & Traits.COMPLEX:
        return _complex(fb, op, x, y, it)
    simple = _INT.get(op)
    if simple is not None:
        return fb.op(simple, it, x, y)
    if op is BinaryOp.AND_NOT:
        if type(y) is Const:
            flipped: Operand = Const(it, int(y.value) ^ ((1 << (it.size * 8)) - 1))
        else:
            flipped = fb.op(Op.XOR, it, y, Const(it, (1 << (it.size * 8)) - 1))
        return fb.op(Op.AND, it, x, flipped)
    if type(y) is not Const or not y.value:
        fb.do(Op.DIVCHECK, y, pos=pos)
    unsigned = bool(traits & Traits.UNSIGNED)
    if op is BinaryOp.QUO:
        return fb.op(Op.UDIV if unsigned else Op.SDIV, it, x, y)
    return fb.op(Op.UREM if unsigned else Op.SREM, it, x, y)


def shift(fb: FuncBuilder, op: BinaryOp, x: Operand, count: Operand, t: Type, count_type: Type, pos: Pos) -> Operand:
    """x << count or x >> count; a negative count panics."""
    signed = bt.is_signed(t)
    if type(count) is not Const and bt.is_signed(count_type):
        negative = fb.op(Op.SLT, ir.BOOL, count, Const(count.type, 0))
        bad, good = fb.new_block(), fb.new_block()
        fb.branch(negative, bad, good)
        fb.start(bad, keep=True)
        fb.never("panicshift", pos=pos)
        fb.start(good, keep=True)
    if count.type is not ir.I64:
        if type(count) is Const:
            count = int64(int(count.value))
        else:
            count = fb.op(Op.ZEXT, ir.I64, count)
    return fb.op(Op.SHL if op is BinaryOp.SHL else Op.ASHR if signed else Op.LSHR, ir_type(t), x, count)


# -- complex numbers -------------------------------------------------------------------------------


def _complex(fb: FuncBuilder, op: BinaryOp, x: Operand, y: Operand, t: IRType) -> Operand:
    assert isinstance(t, ir.Struct)
    part = t.fields[0]
    if op is BinaryOp.QUO:
        wide = fb.rt("complexdiv", _widen(fb, x), _widen(fb, y))
        if t is ir.COMPLEX128:
            return wide
        return fb.make(t, *[fb.op(Op.FPTRUNC, ir.F32, fb.op(Op.EXTRACT, ir.F64, wide, aux=n)) for n in (0, 1)])
    a, b, c, d = fb.extract(x, 0), fb.extract(x, 1), fb.extract(y, 0), fb.extract(y, 1)
    if op is BinaryOp.MUL:
        if part is ir.F32:  # gc multiplies in float64 and rounds once
            a, b, c, d = (fb.op(Op.FPEXT, ir.F64, v) for v in (a, b, c, d))
        w = ir.F64
        re = fb.op(Op.FSUB, w, fb.op(Op.FMUL, w, a, c), fb.op(Op.FMUL, w, b, d))
        im = fb.op(Op.FADD, w, fb.op(Op.FMUL, w, a, d), fb.op(Op.FMUL, w, b, c))
        if part is ir.F32:
            return fb.make(t, fb.op(Op.FPTRUNC, ir.F32, re), fb.op(Op.FPTRUNC, ir.F32, im))
        return fb.make(t, re, im)
    f = _FLOAT[op]
    return fb.make(t, fb.op(f, part, a, c), fb.op(f, part, b, d))


def _widen(fb: FuncBuilder, x: Operand) -> Operand:
    if x.type is ir.COMPLEX128:
        return x
    return fb.make(ir.COMPLEX128, *[fb.op(Op.FPEXT, ir.F64, fb.extract(x, n)) for n in (0, 1)])


# -- strings ---------------------------------------------------------------------------------------


def _chain(fb: FuncBuilder, e: ast.Expr) -> list[ast.Expr]:
    """The operands of `a + b + c`, which is one concatenation; constant parts stay whole."""
    parts: list[ast.Expr] = []
    at: ast.Expr = e
    while True:
        inner = unparen(at)
        tv = fb.types.get(inner)
        if isinstance(inner, ast.Binary) and (tv is None or tv.value is None) and inner not in fb.saved:
            parts.append(inner.y)
            at = inner.x
            continue
        parts.append(at)
        parts.reverse()
        return parts


def concat(fb: FuncBuilder, parts: list[ast.Expr], pos: Pos) -> Operand:
    ordered(fb, parts)
    return concat_values(fb, [fb.expr(p) for p in parts], pos)


def concat_values(fb: FuncBuilder, values: list[Operand], pos: Pos) -> Operand:
    """Concatenate strings through an array of them in the frame."""
    room = fb.temp(ir.array(ir.STRING, len(values)))
    for i, v in enumerate(values):
        m = type(room)(room.addr, i * 16)
        fb.store(m, v)
    return fb.rt("concatstrings", room.addr, int64(len(values)), pos=pos)


# -- logic -----------------------------------------------------------------------------------------


def _short_circuit(fb: FuncBuilder, e: ast.Binary) -> Operand:
    result = fb.f.reg(ir.BOOL)
    done, more = fb.new_block(), fb.new_block()
    land = e.op is BinaryOp.LAND
    cond = fb.expr(e.x)
    if type(cond) is Const:
        return fb.expr(e.y) if bool(cond.value) is land else cond
    fb.set(result, cond)
    if land:
        fb.branch(cond, more, done)
    else:
        fb.branch(cond, done, more)
    fb.start(more, keep=True)
    known = set(fb.nonnil)
    fb.set(result, fb.expr(e.y))
    fb.jump(done)
    fb.start(done)
    fb.nonnil = known
    return result


def condition(fb: FuncBuilder, e: ast.Expr, yes: Block, no: Block) -> None:
    """Jump to yes or no by e; `&&`, `||` and `!` become control flow."""
    inner = unparen(e)
    tv = fb.types.get(inner)
    if inner not in fb.saved and (tv is None or tv.value is None):
        if isinstance(inner, ast.Binary) and inner.op in (BinaryOp.LAND, BinaryOp.LOR):
            more = fb.new_block()
            if inner.op is BinaryOp.LAND:
                condition(fb, inner.x, more, no)
            else:
                condition(fb, inner.x, yes, more)
            fb.start(more)
            condition(fb, inner.y, yes, no)
            return
        if isinstance(inner, ast.Unary) and inner.op is UnaryOp.NOT:
            condition(fb, inner.x, no, yes)
            return
    fb.branch(fb.expr(e), yes, no)


@builds(EXPR, ast.Unary)
def unary(fb: FuncBuilder, e: ast.Unary) -> Operand:
    if e.op is UnaryOp.ADDR:
        from morestack.irbuild.expr import address_of

        return address_of(fb, e.x)
    x = fb.expr(e.x)
    if e.op is UnaryOp.ADD:
        return x
    t = x.type
    if e.op is UnaryOp.NOT:
        if type(x) is Const:
            return FALSE if x.value else TRUE
        return fb.op(Op.NOT, ir.BOOL, x)
    if e.op is UnaryOp.XOR:
        return fb.op(Op.XOR, t, x, Const(t, (1 << (t.size * 8)) - 1))
    if isinstance(t, ir.Struct):  # complex
        return fb.make(t, *[fb.op(Op.FNEG, t.fields[0], fb.extract(x, n)) for n in (0, 1)])
    if t is ir.F64 or t is ir.F32:
        return fb.op(Op.FNEG, t, x)
    return fb.op(Op.SUB, t, Const(t, 0), x)
