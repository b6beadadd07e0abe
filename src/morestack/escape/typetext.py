"""Types and constants as gc prints them in its messages."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from morestack.syntax.nodes import ChanDir
from morestack.types.const import exact
from morestack.types.core.kinds import is_interface, is_untyped
from morestack.types.core.objects import Package, Var
from morestack.types.core.types import (
    Alias,
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    TypeParam,
    Union,
)
from morestack.types.core.under import unalias, under

_MAX_STRING = 72
_DEPTH = 200


def quote(data: bytes) -> str:
    """Go's strconv.Quote."""
    out = ['"']
    i = 0
    while i < len(data):
        width = 1
        ch = ""
        for size in (1, 2, 3, 4):
            try:
                ch = data[i : i + size].decode("utf-8")
                width = size
                break
            except UnicodeDecodeError:
                continue
        if not ch:
            out.append(f"\\x{data[i]:02x}")
        else:
            out.append(_quote_rune(ch, '"'))
        i += width
    return "".join(out) + '"'


_ESCAPED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\"}


def _quote_rune(ch: str, mark: str) -> str:
    if ch == mark:
        return "\\" + mark
    if ch in _ESCAPED:
        return _ESCAPED[ch]
    if ch == " " or (ch.isprintable() and not ch.isspace()):
        return ch
    code = ord(ch)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _float_text(x: float) -> str:
    text = f"{x:.6g}"
    if x != int(x) if abs(x) < 1e300 else False:
        if "." not in text and "e" not in text:
            text = repr(x)
    return text


def constant_text(value: exact.Value, t: Type | None) -> str:
    """A constant as go/constant's String prints it, in a conversion if its type is not the default one."""
    if isinstance(value, bool):
        text, default = ("true" if value else "false"), Kind.BOOL
    elif isinstance(value, bytes):
        text, default = quote(value), Kind.STRING
        if len(text) > _MAX_STRING:
            text = text[: _MAX_STRING - 3] + "..."
    else:
        u = under(t) if t is not None else None
        kind = u.kind if isinstance(u, Basic) else Kind.INT
        text, default = _number_text(value, kind)
    if t is None or is_untyped(t) or is_interface(t):
        return text
    plain = unalias(t)
    if isinstance(plain, Basic) and plain.kind is default and plain.name != "rune":
        return text
    if isinstance(plain, Basic) and plain.name == "rune" and isinstance(value, int) and 0 <= value <= 0x10FFFF:
        return "'" + _quote_rune(chr(value), "'") + "'"
    return f"{type_text(t)}({text})"


def _number_text(value: object, kind: Kind) -> tuple[str, Kind]:
    if kind in (Kind.FLOAT32, Kind.FLOAT64, Kind.UNTYPED_FLOAT):
        return _real_text(value), Kind.FLOAT64
    if kind in (Kind.COMPLEX64, Kind.COMPLEX128, Kind.UNTYPED_COMPLEX) or isinstance(value, exact.Complex):
        if isinstance(value, exact.Complex):
            return f"({_real_text(value.re)} + {_real_text(value.im)}i)", Kind.COMPLEX128
        return f"({_real_text(value)} + 0i)", Kind.COMPLEX128
    return str(value), Kind.INT


def _real_text(value: object) -> str:
    try:
        if isinstance(value, int | Fraction):
            return _float_text(float(value))
        if isinstance(value, exact.Float):
            return _float_text(float(value.mant) * 2.0**value.exp)
    except OverflowError:
        pass
    return str(value)


def type_text(t: Type | None, local: Package | None = None) -> str:
    """A type as gc's `%v` prints it: spaced literals, packages named unless local."""
    out: list[str] = []
    _type(t, out, local, 0)
    return "".join(out)


def _type(t: Type | None, out: list[str], local: Package | None, depth: int) -> None:
    if t is None or depth > _DEPTH:
        out.append("...")
        return
    depth += 1
    match t:
        case Alias(obj=obj, actual=actual):
            if obj.name == "any" and obj.pkg is None:
                out.append("any")
            else:
                _type(actual, out, local, depth)
        case Basic(name=name):
            out.append(name)
        case Named(obj=obj, type_args=args):
            if obj.pkg is not None and local is not None and obj.pkg is not local:
                out.append(obj.pkg.name + ".")
            out.append(obj.name)
            if args:
                out.append("[")
                for i, a in enumerate(args):
                    if i:
                        out.append(",")
                    _type(a, out, local, depth)
                out.append("]")
        case TypeParam(obj=obj):
            out.append(obj.name)
        case Pointer(elem=elem):
            out.append("*")
            _type(elem, out, local, depth)
        case Slice(elem=elem):
            out.append("[]")
            _type(elem, out, local, depth)
        case Array(elem=elem, len=n):
            out.append(f"[{n}]")
            _type(elem, out, local, depth)
        case Map(key=key, elem=elem):
            out.append("map[")
            _type(key, out, local, depth)
            out.append("]")
            _type(elem, out, local, depth)
        case Chan(dir=direction, elem=elem):
            out.append({ChanDir.BOTH: "chan ", ChanDir.SEND: "chan<- ", ChanDir.RECV: "<-chan "}[direction])
            inner = isinstance(unalias(elem), Chan) and direction is ChanDir.BOTH
            out.append("(" if inner else "")
            _type(elem, out, local, depth)
            out.append(")" if inner else "")
        case Struct(fields=fields):
            out.append("struct {")
            for i, f in enumerate(fields):
                out.append("; " if i else " ")
                if not f.embedded:
                    out.append(f.name + " ")
                _type(f.type, out, local, depth)
            out.append(" }" if fields else "}")
        case Signature():
            out.append("func")
            _signature(t, out, local, depth)
        case Interface(methods=methods, embeddeds=embeddeds):
            out.append("interface {")
            for i, m in enumerate(methods):
                prefix = f"{m.pkg.name}." if m.pkg is not None and not m.name[:1].isupper() else ""
                out.append(("; " if i else " ") + prefix + m.name)
                if isinstance(m.type, Signature):
                    _signature(m.type, out, local, depth)
            for i, e in enumerate(embeddeds):
                out.append("; " if i or methods else " ")
                _type(e, out, local, depth)
            out.append(" }" if methods or embeddeds else "}")
        case Tuple(vars=variables):
            _tuple(variables, False, out, local, depth)
        case Union(terms=terms):
            for i, (tilde, term) in enumerate(terms):
                out.append((" | " if i else "") + ("~" if tilde else ""))
                _type(term, out, local, depth)


def _tuple(variables: Iterable[Var], variadic: bool, out: list[str], local: Package | None, depth: int) -> None:
    out.append("(")
    items = list(variables)
    for i, v in enumerate(items):
        if i:
            out.append(", ")
        vt = unalias(v.type) if v.type is not None else None
        if variadic and i == len(items) - 1 and isinstance(vt, Slice):
            out.append("...")
            vt = vt.elem
            _type(vt, out, local, depth)
        else:
            _type(v.type, out, local, depth)
    out.append(")")


def _signature(sig: Signature, out: list[str], local: Package | None, depth: int) -> None:
    _tuple(sig.params.vars, sig.variadic, out, local, depth)
    results = sig.results.vars
    if len(results) == 1:
        out.append(" ")
        _type(results[0].type, out, local, depth)
    elif results:
        out.append(" ")
        _tuple(results, False, out, local, depth)
