"""The dispatch from syntax nodes to builders: one match per form in which expressions are wanted, and one for
statements.

The arms are ordered by frequency. Constants, nil and values saved in `FuncBuilder.saved` never get here. See
docs/adr/0006-dispatch-by-match.md.
"""

from __future__ import annotations

from morestack.ir.module import Operand
from morestack.irbuild.body import build_literal_body
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.expr.assertion import type_assert, type_assert_into
from morestack.irbuild.expr.binary import binary, unary
from morestack.irbuild.expr.callexpr import call_into, call_loc, call_value
from morestack.irbuild.expr.closure import func_lit
from morestack.irbuild.expr.convert import basic_lit
from morestack.irbuild.expr.index import index_loc, slice_expr
from morestack.irbuild.expr.literal import literal, literal_into, literal_loc
from morestack.irbuild.expr.operand import name_loc, star_loc
from morestack.irbuild.expr.receive import receive_into, receive_value
from morestack.irbuild.expr.selector import selector_loc
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.module import Syntax
from morestack.irbuild.stmt.assign import assign, inc_dec
from morestack.irbuild.stmt.control import branch, expr_stmt, for_stmt, if_stmt, labeled
from morestack.irbuild.stmt.declare import decl_stmt, define
from morestack.irbuild.stmt.godefer import defer_stmt, go_stmt
from morestack.irbuild.stmt.leave import return_stmt
from morestack.irbuild.stmt.range import range_stmt
from morestack.irbuild.stmt.select import select, send
from morestack.irbuild.stmt.switch import switch
from morestack.irbuild.stmt.typeswitch import type_switch
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast


def expr(fb: FuncBuilder, e: ast.Expr) -> Operand:
    """Build the value of an expression."""
    match e:
        case ast.Name():
            return fb.value(name_loc(fb, e), e)
        case ast.Call():
            return call_value(fb, e)
        case ast.Binary():
            return binary(fb, e)
        case ast.Selector():
            return fb.value(selector_loc(fb, e), e)
        case ast.Index():
            return fb.value(index_loc(fb, e), e)
        case ast.Star():
            return fb.value(star_loc(fb, e), e)
        case ast.Unary():
            return unary(fb, e)
        case ast.Paren(x=x):
            return fb.expr(x)
        case ast.CompositeLit():
            return literal(fb, e)
        case ast.Slice():
            return slice_expr(fb, e)
        case ast.Receive():
            return receive_value(fb, e)
        case ast.FuncLit():
            return func_lit(fb, e)
        case ast.TypeAssert():
            return type_assert(fb, e)
        case ast.BasicLit():
            return basic_lit(fb, e)
        case (
            ast.KeyValue() | ast.ArrayType() | ast.SliceType() | ast.StructType() | ast.FuncType() | ast.InterfaceType()
            | ast.UnionType() | ast.MapType() | ast.ChanType() | ast.BadExpr()
        ):  # fmt: skip
            raise InternalError("ir.build", f"{type(e).__name__} is not a value", e.span)


def loc(fb: FuncBuilder, e: ast.Expr) -> Loc:
    """Build the place of an expression if it has one, else its value, which goes into a temporary if it is too
    large."""
    match e:
        case ast.Name():
            return name_loc(fb, e)
        case ast.Selector():
            return selector_loc(fb, e)
        case ast.Index():
            return index_loc(fb, e)
        case ast.Call():
            return call_loc(fb, e)
        case ast.Star():
            return star_loc(fb, e)
        case ast.Paren(x=x):
            return fb.loc(x)
        case ast.CompositeLit():
            return literal_loc(fb, e)
        case (
            ast.BasicLit() | ast.Binary() | ast.Unary() | ast.Slice() | ast.Receive() | ast.FuncLit() | ast.TypeAssert()
            | ast.KeyValue() | ast.ArrayType() | ast.SliceType() | ast.StructType() | ast.FuncType()
            | ast.InterfaceType() | ast.UnionType() | ast.MapType() | ast.ChanType() | ast.BadExpr()
        ):  # fmt: skip
            return fb.evaluated(e)


def into(fb: FuncBuilder, e: ast.Expr, to: Mem) -> None:
    """Build a value that is too large for registers at a place that the expression does not read."""
    match e:
        case ast.CompositeLit():
            literal_into(fb, e, to)
        case ast.Call():
            call_into(fb, e, to)
        case ast.Paren(x=x):
            fb.into(x, to)
        case ast.TypeAssert():
            type_assert_into(fb, e, to)
        case ast.Receive():
            receive_into(fb, e, to)
        case (
            ast.Name() | ast.Selector() | ast.Index() | ast.Star() | ast.BasicLit() | ast.Binary() | ast.Unary()
            | ast.Slice() | ast.FuncLit() | ast.KeyValue() | ast.ArrayType() | ast.SliceType() | ast.StructType()
            | ast.FuncType() | ast.InterfaceType() | ast.UnionType() | ast.MapType() | ast.ChanType() | ast.BadExpr()
        ):  # fmt: skip
            fb.put(to, fb.loc(e), e)


def stmt(fb: FuncBuilder, s: ast.Stmt) -> None:
    """Build a statement."""
    match s:
        case ast.Return():
            return_stmt(fb, s)
        case ast.ExprStmt():
            expr_stmt(fb, s)
        case ast.Define():
            define(fb, s)
        case ast.If():
            if_stmt(fb, s)
        case ast.Assign():
            assign(fb, s)
        case ast.IncDec():
            inc_dec(fb, s)
        case ast.For():
            for_stmt(fb, s)
        case ast.Range():
            range_stmt(fb, s)
        case ast.Block(stmts=stmts):
            fb.stmts(stmts)
        case ast.DeclStmt():
            decl_stmt(fb, s)
        case ast.Switch():
            switch(fb, s)
        case ast.Go():
            go_stmt(fb, s)
        case ast.Defer():
            defer_stmt(fb, s)
        case ast.Send():
            send(fb, s)
        case ast.Branch():
            branch(fb, s)
        case ast.Select():
            select(fb, s)
        case ast.TypeSwitch():
            type_switch(fb, s)
        case ast.Labeled():
            labeled(fb, s)
        case ast.Empty():
            pass


SYNTAX = Syntax(expr, loc, into, stmt, build_literal_body)
