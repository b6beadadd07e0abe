"""The position at which gc reports an error on a node, which is seldom its first byte.

`start_of` corresponds to cmd/compile's syntax.StartPos, which descends to the leftmost operand but stops at slice
expressions (positioned at the bracket) and function types (at the parenthesis). `pos_of` is the node's own position:
that of an operator, a bracket or a dot.
"""

from __future__ import annotations

from morestack.syntax import nodes as ast


def _after(e: ast.Expr, text: bytes, mark: bytes) -> int:
    """Return the offset of mark after e."""
    at = text.find(mark, e.span.end)
    return at if at >= 0 else e.span.end


def start_of(n: ast.Node) -> int:
    """Return the offset of the leftmost part of n."""
    while True:
        match n:
            case ast.Slice(lbrack=lbrack):
                return lbrack
            case ast.FuncType(span=span):
                text = span.file.text
                if text.startswith(b"func", span.start):
                    return max(span.start, text.find(b"(", span.start))
                return span.start
            case ast.CompositeLit(type=t) if t is not None:
                n = t
            case ast.KeyValue(key=x) | ast.Selector(x=x) | ast.Index(x=x) | ast.TypeAssert(x=x):
                n = x
            case ast.Call(fun=x) | ast.Binary(x=x) | ast.ExprStmt(x=x) | ast.Send(ch=x) | ast.IncDec(x=x):
                n = x
            case ast.Assign(lhs=lhs) | ast.Define(lhs=lhs):
                n = lhs[0]
            case _:  # the others begin with their own token
                return n.span.start


def pos_of(n: ast.Node) -> int:
    """Return the offset of the token of n itself."""
    match n:
        case ast.Binary(op_pos=at) | ast.Call(lparen=at) | ast.Index(lbrack=at) | ast.Slice(lbrack=at):
            return at
        case ast.CompositeLit(lbrace=at):
            return at
        case ast.Selector(x=x) | ast.TypeAssert(x=x):
            return _after(x, n.span.file.text, b".")
        case _:  # the others begin with that token
            return start_of(n)
