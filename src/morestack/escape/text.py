"""Expressions, types and constants as gc prints them in its messages, and where it places them.

gc prints its own tree, after parentheses are gone and implicit steps are explicit: `e.T.M` for a promoted
`e.M`, `T.M(x)` for a call `x.M()`, `([]byte)(s)`, `&T{...}`, `... argument`. Positions are those of its
syntax tree: a call is at its parenthesis, a selector at its dot, a literal at its brace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from morestack.escape.program import Program, func_name
from morestack.escape.typetext import constant_text, type_text
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, UnaryOp, unparen
from morestack.types.const import exact
from morestack.types.core.info import Mode, SelectionKind
from morestack.types.core.kinds import default_type
from morestack.types.core.objects import Builtin, BuiltinId, Const, Func, Package, PkgName
from morestack.types.core.types import (
    Basic,
    Chan,
    Kind,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Type,
    TypeParam,
)
from morestack.types.core.under import unalias, under

_PRIMARY, _UNARY = 8, 7
_PRECEDENCE = {
    BinaryOp.MUL: 6, BinaryOp.QUO: 6, BinaryOp.REM: 6, BinaryOp.SHL: 6, BinaryOp.SHR: 6, BinaryOp.AND: 6,
    BinaryOp.AND_NOT: 6, BinaryOp.ADD: 5, BinaryOp.SUB: 5, BinaryOp.OR: 5, BinaryOp.XOR: 5, BinaryOp.EQL: 4,
    BinaryOp.LSS: 4, BinaryOp.LEQ: 4, BinaryOp.GEQ: 4, BinaryOp.GTR: 4, BinaryOp.NEQ: 4, BinaryOp.LAND: 2,
    BinaryOp.LOR: 1,
}  # fmt: skip
_DEPTH = 200


def position(n: ast.Node) -> Span:
    """Where gc reports a node."""
    span = n.span
    match n:
        case ast.Call():
            return span.at(n.lparen)
        case ast.Index() | ast.Slice():
            return span.at(n.lbrack)
        case ast.CompositeLit():
            return span.at(n.lbrace)
        case ast.Binary() | ast.Assign() | ast.Define():
            return span.at(n.op_pos)
        case ast.Selector(x=x) | ast.TypeAssert(x=x):
            dot = span.file.text.find(b".", x.span.end, span.end)
            return span.at(dot if dot >= 0 else span.start)
        case _:
            return span


@dataclass(slots=True, eq=False)
class Texts:
    """Prints expressions of one package."""

    program: Program
    local: Package

    def later(self, n: ast.Node) -> Callable[[], str]:
        return lambda: self.node(n)

    def later_boxed(self, n: ast.Expr) -> Callable[[], str]:
        return lambda: self.boxed(n)

    def later_pointer(self, lit: ast.CompositeLit) -> Callable[[], str]:
        return lambda: "&" + self.literal(lit)

    def later_literal(self, lit: ast.CompositeLit) -> Callable[[], str]:
        return lambda: self.literal(lit)

    def type(self, t: Type | None) -> str:
        return type_text(t, self.local)

    def node(self, n: ast.Node) -> str:
        """What a message calls an allocation."""
        match n:
            case ast.FuncLit() | ast.Range():
                return "func literal"
            case ast.Go() | ast.Defer():
                return "func literal"
            case ast.CompositeLit():
                return self.literal(n)
            case ast.Call() if self.is_append(n):
                return "append"
            case _:
                return self.expr(n, 0, 0)  # type: ignore[arg-type]

    def is_append(self, n: ast.Call) -> bool:
        fun = unparen(n.fun)
        obj = self.program.info.uses.get(fun) if isinstance(fun, ast.Name) else None
        return isinstance(obj, Builtin) and obj.id is BuiltinId.APPEND

    def boxed(self, n: ast.Expr) -> str:
        """The operand of a conversion to an interface: a constant, where it always is one."""
        value = self.program.static_value(n)
        tv = self.program.info.types.get(value)
        if tv is not None and tv.mode is Mode.CONSTANT and tv.value is not None:
            own = self.program.info.types.get(n)
            t = own.type if own is not None and value is not unparen(n) else tv.type
            return constant_text(tv.value, default_type(t))
        return self.expr(n, 0, 0)

    def literal(self, n: ast.CompositeLit) -> str:
        tv = self.program.info.types.get(n)
        t = tv.type if tv is not None else None
        if t is not None and n.type is None and isinstance(under(t), Pointer):
            base = under(t)
            t = base.elem if isinstance(base, Pointer) else t
        return self.type(t) + ("{...}" if n.elements else "{}")

    def args(self, args: Iterable[ast.Expr], depth: int) -> str:
        return ", ".join(self.expr(a, 0, depth) for a in args)

    def expr(self, n: ast.Expr, prec: int, depth: int) -> str:
        """n, in parentheses if the context binds more tightly than prec allows."""
        n = unparen(n)
        if depth > _DEPTH:
            return "..."
        depth += 1
        info = self.program.info
        tv = info.types.get(n)
        if tv is not None and tv.mode is Mode.CONSTANT and tv.value is not None:
            obj = info.uses.get(n) if isinstance(n, ast.Name) else None
            if isinstance(obj, Const) and obj.name in ("true", "false") and obj.pkg is None:
                return obj.name
            return constant_text(tv.value, tv.type)
        if tv is not None and tv.mode is Mode.TYPE:
            text = self.type(tv.type)
            return f"({text})" if prec > _UNARY and isinstance(unalias(tv.type), Pointer) else text
        match n:
            case ast.Binary(op=op, x=x, y=y):
                concatenates = op is BinaryOp.ADD and tv is not None and _is_string(tv.type)
                own = 0 if concatenates else _PRECEDENCE[op]
                right = 0 if concatenates else own + 1
                text = f"{self.expr(x, own, depth)} {op.value} {self.expr(y, right, depth)}"
                return f"({text})" if prec > own else text
            case ast.Unary(op=UnaryOp.ADDR, x=x) if isinstance(unparen(x), ast.CompositeLit):
                text = "&" + self.expr(x, 0, depth)
                return f"({text})" if prec > 0 else text
            case ast.FuncLit():
                return "(func literal)" if prec > 0 else "func literal"
            case ast.Unary(op=op, x=x):
                inner = unparen(x)
                gap = " " if isinstance(inner, ast.Unary) and inner.op is op else ""
                text = f"{op.value}{gap}{self.expr(x, _UNARY + 1, depth)}"
            case ast.Receive(x=x):
                gap = " " if isinstance(unparen(x), ast.Receive) else ""
                text = f"<-{gap}{self.expr(x, _UNARY + 1, depth)}"
            case ast.Star(x=x):
                text = f"*{self.expr(x, _UNARY + 1, depth)}"
            case ast.Call() if prec > 0 and tv is not None and self.is_loose_call(n, tv.type):
                return f"({self.primary(n, depth)})"
            case _:
                return self.primary(n, depth)
        return f"({text})" if prec > _UNARY else text

    def is_loose_call(self, n: ast.Call, t: Type) -> bool:
        """Builtins gc knows no precedence of, and so always puts in parentheses."""
        fun = unparen(n.fun)
        obj = self.program.info.uses.get(fun) if isinstance(fun, ast.Name) else None
        if not isinstance(obj, Builtin):
            return False
        loose = {BuiltinId.COMPLEX, BuiltinId.REAL, BuiltinId.IMAG, BuiltinId.RECOVER}
        return obj.id in loose or (obj.id is BuiltinId.MAKE and isinstance(under(t), Map | Chan))

    def primary(self, n: ast.Expr, depth: int) -> str:
        match n:
            case ast.Name(text=text):
                obj = self.program.info.uses.get(n)
                return "nil" if text == "nil" else (func_name(obj) if isinstance(obj, Func) else text)
            case ast.Selector():
                return self.selector(n, depth)
            case ast.Index(x=x, indices=indices):
                return f"{self.expr(x, _PRIMARY, depth)}[{self.args(indices, depth)}]"
            case ast.Slice(x=x, lo=lo, hi=hi, max=top):
                text = self.expr(x, _PRIMARY, depth) + "["
                text += self.expr(lo, 0, depth) if lo is not None else ""
                text += ":" + (self.expr(hi, 0, depth) if hi is not None else "")
                text += ":" + self.expr(top, 0, depth) if top is not None else ""
                return text + "]"
            case ast.TypeAssert(x=x, type=t):
                inner = self.expr(t, 0, depth) if t is not None else "type"
                return f"{self.expr(x, _PRIMARY, depth)}.({inner})"
            case ast.CompositeLit():
                tv = self.program.info.types.get(n)
                amp = "&" if n.type is None and tv is not None and isinstance(under(tv.type), Pointer) else ""
                return amp + self.literal(n)
            case ast.Call():
                return self.call(n, depth)
            case _:
                return n.span.text()

    def selector(self, n: ast.Selector, depth: int) -> str:
        sel = self.program.info.selections.get(n)
        if sel is None:
            obj = self.program.info.uses.get(n.x) if isinstance(n.x, ast.Name) else None
            return f"{obj.imported.name if isinstance(obj, PkgName) else self.expr(n.x, 8, depth)}.{n.sel.text}"
        if sel.kind is SelectionKind.METHOD_EXPR:
            return f"{self.expr(n.x, _PRIMARY, depth)}.{n.sel.text}"
        return f"{self.path(n, depth)}.{n.sel.text}"

    def path(self, n: ast.Selector, depth: int) -> str:
        """The operand of a selection with the embedded fields it goes through."""
        info = self.program.info
        text = self.expr(n.x, _PRIMARY, depth)
        sel, tv = info.selections.get(n), info.types.get(n.x)
        t = tv.type if tv is not None else None
        for i in sel.index[:-1] if sel is not None else ():
            u = under(t) if t is not None else None
            u = under(u.elem) if isinstance(u, Pointer) else u
            if not isinstance(u, Struct):
                break
            text += "." + u.fields[i].name
            t = u.fields[i].type
        return text

    def call(self, n: ast.Call, depth: int) -> str:
        info = self.program.info
        fun = unparen(n.fun)
        tv = info.types.get(fun)
        if tv is not None and tv.mode is Mode.TYPE:
            named = isinstance(unalias(tv.type), Named | Basic | TypeParam) or self.type(tv.type) == "any"
            text = self.type(tv.type)
            return f"{text if named else f'({text})'}({self.args(n.args, depth)})"
        obj = info.uses.get(fun) if isinstance(fun, ast.Name) else None
        if isinstance(obj, Builtin):
            return self.builtin(n, obj, depth)
        sel = info.selections.get(fun) if isinstance(fun, ast.Selector) else None
        args = [self.expr(a, 0, depth) for a in n.args]
        ftype = under(tv.type) if tv is not None else None
        dots = "..." if n.has_dots else ""
        if isinstance(ftype, Signature) and ftype.variadic and not n.has_dots:
            fixed = len(ftype.params.vars) - 1
            args = [*args[:fixed], "... argument" if len(args) > fixed else "nil"]
            dots = "..."
        is_method = sel is not None and sel.kind is SelectionKind.METHOD and isinstance(sel.obj, Func)
        if is_method and sel is not None and isinstance(sel.obj, Func) and isinstance(fun, ast.Selector):
            if sel.obj.decl is not None:
                return f"{func_name(sel.obj)}({', '.join([self.path(fun, depth), *args])}{dots})"
        return f"{self.expr(fun, _PRIMARY, depth)}({', '.join(args)}{dots})"

    def builtin(self, n: ast.Call, obj: Builtin, depth: int) -> str:
        args = list(n.args)
        if obj.id is BuiltinId.MAKE:
            size = [self.size(a, depth) for a in args[1:]]
            tv = self.program.info.types.get(n)
            if tv is not None and isinstance(under(tv.type), Slice) and size:
                known = self.program.static_int(args[-1])
                if known is not None and known >= 0:
                    size[-1] = str(known)
            return f"make({', '.join([self.expr(args[0], 0, depth), *size])})"
        name = f"unsafe.{obj.name}" if obj.name[0].isupper() else obj.name
        return f"{name}({self.args(args, depth)}{'...' if n.has_dots else ''})"

    def size(self, n: ast.Expr, depth: int) -> str:
        tv = self.program.info.types.get(n)
        if tv is not None and tv.mode is Mode.CONSTANT and tv.value is not None:
            return str(exact.to_int(tv.value))
        return self.expr(n, 0, depth)


def _is_string(t: Type) -> bool:
    u = under(t)
    return isinstance(u, Basic) and u.kind in (Kind.STRING, Kind.UNTYPED_STRING)
