"""Splits Go source text into tokens, and inserts the semicolons that newlines imply.

One regular expression finds every token, so the loop below runs once per token and not once per byte. A token
consists of its kind (the operator or keyword itself, or `name`, `literal`, `EOF`) and its byte range. A semicolon
inserted for a newline has the kind `;` and an empty range at the newline.

Lexical errors are reported with gc's wording, and scanning continues. Rejected: scanning lazily, one token per call
(twice as slow in CPython), and decoding the text first (all offsets are in bytes).
"""

import re
from dataclasses import dataclass, field

from morestack.source.codes import Code
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile, Span
from morestack.syntax import literals

NAME = "name"
LITERAL = "literal"
EOF = "EOF"
SEMI = ";"

KEYWORDS = frozenset(
    [
        "break",
        "case",
        "chan",
        "const",
        "continue",
        "default",
        "defer",
        "else",
        "fallthrough",
        "for",
        "func",
        "go",
        "goto",
        "if",
        "import",
        "interface",
        "map",
        "package",
        "range",
        "return",
        "select",
        "struct",
        "switch",
        "type",
        "var",
    ]
)
_KIND_OF_WORD = {word.encode(): word for word in KEYWORDS}
_OPERATORS = [
    "<<=",
    ">>=",
    "&^=",
    "...",
    "&&",
    "||",
    "<-",
    "++",
    "--",
    "==",
    "!=",
    "<=",
    ">=",
    ":=",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "&=",
    "|=",
    "^=",
    "<<",
    ">>",
    "&^",
    *list("+-*/%&|^<>=!~()[]{},;.:"),
]
_KIND_OF_OPERATOR = {op.encode(): op for op in _OPERATORS}

_ENDS_LINE = frozenset([NAME, LITERAL, "break", "continue", "fallthrough", "return", "++", "--", ")", "]", "}"])
"""The tokens after which a newline becomes a semicolon."""

_TOKEN = re.compile(
    rb"""[ \t\r]*(?:
      ([A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)
    | (//[^\n]*)
    | (/\*(?s:.*?)\*/)
    | (0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?i?
      |0[bBoO][0-9_]*(?:\.[0-9_]*)?(?:[eEpP][+-]?[0-9_]*)?i?
      |(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eEpP][+-]?[0-9_]*)?i?)
    | ("(?:[^"\\\n]|\\[^\n])*"|`[^`]*`|'(?:[^'\\\n]|\\[^\n])+')
    | (?!/\*)(%s)
    | (\n)
    | (\Z)
    | ((?s:.))
    )"""
    % b"|".join(re.escape(op).encode().replace(b"#", rb"\#") for op in _OPERATORS),
    re.VERBOSE,
)
_WORD, _LINE_COMMENT, _BLOCK_COMMENT, _NUMBER, _QUOTED, _OPERATOR, _NEWLINE, _END, _BAD = range(1, 10)


@dataclass(slots=True)
class Tokens:
    """All tokens of a file as parallel lists; the last one is `EOF`."""

    file: SourceFile
    kinds: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    pragmas: dict[int, list[str]] = field(default_factory=dict)
    """From the index of a token to the `//go:` directives between it and the previous token."""
    bad_literals: set[int] = field(default_factory=set)


def scan(file: SourceFile, diagnostics: Diagnostics) -> Tokens:
    """Split a file into tokens; lexical errors are reported."""
    text = file.text
    literals.check_encoding(file, diagnostics)
    tokens = Tokens(file)
    kinds, starts, ends = tokens.kinds, tokens.starts, tokens.ends
    add_kind, add_start, add_end = kinds.append, starts.append, ends.append
    word_kind, op_kind = _KIND_OF_WORD.get, _KIND_OF_OPERATOR
    at = 3 if text.startswith(b"\xef\xbb\xbf") else 0
    kind = ""
    match_at = _TOKEN.match
    while True:
        found = match_at(text, at)
        assert found is not None
        group = found.lastindex
        assert group is not None
        start, at = found.span(group)
        if group == _WORD:
            word = found[_WORD]
            kind = word_kind(word, NAME)
            if not word.isascii():
                literals.check_identifier(file, start, word, diagnostics)
        elif group == _OPERATOR:
            kind = op_kind[found[_OPERATOR]]
        elif group in (_QUOTED, _NUMBER):
            kind = LITERAL
            end = literals.check_number(file, start, at, diagnostics) if group == _NUMBER else None
            if group == _QUOTED and not literals.check_quoted(file, start, at, diagnostics):
                tokens.bad_literals.add(start)
            if end is not None:
                tokens.bad_literals.add(start)
        elif group == _BAD:
            at = _bad(file, start, diagnostics)
            if text[start : start + 1] not in (b'"', b"'", b"`"):
                continue
            kind = LITERAL
            tokens.bad_literals.add(start)
        else:
            if group == _LINE_COMMENT and text.startswith(b"//go:", start):
                pragma = text[start + 2 : at].decode("utf-8", "replace").strip()
                upcoming = len(kinds) + (1 if kind in _ENDS_LINE else 0)
                tokens.pragmas.setdefault(upcoming, []).append(pragma)
            if kind in _ENDS_LINE and (group != _BLOCK_COMMENT or b"\n" in found[_BLOCK_COMMENT]):
                kind = SEMI
                place = at if group == _LINE_COMMENT else start
                add_kind(SEMI)
                add_start(place)
                add_end(place)
            if group == _END:
                break
            continue
        add_kind(kind)
        add_start(start)
        add_end(at)
    add_kind(EOF)
    add_start(len(text))
    add_end(len(text))
    return tokens


def _bad(file: SourceFile, start: int, diagnostics: Diagnostics) -> int:
    """Report a character that cannot begin a token; return the offset at which scanning continues."""
    text = file.text
    first = text[start : start + 1]
    if first in (b'"', b"'", b"`"):
        return literals.report_unterminated(file, start, diagnostics)
    if text.startswith(b"/*", start):
        diagnostics.report(Code.SYNTAX, Span(file, start, len(text)), "comment not terminated")
        return len(text)
    if first != b"\x00":  # reported by check_encoding
        char = first.decode("ascii", "replace")
        diagnostics.report(Code.SYNTAX, Span(file, start, start + 1), f"invalid character {literals.quoted(char)}")
    return start + 1
