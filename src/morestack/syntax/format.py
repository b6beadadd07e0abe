"""Expressions in the form in which gc's messages print them: Go source on one line, with bodies elided.

A function literal is printed as `func(x int) {…}`, a composite literal as `T{…}`; types are printed in full.
Parentheses appear where the user wrote them, except in types.
"""

from morestack.syntax.nodes import (
    ArrayType,
    Assign,
    BadExpr,
    BasicLit,
    Binary,
    Call,
    ChanDir,
    ChanType,
    CompositeLit,
    Define,
    Expr,
    ExprStmt,
    FuncLit,
    FuncType,
    IncDec,
    Index,
    InterfaceType,
    KeyValue,
    MapType,
    MethodElem,
    Name,
    Param,
    Paren,
    Receive,
    Selector,
    Send,
    Slice,
    SliceType,
    Star,
    StructField,
    StructType,
    TypeAssert,
    Unary,
    UnaryOp,
    UnionType,
)

_ELLIPSIS = "{…}"


def expr_string(x: Expr) -> str:
    """Print an expression or type on one line."""
    if isinstance(x, Binary):
        return _binary(x)
    s = expr_string
    match x:
        case Name(text=text) | BasicLit(text=text):
            return text
        case Selector(x=inner, sel=sel):
            return f"{s(inner)}.{sel.text}"
        case Call(fun=fun, args=args, has_dots=dots):
            return f"{s(fun)}({_list(args)}{'...' if dots else ''})"
        case Paren(x=inner):
            return f"({s(inner)})"
        case Index(x=inner, indices=indices):
            return f"{s(inner)}[{_list(indices)}]"
        case Star(x=inner):
            return "*" + s(inner)
        case Unary(op=UnaryOp.ADDR, x=inner):
            while isinstance(inner, Paren):
                inner = inner.x
            return "&" + s(inner)
        case Unary(op=op, x=inner):
            return op.value + s(inner)
        case Receive(x=inner):
            return "<-" + s(inner)
        case CompositeLit(type=type_, elements=elements):
            return (s(type_) if type_ is not None else "") + (_ELLIPSIS if elements else "{}")
        case KeyValue(key=key, value=value):
            return f"{s(key)}: {s(value)}"
        case FuncLit(type=type_, body=body):
            return s(type_) + " " + (_ELLIPSIS if body.stmts else "{}")
        case Slice():
            return _slice(x)
        case TypeAssert(x=inner, type=type_):
            return f"{s(inner)}.({'type' if type_ is None else s(type_)})"
        case BadExpr():
            return "<bad expr>"
        case _:
            return _type_string(x)


def _binary(x: Binary) -> str:
    """Print a chain of operators from left to right without recursion, because generated programs have long chains."""
    parts: list[str] = []
    rest: Expr = x
    while isinstance(rest, Binary):
        parts.append(f" {rest.op.value} {expr_string(rest.y)}")
        rest = rest.x
    parts.append(expr_string(rest))
    return "".join(reversed(parts))


def _type_string(x: Expr) -> str:
    s = expr_string
    match x:
        case ArrayType(len=length, elem=elem):
            return f"[{'...' if length is None else s(length)}]{s(elem)}"
        case SliceType(elem=elem):
            return "[]" + s(elem)
        case MapType(key=key, value=value):
            return f"map[{s(key)}]{s(value)}"
        case ChanType(dir=direction, elem=elem):
            while isinstance(elem, Paren):
                elem = elem.x
            inner = s(elem)
            if direction is not ChanDir.SEND and isinstance(elem, ChanType) and elem.dir is ChanDir.RECV:
                inner = f"({inner})"
            return f"{direction.value} {inner}"
        case FuncType():
            return "func" + signature_string(x)
        case StructType(fields=fields):
            return "struct{" + "; ".join(_field(f) for f in fields) + "}"
        case InterfaceType(elements=elements):
            return "interface{" + "; ".join(_element(e) for e in elements) + "}"
        case UnionType(terms=terms):
            return " | ".join(s(t) for t in terms)
        case _:
            return "<bad expr>"


def signature_string(x: FuncType) -> str:
    """Print parameters and results, without `func`."""
    params = "(" + ", ".join(_param(p) for p in x.params) + ")"
    if not x.results:
        return params
    if len(x.results) == 1 and not x.results[0].names:
        return f"{params} {expr_string(x.results[0].type)}"
    return f"{params} (" + ", ".join(_param(p) for p in x.results) + ")"


def _param(p: Param) -> str:
    shown = ("..." if p.variadic else "") + expr_string(p.type)
    return f"{', '.join(n.text for n in p.names)} {shown}" if p.names else shown


def _field(f: StructField) -> str:
    shown = expr_string(f.type) + (f" {f.tag.text}" if f.tag is not None else "")
    return f"{', '.join(n.text for n in f.names)} {shown}" if f.names else shown


def _element(e: MethodElem | Expr) -> str:
    return e.name.text + signature_string(e.type) if isinstance(e, MethodElem) else expr_string(e)


def _slice(x: Slice) -> str:
    def part(i: Expr | None) -> str:
        return "" if i is None else expr_string(i)

    shown = f"{expr_string(x.x)}[{part(x.lo)}:{part(x.hi)}"
    return shown + (f":{part(x.max)}]" if x.full else "]")


def _list(items: tuple[Expr, ...]) -> str:
    return ", ".join(expr_string(x) for x in items)


def stmt_string(stmt: Assign | Define | Send | IncDec | ExprStmt) -> str:
    """Print a simple statement on one line."""
    match stmt:
        case Assign(lhs=lhs, rhs=rhs, op=op):
            return f"{_list(lhs)} {'' if op is None else op.value}= {_list(rhs)}"
        case Define(lhs=lhs, rhs=rhs):
            return f"{_list(lhs)} := {_list(rhs)}"
        case Send(ch=ch, value=value):
            return f"{expr_string(ch)} <- {expr_string(value)}"
        case IncDec(x=x, inc=inc):
            return expr_string(x) + ("++" if inc else "--")
        case ExprStmt(x=x):
            return expr_string(x)
