"""Control-flow statements: blocks, conditions, loops, branches."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Block, Reg
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type
from morestack.irbuild.emit.emitter import Mem
from morestack.irbuild.expr.binary import condition
from morestack.irbuild.expr.callexpr import call_statement
from morestack.irbuild.expr.receive import receive_statement
from morestack.irbuild.func import FuncBuilder
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.objects import Var


def expr_stmt(fb: FuncBuilder, s: ast.ExprStmt) -> None:
    """Build an expression whose value is dropped."""
    x = unparen(s.x)
    if isinstance(x, ast.Call):
        call_statement(fb, x)
    elif isinstance(x, ast.Receive):
        receive_statement(fb, x)
    else:
        fb.expr(x)
    fb.saved.clear()


def if_stmt(fb: FuncBuilder, s: ast.If) -> None:
    """Build an if with all its else-ifs."""
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


def for_stmt(fb: FuncBuilder, s: ast.For) -> None:
    """Build a for loop with up to three clauses."""
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
    """Give each iteration its own variables: heap cells to which pointers may remain are copied to new cells."""
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


def labeled(fb: FuncBuilder, s: ast.Labeled) -> None:
    """Build a labeled statement; the label starts a block."""
    target = _label_block(fb, s)
    fb.jump(target)
    fb.start(target)
    fb.stmt(s.stmt)


def _label_block(fb: FuncBuilder, s: ast.Node) -> Block:
    known = fb.labels.get(s)
    if known is None:
        known = fb.labels[s] = fb.new_block()
    return known


def branch(fb: FuncBuilder, s: ast.Branch) -> None:
    """Build break, continue, goto and fallthrough."""
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
