"""Channels: send, receive and select. Values pass by address, through the frame."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Block, Instr, Operand, Pos
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.assign import assign_loc, converted, declare_loc, is_blank, left_type, save_operands
from morestack.irbuild.func import EXPR, FALSE, INTO, NULL, STMT, TRUE, FuncBuilder, Loc, Mem, builds, int64, unparen
from morestack.irbuild.iface import into_as
from morestack.irbuild.order import ordered
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Var
from morestack.types.core.types import BOOL, Chan, Type

CASE = 16
"""Bytes of a select case {chan, elem}."""
ORDERED = 4
"""Cases whose order takes a word behind the table (runtime/sync/select.py)."""


def chan_elem(fb: FuncBuilder, ch: ast.Node) -> Type:
    t = under(fb.type_of(ch))
    assert isinstance(t, Chan)
    return t.elem


@builds(STMT, ast.Send)
def send(fb: FuncBuilder, s: ast.Send) -> None:
    ordered(fb, (s.ch, s.value))
    elem = chan_elem(fb, s.ch)
    ch = fb.copy(fb.expr(s.ch))
    room = fb.temp(ir_type(elem))
    into_as(fb, s.value, elem, room)
    fb.rt_do("chansend", ch, room.addr, pos=fb.pos(s, s.arrow))
    fb.saved.clear()


def receive(fb: FuncBuilder, e: ast.Receive, to: Mem | None = None) -> tuple[Loc, Operand, Type]:
    """`v, ok := <-ch`."""
    elem = chan_elem(fb, e.x)
    ch = fb.expr(e.x)
    t = ir_type(elem)
    if to is None:
        to = fb.temp(t)
    received = fb.rt("chanrecv", ch, to.addr if not to.off else fb.address(to), pos=fb.pos(e))
    ok = fb.op(Op.NE, ir.BOOL, received, int64(0))
    value: Loc = fb.load(to, t) if is_ssa(t) else to
    return value, ok, elem


@builds(EXPR, ast.Receive)
def receive_value(fb: FuncBuilder, e: ast.Receive) -> Operand:
    elem = chan_elem(fb, e.x)
    t = ir_type(elem)
    ch = fb.expr(e.x)
    to = fb.temp(t)
    fb.rt("chanrecv", ch, to.addr, pos=fb.pos(e))
    return fb.load(to, t)


@builds(INTO, ast.Receive)
def receive_into(fb: FuncBuilder, e: ast.Receive, to: Mem) -> None:
    # the goroutine may park: the element goes through the frame, which is what select and chanrecv know
    t = ir_type(chan_elem(fb, e.x))
    ch = fb.expr(e.x)
    room = fb.temp(t)
    fb.rt("chanrecv", ch, room.addr, pos=fb.pos(e))
    fb.move(to, room, t)


def receive_statement(fb: FuncBuilder, e: ast.Receive) -> None:
    """`<-ch` whose value nobody wants."""
    fb.rt("chanrecv", fb.expr(e.x), NULL, pos=fb.pos(e))


# -- select ----------------------------------------------------------------------------------------


class Case:
    """One communication of a select."""

    def __init__(self, clause: ast.CommClause) -> None:
        self.clause = clause
        self.block = Block(-1)
        self.chan: Operand = NULL
        self.room: Mem | None = None
        self.elem: Type = BOOL
        self.lhs: tuple[ast.Expr, ...] = ()
        self.define = False
        self.is_send = False
        self.number = -1


def _operands(fb: FuncBuilder, clause: ast.CommClause) -> Case:
    """Evaluate channel and value, in source order, as the select is entered."""
    case = Case(clause)
    comm = clause.comm
    if isinstance(comm, ast.Send):
        case.is_send = True
        case.elem = chan_elem(fb, comm.ch)
        ordered(fb, (comm.ch, comm.value))
        case.chan = fb.copy(fb.expr(comm.ch))
        case.room = fb.temp(ir_type(case.elem))
        into_as(fb, comm.value, case.elem, case.room)
        return case
    if isinstance(comm, ast.Define | ast.Assign):
        case.lhs = comm.lhs
        case.define = isinstance(comm, ast.Define)
        source: ast.Node = comm.rhs[0]
    else:
        assert isinstance(comm, ast.ExprStmt)
        source = comm.x
    source = unparen(source)
    assert isinstance(source, ast.Receive)
    case.elem = chan_elem(fb, source.x)
    case.chan = fb.copy(fb.expr(source.x))
    if case.lhs and not is_blank(case.lhs[0]):
        case.room = fb.temp(ir_type(case.elem))
    return case


def _bind(fb: FuncBuilder, case: Case, ok: Operand) -> None:
    """Assign what was received."""
    if not case.lhs:
        return
    values: list[tuple[Loc, Type]] = []
    if case.room is not None:
        t = ir_type(case.elem)
        values.append((fb.load(case.room, t) if is_ssa(t) else case.room, case.elem))
    else:
        values.append((ok, BOOL))  # goes to `_`
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


@builds(STMT, ast.Select)
def select(fb: FuncBuilder, s: ast.Select) -> None:
    pos = fb.pos(s)
    done = fb.new_block()
    fb.breaks[s] = done
    default = next((c for c in s.clauses if c.comm is None), None)
    if not s.clauses:
        fb.never("block", pos=pos)
        fb.start(done)
        return
    cases = [_operands(fb, c) for c in s.clauses if c.comm is not None]
    fb.saved.clear()
    otherwise = fb.new_block()
    if not cases:
        fb.jump(otherwise)
    elif len(cases) == 1 and default is not None:
        _nonblocking(fb, cases[0], otherwise, pos)
    elif len(cases) == 1:
        _single(fb, cases[0], pos)
    else:
        _selectgo(fb, cases, default is not None, otherwise, pos)
    if default is not None:
        fb.start(otherwise)
        fb.stmts(default.body)
        fb.jump(done)
    fb.start(done)


def _finish_case(fb: FuncBuilder, case: Case, ok: Operand, done: Block) -> None:
    _bind(fb, case, ok)
    fb.stmts(case.clause.body)
    fb.jump(done)


def _done(fb: FuncBuilder, case: Case) -> Block:
    for node, block in reversed(fb.breaks.items()):
        if isinstance(node, ast.Select) and case.clause in node.clauses:
            return block
    raise AssertionError("a case belongs to a select")


def _single(fb: FuncBuilder, case: Case, pos: Pos) -> None:
    """One case without default is the plain operation."""
    address = case.room.addr if case.room is not None else NULL
    ok: Operand = FALSE
    if case.is_send:
        fb.rt_do("chansend", case.chan, address, pos=pos)
    else:
        ok = fb.op(Op.NE, ir.BOOL, fb.rt("chanrecv", case.chan, address, pos=pos), int64(0))
    _finish_case(fb, case, ok, _done(fb, case))


def _nonblocking(fb: FuncBuilder, case: Case, otherwise: Block, pos: Pos) -> None:
    address = case.room.addr if case.room is not None else NULL
    chosen = fb.new_block()
    ok: Operand = FALSE
    if case.is_send:
        fb.branch(fb.rt("selectnbsend", case.chan, address, pos=pos), chosen, otherwise)
    else:
        answer = fb.rt("selectnbrecv", address, case.chan, pos=pos)
        selected = fb.op(Op.NE, ir.BOOL, fb.op(Op.AND, ir.I64, answer, int64(1)), int64(0))
        ok = fb.op(Op.NE, ir.BOOL, fb.op(Op.AND, ir.I64, answer, int64(2)), int64(0))
        fb.branch(selected, chosen, otherwise)
    fb.start(chosen)
    _finish_case(fb, case, ok, _done(fb, case))


def _selectgo(fb: FuncBuilder, cases: list[Case], has_default: bool, otherwise: Block, pos: Pos) -> None:
    """Several cases: a table, sends first, and room for their order; the answer tells which one went."""
    pairs = ir.array(ir.struct(ir.PTR, ir.PTR), len(cases))
    table = fb.temp(ir.struct(pairs, ir.array(ir.I64, -(-len(cases) // ORDERED))))
    ordered_cases = [c for c in cases if c.is_send] + [c for c in cases if not c.is_send]
    for n, case in enumerate(ordered_cases):
        case.number = n
        fb.store(Mem(table.addr, n * CASE), case.chan)
        address = case.room.addr if case.room is not None else NULL
        fb.store(Mem(table.addr, n * CASE + 8), address)
    sends = sum(c.is_send for c in cases)
    block = FALSE if has_default else TRUE
    answer = fb.rt("selectgo", table.addr, int64(sends), int64(len(cases) - sends), block, pos=pos)
    ok = fb.op(Op.NE, ir.BOOL, fb.op(Op.AND, ir.I64, answer, int64(1)), int64(0))
    index = fb.op(Op.ASHR, ir.I64, answer, int64(1))
    last = otherwise if has_default else ordered_cases[-1].block
    listed = ordered_cases if has_default else ordered_cases[:-1]
    values = tuple(c.number for c in listed)
    targets = (*[c.block for c in listed], last)
    fb.block.instrs.append(Instr(Op.SWITCH, (), (index,), values, targets))
    for case in cases:
        fb.start(case.block)
        _finish_case(fb, case, ok, _done(fb, case))
