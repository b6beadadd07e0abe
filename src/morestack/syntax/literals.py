"""Errors inside a single token: bad digits, bad escapes, unterminated text, bad encoding.

A single regular expression recognizes a valid literal. Only an invalid one is examined by character, to report the
place and the reason in gc's wording.
"""

import re
import unicodedata

from morestack.source.codes import Code
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile, Span

_GOOD_NUMBER = re.compile(
    rb"""(?:
      0[xX](?:_?[0-9a-fA-F])+i?
    | 0[xX](?:(?:_?[0-9a-fA-F])+\.?(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?|\.[0-9a-fA-F](?:_?[0-9a-fA-F])*)
      [pP][+-]?[0-9](?:_?[0-9])*i?
    | 0[bB](?:_?[01])+i? | 0[oO](?:_?[0-7])+i? | 0(?:_?[0-7])*i? | [0-9](?:_?[0-9])*i
    | [1-9](?:_?[0-9])*
    | (?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)i?
    | (?:[0-9](?:_?[0-9])*\.(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)i?
    )""",
    re.VERBOSE,
)
_BASES = {"x": (16, "hexadecimal"), "o": (8, "octal"), "b": (2, "binary")}
_SIMPLE_ESCAPES = frozenset(b"abfnrtv\\")
_NUMERIC_ESCAPES = {ord("x"): (2, 16, 255), ord("u"): (4, 16, 0x10FFFF), ord("U"): (8, 16, 0x10FFFF)}


def quoted(char: str) -> str:
    """Format as Go's %#U: the code point, and the character if it is printable."""
    shown = f" '{char}'" if char.isprintable() else ""
    return f"U+{ord(char):04X}{shown}"


def check_encoding(file: SourceFile, diagnostics: Diagnostics) -> None:
    """Report NUL bytes, byte order marks after the start, and bytes that are not UTF-8."""
    text = file.text
    at = text.find(b"\x00")
    while at >= 0:
        diagnostics.report(Code.SYNTAX, Span(file, at, at + 1), "invalid NUL character")
        at = text.find(b"\x00", at + 1)
    if text.isascii():
        return
    at = text.find(b"\xef\xbb\xbf", 1)
    while at >= 0:
        diagnostics.report(Code.SYNTAX, Span(file, at, at + 3), "invalid BOM in the middle of the file")
        at = text.find(b"\xef\xbb\xbf", at + 3)
    at, rest = 0, text
    while True:
        try:
            rest.decode("utf-8")
            return
        except UnicodeDecodeError as error:
            at += error.start
            diagnostics.report(Code.SYNTAX, Span(file, at, at + 1), "invalid UTF-8 encoding")
            at += 1
            rest = text[at:]


def check_identifier(file: SourceFile, start: int, word: bytes, diagnostics: Diagnostics) -> None:
    """Report characters of a name that are neither letters nor digits of Unicode."""
    at = start
    for index, char in enumerate(word.decode("utf-8", "replace")):
        if char not in "_\ufffd\ufeff" and not char.isascii():
            category = unicodedata.category(char)
            span = Span(file, at, at + len(char.encode()))
            if category == "Nd":
                if index == 0:
                    message = f"identifier cannot begin with digit {quoted(char)}"
                    diagnostics.report(Code.SYNTAX, span, message)
            elif category[0] != "L":
                diagnostics.report(Code.SYNTAX, span, f"invalid character {quoted(char)} in identifier")
        at += len(char.encode())


def check_number(file: SourceFile, start: int, end: int, diagnostics: Diagnostics) -> int | None:
    """Report the error in a number, if any; return None if the number is valid."""
    text = file.text[start:end]
    if _GOOD_NUMBER.fullmatch(text):
        return None
    offset, message = _number_problem(text.decode())
    at = start + offset
    diagnostics.report(Code.SYNTAX, Span(file, at, max(at, end)), message)
    return end


def _number_problem(text: str) -> tuple[int, str]:
    """Return the place and reason of the error in a number; of several, the one that gc looks for first."""
    base, name = _BASES.get(text[1:2].lower(), (10, "decimal")) if text[0] == "0" else (10, "decimal")
    prefix = text[1].lower() if base != 10 else ""
    octal = not prefix and text[0] == "0" and len(text) > 1
    if octal:
        base, name = 8, "octal"
    digits = "0123456789abcdefABCDEF_" if base == 16 else "0123456789_"
    at = 2 if prefix else 0
    mantissa_start = at
    while at < len(text) and text[at] in digits:
        at += 1
    point = at < len(text) and text[at] == "."
    if point:
        if prefix in ("o", "b") and prefix:
            return at, f"invalid radix point in {name} literal"
        at += 1
        while at < len(text) and text[at] in digits:
            at += 1
    if not text[mantissa_start:at].replace("_", "").replace(".", ""):
        return at, f"{name} literal has no digits"
    exponent = at < len(text) and text[at] in "eEpP"
    if exponent:
        letter = text[at].lower()
        if letter == "e" and prefix:
            return at, f"'{text[at]}' exponent requires decimal mantissa"
        if letter == "p" and prefix != "x":
            return at, f"'{text[at]}' exponent requires hexadecimal mantissa"
        if not re.search(r"[0-9]", text[at + 1 :]):
            return len(text.rstrip("i")), "exponent has no digits"
    elif prefix == "x" and point:
        return at, "hexadecimal mantissa requires a 'p' exponent"
    if (not point and not exponent and not text.endswith("i")) or (prefix in ("o", "b") and prefix):
        limit = str(base)
        for index in range(mantissa_start, at):
            if base < 10 and text[index].isdigit() and text[index] >= limit:
                return index, f"invalid digit '{text[index]}' in {name} literal"
    return _bad_separator(text, 2 if prefix else 0, digits), "'_' must separate successive digits"


def _bad_separator(text: str, start: int, digits: str) -> int:
    """Return the offset of the first `_` that is not between digits (a base prefix counts as a digit)."""
    for index in range(start, len(text)):
        if text[index] == "_":
            after_prefix = index == start and start > 0
            if not after_prefix and not (index > 0 and text[index - 1] in digits and text[index - 1] != "_"):
                return index
            if index + 1 == len(text) or text[index + 1] not in digits:
                return index
    return 0


def check_quoted(file: SourceFile, start: int, end: int, diagnostics: Diagnostics) -> bool:
    """Report bad escapes, and runes of more than one character; return whether the literal is valid."""
    text = file.text
    quote = text[start]
    if quote == 0x60:  # a raw string has no escapes
        return True
    good = _check_escapes(file, start, end - 1, diagnostics)
    if quote == 0x27 and good and _rune_length(text[start + 1 : end - 1]) != 1:
        diagnostics.report(Code.SYNTAX, Span(file, start, end), "more than one character in rune literal")
        return False
    return good


def _check_escapes(file: SourceFile, start: int, end: int, diagnostics: Diagnostics) -> bool:
    """Report bad escapes between the opening quote and `end`; return whether there are none."""
    text = file.text
    good = True
    at = text.find(b"\\", start + 1, end)
    while at >= 0:
        if at + 1 >= len(text):
            break
        problem, at = _escape(text, at, text[start])
        if problem:
            good = False
            diagnostics.report(Code.SYNTAX, Span(file, problem[0], problem[0] + 1), problem[1])
        at = text.find(b"\\", at, end)
    return good


def _rune_length(body: bytes) -> int:
    """Return the number of characters in a rune literal whose escapes are valid."""
    body = re.sub(rb"\\(?:x..|u....|U........|[0-7]{3}|.)", b"x", body)
    return len(body.decode("utf-8", "replace"))


def _escape(text: bytes, at: int, quote: int) -> tuple[tuple[int, str] | None, int]:
    """Check the escape at a backslash; return the problem, if any, and the offset at which to continue."""
    char = text[at + 1]
    if char == quote or char in _SIMPLE_ESCAPES:
        return None, at + 2
    if 0x30 <= char <= 0x37:
        count, base, largest, first = 3, 8, 255, at + 1
    elif char in _NUMERIC_ESCAPES:
        count, base, largest = _NUMERIC_ESCAPES[char]
        first = at + 2
    else:
        return (at + 1, "unknown escape"), at + 2
    value = 0
    for index in range(first, first + count):
        if index >= len(text):
            return None, len(text)
        digit = "0123456789abcdef".find(chr(text[index]).lower()) if text[index] < 128 else -1
        if not 0 <= digit < base:
            shown = text[index : index + 4].decode("utf-8", "ignore")[:1]
            name = "octal" if base == 8 else "hexadecimal"
            shown = "\\'" if shown == "'" else shown
            return (index, f"invalid character '{shown}' in {name} escape"), index
        value = value * base + digit
    end = first + count
    if base == 8 and value > largest:
        return (end, f"octal escape value {value} > 255"), end
    if value > largest or (0xD800 <= value < 0xE000 and count > 2):
        shown = quoted(chr(value)) if value <= 0x10FFFF and not 0xD800 <= value < 0xE000 else f"U+{value:04X}"
        return (end, f"escape is invalid Unicode code point {shown}"), end
    return None, end


def report_unterminated(file: SourceFile, start: int, diagnostics: Diagnostics) -> int:
    """Report a string or rune without a closing quote; return the offset at which scanning continues."""
    text = file.text
    quote = text[start : start + 1]
    if quote == b"'" and text[start + 1 : start + 2] == b"'":
        diagnostics.report(Code.SYNTAX, Span(file, start + 1, start + 2), "empty rune literal or unescaped '")
        return start + 2
    newline = text.find(b"\n", start) if quote != b"`" else -1
    what = "rune literal" if quote == b"'" else "string"
    end = newline if newline >= 0 else len(text)
    if quote != b"`" and not _check_escapes(file, start, end, diagnostics) and quote == b"'" and newline >= 0:
        return newline
    if newline < 0:
        diagnostics.report(Code.SYNTAX, Span(file, start, len(text)), f"{what} not terminated")
        return len(text)
    diagnostics.report(Code.SYNTAX, Span(file, newline, newline), f"newline in {what}")
    return newline
