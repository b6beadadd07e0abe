"""Statements: blocks, conditions, loops, branches, returns, go and defer."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Block, Operand, Reg
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.arith import condition
from morestack.irbuild.assign import keep, multi_value
from morestack.irbuild.call import call_statement
from morestack.irbuild.chan import receive_statement
from morestack.irbuild.closure import thunk_closure
from morestack.irbuild.func import STMT, FuncBuilder, Loc, Mem, builds, unparen
from morestack.irbuild.iface import value_as
from morestack.irbuild.order import has_call, hoist
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Var


@builds(STMT, ast.Block)
def block(fb: FuncBuilder, s: ast.Block) -> None:
    fb.stmts(s.stmts)


@builds(STMT, ast.Empty)
def empty(fb: FuncBuilder, s: ast.Empty) -> None:
    pass


@builds(STMT, ast.ExprStmt)
def expr_stmt(fb: FuncBuilder, s: ast.ExprStmt) -> None:
    x = unparen(s.x)
    if isinstance(x, ast.Call):
        call_statement(fb, x)
    elif isinstance(x, ast.Receive):
        receive_statement(fb, x)
    else:
        fb.expr(x)
    fb.saved.clear()


# -- if and for ------------------------------------------------------------------------------------


@builds(STMT, ast.If)
def if_stmt(fb: FuncBuilder, s: ast.If) -> None:
    at: ast.Stmt | None = s
    done = fb.new_block()
    while isinstance(at, ast.If):  # a chain of else-ifs may be long
        if at.init is not None:
            fb.stmt(at.init)
        then = fb.new_block()
        if at.els is None:
            condition(fb, at.cond, then, done)
            fb.saved.clear()
            _branch_body(fb, then, at.then, done)
            at = None
            break
        otherwise = fb.new_block()
        condition(fb, at.cond, then, otherwise)
        fb.saved.clear()
        _branch_body(fb, then, at.then, done)
        fb.start(otherwise)
        at = at.els
    if at is not None:
        fb.stmt(at)
        fb.jump(done)
    fb.start(done)


def _branch_body(fb: FuncBuilder, then: Block, body: ast.Block, done: Block) -> None:
    fb.start(then)
    fb.stmts(body.stmts)
    fb.jump(done)


@builds(STMT, ast.For)
def for_stmt(fb: FuncBuilder, s: ast.For) -> None:
    head, body, post, done = fb.new_block(), fb.new_block(), fb.new_block(), fb.new_block()
    fb.breaks[s], fb.continues[s] = done, post
    if s.init is not None:
        fb.stmt(s.init)
    fb.jump(head)
    fb.start(head)
    if s.cond is not None:
        condition(fb, s.cond, body, done)
        fb.saved.clear()
    else:
        fb.jump(body)
    fb.start(body)
    fb.stmts(s.body.stmts)
    fb.jump(post)
    fb.start(post)
    _renew_loop_variables(fb, s)
    if s.post is not None:
        fb.stmt(s.post)
    fb.jump(head)
    fb.start(done)


def _renew_loop_variables(fb: FuncBuilder, s: ast.For) -> None:
    """Each iteration has its own variables: heap cells that may have been kept are copied to new ones."""
    if not isinstance(s.init, ast.Define):
        return
    for name in s.init.lhs:
        v = fb.info.defs.get(name) if isinstance(name, ast.Name) else None
        if type(v) is not Var:
            continue
        cell = fb.storage.get(v)
        if isinstance(cell, Mem) and isinstance(cell.addr, Reg):
            t = ir_type(v.type)
            old = Mem(fb.op(Op.COPY, ir.PTR, cell.addr))
            fresh = fb.new_object(v.type, fb.pos(name))
            fb.move(Mem(fresh), old, t)
            fb.set(cell.addr, fresh)


# -- branches --------------------------------------------------------------------------------------


@builds(STMT, ast.Labeled)
def labeled(fb: FuncBuilder, s: ast.Labeled) -> None:
    target = _label_block(fb, s)
    fb.jump(target)
    fb.start(target)
    fb.stmt(s.stmt)


def _label_block(fb: FuncBuilder, s: ast.Node) -> Block:
    known = fb.labels.get(s)
    if known is None:
        known = fb.labels[s] = fb.new_block()
    return known


@builds(STMT, ast.Branch)
def branch(fb: FuncBuilder, s: ast.Branch) -> None:
    if s.kind is ast.BranchKind.FALLTHROUGH:
        assert fb.fallthrough is not None
        fb.jump(fb.fallthrough)
    else:
        go_to(fb, s.kind, fb.info.branch_targets[s])
    fb.start(fb.new_block())


def go_to(fb: FuncBuilder, kind: ast.BranchKind, target: ast.Node) -> None:
    """End the block with a break, continue or goto."""
    body = fb.range_body
    if kind is ast.BranchKind.GOTO:
        if body is None or body.contains(target):
            fb.jump(_label_block(fb, target))
            return
    else:
        while isinstance(target, ast.Labeled):
            target = target.stmt
        block = (fb.breaks if kind is ast.BranchKind.BREAK else fb.continues).get(target)
        if block is not None:
            fb.jump(block)
            return
    if body is None:
        raise InternalError("ir.build", f"{kind.value} has no target", target.span)
    body.leave(fb, (kind, target))


# -- return, go, defer -----------------------------------------------------------------------------


@builds(STMT, ast.Return)
def return_stmt(fb: FuncBuilder, s: ast.Return) -> None:
    types = fb.result_types
    if not types:
        _leave(fb, [])
        return
    if not s.results:
        _leave(fb, [fb.var_loc(v) for v in fb.results])
        return
    if len(s.results) == len(types):
        if len(s.results) > 1 and any(has_call(fb, r) for r in s.results):
            for r in s.results:
                hoist(fb, r)
        if len(types) == 1:
            t = types[0]
            single = value_as(fb, s.results[0], t) if is_ssa(ir_type(t)) else fb.loc(s.results[0])
            _leave(fb, [single], stored=False)
        else:
            _leave(fb, [keep(fb, r, t) for r, t in zip(s.results, types, strict=True)], stored=False)
    else:
        from morestack.irbuild.assign import converted

        values = multi_value(fb, s.results[0])
        pos = fb.pos(s.results[0])
        _leave(
            fb,
            [converted(fb, v, source, t, pos) for (v, source), t in zip(values, types, strict=True)],
            stored=False,
        )
    fb.saved.clear()


def _leave(fb: FuncBuilder, values: list[Loc], stored: bool = True) -> None:
    """Return these values; `stored`: they are the result variables themselves."""
    if fb.range_body is not None:
        if not stored:
            _store_results(fb, values)
        fb.range_body.leave(fb, None)
    elif fb.exit is not None:
        if not stored:
            _store_results(fb, values)
        fb.jump(fb.exit)
    else:
        operands: list[Operand] = []
        for v, t in zip(values, fb.result_types, strict=True):
            operands.append(fb.load(v, ir_type(t)) if isinstance(v, Mem) else v)
        fb.do(Op.RETURN, *operands)
    fb.start(fb.new_block())


def leave_stored(fb: FuncBuilder) -> None:
    """Return what the result variables hold."""
    _leave(fb, [] if fb.range_body is not None or fb.exit is not None else [fb.var_loc(v) for v in fb.results])


def _store_results(fb: FuncBuilder, values: list[Loc]) -> None:
    """Deferred calls see the results: put them where the result variables are."""
    for v, loc in zip(fb.results, values, strict=True):
        t = ir_type(v.type)
        to = fb.var_loc(v)
        assert isinstance(to, Mem)
        if isinstance(loc, Mem):
            fb.move(to, loc, t)
        else:
            fb.store(to, loc)


@builds(STMT, ast.Go)
def go_stmt(fb: FuncBuilder, s: ast.Go) -> None:
    call = unparen(s.call)
    assert isinstance(call, ast.Call)
    pos = fb.pos(s)
    closure = thunk_closure(fb, call, "gowrap", True, pos)
    fb.rt_do("newproc", closure, pos=pos)
    fb.saved.clear()


@builds(STMT, ast.Defer)
def defer_stmt(fb: FuncBuilder, s: ast.Defer) -> None:
    call = unparen(s.call)
    assert isinstance(call, ast.Call)
    pos = fb.pos(s)
    closure = thunk_closure(fb, call, "deferwrap", fb.mod.escapes.node_escapes(s), pos)
    if fb.range_body is not None:  # the call is to run when the function around the loop ends
        assert fb.defer_marker is not None
        fb.rt_do("deferprocat", closure, fb.defer_marker, pos=pos)
    else:
        fb.do(Op.DEFER, closure, pos=pos)
    fb.saved.clear()
