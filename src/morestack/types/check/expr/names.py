"""Names: resolving them, and noting that they are used."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker
from morestack.types.check.expr import captures
from morestack.types.check.operand import Operand, invalid
from morestack.types.check.typexpr import typexpr
from morestack.types.core import universe
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_valid
from morestack.types.core.objects import Builtin, Const, Func, Nil, PkgName, TypeName, Var
from morestack.types.core.scope import Scope
from morestack.types.core.types import INVALID, UNTYPED_NIL


def ident(check: Checker, e: ast.Name, want_type: bool) -> Operand:
    """Resolve a name and note its use."""
    obj = check.lookup(e.text)
    if obj is None:
        if e.text == "_":
            check.error(e, Code.INVALID_BLANK, "cannot use _ as value or type")
        else:
            check.error(e, Code.UNDECLARED_NAME, f"undefined: {e.text}")
        return invalid(e)
    check.info.uses[e] = obj
    if check.dot_imports:
        _note_dot_import(check, e.text)
    if want_type and not isinstance(obj, TypeName):
        check.error(e, Code.NOT_A_TYPE, f"{obj.name} ({typexpr.object_kind(obj)}) is not a type")
        if isinstance(obj, Var):
            obj.used = True
        return invalid(e)
    match obj:
        case Var():
            return _variable(check, e, obj)
        case TypeName():
            return _type_name(check, e, obj, want_type)
        case Func():
            if obj.type is None:
                check.object_decl(obj)
            check.add_dependency(obj)
            return Operand(Mode.VALUE, e, obj.type or INVALID)
        case Const():
            return _constant(check, e, obj)
        case Builtin():
            return Operand(Mode.BUILTIN, e, builtin=obj.id)
        case Nil():
            return Operand(Mode.NIL, e, UNTYPED_NIL)
        case PkgName():
            check.error(e, Code.INVALID_PKG_USE, f"use of package {obj.name} not in selector")
            obj.used = True
            return invalid(e)


def _variable(check: Checker, e: ast.Name, v: Var) -> Operand:
    if v.type is None:
        check.object_decl(v)
    v.used = True
    if v.owner is not None:
        captures.note_use(check, v)
    else:
        check.add_dependency(v)
    t = v.type or INVALID
    return Operand(Mode.VARIABLE, e, t) if is_valid(t) else invalid(e)


def _type_name(check: Checker, e: ast.Name, obj: TypeName, want_type: bool) -> Operand:
    if obj.type is None or (want_type and obj.pkg is check.pkg):
        check.object_decl(obj)
    t = obj.type or INVALID
    return Operand(Mode.TYPE, e, t) if is_valid(t) else invalid(e)


def _constant(check: Checker, e: ast.Name, obj: Const) -> Operand:
    if obj.type is None:
        check.object_decl(obj)
    check.add_dependency(obj)
    t = obj.type or INVALID
    if not is_valid(t):
        return invalid(e)
    if obj is universe.IOTA:
        if check.env.iota is None:
            check.error(e, Code.INVALID_IOTA, "cannot use iota outside constant declaration")
            return invalid(e)
        return Operand(Mode.CONSTANT, e, t, check.env.iota)
    return Operand(Mode.CONSTANT, e, t, obj.value)


def _note_dot_import(check: Checker, name: str) -> None:
    """Mark the dot-import that declares a name as used."""
    scope: Scope | None = check.env.scope
    while scope is not None and scope.lookup(name) is None:
        scope = scope.parent
    pkg_name = check.dot_imports.get((scope, name)) if scope is not None else None
    if pkg_name is not None:
        pkg_name.used = True
