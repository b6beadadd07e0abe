"""The dispatch of the checking walk: one match statement per family of syntax nodes.

Each arm calls a function in the construct's module. Those modules recurse through `checker.Walk`, so none of them
imports this module. The arms are ordered by their frequency in real programs, as far as the patterns allow.
"""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check.checker import Checker
from morestack.types.check.decl import decl
from morestack.types.check.expr import assertion, binary, call, composite, expr, index, literals, names, selector, unary
from morestack.types.check.operand import ExprKind, Operand, Target, invalid
from morestack.types.check.stmt import assign, range_loop, stmt, switch
from morestack.types.check.typexpr import composite as composite_type
from morestack.types.check.typexpr import generic, interface, signature, struct, typexpr
from morestack.types.core.info import Mode
from morestack.types.core.objects import TypeName
from morestack.types.core.types import INVALID, Type


def check_expr(check: Checker, e: ast.Expr, hint: Type | None, target: Target | None) -> tuple[Operand, ExprKind]:
    kind = ExprKind.EXPRESSION
    match e:
        case ast.Name():
            x = names.ident(check, e, want_type=False)
        case ast.BasicLit():
            x = literals.basic_lit(check, e)
        case ast.Call():
            return call.check_call(check, e)
        case ast.Selector():
            x = selector.check_selector(check, e, want_type=False)
        case ast.Binary():
            x = binary.check_binary(check, e, e.x, e.y, e.op)
        case ast.Unary():
            x = unary.check_unary(check, e)
        case ast.Index():
            x = index.check_index_or_instance(check, e, target)
        case ast.Slice():
            x = index.check_slice(check, e)
        case ast.Star():
            x = unary.star(check, e)
        case ast.Paren():
            inner, kind = expr.raw_expr(check, e.x)
            inner.expr = e
            return inner, kind
        case ast.CompositeLit():
            x = composite.check_composite(check, e, hint)
        case ast.FuncLit():
            x = literals.func_lit(check, e)
        case ast.TypeAssert():
            x = assertion.type_assert(check, e)
        case ast.Receive():
            x = unary.check_receive(check, e)
            kind = ExprKind.STATEMENT
        case ast.KeyValue():
            check.error(e, Code.SYNTAX, "unexpected key:value expression")
            x = invalid(e)
        case ast.UnionType():
            check.error(e, Code.NOT_A_TYPE, "unexpected union outside of a constraint")
            x = invalid(e)
        case (
            ast.ArrayType()
            | ast.SliceType()
            | ast.StructType()
            | ast.FuncType()
            | ast.InterfaceType()
            | ast.MapType()
            | ast.ChanType()
        ):
            x = Operand(Mode.TYPE, e, typexpr.type_of(check, e))
        case ast.BadExpr():
            x = invalid(e)
    x.expr = e  # type: ignore[possibly-undefined]  # the match is exhaustive
    return x, kind if x.valid else ExprKind.STATEMENT  # the error of an invalid operand has been reported


def check_stmt(check: Checker, s: ast.Stmt) -> None:
    match s:
        case ast.ExprStmt(x=x):
            stmt.expr_stmt(check, x)
        case ast.Assign():
            stmt.assign_stmt(check, s)
        case ast.Define():
            assign.short_var_decl(check, s)
        case ast.If():
            stmt.if_stmt(check, s)
        case ast.Block(stmts=stmts):
            with check.scope(s):
                check.stmts(stmts)
        case ast.Return():
            stmt.return_stmt(check, s)
        case ast.For():
            stmt.for_stmt(check, s)
        case ast.Range():
            range_loop.check_range(check, s)
        case ast.IncDec():
            stmt.inc_dec_stmt(check, s)
        case ast.DeclStmt(decls=decls):
            decl.decl_stmt(check, decls)
        case ast.Switch():
            switch.check_switch(check, s)
        case ast.TypeSwitch():
            switch.check_type_switch(check, s)
        case ast.Send():
            stmt.send_stmt(check, s)
        case ast.Go(call=call):
            stmt.suspended_call(check, "go", call)
        case ast.Defer(call=call):
            stmt.suspended_call(check, "defer", call)
        case ast.Labeled(stmt=inner):
            check.stmt(inner)
        case ast.Select():
            stmt.select_stmt(check, s)
        case ast.Empty() | ast.Branch():
            pass


def check_type(check: Checker, e: ast.Expr, def_: TypeName | None) -> Type:
    match e:
        case ast.Name():
            return typexpr.named(check, names.ident(check, e, want_type=True))
        case ast.Selector():
            return typexpr.named(check, selector.check_selector(check, e, want_type=True))
        case ast.Index():
            return generic.instantiated_type(check, e)
        case ast.Paren(x=x):
            return typexpr.type_of(check, x, def_)
        case ast.ArrayType():
            return composite_type.array_type(check, e)
        case ast.SliceType():
            return composite_type.slice_type(check, e)
        case ast.StructType():
            return struct.struct_type(check, e)
        case ast.Star():
            return composite_type.pointer_type(check, e)
        case ast.FuncType():
            return signature.func_type(check, e, None)
        case ast.InterfaceType():
            return interface.interface_type(check, e, def_)
        case ast.MapType():
            return composite_type.map_type(check, e)
        case ast.ChanType():
            return composite_type.chan_type(check, e)
        case ast.UnionType() | ast.Unary(op=ast.UnaryOp.TILDE):
            return interface.constraint(check, e)
        case ast.BadExpr():
            return INVALID
        case (
            ast.BasicLit()
            | ast.CompositeLit()
            | ast.KeyValue()
            | ast.FuncLit()
            | ast.Slice()
            | ast.TypeAssert()
            | ast.Call()
            | ast.Unary()
            | ast.Receive()
            | ast.Binary()
        ):
            check.error(e, Code.NOT_A_TYPE, f"{expr_string(e)} is not a type")
            expr.use(check, e)
            return INVALID
