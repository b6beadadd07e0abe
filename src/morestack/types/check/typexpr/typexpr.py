"""Type expressions, and the forms of type a context may require."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker
from morestack.types.check.operand import Operand
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_generic, is_type_param, is_valid
from morestack.types.core.objects import Builtin, Const, Func, Nil, Object, PkgName, TypeName, Var
from morestack.types.core.types import INVALID, Interface, Type, TypeParam
from morestack.types.core.under import under
from morestack.types.identity.identical import type_set


def object_kind(obj: Object) -> str:
    """Return the kind of an object as messages name it: `local variable`, `constant`, ..."""
    match obj:
        case PkgName():
            return "package name"
        case Const():
            return "constant"
        case TypeName(is_alias=is_alias, type=t):
            return "type alias" if is_alias else "type parameter" if isinstance(t, TypeParam) else "defined type"
        case Var():
            return variable_kind(obj)
        case Func():
            return "function"
        case Builtin():
            return "built-in function"
        case Nil():
            return "untyped nil"


def variable_kind(v: Var) -> str:
    """Return the kind of variable v as messages name it."""
    if v.is_field:
        return "struct field"
    if v.is_global:
        return "package-level variable"
    return "parameter" if v.is_param else "result variable" if v.is_result else "local variable"


def type_of(check: Checker, e: ast.Expr, def_: TypeName | None = None) -> Type:
    """Return the type e denotes, INVALID after an error; def_ is the name being declared with this type."""
    t = check.type_expr(e, def_)
    if is_generic(t):
        message = f"cannot use generic type {check.type_str(t)} without instantiation"
        check.error(e, Code.WRONG_TYPE_ARG_COUNT, message)
        t = INVALID
    check.record_type(e, Mode.TYPE, t)
    return t


def var_type(check: Checker, e: ast.Expr) -> Type:
    """Return the type e denotes; report an error if a variable cannot have it."""
    t = type_of(check, e)
    valid_var_type(check, e, t)
    return t


def valid_var_type(check: Checker, e: ast.Expr, t: Type) -> None:
    """Once t is complete, report it if it is a constraint interface used as the type of a variable."""
    if is_type_param(t):
        return

    def verify() -> None:
        u = under(t)
        if not isinstance(u, Interface):
            return
        known = type_set(u)
        if not known.is_method_set():
            what = "is (or embeds) comparable" if known.comparable else "contains type constraints"
            message = f"cannot use type {check.type_str(t)} outside a type constraint: interface {what}"
            check.error(e, Code.MISPLACED_CONSTRAINT_IFACE, message)

    check.later(verify)


def generic_type(check: Checker, e: ast.Expr) -> tuple[Type, str]:
    """Return the generic type e denotes, and the cause if it denotes another type."""
    t = check.type_expr(e)
    cause = ""
    if is_valid(t) and not is_generic(t):
        cause = f"{check.type_str(t)} is not a generic type"
        t = INVALID
    check.record_type(e, Mode.TYPE, t)
    return t, cause


def type_list(check: Checker, exprs: tuple[ast.Expr, ...]) -> list[Type] | None:
    """Return the types of a list, or None if one of them is invalid."""
    types = [var_type(check, e) for e in exprs]
    return types if all(is_valid(t) for t in types) else None


def named(check: Checker, x: Operand) -> Type:
    """Return the type that a name or selector denotes."""
    if x.mode is Mode.TYPE:
        return x.type
    if x.mode is Mode.NO_VALUE:
        check.error(x, Code.NOT_A_TYPE, f"{check.show(x)} used as type")
    elif x.valid:
        check.error(x, Code.NOT_A_TYPE, f"{check.show(x)} is not a type")
    return INVALID
