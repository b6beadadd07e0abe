"""Send and select. Values are passed by address, through the frame."""

from __future__ import annotations

from dataclasses import dataclass

from morestack.ir.module import Block, Operand
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.emit.chan import Comm, communicate, select_among, try_to
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.iface import converted
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.expr.receive import chan_elem
from morestack.irbuild.expr.value import into_as
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.stmt.declare import declare_loc
from morestack.irbuild.stmt.place import assign_loc, is_blank, left_type, save_operands
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.objects import Var
from morestack.types.core.types import BOOL, Type


def send(fb: FuncBuilder, s: ast.Send) -> None:
    """Build `ch <- x`."""
    ordered(fb, (s.ch, s.value))
    elem = chan_elem(fb, s.ch)
    ch = fb.copy(fb.expr(s.ch))
    room = fb.temp(ir_type(elem))
    into_as(fb, s.value, elem, room)
    fb.rt_do("chansend", ch, room.addr, pos=fb.pos(s, s.arrow))
    fb.saved.clear()


@dataclass(slots=True, eq=False)
class Case:
    """A clause of a select: its communication, and the use of the received value."""

    clause: ast.CommClause
    comm: Comm
    elem: Type
    room: Mem | None = None
    lhs: tuple[ast.Expr, ...] = ()
    define: bool = False


def _case(fb: FuncBuilder, clause: ast.CommClause) -> Case:
    """Evaluate channel and value, in source order, on entry to the select."""
    match clause.comm:
        case ast.Send(ch=ch, value=value):
            ordered(fb, (ch, value))
            elem = chan_elem(fb, ch)
            chan = fb.copy(fb.expr(ch))
            room = fb.temp(ir_type(elem))
            into_as(fb, value, elem, room)
            return Case(clause, Comm(True, chan, room.addr), elem, room)
        case ast.Define(lhs=lhs, rhs=rhs) | ast.Assign(lhs=lhs, rhs=rhs):
            source = unparen(rhs[0])
        case ast.ExprStmt(x=x):
            lhs, source = (), unparen(x)
        case other:
            raise InternalError("ir.build", f"{type(other).__name__} is not a communication", clause.span)
    assert isinstance(source, ast.Receive)
    case = Case(clause, Comm(), chan_elem(fb, source.x), None, lhs, isinstance(clause.comm, ast.Define))
    case.comm.chan = fb.copy(fb.expr(source.x))
    if lhs and not is_blank(lhs[0]):
        case.room = fb.temp(ir_type(case.elem))
        case.comm.elem = case.room.addr
    return case


def _bind(fb: FuncBuilder, case: Case, ok: Operand) -> None:
    """Assign the received value."""
    if not case.lhs:
        return
    values: list[tuple[Loc, Type]] = []
    if case.room is not None:
        t = ir_type(case.elem)
        values.append((fb.load(case.room, t) if is_ssa(t) else case.room, case.elem))
    else:
        values.append((ok, BOOL))  # assigned to `_`
    values.append((ok, BOOL))
    if not case.define:
        for l in case.lhs:
            save_operands(fb, l)
    for l, (v, source) in zip(case.lhs, values, strict=False):
        if is_blank(l):
            continue
        target = left_type(fb, l)
        assert target is not None
        pos = fb.pos(l)
        loc = converted(fb, v, source, target, pos)
        obj = fb.info.defs.get(l) if isinstance(l, ast.Name) else None
        if case.define and type(obj) is Var:
            declare_loc(fb, obj, loc, pos)
        else:
            assign_loc(fb, l, loc)
    fb.saved.clear()


def select(fb: FuncBuilder, s: ast.Select) -> None:
    """Build a select: first its operands, then the operation that its cases require."""
    pos = fb.pos(s)
    done = fb.new_block()
    fb.breaks[s] = done
    default = next((c for c in s.clauses if c.comm is None), None)
    if not s.clauses:
        fb.never("block", pos=pos)
        fb.start(done)
        return
    cases = [_case(fb, c) for c in s.clauses if c.comm is not None]
    fb.saved.clear()
    otherwise = fb.new_block()
    comms = [c.comm for c in cases]
    if not cases:
        fb.jump(otherwise)
    elif len(cases) == 1 and default is None:
        _finish(fb, cases[0], communicate(fb, comms[0], pos), done)
    else:
        if len(cases) == 1:
            ok = try_to(fb, comms[0], otherwise, pos)
        else:
            ok = select_among(fb, comms, otherwise if default is not None else None, pos)
        for case in cases:
            fb.start(case.comm.block)
            _finish(fb, case, ok, done)
    if default is not None:
        fb.start(otherwise)
        fb.stmts(default.body)
        fb.jump(done)
    fb.start(done)


def _finish(fb: FuncBuilder, case: Case, ok: Operand, done: Block) -> None:
    """Build the body of a case, which runs if the case is chosen."""
    _bind(fb, case, ok)
    fb.stmts(case.clause.body)
    fb.jump(done)
