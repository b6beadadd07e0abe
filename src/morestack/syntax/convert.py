"""The door of this folder: one source file -> one `File`, or errors in gc's words.

The way of the data: `scan` (tokens, lexical errors) -> `parse_decls`, a recursive-descent parser in a chain of
classes, one module a construct: `cursor` -> `parse_types` -> `parse_params` -> `parse_exprs` -> `parse_stmts`
-> `parse_decls`. Structure, recovery and messages follow the idea of gc's own parser.

Depth: no tree is deeper than `MAX_DEPTH` (chains of operators, calls and `else if` counted too), so a later stage
may recurse under `deep_recursion()`, with at most `RECURSION_LIMIT / MAX_DEPTH` Python frames a level.

Rejected: converting the tree of tree-sitter-go 0.25. It does not know 13 of the 1623 valid files of Go's own tests
(generic methods, `new(123)`, `if ;`) and misreads `*(*T)(x)` as a conversion to `*(*T)`. It treats newlines as
spaces wherever no statement can end, so wrong programs pass (17 of 842 with one token changed). Of an error it says
only that there is one, so this parser is needed for the messages anyway. And it would not be faster: it parses at
164,000 lines a second and its nodes can be traversed from Python at 160,000 to 270,000, before any node of ours is
made; this parser runs at 46,000 to 50,000 all in. It serves the tests as an independent oracle.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from morestack.source.codes import Code
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile, Span
from morestack.syntax.cursor import MAX_DEPTH, TooDeep
from morestack.syntax.nodes import File
from morestack.syntax.parse_decls import DeclParser
from morestack.syntax.scan import scan
from morestack.syntax.walk import too_deep

RECURSION_LIMIT = 120_000
"""Python frames for the deepest tree (`MAX_DEPTH`), at up to ten frames a level and with room to spare."""


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let a stage recurse over the deepest tree. Pure Python frames take no machine stack on CPython 3.11+."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def parse_file(source: SourceFile, diagnostics: Diagnostics) -> File | None:
    """Parse a file. Errors are reported; then the result is None or covers only a part of the file."""
    lexical = Diagnostics()
    tokens = scan(source, lexical)
    syntactic = Diagnostics()
    parser = DeclParser(tokens, syntactic, tuple(d.span.start for d in lexical.items))
    deep: int | None = None
    result: File | None = None
    try:
        with deep_recursion():
            result = parser.file_or_none()
    except TooDeep as error:
        deep = error.pos
    if result is not None and parser.check_depth:
        node = too_deep(result, MAX_DEPTH)
        deep = None if node is None else node.span.start
    if deep is not None:
        diagnostics.report(Code.NESTING, Span(source, deep, deep), "exceeded max nesting depth")
        return None
    reached = len(source.text) + 1 if result is not None else parser.token_limit()
    found = [d for d in lexical.items if d.span.start < reached] + syntactic.items
    diagnostics.items.extend(sorted(found, key=lambda d: d.span.start))  # as gc meets them
    return result
