"""`for x := range f`: f is called with the body of the loop as its yield function.

The body is a separate function, `main.g-range1`, a closure that returns whether f should continue. It shares a
*record* {state, next} with the enclosing function. The state is that of gc: it detects an f that continues to call
yield when it must not. A statement that leaves the loop (break, return, a branch to a place outside) writes its
number to `next` and returns false. After the call of f, the enclosing function makes that jump itself. If that
function is also a body, and the jump leaves it too, it does the same in turn, so a branch out of several loops
unwinds them one by one. A return first stores its values in the result variables, which the body has captured.

The body is built together with its statement, because the jumps after the call are known only then. Rejected: one
variable for all loops of a function, as in gc; every body would capture unused variables.
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Function, FunctionKind, Instr, Operand, Pos, Sym
from morestack.ir.module import Signature as IRSignature
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, var_type
from morestack.ir.tidy import tidy
from morestack.irbuild.emit.closure import closure_type
from morestack.irbuild.emit.emitter import FALSE, TRUE, ZERO64, Mem, int64, symbol_name
from morestack.irbuild.emit.method import finish
from morestack.irbuild.expr.closure import bind_variables, capture_layout, store_captures
from morestack.irbuild.expr.selector import static_callee
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.stmt.bind import bind
from morestack.irbuild.stmt.control import go_to
from morestack.irbuild.stmt.leave import leave_stored
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.types import Signature

DONE, READY, PANIC, EXHAUSTED, MISSING_PANIC = range(5)
"""The states, numbered as in gc's internal/abi."""


RECORD = ir.struct(ir.I64, ir.I64)


NEXT = 8


class RangeBody:
    """The loop whose body a FuncBuilder builds: the place of its record, and the jumps that leave it."""

    def __init__(self, s: ast.Range, record: Operand) -> None:
        self.s = s
        self.record = record
        self.exits: dict[tuple[ast.BranchKind, ast.Node] | None, int] = {}
        """The numbers of the jumps, from 1; the key None is a return from the enclosing function."""

    def contains(self, node: ast.Node) -> bool:
        """Whether the node is in the body of the loop."""
        span, inner = self.s.body.span, node.span
        return span.start <= inner.start < span.end

    def leave(self, fb: FuncBuilder, way: tuple[ast.BranchKind, ast.Node] | None) -> None:
        """End the block: f must stop, and then the enclosing function makes the jump."""
        number = self.exits.setdefault(way, len(self.exits) + 1)
        fb.store(Mem(self.record, NEXT), int64(number))
        self.stop(fb)

    def stop(self, fb: FuncBuilder) -> None:
        """End the block with a return of false from the body."""
        fb.store(Mem(self.record), int64(DONE))
        fb.do(Op.RETURN, FALSE)


def range_func(fb: FuncBuilder, s: ast.Range, u: Signature) -> None:
    """Build the whole statement."""
    mod = fb.mod
    pos = fb.pos(s)
    name = mod.fresh_name(fb.symbol_base, "-range")
    escapes = mod.escapes.node_escapes(s)
    direct = static_callee(fb, unparen(s.x))
    head: list[Operand] = [] if direct is not None else [fb.copy(fb.expr(s.x))]
    fb.saved.clear()
    record = _object(fb, RECORD, escapes, pos)
    fb.store(Mem(record), int64(READY))
    fb.store(Mem(record, NEXT), ZERO64)
    captures = mod.escapes.range_captures.get(s, ())
    shared = [record] if fb.defer_marker is None else [record, fb.defer_marker]
    layout = capture_layout(mod, captures, *[ir.PTR for _ in shared])
    closure = _object(fb, layout, escapes, pos)
    fb.store(Mem(closure), Sym(name))
    for n, p in enumerate(shared, 1):
        fb.store(Mem(closure, 8 * n), p)
    store_captures(fb, closure, layout, captures, 1 + len(shared))
    yield_type = bt.signature(u.params.vars[0].type)
    body = _body(fb, s, name, yield_type, layout)
    operands = (*head, closure)
    if direct is not None:
        fb.block.instrs.append(Instr(Op.CALL, (), operands, direct, (), pos))
    else:
        fb.nil_check(head[0], pos)
        fb.block.instrs.append(Instr(Op.CALL_CLOSURE, (), operands, IRSignature((ir.PTR,), ()), (), pos))
    _after(fb, record, body, fb.pos(s.body, s.body.span.end - 1))


def mark_frame(fb: FuncBuilder, pos: Pos) -> None:
    """At the start of a function, defer a call that does nothing; bodies refer to this frame by its closure.

    The closure is on the heap, because the closure of a body may also be.
    """
    mod = fb.mod
    name = f"{bt.path_prefix(mod.pkg)}.rangedefers"
    mod.request(name, lambda: finish(FuncBuilder(mod, Function(name, kind=FunctionKind.THUNK, pos=pos)), ()))
    marker = fb.defer_marker = fb.f.reg(ir.PTR, "marker")
    fb.set(marker, _object(fb, ir.struct(ir.PTR), True, pos))
    fb.store(Mem(marker), Sym(name))
    fb.do(Op.DEFER, marker, aux="shared", pos=pos)


def _object(fb: FuncBuilder, layout: ir.Struct, escapes: bool, pos: Pos) -> Operand:
    if not escapes:
        return fb.temp(layout).addr
    return fb.rt("newobject", fb.mod.type_symbol(closure_type(fb.mod, layout)), pos=pos)


def _after(fb: FuncBuilder, record: Operand, body: RangeBody, pos: Pos) -> None:
    """After f has returned, check that its return was valid, and then make the jump that the body requested."""
    bad, good = fb.new_block(), fb.new_block()
    state = fb.load(Mem(record), ir.I64)
    fb.branch(fb.op(Op.EQ, ir.BOOL, state, int64(PANIC)), bad, good)
    fb.start(bad, keep=True)
    fb.never("panicrangestate", int64(MISSING_PANIC), pos=pos)
    fb.start(good, keep=True)
    fb.store(Mem(record), int64(EXHAUSTED))
    if not body.exits:
        return
    following = fb.load(Mem(record, NEXT), ir.I64)
    for way, number in body.exits.items():
        taken, other = fb.new_block(), fb.new_block()
        fb.branch(fb.op(Op.EQ, ir.BOOL, following, int64(number)), taken, other)
        fb.start(taken)
        if way is None:
            leave_stored(fb)
        else:
            go_to(fb, *way)
        fb.start(other)


def _body(outer: FuncBuilder, s: ast.Range, name: str, signature: Signature, layout: ir.Struct) -> RangeBody:
    """Build the yield function."""
    mod = outer.mod
    f = Function(name, pos=mod.pos(s.span))
    fb = FuncBuilder(mod, f)
    fb.nested = True
    params = signature.params.vars
    targets = [e for e in (s.key, s.value) if e is not None]
    for n, p in enumerate(params):
        e = targets[n] if n < len(targets) else None
        label = symbol_name(e.text) if s.define and isinstance(e, ast.Name) and e.text != "_" else ""
        f.params.append(f.reg(ir_type(p.type), label and label + "_"))
    f.results = [ir.BOOL]
    fb.results, fb.result_types = outer.results, outer.result_types
    context = f.context = f.reg(ir.PTR, "context")
    record = f.reg(ir.PTR, "record")
    fb.set(record, fb.load(Mem(context, 8), ir.PTR))
    first = 2
    if outer.defer_marker is not None:
        fb.defer_marker = f.reg(ir.PTR, "marker")
        fb.set(fb.defer_marker, fb.load(Mem(context, 16), ir.PTR))
        first = 3
    bind_variables(fb, context, layout, mod.escapes.range_captures.get(s, ()), first)
    body = fb.range_body = RangeBody(s, record)
    pos = f.pos
    assert pos is not None
    bad, good = fb.new_block(), fb.new_block()
    state = fb.load(Mem(record), ir.I64)
    fb.branch(fb.op(Op.EQ, ir.BOOL, state, int64(READY)), good, bad)
    fb.start(bad, keep=True)
    fb.never("panicrangestate", state, pos=pos)
    fb.start(good, keep=True)
    fb.store(Mem(record), int64(PANIC))
    bind(fb, s, [(r, var_type(p)) for r, p in zip(f.params, params, strict=True)])
    go_on, stop = fb.new_block(), fb.new_block()
    fb.breaks[s], fb.continues[s] = stop, go_on
    fb.stmts(s.body.stmts)
    fb.jump(go_on)
    fb.start(go_on)
    fb.store(Mem(record), int64(READY))
    fb.do(Op.RETURN, TRUE)
    fb.start(stop)
    body.stop(fb)
    tidy(f)
    mod.add(f)
    return body
