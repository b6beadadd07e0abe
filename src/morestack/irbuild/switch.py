"""Expression switches and type switches.

A switch over an integer whose cases are all constants is one SWITCH; others compare in source order. Without
a tag the cases are conditions.
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Block, Const, Instr, Operand
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.arith import condition
from morestack.irbuild.assign import declare_loc, keep
from morestack.irbuild.compare import equal, iface_equal, is_nil, type_word
from morestack.irbuild.func import NULL, STMT, FuncBuilder, Loc, Mem, builds, unparen
from morestack.irbuild.iface import asserted, assertion_test, box_into
from morestack.syntax import nodes as ast
from morestack.types.core.info import Mode
from morestack.types.core.objects import Var
from morestack.types.core.types import BOOL, Traits, Type

DENSE = 4
"""From this many constant cases on, a switch is a SWITCH."""


@builds(STMT, ast.Switch)
def switch(fb: FuncBuilder, s: ast.Switch) -> None:
    if s.init is not None:
        fb.stmt(s.init)
    done = fb.new_block()
    fb.breaks[s] = done
    blocks = [fb.new_block() for _ in s.clauses]
    default = next((b for c, b in zip(s.clauses, blocks, strict=True) if c.exprs is None), done)
    if s.tag is None:
        _conditions(fb, s, blocks, default)
    else:
        _tagged(fb, s, s.tag, blocks, default)
    fb.saved.clear()
    outer = fb.fallthrough
    for n, (clause, block) in enumerate(zip(s.clauses, blocks, strict=True)):
        fb.start(block)
        fb.fallthrough = blocks[n + 1] if n + 1 < len(blocks) else None
        fb.stmts(clause.body)
        fb.jump(done)
    fb.fallthrough = outer
    fb.start(done)


def _conditions(fb: FuncBuilder, s: ast.Switch, blocks: list[Block], default: Block) -> None:
    for clause, block in zip(s.clauses, blocks, strict=True):
        for e in clause.exprs or ():
            following = fb.new_block()
            tv = fb.types.get(e)
            if tv is not None and bt.is_interface(tv.type):  # `case x` compares x with true
                true = box_into(fb, Const(ir.BOOL, 1), BOOL, tv.type, fb.pos(e))
                fb.branch(iface_equal(fb, fb.expr(e), tv.type, true, tv.type, fb.pos(e)), block, following)
            else:
                condition(fb, e, block, following)
            fb.start(following)
            fb.saved.clear()
    fb.jump(default)


def _tagged(fb: FuncBuilder, s: ast.Switch, tag: ast.Expr, blocks: list[Block], default: Block) -> None:
    t = fb.type_of(tag)
    value = keep(fb, tag, t)
    fb.saved.clear()
    if not isinstance(value, Mem) and _dense(fb, s, value, t, blocks, default):
        return
    for clause, block in zip(s.clauses, blocks, strict=True):
        for e in clause.exprs or ():
            following = fb.new_block()
            fb.branch(_matches(fb, value, t, e), block, following)
            fb.start(following)
            fb.saved.clear()
    fb.jump(default)


def _dense(fb: FuncBuilder, s: ast.Switch, value: Operand, t: Type, blocks: list[Block], default: Block) -> bool:
    """Make one SWITCH of constant integer cases."""
    if not bt.traits(t) & Traits.INTEGER or isinstance(value, Const):
        return False
    values: dict[int, Block] = {}
    for clause, block in zip(s.clauses, blocks, strict=True):
        for e in clause.exprs or ():
            tv = fb.types.get(e)
            if tv is None or tv.value is None or bt.is_interface(tv.type):
                return False
            c = fb.expr(e)
            assert isinstance(c, Const)
            values.setdefault(int(c.value), block)
    if len(values) < DENSE:
        return False
    fb.block.instrs.append(Instr(Op.SWITCH, (), (value,), tuple(values), (*values.values(), default)))
    return True


def _matches(fb: FuncBuilder, tag: Loc, t: Type, e: ast.Expr) -> Operand:
    """tag == e."""
    pos = fb.pos(e)
    tv = fb.types.get(e)
    if tv is not None and tv.mode is Mode.NIL:
        return is_nil(fb, fb.load(tag, ir_type(t)) if isinstance(tag, Mem) else tag)
    et = fb.type_of(e)
    if bt.is_interface(t) == bt.is_interface(et):
        other = fb.expr(e) if is_ssa(ir_type(et)) else fb.loc(e)
        if bt.is_interface(t):
            assert not isinstance(tag, Mem) and not isinstance(other, Mem)
            return iface_equal(fb, tag, t, other, et, pos)
        return equal(fb, tag, other, t, pos)
    # a mixed comparison: box the concrete one
    other_value = fb.expr(e)
    whole = fb.load(tag, ir_type(t)) if isinstance(tag, Mem) else tag
    if bt.is_interface(t):
        return iface_equal(fb, whole, t, box_into(fb, other_value, et, t, pos), t, pos)
    return iface_equal(fb, box_into(fb, whole, t, et, pos), et, other_value, et, pos)


# -- type switches ---------------------------------------------------------------------------------


@builds(STMT, ast.TypeSwitch)
def type_switch(fb: FuncBuilder, s: ast.TypeSwitch) -> None:
    if s.init is not None:
        fb.stmt(s.init)
    x = unparen(s.x)
    subject: ast.Node = x.x if isinstance(x, ast.TypeAssert) and x.type is None else s.x
    source = fb.type_of(subject)
    value = fb.copy(fb.expr(subject))
    fb.saved.clear()
    have = type_word(fb, value, source)
    data = fb.extract(value, 1)
    done = fb.new_block()
    fb.breaks[s] = done
    bodies: list[tuple[ast.CaseClause, Block]] = []
    default: tuple[ast.CaseClause, Block] | None = None
    for clause in s.clauses:
        if clause.exprs is None:
            default = (clause, fb.new_block())
            continue
        body = fb.new_block()
        for e in clause.exprs:
            following, matched = fb.new_block(), fb.new_block()
            holds, found = _case(fb, e, have, data)
            single = len(clause.exprs) == 1
            fb.branch(holds, matched if single else body, following)
            if single:
                fb.start(matched, keep=True)
                _bind(fb, s, clause, found, value)
                fb.jump(body)
            fb.start(following)
        bodies.append((clause, body))
    if default is not None:
        fb.jump(default[1])
        bodies.append(default)
    else:
        fb.jump(done)
    for clause, body in bodies:
        fb.start(body)
        if clause.exprs is None or len(clause.exprs) != 1:
            _bind(fb, s, clause, None, value)
        fb.stmts(clause.body)
        fb.jump(done)
    fb.start(done)


def _case(fb: FuncBuilder, e: ast.Expr, have: Operand, data: Operand) -> tuple[Operand, tuple[Type, Operand] | None]:
    """Does the case match; for a type, what is needed to get the value out."""
    tv = fb.types[e]
    if tv.mode is Mode.NIL:
        return fb.op(Op.EQ, ir.BOOL, have, NULL), None
    holds, word = assertion_test(fb, have, tv.type)
    return holds, (tv.type, fb.make(ir.IFACE, word, data))


def _bind(
    fb: FuncBuilder,
    s: ast.TypeSwitch,
    clause: ast.CaseClause,
    found: tuple[Type, Operand] | None,
    value: Operand,
) -> None:
    """Declare the clause's variable: of the case's type, or the subject itself."""
    v = fb.info.implicits.get(clause)
    if type(v) is not Var:
        return
    pos = fb.pos(s.bind) if s.bind is not None else fb.pos(s)
    if found is None:
        declare_loc(fb, v, value, pos)
        return
    t, parts = found
    loc = asserted(fb, fb.extract(parts, 0), fb.extract(parts, 1), t)
    if isinstance(loc, Mem) and is_ssa(ir_type(t)):
        loc = fb.load(loc, ir_type(t))
    declare_loc(fb, v, loc, pos)
