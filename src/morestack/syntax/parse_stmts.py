"""Statements: simple statements, control clauses and their headers, blocks."""

from dataclasses import dataclass

from morestack.source.span import Span
from morestack.syntax.format import expr_string, stmt_string
from morestack.syntax.nodes import (
    Assign,
    BadExpr,
    Binary,
    BinaryOp,
    Block,
    Branch,
    BranchKind,
    CaseClause,
    CommClause,
    Decl,
    DeclStmt,
    Defer,
    Define,
    Empty,
    Expr,
    ExprStmt,
    For,
    Go,
    If,
    IncDec,
    Labeled,
    Name,
    Paren,
    Range,
    Return,
    Select,
    Send,
    Stmt,
    Switch,
    TypeAssert,
    TypeSwitch,
)
from morestack.syntax.parse_exprs import ExprParser
from morestack.syntax.scan import EOF, LITERAL, NAME, SEMI

_ASSIGN_OPS = {op.value + "=": op for op in BinaryOp if op.value + "=" not in ("<=", ">=", "===", "!==", "||=", "&&=")}
_SIMPLE_STARTS = frozenset(
    [NAME, LITERAL, "func", "(", "[", "struct", "map", "chan", "interface", "<-", "+", "-", "*", "&", "^", "!"]
)
_LIST_ENDS = frozenset([EOF, "}", "case", "default"])


@dataclass(slots=True)
class _RangeClause:
    """`lhs := range x` in a for header, before the body has been parsed."""

    lhs: tuple[Expr, ...]
    define: bool
    x: Expr


class StmtParser(ExprParser):
    """Parses statements."""

    def declaration(self) -> tuple[Decl, ...]:
        """Parse a `const`, `type` or `var` declaration whose keyword is the current token."""
        raise NotImplementedError

    def func_body(self) -> Block:
        """Parse the body of a function; its expressions are outside any control clause."""
        outer, self.has_branches = self.has_branches, False
        self.function_nesting += 1
        body = self.block("")
        self.function_nesting -= 1
        if self.has_branches:
            self.branching.append(body)
        self.has_branches = outer
        return body

    def block(self, context: str) -> Block:
        """Parse `{ ... }`; a missing brace is reported as expected after `context`."""
        start = self.pos
        if not self.got("{"):
            self.syntax_error("expected { after " + context)
            self.advance(NAME, "}")
            rbrace = self.pos
            if self.got("}"):
                return Block(self.span(start), (), rbrace)
        stmts = self.stmt_list()
        rbrace = self.pos
        self.want("}")
        return Block(self.span(start), stmts, rbrace)

    def stmt_list(self) -> tuple[Stmt, ...]:
        """Parse statements up to a closing brace or the next clause."""
        stmts: list[Stmt] = []
        self.deeper()
        while self.tok not in _LIST_ENDS:
            stmt = self.stmt_or_none()
            if stmt is None:
                break
            stmts.append(stmt)
            if not self.got(SEMI) and self.tok != "}":
                self.syntax_error("at end of statement")
                self.advance(SEMI, "}", "case", "default")
                self.got(SEMI)
        self.depth -= 1
        return tuple(stmts)

    def stmt_or_none(self) -> Stmt | None:
        """Parse a statement; return None if no statement begins here."""
        tok = self.tok
        start = self.pos
        if tok == NAME:
            lhs = self.expr_list()
            if self.tok == ":" and len(lhs) == 1 and isinstance(lhs[0], Name):
                return self._labeled(lhs[0])
            return self.simple_stmt(lhs)
        if tok in _SIMPLE_STARTS:
            return self.simple_stmt(None)
        match tok:
            case "{":
                return self.block("")
            case "if":
                return self._if()
            case "return":
                self.next()
                results = self.expr_list() if self.tok != SEMI and self.tok != "}" else ()
                return Return(self.span(start), results)
            case "for":
                return self._for()
            case "var" | "const" | "type":
                decls = self.declaration()
                return DeclStmt(self.span(start), decls)
            case "switch":
                return self._switch()
            case "select":
                return self._select()
            case "go" | "defer":
                return self._call_stmt()
            case "break" | "continue" | "goto" | "fallthrough":
                self.has_branches = True
                self.next()
                label = None
                if tok == "goto" or (tok != "fallthrough" and self.tok == NAME):
                    label = self.name()
                return Branch(self.span(start), BranchKind(tok), label)
            case ";":
                return Empty(Span(self.file, start, start))
            case _:
                return None

    def _labeled(self, label: Name) -> Stmt | None:
        colon = self.pos
        self.has_branches = True
        self.next()
        stmt: Stmt | None
        if self.tok == "}":
            stmt = Empty(Span(self.file, self.pos, self.pos))
        else:
            self.deeper()
            stmt = self.stmt_or_none()
            self.depth -= 1
        if stmt is None:
            self.syntax_error_at(colon, "missing statement after label")
            return None
        return Labeled(self.span(label.span.start), label, stmt)

    def simple_stmt(self, lhs: tuple[Expr, ...] | None) -> Stmt:
        """Parse a simple statement (expression, send, assignment, ...); its first expressions may be given."""
        if lhs is None:
            lhs = self.expr_list()
        start = lhs[0].span.start
        tok = self.tok
        pos = self.pos
        if tok == ":=" or tok == "=":
            self.next()
            rhs = self.expr_list()
            if tok == "=":
                return Assign(self.span(start), lhs, rhs, None, pos)
            return Define(self.span(start), lhs, rhs, pos)
        if len(lhs) > 1:
            self.syntax_error("expected := or = or comma")
            self.advance(SEMI, "}")
            return ExprStmt(lhs[0].span, lhs[0])
        x = lhs[0]
        if tok == "++" or tok == "--":
            self.next()
            return IncDec(self.span(start), x, tok == "++")
        if tok == "<-":
            self.next()
            value = self.expr()
            return Send(self.span(start), x, value, pos)
        op = _ASSIGN_OPS.get(tok)
        if op is not None:
            self.next()
            value = self.expr()
            return Assign(self.span(start), lhs, (value,), op, pos)
        return ExprStmt(x.span, x)

    def _call_stmt(self) -> Stmt:
        start = self.pos
        tok = self.tok
        self.next()
        x = self.primary(None)
        if isinstance(x, Paren):
            self.error_at(x.span.start, f"expression in {tok} must not be parenthesized")
            while isinstance(x, Paren):
                x = x.x
        return Go(self.span(start), x) if tok == "go" else Defer(self.span(start), x)

    # -- headers -----------------------------------------------------------------------------------

    def _simple_or_range(self) -> Stmt | _RangeClause:
        """Parse the first part of the header of a for statement."""
        if self.tok == "range":
            return self._range_clause((), False)
        lhs = self.expr_list()
        if self.tok in (":=", "=") and self.kinds[self.index + 1] == "range":
            define = self.tok == ":="
            self.next()
            return self._range_clause(lhs, define)
        return self.simple_stmt(lhs)

    def _range_clause(self, lhs: tuple[Expr, ...], define: bool) -> _RangeClause:
        self.next()
        return _RangeClause(lhs, define, self.expr())

    def _header(self, keyword: str) -> tuple[Stmt | None, Stmt | BadExpr | None, Stmt | None] | _RangeClause:
        """Parse the init statement, condition and post statement of a control clause, or a range clause."""
        self.next()
        if self.tok == "{":
            if keyword == "if":
                self.syntax_error("missing condition in if statement")
                return None, self.bad_expr(), None
            return None, None, None
        outer = self.expr_nesting
        self.expr_nesting = -1
        init: Stmt | None = None
        cond: Stmt | BadExpr | None = None
        post: Stmt | None = None
        if self.tok != SEMI:
            if self.got("var"):
                self.syntax_error(f"var declaration not allowed in {keyword} initializer")
            first = self._simple_or_range() if keyword == "for" else self.simple_stmt(None)
            if isinstance(first, _RangeClause):
                self.expr_nesting = outer
                return first
            init = first
        if self.tok == "{":
            cond, init = init, None
        else:
            semicolon = self.pos
            what = self.semicolon() if self.tok == SEMI else ""
            if what:
                self.next()
            else:
                self.want("{")
                if self.tok != "{":
                    self.advance("{", "}")
            if keyword == "for":
                cond, post = self._for_header()
            elif self.tok != "{":
                cond = self.simple_stmt(None)
            if cond is None and keyword == "if" and what:
                wrong = "missing condition in if statement"
                if what != "semicolon":
                    wrong = f"unexpected {what}, expected {{ after if clause"
                self.syntax_error_at(semicolon, wrong)
                cond = BadExpr(Span(self.file, semicolon, semicolon))
        self.expr_nesting = outer
        return init, cond, post

    def _for_header(self) -> tuple[Stmt | None, Stmt | None]:
        """Parse the condition and post statement, after the first semicolon."""
        cond: Stmt | None = None
        post: Stmt | None = None
        if self.tok != SEMI:
            if self.tok == "{":
                self.syntax_error("expected for loop condition")
                return None, None
            cond = self.simple_stmt(None)
        self.want(SEMI)
        if self.tok != "{":
            post = self.simple_stmt(None)
            if isinstance(post, Define):
                self.syntax_error_at(post.op_pos, "cannot declare in post statement of for loop")
        return cond, post

    def _condition(self, stmt: Stmt | BadExpr | None) -> Expr | None:
        """Return the expression of a statement in a header, which must be an expression statement."""
        match stmt:
            case None:
                return None
            case BadExpr():
                return stmt
            case ExprStmt(x=x):
                return x
            case Assign(lhs=lhs, rhs=rhs, op=None, op_pos=pos):
                shown = f"assignment {_emphasized(lhs)} = {_emphasized(rhs)}"
            case Assign(op_pos=pos) | Define(op_pos=pos) | Send(arrow=pos):
                shown = stmt_string(stmt)
            case IncDec(x=x):
                pos = x.span.end
                shown = stmt_string(stmt)
            case _:
                return None
        self.syntax_error_at(pos, f"cannot use {shown} as value")
        return BadExpr(stmt.span)

    def _if(self) -> If:
        start = self.pos
        header = self._header("if")
        assert not isinstance(header, _RangeClause)
        init, stmt, _ = header
        cond = self._condition(stmt) or self.bad_expr()
        then = self.block("if clause")
        els: Stmt | None = None
        if self.got("else"):
            if self.tok == "if":
                self.deeper()
                els = self._if()
                self.depth -= 1
            elif self.tok == "{":
                els = self.block("")
            else:
                self.syntax_error("else must be followed by if or statement block")
                self.advance(NAME, "}")
        return If(self.span(start), init, cond, then, els)

    def _for(self) -> Stmt:
        start = self.pos
        header = self._header("for")
        if isinstance(header, _RangeClause):
            body = self.block("for clause")
            lhs = header.lhs
            if len(lhs) > 2:
                message = "range clause permits at most two iteration variables"
                self.error_at(lhs[2].span.start, message)
            key = lhs[0] if lhs else None
            value = lhs[1] if len(lhs) > 1 else None
            return Range(self.span(start), key, value, header.define, header.x, body)
        init, stmt, post = header
        cond = self._condition(stmt)
        body = self.block("for clause")
        return For(self.span(start), init, cond, post, body)

    def _switch(self) -> Stmt:
        start = self.pos
        header = self._header("switch")
        assert not isinstance(header, _RangeClause)
        init, stmt, _ = header
        bind: Name | None = None
        guard: TypeAssert | None = None
        tag: Expr | None = None
        match stmt:
            case Define(lhs=(Name() as bind,), rhs=(TypeAssert(type=None) as guard,)):
                pass
            case ExprStmt(x=TypeAssert(type=None) as guard):
                pass
            case _:
                tag = self._condition(stmt)
        if not self.got("{"):
            self.syntax_error("missing { after switch clause")
            self.advance("case", "default", "}")
        clauses: list[CaseClause] = []
        while self.tok != EOF and self.tok != "}":
            clauses.append(self._case_clause())
        rbrace = self.pos
        self.want("}")
        if guard is None:
            return Switch(self.span(start), init, tag, tuple(clauses), rbrace)
        return TypeSwitch(self.span(start), init, bind, guard.x, tuple(clauses), rbrace)

    def _case_clause(self) -> CaseClause:
        start = self.pos
        exprs: tuple[Expr, ...] | None = None
        if self.tok == "case":
            self.next()
            exprs = self.expr_list()
        else:
            self._default()
        colon = self.pos
        self.want(":")
        body = self.stmt_list()
        return CaseClause(self.span(start), exprs, body, colon)

    def _default(self) -> None:
        if not self.got("default"):
            self.syntax_error("expected case or default or }")
            self.advance(":", "case", "default", "}")

    def _select(self) -> Select:
        start = self.pos
        self.next()
        if not self.got("{"):
            self.syntax_error("missing { after select clause")
            self.advance("case", "default", "}")
        clauses: list[CommClause] = []
        while self.tok != EOF and self.tok != "}":
            clause_start = self.pos
            comm: Stmt | None = None
            if self.tok == "case":
                self.next()
                comm = self.simple_stmt(None)
            else:
                self._default()
            colon = self.pos
            self.want(":")
            body = self.stmt_list()
            clauses.append(CommClause(self.span(clause_start), comm, body, colon))
        self.want("}")
        return Select(self.span(start), tuple(clauses))


def _emphasized(exprs: tuple[Expr, ...]) -> str:
    """Print expressions for an error about `=` in place of `==`: operators are in parentheses."""
    shown = ", ".join(expr_string(x) for x in exprs)
    return f"({shown})" if len(exprs) == 1 and isinstance(exprs[0], Binary) else shown
