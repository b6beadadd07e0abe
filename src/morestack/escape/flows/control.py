"""Statements into flows, and the loop depth that tells which variables are renewed.

Code that gc never compiles is skipped as gc does: the dead branch of a constant condition, statements
after a terminating one (up to the next label). What it allocates then counts as escaping, as does all that
was never seen.
"""

from __future__ import annotations

from collections.abc import Iterable

from morestack.escape import typeinfo as ti
from morestack.escape.flows.assertion import dot_type
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole, Location
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, UnaryOp, unparen
from morestack.types.core.objects import Builtin, BuiltinId, Var
from morestack.types.core.types import Chan, Interface, Type
from morestack.types.identity.type_params import core_type


def block(fb: FlowBuilder, stmts: Iterable[ast.Stmt]) -> None:
    """Statements of a block: a loop that a label in it starts ends with it."""
    depth = fb.loop_depth
    _stmts(fb, stmts)
    fb.loop_depth = depth


def _stmts(fb: FlowBuilder, stmts: Iterable[ast.Stmt]) -> None:
    items = list(stmts)
    last_label = max((i for i, s in enumerate(items) if isinstance(s, ast.Labeled)), default=-1)
    dead = False
    for i, s in enumerate(items):
        if dead and i > last_label:
            break
        fb.stmt(s)
        dead = terminates(fb, s)


def terminates(fb: FlowBuilder, s: ast.Stmt | None) -> bool:
    """gc's cheap test for code that cannot be reached after s."""
    if not isinstance(s, ast.Block | ast.If):
        return ends(fb, s)
    known = fb.batch.terminating.get(s)  # asked again at every level around it
    if known is None:
        known = fb.batch.terminating[s] = ends(fb, s)
    return known


def ends(fb: FlowBuilder, s: ast.Stmt | None) -> bool:
    """Is s a statement after which nothing is reached?"""
    match s:
        case ast.Branch(kind=ast.BranchKind.GOTO) | ast.Return():
            return True
        case ast.ExprStmt(x=x):
            call = unparen(x)
            name = unparen(call.fun) if isinstance(call, ast.Call) else None
            obj = fb.info.uses.get(name) if isinstance(name, ast.Name) else None
            return isinstance(obj, Builtin) and obj.id is BuiltinId.PANIC
        case ast.If(cond=cond, then=then, els=els):
            known = static_bool(fb, cond)
            return (known is False or terminates(fb, then)) and (known is True or terminates(fb, els))
        case ast.Block(stmts=stmts):
            last = next((x for x in reversed(stmts) if not isinstance(x, ast.Empty)), None)
            return terminates(fb, last)
        case _:
            return False


def static_bool(fb: FlowBuilder, n: ast.Expr) -> bool | None:
    """A condition's value if it is known when compiling."""
    n = unparen(n)
    tv = fb.info.types.get(n)
    if tv is not None and tv.value is not None:
        return bool(tv.value)
    match n:
        case ast.Unary(op=UnaryOp.NOT, x=x):
            inner = static_bool(fb, x)
            return None if inner is None else not inner
        case ast.Binary(op=BinaryOp.LAND, x=x, y=y):
            left, right = static_bool(fb, x), static_bool(fb, y)
            return False if left is False or right is False else right if left is True else None
        case ast.Binary(op=BinaryOp.LOR, x=x, y=y):
            left, right = static_bool(fb, x), static_bool(fb, y)
            return True if left is True or right is True else right if left is False else None
        case _:
            return None


def conditional(fb: FlowBuilder, s: ast.If) -> None:
    """An if with all its else-ifs; dead branches are skipped."""
    while True:
        if s.init is not None:
            fb.stmt(s.init)
        known = static_bool(fb, s.cond)
        fb.discard(s.cond)
        if known is not False:
            block(fb, s.then.stmts)
        if s.els is None or known is True:
            return
        if not isinstance(s.els, ast.If):
            block(fb, (s.els,))
            return
        s = s.els  # a chain of `else if`, however long


def loop(fb: FlowBuilder, s: ast.For) -> None:
    """A for loop, whose variables may be renewed for each turn."""
    if s.init is not None:
        fb.stmt(s.init)
    renewed: list[tuple[Var, Location]] = []
    if isinstance(s.init, ast.Define):
        for lhs in s.init.lhs:
            v = fb.info.defs.get(lhs) if isinstance(lhs, ast.Name) else None
            if isinstance(v, Var) and v.name != "_" and fb.renewed(v):
                renewed.append((v, fb.temp()))
    fb.loop_depth += 1
    for v, carried in renewed:
        # The turn's own variable, filled from the one that carries the value between turns.
        loc = fb.location(v)
        fb.graph.flow(fb.no_pointers(Hole(carried), v.type), loc)
        loc.loop_depth = fb.loop_depth
        loc.reassigned = False
        fb.graph.flow(fb.no_pointers(Hole(loc), v.type), carried)
    if renewed:
        finish_loop(fb, s.post, s.cond)
    else:
        fb.discard(s.cond)
        if s.post is not None:
            fb.stmt(s.post)
    block(fb, s.body.stmts)
    fb.loop_depth -= 1


def finish_loop(fb: FlowBuilder, post: ast.Stmt | None, cond: ast.Expr | None) -> None:
    if post is not None:
        fb.stmt(post)
    fb.discard(cond)


def switch(fb: FlowBuilder, s: ast.Switch) -> None:
    """An expression switch."""
    if s.init is not None:
        fb.stmt(s.init)
    clauses = s.clauses
    if s.tag is not None:
        tag_type = switch_type(fb, s)
        if fb.is_constant(s.tag):
            tag_type = None if not ti.is_interface(tag_type) else tag_type
        fb.convert(fb.discard_hole(), s.tag, tag_type)
    else:
        tag_type = None
    for clause in clauses:
        for x in clause.exprs or ():
            fb.convert(fb.discard_hole(), x, tag_type)
        block(fb, clause.body)


def switch_type(fb: FlowBuilder, s: ast.Switch) -> Type | None:
    """The type tag and cases are compared in: `any` when concrete and interface values mix."""
    t = fb.type_of(s.tag) if s.tag is not None else None
    if t is None or isinstance(core_type(t), Chan):
        return None
    if ti.is_interface(t):
        return t
    for clause in s.clauses:
        for x in clause.exprs or ():
            if ti.is_interface(fb.type_of(x)) and not fb.is_nil(x):
                return Interface((), ())
    return None


def type_switch(fb: FlowBuilder, s: ast.TypeSwitch) -> None:
    """A type switch: its operand flows to the variable of each clause."""
    if s.init is not None:
        fb.stmt(s.init)
    holes: list[Hole] = []
    for clause in s.clauses:
        v = fb.info.implicits.get(clause)
        if isinstance(v, Var):
            k = fb.declare(v)
            if ti.has_pointers(v.type):
                holes.append(dot_type(k, v.type, clause, "switch case"))
    fb.expr(fb.tee(*holes), s.x)
    for clause in s.clauses:
        block(fb, clause.body)
