"""Type switches."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Block, Operand
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.emit.emitter import NULL, Mem
from morestack.irbuild.emit.iface import asserted, assertion_test, type_word
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.stmt.declare import declare_loc
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import Mode
from morestack.types.core.objects import Var
from morestack.types.core.types import Type


def type_switch(fb: FuncBuilder, s: ast.TypeSwitch) -> None:
    """Build `switch x := y.(type)`; the cases are tested in source order."""
    if s.init is not None:
        fb.stmt(s.init)
    x = unparen(s.x)
    subject: ast.Expr = x.x if isinstance(x, ast.TypeAssert) and x.type is None else s.x
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
    """Test whether the case matches; for a type, also return what is needed to extract the value."""
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
    """Declare the variable of the clause, with the type of the case or as the subject itself."""
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
