"""Declarations and the file: imports, constants with iota, variables, types, functions, pragmas."""

import re
from collections.abc import Callable

from morestack.source.span import Span
from morestack.syntax.nodes import (
    ArrayType,
    BasicLit,
    Binary,
    BinaryOp,
    Call,
    ChanType,
    ConstDecl,
    Decl,
    Expr,
    File,
    FuncDecl,
    FuncType,
    ImportDecl,
    InterfaceType,
    LitKind,
    MapType,
    Name,
    Param,
    Paren,
    Receive,
    SliceType,
    Star,
    StructType,
    TypeDecl,
    TypeParamDecl,
    Unary,
    UnaryOp,
    UnionType,
    VarDecl,
)
from morestack.syntax.parse_stmts import StmtParser
from morestack.syntax.parse_types import as_constraint
from morestack.syntax.scan import EOF, LITERAL, NAME, SEMI

_DECLARATIONS = ("import", "const", "type", "var", "func")
_GO_BUILD = re.compile(rb"^//go:build\s+(?:[^|\n!()]*&&\s*)?(go1\.\d+)\b(?:\s*&&[^|\n()]*)?[ \t\r]*$", re.MULTILINE)


class DeclParser(StmtParser):
    """Parses declarations and whole files."""

    def file_or_none(self) -> File | None:
        """Parse the file; return None if it does not begin with a package clause."""
        if not self.got("package"):
            self.syntax_error("package statement must be first")
            return None
        package = self.name()
        self.want(SEMI)
        if self.failed or any(place < self.token_limit() for place in self.lexical_errors):
            return None
        imports: list[ImportDecl] = []
        decls: list[Decl] = []
        previous = "import"
        while self.tok != EOF:
            tok = self.tok
            if tok == "import" and previous != "import":
                self.syntax_error("imports must appear before other declarations")
            previous = tok
            if tok == "import":
                self.next()
                self._group(lambda: self._import(imports))
            elif tok == "func":
                decls.append(self._func_decl())
            elif tok in ("const", "type", "var"):
                decls.extend(self.declaration())
            else:
                last = decls[-1] if decls else None
                if tok == "{" and isinstance(last, FuncDecl) and last.body is None:
                    self.syntax_error("unexpected semicolon or newline before {")
                else:
                    self.syntax_error("non-declaration statement outside function body")
                self.advance(*_DECLARATIONS)
                continue
            if self.tok != EOF and not self.got(SEMI):
                self.syntax_error("after top level declaration")
                self.advance(*_DECLARATIONS)
        for tag in [] if self.failed else self.bad_tags:
            self.error_at(tag.span.start, f'invalid syntax tree: incorrect tag syntax: "{tag.text}"')
        header = _GO_BUILD.search(self.text, 0, package.span.start)
        version = header[1].decode() if header else None
        return File(self.file, package, tuple(imports), tuple(decls), version, tuple(self.branching))

    def _group(self, spec: Callable[[], None]) -> None:
        """Parse one spec, or several in parentheses."""
        if not self.got("("):
            spec()
            return

        def element() -> bool:
            spec()
            return False

        self.list("grouped declaration", SEMI, ")", element)

    def declaration(self) -> tuple[Decl, ...]:
        decls: list[Decl] = []
        keyword = self.tok
        self.next()
        if keyword == "var":
            self._group(lambda: decls.append(self._var_decl()))
        elif keyword == "type":
            self._group(lambda: decls.append(self._type_decl()))
        else:
            consts: list[ConstDecl] = []
            self._group(lambda: consts.append(self._const_decl(consts)))
            decls.extend(consts)
        return tuple(decls)

    def _import(self, imports: list[ImportDecl]) -> None:
        start = self.pos
        name: Name | None = None
        if self.tok == NAME:
            name = self.name()
        elif self.tok == ".":
            name = Name(Span(self.file, self.pos, self.pos + 1), ".")
            self.next()
        if self.tok != LITERAL:
            self.syntax_error("missing import path")
            self.advance(SEMI, ")")
            return
        path = self.literal()
        if path.kind is not LitKind.STRING and path.span.start not in self.tokens.bad_literals:
            self.syntax_error_at(path.span.start, "import path must be a string")
            return
        imports.append(ImportDecl(self.span(start), name, _unquoted_path(path), path))

    def _const_decl(self, group: list[ConstDecl]) -> ConstDecl:
        """Parse a ConstSpec; without type and values it repeats those of the previous spec."""
        start = self.pos
        names = tuple(self.name_list(self.name()))
        type_: Expr | None = None
        values: tuple[Expr, ...] = ()
        if self.tok not in (EOF, SEMI, ")"):
            type_ = self.type_or_none()
            if self._got_assign():
                values = self.expr_list()
        inherited = bool(group) and type_ is None and not values
        if inherited:
            type_, values = group[-1].type, group[-1].values
        return ConstDecl(self.span(start), names, type_, values, len(group), inherited)

    def _var_decl(self) -> VarDecl:
        start = self.pos
        names = tuple(self.name_list(self.name()))
        type_: Expr | None = None
        values: tuple[Expr, ...] = ()
        if self._got_assign():
            values = self.expr_list()
        else:
            type_ = self.type_()
            if self._got_assign():
                values = self.expr_list()
        return VarDecl(self.span(start), names, type_, values)

    def _got_assign(self) -> bool:
        """Skip `=` if it is next; report `:=` in its place as an error."""
        if self.tok == ":=":
            self.syntax_error("expected =")
        elif self.tok != "=":
            return False
        self.next()
        return True

    def _type_decl(self) -> TypeDecl:
        start = self.pos
        name = self.name()
        type_params: tuple[TypeParamDecl, ...] = ()
        alias = False
        type_: Expr | None
        if self.tok == "[":
            lbrack = self.pos
            self.next()
            if self.tok == NAME:
                first, constraint, length = self._type_param_or_length()
                if first is not None:
                    type_params = self.type_params(first, constraint)
                    alias = self._got_assign()
                    type_ = self.type_or_none()
                else:
                    type_ = self.array_type(lbrack, length)
            elif self.got("]"):
                type_ = self.slice_type(lbrack)
            else:
                type_ = self.array_type(lbrack, None)
        else:
            alias = self._got_assign()
            type_ = self.type_or_none()
        if type_ is None:
            type_ = self.bad_expr()
            self.syntax_error("in type declaration")
            self.advance(SEMI, ")")
        return TypeDecl(self.span(start), name, type_params, type_, alias)

    def _type_param_or_length(self) -> tuple[Name | None, Expr | None, Expr | None]:
        """After `type T[`, parse the name and perhaps the constraint of a type parameter, or the length of an array.

        `[P *C]` and `[P (C)]` are ambiguous: they are type parameters if a comma follows or if `C` can only be a type.
        """
        x: Expr = self.name()
        if self.tok != "[":
            self.expr_nesting += 1
            x = self.binary(self.primary(x), 0)
            self.expr_nesting -= 1
        name, constraint = _name_and_constraint(x, self.tok == ",")
        if name is not None and (constraint is not None or self.tok != "]"):
            return name, None if constraint is None else as_constraint(constraint), None
        return None, None, x

    def _func_decl(self) -> FuncDecl:
        pragmas = tuple(self.tokens.pragmas.get(self.index, ()))
        start = self.pos
        self.next()
        recv: Param | None = None
        method = False
        if self.tok == "(":
            method = True
            self.next()
            params = self.params(dots_allowed=False)
            count = sum(max(1, len(p.names)) for p in params)
            if count == 0:
                self.error_at(self.pos, "method has no receiver")
            elif count > 1:
                self.error_at(self.pos, "method has multiple receivers")
            recv = params[0] if params else None
        if self.tok == NAME:
            name = self.name()
            signature = self.signature("")
        else:
            name = Name(Span(self.file, self.pos, self.pos), "_")
            signature = FuncType(Span(self.file, self.pos, self.pos), (), ())
            self.syntax_error("expected name" if method else "expected name or (")
            self.advance("{", SEMI)
        body = self.func_body() if self.tok == "{" else None
        return FuncDecl(self.span(start), name, recv, signature, body, pragmas)


def _unquoted_path(literal: BasicLit) -> str:
    text = literal.text
    return text[1:-1] if len(text) >= 2 else ""


def _name_and_constraint(x: Expr, force: bool) -> tuple[Name | None, Expr | None]:
    """Split `P`, `P *C`, `P (C)` or `P *C | D` into (name, constraint) of a type parameter; return (None, x)
    otherwise."""
    match x:
        case Name():
            return x, None
        case Binary(op=BinaryOp.MUL, x=Name() as name, y=y) if force or _is_type_elem(y):
            return name, Star(Span(x.span.file, x.op_pos, x.span.end), y)
        case Binary(op=BinaryOp.OR, x=left, y=y):
            first, constraint = _name_and_constraint(left, force or _is_type_elem(y))
            if first is not None and constraint is not None:
                span = Span(x.span.file, constraint.span.start, x.span.end)
                return first, Binary(span, BinaryOp.OR, constraint, y, x.op_pos)
        case Call(fun=Name() as name, args=(arg,), has_dots=False) if force or _is_type_elem(arg):
            while isinstance(arg, Paren):
                arg = arg.x
            return name, arg
        case _:
            pass
    return None, x


def _is_type_elem(x: Expr) -> bool:
    """Whether x can only be a type."""
    match x:
        case Binary(x=left, y=right):
            return _is_type_elem(left) or _is_type_elem(right)
        case Unary(op=op, x=inner):
            return op is UnaryOp.TILDE or _is_type_elem(inner)
        case Paren(x=inner) | Star(x=inner) | Receive(x=inner):
            return _is_type_elem(inner)
        case _:
            types = (ArrayType, StructType, FuncType, InterfaceType, SliceType, MapType, ChanType, UnionType)
            return isinstance(x, types)
