"""Expressions, types and constants as gc prints them in its messages, and where it places them.

gc prints its own tree, after parentheses are gone and implicit steps are explicit: `e.T.M` for a promoted
`e.M`, `T.M(x)` for a call `x.M()`, `([]byte)(s)`, `&T{...}`, `... argument`. Positions are those of its
syntax tree: a call is at its parenthesis, a selector at its dot, a literal at its brace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from morestack.escape.scan import Program, func_name, unparen
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, ChanDir, UnaryOp
from morestack.types import constant
from morestack.types.info import Mode, SelectionKind
from morestack.types.objects import Builtin, BuiltinId, Const, Func, Package, PkgName, Var
from morestack.types.predicates import default_type, is_interface, is_untyped, unalias, under
from morestack.types.types import (
    Alias,
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    TypeParam,
    Union,
)

_PRIMARY, _UNARY = 8, 7
_PRECEDENCE = {
    BinaryOp.MUL: 6, BinaryOp.QUO: 6, BinaryOp.REM: 6, BinaryOp.SHL: 6, BinaryOp.SHR: 6, BinaryOp.AND: 6,
    BinaryOp.AND_NOT: 6, BinaryOp.ADD: 5, BinaryOp.SUB: 5, BinaryOp.OR: 5, BinaryOp.XOR: 5, BinaryOp.EQL: 4,
    BinaryOp.LSS: 4, BinaryOp.LEQ: 4, BinaryOp.GEQ: 4, BinaryOp.GTR: 4, BinaryOp.NEQ: 4, BinaryOp.LAND: 2,
    BinaryOp.LOR: 1,
}  # fmt: skip
_MAX_STRING = 72
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


def quote(data: bytes) -> str:
    """Go's strconv.Quote."""
    out = ['"']
    i = 0
    while i < len(data):
        width = 1
        ch = ""
        for size in (1, 2, 3, 4):
            try:
                ch = data[i : i + size].decode("utf-8")
                width = size
                break
            except UnicodeDecodeError:
                continue
        if not ch:
            out.append(f"\\x{data[i]:02x}")
        else:
            out.append(_quote_rune(ch, '"'))
        i += width
    return "".join(out) + '"'


_ESCAPED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\"}


def _quote_rune(ch: str, mark: str) -> str:
    if ch == mark:
        return "\\" + mark
    if ch in _ESCAPED:
        return _ESCAPED[ch]
    if ch == " " or (ch.isprintable() and not ch.isspace()):
        return ch
    code = ord(ch)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _float_text(x: float) -> str:
    text = f"{x:.6g}"
    if x != int(x) if abs(x) < 1e300 else False:
        if "." not in text and "e" not in text:
            text = repr(x)
    return text


def constant_text(value: constant.Value, t: Type | None) -> str:
    """A constant as go/constant's String prints it, in a conversion if its type is not the default one."""
    if isinstance(value, bool):
        text, default = ("true" if value else "false"), Kind.BOOL
    elif isinstance(value, bytes):
        text, default = quote(value), Kind.STRING
        if len(text) > _MAX_STRING:
            text = text[: _MAX_STRING - 3] + "..."
    else:
        u = under(t) if t is not None else None
        kind = u.kind if isinstance(u, Basic) else Kind.INT
        text, default = _number_text(value, kind)
    if t is None or is_untyped(t) or is_interface(t):
        return text
    plain = unalias(t)
    if isinstance(plain, Basic) and plain.kind is default and plain.name != "rune":
        return text
    if isinstance(plain, Basic) and plain.name == "rune" and isinstance(value, int) and 0 <= value <= 0x10FFFF:
        return "'" + _quote_rune(chr(value), "'") + "'"
    return f"{type_text(t)}({text})"


def _number_text(value: object, kind: Kind) -> tuple[str, Kind]:
    if kind in (Kind.FLOAT32, Kind.FLOAT64, Kind.UNTYPED_FLOAT):
        return _real_text(value), Kind.FLOAT64
    if kind in (Kind.COMPLEX64, Kind.COMPLEX128, Kind.UNTYPED_COMPLEX) or isinstance(value, constant.Complex):
        if isinstance(value, constant.Complex):
            return f"({_real_text(value.re)} + {_real_text(value.im)}i)", Kind.COMPLEX128
        return f"({_real_text(value)} + 0i)", Kind.COMPLEX128
    return str(value), Kind.INT


def _real_text(value: object) -> str:
    try:
        if isinstance(value, int | Fraction):
            return _float_text(float(value))
        if isinstance(value, constant.Float):
            return _float_text(float(value.mant) * 2.0**value.exp)
    except OverflowError:
        pass
    return str(value)


def type_text(t: Type | None, local: Package | None = None) -> str:
    """A type as gc's `%v` prints it: spaced literals, packages named unless local."""
    out: list[str] = []
    _type(t, out, local, 0)
    return "".join(out)


def _type(t: Type | None, out: list[str], local: Package | None, depth: int) -> None:
    if t is None or depth > _DEPTH:
        out.append("...")
        return
    depth += 1
    match t:
        case Alias(obj=obj, actual=actual):
            if obj.name == "any" and obj.pkg is None:
                out.append("any")
            else:
                _type(actual, out, local, depth)
        case Basic(name=name):
            out.append(name)
        case Named(obj=obj, type_args=args):
            if obj.pkg is not None and local is not None and obj.pkg is not local:
                out.append(obj.pkg.name + ".")
            out.append(obj.name)
            if args:
                out.append("[")
                for i, a in enumerate(args):
                    if i:
                        out.append(",")
                    _type(a, out, local, depth)
                out.append("]")
        case TypeParam(obj=obj):
            out.append(obj.name)
        case Pointer(elem=elem):
            out.append("*")
            _type(elem, out, local, depth)
        case Slice(elem=elem):
            out.append("[]")
            _type(elem, out, local, depth)
        case Array(elem=elem, len=n):
            out.append(f"[{n}]")
            _type(elem, out, local, depth)
        case Map(key=key, elem=elem):
            out.append("map[")
            _type(key, out, local, depth)
            out.append("]")
            _type(elem, out, local, depth)
        case Chan(dir=direction, elem=elem):
            out.append({ChanDir.BOTH: "chan ", ChanDir.SEND: "chan<- ", ChanDir.RECV: "<-chan "}[direction])
            inner = isinstance(unalias(elem), Chan) and direction is ChanDir.BOTH
            out.append("(" if inner else "")
            _type(elem, out, local, depth)
            out.append(")" if inner else "")
        case Struct(fields=fields):
            out.append("struct {")
            for i, f in enumerate(fields):
                out.append("; " if i else " ")
                if not f.embedded:
                    out.append(f.name + " ")
                _type(f.type, out, local, depth)
            out.append(" }" if fields else "}")
        case Signature():
            out.append("func")
            _signature(t, out, local, depth)
        case Interface(methods=methods, embeddeds=embeddeds):
            out.append("interface {")
            for i, m in enumerate(methods):
                out.append(("; " if i else " ") + m.name)
                if isinstance(m.type, Signature):
                    _signature(m.type, out, local, depth)
            for i, e in enumerate(embeddeds):
                out.append("; " if i or methods else " ")
                _type(e, out, local, depth)
            out.append(" }" if methods or embeddeds else "}")
        case Tuple(vars=variables):
            _tuple(variables, False, out, local, depth)
        case Union(terms=terms):
            for i, (tilde, term) in enumerate(terms):
                out.append((" | " if i else "") + ("~" if tilde else ""))
                _type(term, out, local, depth)


def _tuple(variables: Iterable[Var], variadic: bool, out: list[str], local: Package | None, depth: int) -> None:
    out.append("(")
    items = list(variables)
    for i, v in enumerate(items):
        if i:
            out.append(", ")
        vt = unalias(v.type) if v.type is not None else None
        if variadic and i == len(items) - 1 and isinstance(vt, Slice):
            out.append("...")
            vt = vt.elem
            _type(vt, out, local, depth)
        else:
            _type(v.type, out, local, depth)
    out.append(")")


def _signature(sig: Signature, out: list[str], local: Package | None, depth: int) -> None:
    _tuple(sig.params.vars, sig.variadic, out, local, depth)
    results = sig.results.vars
    if len(results) == 1:
        out.append(" ")
        _type(results[0].type, out, local, depth)
    elif results:
        out.append(" ")
        _tuple(results, False, out, local, depth)


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
            return str(constant.to_int(tv.value))
        return self.expr(n, 0, depth)


def _is_string(t: Type) -> bool:
    u = under(t)
    return isinstance(u, Basic) and u.kind in (Kind.STRING, Kind.UNTYPED_STRING)
