"""The parser's position in the token list, its error messages, and its recovery after an error.

Messages, positions and synchronization follow gc's parser, so that several errors in one file are reported as `go
build` reports them. Nesting is counted here: a tree deeper than `MAX_DEPTH` causes a single clear error. Every later
stage may therefore recurse on the tree, with a proportional recursion limit (see `morestack.syntax.convert`).
"""

from collections.abc import Callable

from morestack.source.codes import Code
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import Span
from morestack.syntax.nodes import BadExpr, BasicLit, Block, Expr, FuncType, Name
from morestack.syntax.scan import EOF, KEYWORDS, LITERAL, NAME, SEMI, Tokens

MAX_DEPTH = 5000
"""The deepest tree a file may have, in levels. The deepest in GOROOT has 300; gc itself crashes at a few million."""

_STATEMENT_KEYWORDS = frozenset(
    [
        "break",
        "const",
        "continue",
        "defer",
        "fallthrough",
        "for",
        "go",
        "goto",
        "if",
        "return",
        "select",
        "switch",
        "type",
        "var",
    ]
)


class TooDeep(Exception):
    """Nesting beyond `MAX_DEPTH`; ends the parse."""

    def __init__(self, pos: int) -> None:
        super().__init__(pos)
        self.pos = pos


class Cursor:
    """One token of lookahead over a file's tokens."""

    def __init__(self, tokens: Tokens, diagnostics: Diagnostics, lexical_errors: tuple[int, ...] = ()) -> None:
        self.tokens = tokens
        self.file = tokens.file
        self.text = tokens.file.text
        self.kinds = tokens.kinds
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.diagnostics = diagnostics
        self.index = 0
        self.tok = self.kinds[0]
        self.pos = self.starts[0]
        self.failed = False
        self.lexical_errors = lexical_errors
        self.function_nesting = 0
        self.has_branches = False
        """Whether the function being parsed has a label, or a break, continue, goto or fallthrough."""
        self.branching: list[Block] = []
        """The bodies of the functions that have labels or branches."""
        self.expr_nesting = 0
        """Negative in the header of a control clause, where the brace of `T {` begins the block."""
        self.bad_tags: list[BasicLit] = []
        """Struct tags that are not strings. The grammar accepts them, so they are reported only if there are no other
        errors."""
        self.list_end = 0
        """The end of the last list: its closing bracket, or the place where the parser gave up."""
        self.depth = 0
        self.check_depth = False
        """Whether some chain or nesting is so long that the depth of the whole tree must be measured."""
        self._last_error_line = 0

    # -- moving ------------------------------------------------------------------------------------

    def next(self) -> None:
        """Advance to the next token."""
        self.index = index = self.index + 1
        self.tok = self.kinds[index]
        self.pos = self.starts[index]

    def got(self, kind: str) -> bool:
        """Skip the current token if it is of this kind; return whether it was."""
        if self.tok == kind:
            self.next()
            return True
        return False

    def want(self, kind: str) -> None:
        """Skip a token of this kind, or report that it is missing."""
        if self.tok == kind:
            self.next()
            return
        self.syntax_error("expected " + _described(kind))
        self.advance()

    def span(self, start: int) -> Span:
        """Return the span from `start` to the end of the last token."""
        return Span(self.file, start, max(start, self.ends[self.index - 1]))

    def advance(self, *follow: str) -> None:
        """Skip to one of these tokens (in a function, also to a statement); without arguments, skip one token."""
        if not follow:
            if self.tok != EOF:
                self.next()
            return
        stops = {EOF, *follow}
        if self.function_nesting > 0:
            stops |= _STATEMENT_KEYWORDS
        while self.tok not in stops:
            self.next()

    def list(self, context: str, separator: str, close: str, element: Callable[[], bool]) -> int:
        """Parse elements up to `close`, and return its position; `element` returns whether its element must be the
        last."""
        done = False
        while self.tok != EOF and self.tok != close and not done:
            done = element()
            if not self.got(separator) and self.tok != close:
                missing = f"{_described(separator)} or {_described(close)}"
                self.syntax_error(f"in {context}; possibly missing {missing}")
                self.advance(")", "]", "}")
                if self.tok != close:
                    self.list_end = self.pos
                    return self.pos
        pos = self.list_end = self.pos
        self.want(close)
        return pos

    # -- errors ------------------------------------------------------------------------------------

    def error_at(self, pos: int, message: str) -> None:
        """Report an error; of consecutive syntax errors on one line only the first is kept."""
        span = Span(self.file, pos, pos)
        self.failed = True
        if message.startswith("syntax error"):
            line = span.line
            if line == self._last_error_line:
                return
            self._last_error_line = line
        self.diagnostics.report(Code.SYNTAX, span, message)

    def syntax_error(self, message: str) -> None:
        """Report a syntax error at the current token."""
        self.syntax_error_at(self.pos, message)

    def syntax_error_at(self, pos: int, message: str) -> None:
        """Report a syntax error; messages such as `expected ...` are completed with the current token."""
        if self.tok == EOF and (self.failed or self.lexical_errors):
            return  # it would only follow from an earlier error
        if message.startswith(("in ", "at ", "after ")):
            message = f"unexpected {self.current()} {message}"
        elif message.startswith("expected "):
            message = f"unexpected {self.current()}, {message}"
        self.error_at(pos, "syntax error: " + message)

    def current(self) -> str:
        """Return the current token as messages name it."""
        if self.tok == NAME:
            return "name " + self.token_text()
        if self.tok == LITERAL:
            return "literal " + self.token_text()
        if self.tok == SEMI:
            return self.semicolon()
        if self.tok == EOF:
            return "EOF"
        return _described(self.tok)

    def semicolon(self) -> str:
        """Return the source form of the current semicolon."""
        if self.ends[self.index] > self.pos:
            return "semicolon"
        return "EOF" if self.pos >= len(self.text) else "newline"

    def token_limit(self) -> int:
        """Return the offset below which errors belong to tokens up to the current one (a literal's error may be right
        after it)."""
        return self.ends[self.index] + (1 if self.tok == LITERAL else 0)

    def token_text(self) -> str:
        """Return the source text of the current token."""
        return self.text[self.pos : self.ends[self.index]].decode("utf-8", "replace")

    # -- what every part needs ---------------------------------------------------------------------

    def name(self) -> Name:
        """Parse an identifier; after an error return `_` instead."""
        if self.tok == NAME:
            end = self.ends[self.index]
            result = Name(Span(self.file, self.pos, end), self.text[self.pos : end].decode("utf-8", "replace"))
            self.next()
            return result
        result = Name(Span(self.file, self.pos, self.pos), "_")
        self.syntax_error("expected name")
        self.advance()
        return result

    def bad_expr(self) -> BadExpr:
        """Return a BadExpr at the position of a missing expression."""
        return BadExpr(Span(self.file, self.pos, self.pos))

    def deeper(self) -> None:
        """Enter a level of nesting; the caller decrements `depth` when it leaves the level."""
        self.depth += 1
        if self.depth > 40:
            self.check_depth = True
            if self.depth > MAX_DEPTH:
                raise TooDeep(self.pos)

    # Implemented by classes later in the chain.

    def expr(self) -> Expr:
        raise NotImplementedError

    def func_body(self) -> Block:
        raise NotImplementedError

    def signature(self, context: str) -> FuncType:
        raise NotImplementedError


def _described(kind: str) -> str:
    """Return a kind of token as messages name it."""
    if kind == ",":
        return "comma"
    if kind == SEMI:
        return "semicolon or newline"
    return "keyword " + kind if kind in KEYWORDS else kind
