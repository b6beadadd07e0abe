"""Types: the part of the parser for everything that can only be a type.

Where Go's grammar does not distinguish a type from an expression (`a[b]`, `*p`, a name), the parser of expressions
builds the same nodes. `A | B` in a constraint is a `UnionType`, never a `Binary`.
"""

from dataclasses import dataclass

from morestack.source.span import Span
from morestack.syntax.cursor import Cursor
from morestack.syntax.nodes import (
    ArrayType,
    BasicLit,
    Binary,
    BinaryOp,
    ChanDir,
    ChanType,
    Expr,
    FuncType,
    Index,
    InterfaceType,
    LitKind,
    MapType,
    MethodElem,
    Name,
    Paren,
    Selector,
    SliceType,
    Star,
    StructField,
    StructType,
    Unary,
    UnaryOp,
    UnionType,
)
from morestack.syntax.scan import LITERAL, NAME, SEMI

_TYPE_STARTS = frozenset(["*", "[", "struct", "interface", "map", "chan", "<-", "func", "("])


@dataclass(slots=True)
class Entry:
    """One entry of a parameter list, before it is known whether the list has names or types."""

    name: Name | None
    type: Expr | None
    dots: int | None = None


class TypeParser(Cursor):
    """Parses types, parameters and constraints."""

    def type_(self) -> Expr:
        """Parse a type, or report that it is missing."""
        result = self.type_or_none()
        if result is None:
            result = self.bad_expr()
            self.syntax_error("expected type")
            self.advance(",", ":", SEMI, ")", "]", "}")
        return result

    def type_or_none(self) -> Expr | None:
        """Parse a type; if no type begins here, skip nothing and return None."""
        if self.tok == NAME:
            return self.qualified_name(None)
        if self.tok not in _TYPE_STARTS:
            return None
        self.deeper()
        result = self._composite_type()
        self.depth -= 1
        return result

    def _composite_type(self) -> Expr:
        start = self.pos
        kind = self.tok
        match kind:
            case "*":
                self.next()
                x = self.type_()
                return Star(self.span(start), x)
            case "[":
                self.next()
                if self.got("]"):
                    return self.slice_type(start)
                return self.array_type(start, None)
            case "struct":
                return self._struct_type()
            case "interface":
                return self._interface_type()
            case "map":
                self.next()
                self.want("[")
                key = self.type_()
                self.want("]")
                value = self.type_()
                return MapType(self.span(start), key, value)
            case "chan":
                self.next()
                direction = ChanDir.SEND if self.got("<-") else ChanDir.BOTH
                elem = self._chan_elem()
                return ChanType(self.span(start), direction, elem)
            case "<-":
                self.next()
                self.want("chan")
                elem = self._chan_elem()
                return ChanType(self.span(start), ChanDir.RECV, elem)
            case "func":
                self.next()
                signature = self.signature("function type")
                return FuncType(self.span(start), signature.params, signature.results)
            case _:
                self.next()
                x = self.type_()
                self.want(")")
                return Paren(self.span(start), x)

    def _chan_elem(self) -> Expr:
        elem = self.type_or_none()
        if elem is None:
            elem = self.bad_expr()
            self.syntax_error("missing channel element type")
        return elem

    def slice_type(self, start: int) -> Expr:
        """Parse the rest of `[]elem`, after the brackets."""
        elem = self.type_()
        return SliceType(self.span(start), elem)

    def array_type(self, start: int, length: Expr | None) -> Expr:
        """Parse the rest of `[len]elem`, after the bracket (and the length, if given)."""
        if length is None and not self.got("..."):
            self.expr_nesting += 1
            length = self.expr()
            self.expr_nesting -= 1
        if self.tok == ",":
            self.syntax_error("unexpected comma; expected ]")
            self.next()
        self.want("]")
        elem = self.type_()
        return ArrayType(self.span(start), length, elem)

    def qualified_name(self, name: Name | None) -> Expr:
        """Parse `name` or `pkg.name`, with or without type arguments."""
        start = self.pos if name is None else name.span.start
        x: Expr
        if name is not None:
            x = name
        elif self.tok == NAME:
            x = self.name()
        else:
            x = Name(Span(self.file, self.pos, self.pos), "_")
            self.syntax_error("expected name")
            self.advance(".", SEMI, "}")
        if self.tok == ".":
            self.next()
            sel = self.name()
            x = Selector(self.span(start), x, sel)
        if self.tok == "[":
            x = self._type_instance(x)
        return x

    def _type_instance(self, x: Expr) -> Expr:
        lbrack = self.pos
        self.want("[")
        indices: tuple[Expr, ...]
        if self.tok == "]":
            self.syntax_error("expected type argument list")
            indices = (self.bad_expr(),)
        else:
            indices, _ = self.type_list(strict=True)
        self.want("]")
        return Index(self.span(x.span.start), x, indices, lbrack)

    def type_list(self, strict: bool) -> tuple[tuple[Expr, ...], bool]:
        """Parse types up to a bracket, the first as an expression unless strict; also return whether there was a
        comma."""
        self.expr_nesting += 1
        items = [self.type_() if strict else self.expr()]
        comma = False
        while self.got(","):
            comma = True
            item = self.type_or_none()
            if item is None:
                break
            items.append(item)
        self.expr_nesting -= 1
        return tuple(items), comma

    # -- struct and interface ----------------------------------------------------------------------

    def _struct_type(self) -> StructType:
        start = self.pos
        fields: list[StructField] = []
        self.next()
        self.want("{")

        def element() -> bool:
            self._field_decl(fields)
            return False

        self.list("struct type", SEMI, "}", element)
        return StructType(self.span(start), tuple(fields))

    def _field_decl(self, fields: list[StructField]) -> None:
        start = self.pos
        names: list[Name] = []
        embedded = True
        x: Expr
        kind: str = self.tok
        match kind:
            case "name":
                name = self.name()
                if self.tok in (".", LITERAL, SEMI, "}"):
                    x = self.qualified_name(name)
                else:
                    names = self.name_list(name)
                    if len(names) == 1 and self.tok == "[":
                        x, named = self.array_or_instance(name)
                        embedded = not named
                        names = names if named else []
                    else:
                        x = self.type_()
                        embedded = False
            case "*":
                self.next()
                if self.tok == "(":
                    self.syntax_error("cannot parenthesize embedded type")
                    self.next()
                    x = self.qualified_name(None)
                    self.got(")")
                else:
                    x = self.qualified_name(None)
                x = Star(self.span(start), x)
            case "(":
                self.syntax_error("cannot parenthesize embedded type")
                self.next()
                star = self.pos
                pointer = self.got("*")
                x = self.qualified_name(None)
                if pointer:
                    x = Star(self.span(star), x)
                self.got(")")
            case _:
                self.syntax_error("expected field name or embedded type")
                self.advance(SEMI, "}")
                return
        tag = self.literal() if self.tok == LITERAL else None
        if tag is not None and tag.kind is not LitKind.STRING and tag.span.start not in self.tokens.bad_literals:
            self.bad_tags.append(tag)
        fields.append(StructField(self.span(start), tuple(names), x, tag, embedded))

    def array_or_instance(self, name: Name) -> tuple[Expr, bool]:
        """After a name, parse `[n]T` or `[]T`, which is the type of the name (True), or its type arguments (False)."""
        lbrack = self.pos
        self.next()
        if self.got("]"):
            return self.slice_type(lbrack), True
        items, comma = self.type_list(strict=False)
        self.want("]")
        if not comma:
            elem = self.type_or_none()
            if elem is not None:
                return ArrayType(self.span(lbrack), items[0], elem), True
        return Index(self.span(name.span.start), name, items, lbrack), False

    def literal(self) -> BasicLit:
        """Parse the current token as a literal."""
        start, end = self.pos, self.ends[self.index]
        text = self.text[start:end].decode("utf-8", "replace")
        first = text[0]
        if first in '"`':
            kind = LitKind.STRING
        elif first == "'":
            kind = LitKind.CHAR
        elif text[-1] == "i":
            kind = LitKind.IMAG
        elif text.isdecimal():
            kind = LitKind.INT
        elif text[1:2] in ("x", "X"):
            kind = LitKind.FLOAT if "." in text or "p" in text or "P" in text else LitKind.INT
        else:
            kind = LitKind.FLOAT if "." in text or "e" in text or "E" in text else LitKind.INT
        self.next()
        return BasicLit(Span(self.file, start, end), kind, text)

    def name_list(self, first: Name) -> list[Name]:
        """Parse names separated by commas, after the first."""
        names = [first]
        while self.got(","):
            names.append(self.name())
        return names

    def _interface_type(self) -> InterfaceType:
        start = self.pos
        elements: list[MethodElem | Expr] = []
        self.next()
        self.want("{")

        def element() -> bool:
            if self.tok == NAME:
                item = self._method_or_embedded()
                elements.append(item if isinstance(item, MethodElem) else self.union(item))
            else:
                elements.append(self.union(self.term()))
            return False

        self.list("interface type", SEMI, "}", element)
        return InterfaceType(self.span(start), tuple(elements))

    def _method_or_embedded(self) -> MethodElem | Expr:
        name = self.name()
        start = name.span.start
        context = "interface method"
        if self.tok == "(":
            signature = self.signature(context)
            return MethodElem(self.span(start), name, signature)
        if self.tok != "[":
            return self.qualified_name(name)
        lbrack = self.pos
        self.next()
        if self.tok == "]":
            close = self.pos
            self.next()
            if self.tok == "(":
                self.error_at(close, "empty type parameter list")
                signature = self.signature(context)
                return MethodElem(self.span(start), name, signature)
            self.error_at(close, "empty type argument list")
            return name
        entries = self.entries("]")
        if any(e.name is not None and e.type is not None for e in entries):
            self.complete(entries, self.list_end, "missing parameter type", "missing parameter name")
        if entries and entries[0].name is not None and entries[0].type is not None:
            signature = self.signature(context)
            self.error_at(lbrack, "interface method must have no type parameters")
            return MethodElem(self.span(start), name, signature)
        indices = tuple(x for e in entries if (x := e.type or e.name) is not None)
        return Index(self.span(start), name, indices, lbrack)

    def union(self, first: Expr) -> Expr:
        """Parse the terms of a union after `first`."""
        if self.tok != "|":
            return first
        terms = [first]
        while self.got("|"):
            terms.append(self.term())
        return UnionType(self.span(first.span.start), tuple(terms))

    def term(self) -> Expr:
        start = self.pos
        if self.got("~"):
            x = self.type_()
            return Unary(self.span(start), UnaryOp.TILDE, x)
        result = self.type_or_none()
        if result is None:
            result = self.bad_expr()
            self.syntax_error("expected ~ term or type")
            self.advance("|", SEMI, ")", "]", "}")
        return result

    # Implemented by the parser of parameter lists.

    def entries(self, close: str, name: Name | None = None, type_: Expr | None = None) -> list[Entry]:
        raise NotImplementedError

    def complete(self, entries: list[Entry], close: int, no_type: str, no_name: str) -> None:
        raise NotImplementedError


def as_constraint(x: Expr) -> Expr:
    """Turn an expression into a constraint: `A | B` becomes a union."""
    if not (isinstance(x, Binary) and x.op is BinaryOp.OR):
        return x
    terms: list[Expr] = []
    rest: Expr = x
    while isinstance(rest, Binary) and rest.op is BinaryOp.OR:
        terms.append(rest.y)
        rest = rest.x
    terms.append(rest)
    return UnionType(x.span, tuple(reversed(terms)))
