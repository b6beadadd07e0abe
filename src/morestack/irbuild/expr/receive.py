"""Receives. Values are passed by address, through the frame, because select and chanrecv take addresses."""

from __future__ import annotations

from morestack.ir.module import Operand
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.emit.chan import received
from morestack.irbuild.emit.emitter import NULL, Loc, Mem
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.types import Chan, Type


def chan_elem(fb: FuncBuilder, ch: ast.Expr) -> Type:
    """Return the element type of a channel."""
    t = under(fb.type_of(ch))
    assert isinstance(t, Chan)
    return t.elem


def receive(fb: FuncBuilder, e: ast.Receive) -> tuple[Loc, Operand, Type]:
    """Build `v, ok := <-ch`."""
    elem = chan_elem(fb, e.x)
    ch = fb.expr(e.x)
    t = ir_type(elem)
    room = fb.temp(t)
    ok = received(fb, ch, room.addr, fb.pos(e))
    return fb.load(room, t) if is_ssa(t) else room, ok, elem


def _to_frame(fb: FuncBuilder, e: ast.Receive) -> Mem:
    """Receive into a new frame object."""
    ch = fb.expr(e.x)
    room = fb.temp(ir_type(chan_elem(fb, e.x)))
    fb.rt("chanrecv", ch, room.addr, pos=fb.pos(e))
    return room


def receive_value(fb: FuncBuilder, e: ast.Receive) -> Operand:
    """Build `<-ch` for a type whose values live in registers."""
    return fb.load(_to_frame(fb, e), ir_type(chan_elem(fb, e.x)))


def receive_into(fb: FuncBuilder, e: ast.Receive, to: Mem) -> None:
    """Build `<-ch`, and store the value."""
    fb.move(to, _to_frame(fb, e), ir_type(chan_elem(fb, e.x)))


def receive_statement(fb: FuncBuilder, e: ast.Receive) -> None:
    """Build `<-ch` whose value is dropped."""
    fb.rt("chanrecv", fb.expr(e.x), NULL, pos=fb.pos(e))
