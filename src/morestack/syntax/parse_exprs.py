"""Expressions: operands, their suffixes, and operators by precedence."""

from morestack.source.span import Span
from morestack.syntax.cursor import MAX_DEPTH, TooDeep
from morestack.syntax.format import expr_string
from morestack.syntax.nodes import (
    ArrayType,
    BasicLit,
    Binary,
    BinaryOp,
    Call,
    ChanDir,
    ChanType,
    CompositeLit,
    Expr,
    FuncLit,
    FuncType,
    Index,
    KeyValue,
    MapType,
    Name,
    Paren,
    Receive,
    Selector,
    Slice,
    SliceType,
    Star,
    StructType,
    TypeAssert,
    Unary,
    UnaryOp,
)
from morestack.syntax.parse_params import ParamParser
from morestack.syntax.scan import LITERAL, NAME, SEMI

_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(["==", "!=", "<", "<=", ">", ">="], 3),
    **dict.fromkeys(["+", "-", "|", "^"], 4),
    **dict.fromkeys(["*", "/", "%", "&", "&^", "<<", ">>"], 5),
    "~": 0,
}
_BINARY = {op.value: op for op in BinaryOp}
_UNARY = {op.value: op for op in UnaryOp}
_CHAIN = 64
"""If a chain of operators or calls is longer than this, the depth of the whole tree is measured."""


class ExprParser(ParamParser):
    """Parses expressions."""

    def expr(self) -> Expr:
        """Parse an expression."""
        self.depth += 1
        if self.depth > 40:
            self.check_depth = True
            if self.depth > MAX_DEPTH:
                raise TooDeep(self.pos)
        x = self.binary(None, 0)
        self.depth -= 1
        return x

    def binary(self, x: Expr | None, above: int) -> Expr:
        """Parse an expression whose operators bind tighter than `above`; its first operand may be given."""
        if x is None:
            x = self.unary()
        precedence = _PRECEDENCE.get
        links = 0
        while (binds := precedence(self.tok, 0)) > above:
            op_pos = self.pos
            op = _BINARY[self.tok]
            self.next()
            y = self.binary(None, binds)
            x = Binary(Span(self.file, x.span.start, y.span.end), op, x, y, op_pos)
            links += 1
        if links > _CHAIN:
            self.check_depth = True
        return x

    def unary(self) -> Expr:
        """Parse a primary expression with its prefix operators."""
        tok = self.tok
        if tok in (NAME, LITERAL):
            return self.primary(None)
        start = self.pos
        if tok == "*" or tok in _UNARY:
            self.deeper()
            self.next()
            x = self.unary()
            self.depth -= 1
            span = Span(self.file, start, max(start, x.span.end))
            return Star(span, x) if tok == "*" else Unary(span, _UNARY[tok], x)
        if tok == "<-":
            self.deeper()
            self.next()
            x = self.unary()
            self.depth -= 1
            if isinstance(x, ChanType):
                return self._receive_type(start, x)
            return Receive(Span(self.file, start, max(start, x.span.end)), x)
        return self.primary(None)

    def _receive_type(self, start: int, x: ChanType) -> ChanType:
        """Apply `<-` to the channel type after it: `<-chan T`. In `<-chan<- chan T` each arrow moves one place to the
        left."""
        span = Span(self.file, start, x.span.end)
        if x.dir is ChanDir.BOTH:
            return ChanType(span, ChanDir.RECV, x.elem)
        if x.dir is ChanDir.RECV:
            self.syntax_error("unexpected <-, expected chan")
            return x
        if isinstance(x.elem, ChanType):
            return ChanType(span, ChanDir.RECV, self._receive_type(x.elem.span.start, x.elem))
        self.syntax_error(f"unexpected {expr_string(x.elem)}, expected chan")
        return ChanType(span, ChanDir.RECV, x.elem)

    def operand(self) -> Expr:
        """Parse a name, literal, parenthesized expression, function literal or type."""
        start = self.pos
        tok = self.tok
        if tok == NAME:
            return self.name()
        if tok == LITERAL:
            return self.literal()
        if tok == "(":
            self.next()
            self.expr_nesting += 1
            x = self.expr()
            self.expr_nesting -= 1
            self.want(")")
            return Paren(self.span(start), x)
        if tok == "func":
            self.next()
            signature = self.signature("function type")
            type_ = FuncType(self.span(start), signature.params, signature.results)
            if self.tok != "{":
                return type_
            self.expr_nesting += 1
            self.deeper()
            body = self.func_body()
            self.depth -= 1
            self.expr_nesting -= 1
            return FuncLit(self.span(start), type_, body)
        if tok in ("[", "chan", "map", "struct", "interface"):
            return self.type_()
        bad = self.bad_expr()
        self.syntax_error("expected expression")
        self.advance(")", "]", "}")
        return bad

    def primary(self, x: Expr | None) -> Expr:
        """Parse an operand and the selectors, indices, calls, assertions and literal values after it."""
        if x is None:
            x = self.operand()
        start = x.span.start
        links = 0
        while True:
            tok = self.tok
            if tok == ".":
                self.next()
                if self.tok == NAME:
                    sel = self.name()
                    x = Selector(Span(self.file, start, sel.span.end), x, sel)
                elif self.tok == "(":
                    x = self._assertion(x)
                else:
                    self.syntax_error("expected name or (")
                    self.advance(SEMI, ")")
            elif tok == "(":
                lparen = self.pos
                self.next()
                args, dots = self._arguments()
                x = Call(self.span(start), x, args, dots, lparen)
            elif tok == "[":
                x = self._index_or_slice(x)
            elif tok == "{":
                if not self._may_be_literal_type(x):
                    break
                if isinstance(x, Paren):
                    self.syntax_error("cannot parenthesize type in composite literal")
                x = self.literal_value(x)
            else:
                break
            links += 1
        if links > _CHAIN:
            self.check_depth = True
        return x

    def _assertion(self, x: Expr) -> Expr:
        self.next()
        start = x.span.start
        if self.got("type"):
            self.want(")")
            return TypeAssert(self.span(start), x, None)
        type_ = self.type_()
        self.want(")")
        return TypeAssert(self.span(start), x, type_)

    def _index_or_slice(self, x: Expr) -> Expr:
        lbrack = self.pos
        start = x.span.start
        self.next()
        lo: Expr | None = None
        if self.tok != ":":
            if self.tok == "]":
                self.syntax_error("expected operand")
                indices: tuple[Expr, ...] = (self.bad_expr(),)
                comma = False
            else:
                indices, comma = self.type_list(strict=False)
            if comma or self.tok == "]":
                self.want("]")
                return Index(self.span(start), x, indices, lbrack)
            lo = indices[0]
        if not self.got(":"):
            self.syntax_error("expected comma, : or ]")
            self.advance(",", ":", "]")
        self.expr_nesting += 1
        hi: Expr | None = None
        top: Expr | None = None
        full = False
        if self.tok not in (":", "]"):
            hi = self.expr()
        if self.tok == ":":
            full = True
            if hi is None:
                self.error_at(self.pos, "middle index required in 3-index slice")
                hi = self.bad_expr()
            self.next()
            if self.tok != "]":
                top = self.expr()
            else:
                self.error_at(self.pos, "final index required in 3-index slice")
                top = self.bad_expr()
        self.expr_nesting -= 1
        self.want("]")
        return Slice(self.span(start), x, lo, hi, top, full, lbrack)

    def _arguments(self) -> tuple[tuple[Expr, ...], bool]:
        """Parse arguments after the opening parenthesis; return them, and whether the last has `...`."""
        args: list[Expr] = []
        dots = False
        self.expr_nesting += 1

        def element() -> bool:
            nonlocal dots
            args.append(self.expr())
            dots = self.got("...")
            return dots

        self.list("argument list", ",", ")", element)
        self.expr_nesting -= 1
        return tuple(args), dots

    def _may_be_literal_type(self, x: Expr) -> bool:
        """Whether `{` after x begins the value of a composite literal, and not a block."""
        while isinstance(x, Paren):
            x = x.x
        if isinstance(x, (ArrayType, SliceType, StructType, MapType)):
            return True
        if self.expr_nesting < 0:
            return False
        return isinstance(x, (Name, Selector)) or (isinstance(x, Index) and not _is_value(x))

    def literal_value(self, type_: Expr | None) -> CompositeLit:
        """Parse `{...}` of a composite literal."""
        lbrace = self.pos
        elements: list[Expr] = []
        self.expr_nesting += 1
        self.deeper()
        self.want("{")

        def element() -> bool:
            x = self._element()
            if self.tok == ":":
                self.next()
                value = self._element()
                x = KeyValue(Span(self.file, x.span.start, max(x.span.start, value.span.end)), x, value)
            elements.append(x)
            return False

        self.list("composite literal", ",", "}", element)
        self.depth -= 1
        self.expr_nesting -= 1
        start = lbrace if type_ is None else type_.span.start
        return CompositeLit(self.span(start), type_, tuple(elements), lbrace)

    def _element(self) -> Expr:
        return self.literal_value(None) if self.tok == "{" else self.expr()

    def expr_list(self) -> tuple[Expr, ...]:
        """Parse expressions separated by commas."""
        x = self.expr()
        if self.tok != ",":
            return (x,)
        items = [x]
        while self.got(","):
            items.append(self.expr())
        return tuple(items)


def _is_value(x: Expr) -> bool:
    """Whether x can be neither a generic type nor a type argument."""
    match x:
        case Paren(x=inner):
            return _is_value(inner)
        case Index(x=inner, indices=indices):
            return _is_value(inner) or (len(indices) == 1 and _is_value(indices[0]))
        case _:
            return isinstance(x, (BasicLit, CompositeLit, FuncLit, Slice, TypeAssert, Call, Receive, Unary, Binary))
