"""Struct types."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker, other_declaration
from morestack.types.check.typexpr import typexpr
from morestack.types.const import literal
from morestack.types.core.kinds import is_type_param
from morestack.types.core.objects import Var
from morestack.types.core.types import Basic, Interface, Kind, Pointer, Struct, Type
from morestack.types.core.under import deref, under


def struct_type(check: Checker, e: ast.StructType) -> Struct:
    """Return the type of `struct {...}`."""
    result = Struct((), ())
    fields: list[Var] = []
    tags: list[str] = []
    seen: dict[str, Var] = {}

    def add(name: ast.Name, t: Type, tag: str, embedded: bool) -> None:
        field = Var(name.text, t, name.span, check.pkg, is_field=True, embedded=embedded)
        if name.text != "_":
            other = seen.setdefault(name.text, field)
            if other is not field:
                check.error(name, Code.DUPLICATE_DECL, f"{name.text} redeclared", *other_declaration(other))
                return
        fields.append(field)
        tags.append(tag)
        check.info.defs[name] = field

    for f in e.fields:
        t = typexpr.var_type(check, f.type)
        tag = _tag(check, f.tag)
        for name in f.names:
            add(name, t, tag, embedded=False)
        if f.embedded:
            embedded_name = _embedded_name(f.type)
            if embedded_name is None:
                check.error(f.type, Code.INVALID_EMBED, "invalid embedded field type")
                continue
            # The name node is also a use of the type, so the field gets its own name node.
            add(ast.Name(embedded_name.span, embedded_name.text), t, tag, embedded=True)
            _check_embedded(check, f.type, t)
    result.fields = tuple(fields)
    result.tags = tuple(tags)
    return result


def _embedded_name(e: ast.Expr) -> ast.Name | None:
    if isinstance(e, ast.Star):
        e = e.x
    while isinstance(e, (ast.Paren, ast.Index)):
        e = e.x
    if isinstance(e, ast.Selector):
        return e.sel
    return e if isinstance(e, ast.Name) else None


def _check_embedded(check: Checker, e: ast.Expr, t: Type) -> None:
    """Once t is complete, report an error if it may not be embedded."""

    def verify() -> None:
        base, is_pointer = deref(t)
        u = under(base)
        if isinstance(u, Basic):
            if u.kind is Kind.UNSAFE_POINTER:
                check.error(e, Code.INVALID_EMBED, "embedded field type cannot be unsafe.Pointer")
        elif isinstance(u, Pointer):
            check.error(e, Code.INVALID_EMBED, "embedded field type cannot be a pointer")
        elif isinstance(u, Interface):
            if is_type_param(base):
                message = "embedded field type cannot be a (pointer to a) type parameter"
                check.error(e, Code.MISPLACED_TYPE_PARAM, message)
            elif is_pointer:
                check.error(e, Code.INVALID_EMBED, "embedded field type cannot be a pointer to an interface")

    check.later(verify)


def _tag(check: Checker, tag: ast.BasicLit | None) -> str:
    if tag is None:
        return ""
    try:
        value = literal.parse_literal(tag)
    except literal.LiteralError as error:
        check.error(tag, Code.INVALID_CONST_VAL, str(error))
        return ""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else ""
