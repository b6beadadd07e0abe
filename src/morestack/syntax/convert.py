"""The entry point of this package: parses a source file into a `File`, or reports errors in gc's wording.

The stages are `scan` (tokens, lexical errors) and `parse_decls`, a recursive-descent parser that is a chain of
classes with one module per construct: `cursor` -> `parse_types` -> `parse_params` -> `parse_exprs` -> `parse_stmts`
-> `parse_decls`. Structure, recovery and messages follow the ideas of gc's own parser.

Depth: no tree is deeper than `MAX_DEPTH`, including chains of operators, calls and `else if`. Later stages may
therefore recurse under `deep_recursion()`, with at most `RECURSION_LIMIT / MAX_DEPTH` Python frames per level.

Rejected: converting the tree of tree-sitter-go 0.25. It rejects 13 of the 1623 valid files of Go's own tests (generic
methods, `new(123)`, `if ;`) and misreads `*(*T)(x)` as a conversion to `*(*T)`. It treats newlines as spaces wherever
no statement can end, so it accepts some invalid programs (17 of 842 with one token changed). It only reports that an
error exists, so this parser would still be needed for the messages. Nor would it be much faster: it parses 164,000
lines per second, and Python traverses its nodes at 160,000 to 270,000 lines per second, before any of our nodes is
created; this parser does everything at 46,000 to 50,000 lines per second. The tests use tree-sitter as an independent
oracle.
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
"""Python frames for the deepest tree (`MAX_DEPTH`), at up to ten frames per level, with a reserve."""


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let a stage recurse over the deepest tree. On CPython 3.11+, pure Python frames take no machine stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def parse_file(source: SourceFile, diagnostics: Diagnostics) -> File | None:
    """Parse a file. If errors are reported, the result is None or covers only part of the file."""
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
    diagnostics.items.extend(sorted(found, key=lambda d: d.span.start))  # in gc's order
    return result
