"""Which function a node of syntax has in escape analysis: expressions, targets of stores, statements.

Arms stand in the order of frequency. See docs/adr/0006-dispatch-by-match.md.
"""

from __future__ import annotations

from morestack.escape.flows.assertion import asserted, dot_type
from morestack.escape.flows.assign import assign, define, mark_reassigned, ret, var_decl
from morestack.escape.flows.call import call
from morestack.escape.flows.closure import closure
from morestack.escape.flows.control import block, conditional, loop, switch, type_switch
from morestack.escape.flows.defer import go_defer
from morestack.escape.flows.index import index, index_target, slice
from morestack.escape.flows.literal import composite
from morestack.escape.flows.operator import address, binary
from morestack.escape.flows.range import range_loop
from morestack.escape.flows.selector import field_target, path_steps, selector
from morestack.escape.flows.state import FlowBuilder, Syntax
from morestack.escape.graph import Hole
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import UnaryOp, unparen
from morestack.types.core.types import Chan


def expr(fb: FlowBuilder, k: Hole, n: ast.Expr) -> None:
    """Evaluate n, which is not in parentheses, into k."""
    match n:
        case ast.Name():
            v = fb.variable(n)
            if v is not None and not v.is_global and not v.is_field:
                fb.graph.flow(k, fb.location(v))
        case ast.Call():
            call(fb, [k], n)
        case ast.Selector():
            selector(fb, k, n)
        case ast.Unary(op=UnaryOp.ADDR, x=x):
            address(fb, k, n, unparen(x))
        case ast.Unary(x=x) | ast.Receive(x=x):
            fb.discard(x)
        case ast.Star(x=x):
            fb.expr(k.deref(n, "indirection"), x)
        case ast.Binary():
            binary(fb, k, n)
        case ast.Index():
            index(fb, k, n)
        case ast.Slice():
            slice(fb, k, n)
        case ast.TypeAssert(x=x):
            fb.expr(dot_type(k, asserted(fb, n), n, "dot"), x)
        case ast.CompositeLit():
            composite(fb, k, n)
        case ast.FuncLit():
            closure(fb, k, n, fb.batch.program.by_node[n])
        case ast.KeyValue(key=key, value=value):
            fb.discard(key)
            fb.expr(k, value)
        case ast.BasicLit() | ast.Paren() | ast.BadExpr():
            pass
        case (
            ast.ArrayType() | ast.SliceType() | ast.StructType() | ast.FuncType() | ast.InterfaceType()
            | ast.UnionType() | ast.MapType() | ast.ChanType()
        ):  # fmt: skip
            pass


def target(fb: FlowBuilder, n: ast.Expr) -> Hole:
    """The hole that storing into n means; also evaluates n's operands."""
    match n:
        case ast.Name(text="_"):
            return fb.discard_hole()
        case ast.Name():
            v = fb.variable(n)
            return fb.heap() if v is None or v.is_global else Hole(fb.location(v))
        case ast.Selector():
            sel = fb.info.selections.get(n)
            if sel is None:
                return fb.heap()
            return field_target(fb, n, path_steps(fb.type_of(n.x), sel.index))
        case ast.Index(x=x, indices=(i, *_)):
            return index_target(fb, n, x, i)
        case ast.Star(x=x):
            fb.mutate(x)
            return fb.heap()
        case (
            ast.Index() | ast.BasicLit() | ast.CompositeLit() | ast.KeyValue() | ast.FuncLit() | ast.Paren()
            | ast.Slice() | ast.TypeAssert() | ast.Call() | ast.Unary() | ast.Receive() | ast.Binary() | ast.ArrayType()
            | ast.SliceType() | ast.StructType() | ast.FuncType() | ast.InterfaceType() | ast.UnionType()
            | ast.MapType() | ast.ChanType() | ast.BadExpr()
        ):  # fmt: skip
            fb.discard(n)
            return fb.heap()


def stmt(fb: FlowBuilder, s: ast.Stmt) -> None:
    """Build the flows of a statement."""
    match s:
        case ast.ExprStmt(x=x):
            x = unparen(x)
            if isinstance(x, ast.Call) and not fb.is_type(unparen(x.fun)):
                call(fb, None, x)
            else:
                fb.discard(x)
        case ast.Assign():
            assign(fb, s)
        case ast.Define():
            define(fb, s)
        case ast.DeclStmt(decls=decls):
            for d in decls:
                if isinstance(d, ast.VarDecl):
                    var_decl(fb, d)
        case ast.IncDec(x=x):
            mark_reassigned([fb.target(x)], ())
        case ast.Return(results=results):
            ret(fb, s, results)
        case ast.If():
            conditional(fb, s)
        case ast.Block():
            block(fb, s.stmts)
        case ast.For():
            loop(fb, s)
        case ast.Range():
            range_loop(fb, s)
        case ast.Switch():
            switch(fb, s)
        case ast.TypeSwitch():
            type_switch(fb, s)
        case ast.Select(clauses=clauses):
            for clause in clauses:
                if clause.comm is not None:
                    fb.stmt(clause.comm)
                block(fb, clause.body)
        case ast.Send(ch=ch, value=value):
            fb.discard(ch)
            core = fb.core_of(ch)
            fb.assign_heap(value, core.elem if isinstance(core, Chan) else None, "send", s)
        case ast.Go() | ast.Defer():
            go_defer(fb, s)
        case ast.Labeled(stmt=inner):
            if s in fb.batch.program.loop_labels:
                fb.loop_depth += 1
            fb.stmt(inner)
        case ast.Branch() | ast.Empty():
            pass


SYNTAX = Syntax(expr, target, stmt, block)
