"""The parser's place in the token list, its error messages, and how it finds its feet after an error.

Messages, positions and synchronization follow gc's parser, so that several errors of one file come out as
`go build` shows them. Nesting is counted here: a tree deeper than `MAX_DEPTH` is one clear error, so every
later stage may recurse on the tree, given a recursion limit in proportion (see `morestack.syntax.convert`).
"""

from collections.abc import Callable

from morestack.source.codes import Code
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import Span
from morestack.syntax.nodes import BadExpr, BasicLit, Block, Expr, FuncType, Name
from morestack.syntax.scan import EOF, KEYWORDS, LITERAL, NAME, SEMI, Tokens

MAX_DEPTH = 5000
"""The deepest tree a file may hold. GOROOT's deepest has 300 levels; gc itself dies at some millions."""

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
        """The function being parsed has a label, or a break, continue, goto or fallthrough."""
        self.branching: list[Block] = []
        """The bodies of the functions that have any."""
        self.expr_nesting = 0
        """Negative in the header of a control clause, where `T {` begins the block."""
        self.bad_tags: list[BasicLit] = []
        """Struct tags that are not strings; the grammar takes them, so they count only when all else is right."""
        self.list_end = 0
        """Where the last list ended: its closing bracket, or where it was given up."""
        self.depth = 0
        self.check_depth = False
        """Some chain or nest is long enough for the whole tree to be measured."""
        self._last_error_line = 0

    # -- moving ------------------------------------------------------------------------------------

    def next(self) -> None:
        """Go to the next token."""
        self.index = index = self.index + 1
        self.tok = self.kinds[index]
        self.pos = self.starts[index]

    def got(self, kind: str) -> bool:
        """Skip a token of this kind, if it is next."""
        if self.tok == kind:
            self.next()
            return True
        return False

    def want(self, kind: str) -> None:
        """Skip a token of this kind; its absence is an error."""
        if self.tok == kind:
            self.next()
            return
        self.syntax_error("expected " + _described(kind))
        self.advance()

    def span(self, start: int) -> Span:
        """From `start` to the end of the last token."""
        return Span(self.file, start, max(start, self.ends[self.index - 1]))

    def advance(self, *follow: str) -> None:
        """Skip to one of these tokens (in a function, also to a statement); without any, skip one."""
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
        """Parse elements up to `close`; `element` tells whether it must be the last. Returns the close's place."""
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
        """Report an error; of several syntax errors in a row on one line only the first counts."""
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
        """Report a syntax error; `expected ...` and the like are completed with the current token."""
        if self.tok == EOF and (self.failed or self.lexical_errors):
            return  # it would only follow from an earlier one
        if message.startswith(("in ", "at ", "after ")):
            message = f"unexpected {self.current()} {message}"
        elif message.startswith("expected "):
            message = f"unexpected {self.current()}, {message}"
        self.error_at(pos, "syntax error: " + message)

    def current(self) -> str:
        """The current token as messages name it."""
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
        """What the current semicolon is in the source."""
        if self.ends[self.index] > self.pos:
            return "semicolon"
        return "EOF" if self.pos >= len(self.text) else "newline"

    def token_limit(self) -> int:
        """The offset below which errors belong to tokens up to this one (a literal's may be right behind it)."""
        return self.ends[self.index] + (1 if self.tok == LITERAL else 0)

    def token_text(self) -> str:
        """The source of the current token."""
        return self.text[self.pos : self.ends[self.index]].decode("utf-8", "replace")

    # -- what every part needs ---------------------------------------------------------------------

    def name(self) -> Name:
        """An identifier; `_` in its place after an error."""
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
        """The place of an expression that is not there."""
        return BadExpr(Span(self.file, self.pos, self.pos))

    def deeper(self) -> None:
        """One more level of nesting; the caller lowers `depth` when it is done."""
        self.depth += 1
        if self.depth > 40:
            self.check_depth = True
            if self.depth > MAX_DEPTH:
                raise TooDeep(self.pos)

    # Filled in by the parts that come later in the chain of classes.

    def expr(self) -> Expr:
        raise NotImplementedError

    def func_body(self) -> Block:
        raise NotImplementedError

    def signature(self, context: str) -> FuncType:
        raise NotImplementedError


def _described(kind: str) -> str:
    """A kind of token as messages name it."""
    if kind == ",":
        return "comma"
    if kind == SEMI:
        return "semicolon or newline"
    return "keyword " + kind if kind in KEYWORDS else kind
