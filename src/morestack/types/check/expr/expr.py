"""Expressions: the dispatch over their classes, and what every one of them goes through.

`raw_expr` checks one expression of any kind and records it; `expr` wants a single value, `expr_or_type`
also takes a type, `multi_expr` a call's several results or a comma-ok pair. The second result of
`raw_expr` tells whether the expression may stand as a statement.
"""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check import untyped
from morestack.types.check.checker import Checker
from morestack.types.check.decl import decl
from morestack.types.check.expr import binary, call, captures, composite, index, selector, unary
from morestack.types.check.operand import ExprKind, Operand, Target, invalid
from morestack.types.check.typexpr import generic, signature, typexpr
from morestack.types.const import literal
from morestack.types.core import universe
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_generic, is_type_param, is_valid
from morestack.types.core.objects import Builtin, Const, Func, Nil, PkgName, TypeName, Var
from morestack.types.core.scope import Scope
from morestack.types.core.types import (
    INVALID,
    UNTYPED_BOOL,
    UNTYPED_COMPLEX,
    UNTYPED_FLOAT,
    UNTYPED_INT,
    UNTYPED_NIL,
    UNTYPED_RUNE,
    UNTYPED_STRING,
    Alias,
    Interface,
    Named,
    Pointer,
    Signature,
    Tuple,
    Type,
)
from morestack.types.core.under import under
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import typeset
from morestack.types.relation import implements

_LITERAL_TYPES = {
    ast.LitKind.INT: UNTYPED_INT,
    ast.LitKind.FLOAT: UNTYPED_FLOAT,
    ast.LitKind.IMAG: UNTYPED_COMPLEX,
    ast.LitKind.CHAR: UNTYPED_RUNE,
    ast.LitKind.STRING: UNTYPED_STRING,
}


def raw_expr(
    check: Checker,
    e: ast.Expr,
    hint: Type | None = None,
    target: Target | None = None,
    allow_generic: bool = False,
) -> tuple[Operand, ExprKind]:
    """Check e and record what it is. `hint` is the type of an enclosing literal's elements."""
    x, kind = _check_expr(check, e, hint, target)
    if not allow_generic:
        non_generic(check, x, target)
    check.record(x)
    return x, kind


def non_generic(check: Checker, x: Operand, target: Target | None = None) -> None:
    """Report a generic type or function used without its type arguments."""
    if not x.valid or x.mode is Mode.NO_VALUE:
        return
    what = ""
    if isinstance(x.type, Named | Alias):
        what = "type" if is_generic(x.type) else ""
    elif isinstance(x.type, Signature) and x.type.type_params:
        if target is not None:
            generic.instantiate_value(check, x, None, target)
            return
        what = "function"
    if what:
        check.error(
            x, Code.WRONG_TYPE_ARG_COUNT, f"cannot use generic {what} {expr_string(x.expr)} without instantiation"
        )
        x.invalidate()
        x.type = INVALID


def expr(check: Checker, e: ast.Expr, target: Target | None = None) -> Operand:
    """Check e as a single value."""
    x, _ = raw_expr(check, e, target=target)
    exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN, Mode.TYPE)
    single_value(check, x)
    return x


def generic_expr(check: Checker, e: ast.Expr, hint: Type | None = None) -> Operand:
    """Check e as a single value that may be a generic function."""
    x, _ = raw_expr(check, e, hint, allow_generic=True)
    exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN, Mode.TYPE)
    single_value(check, x)
    return x


def expr_or_type(check: Checker, e: ast.Expr, allow_generic: bool = False) -> Operand:
    """Check e as a single value or a type."""
    x, _ = raw_expr(check, e, allow_generic=allow_generic)
    exclude(check, x, Mode.NO_VALUE)
    single_value(check, x)
    return x


def multi_expr(check: Checker, e: ast.Expr, allow_comma_ok: bool) -> tuple[list[Operand], bool]:
    """Check e for one or several values; the flag says that it is a comma-ok pair."""
    x, _ = raw_expr(check, e)
    exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN, Mode.TYPE)
    at = e.span.at(e.span.start)
    if x.valid and isinstance(x.type, Tuple):
        results = []
        for number, v in enumerate(x.type.vars, 1):
            name = _stand_in(at, f"{number}{_ORDINALS.get(number, 'th')} function result")
            results.append(Operand(Mode.VALUE, name, v.type or INVALID))
        return results, False
    if allow_comma_ok and x.mode in (Mode.MAP_INDEX, Mode.COMMA_OK):
        return [x, Operand(Mode.VALUE, _stand_in(at, "ok value of (comma, ok) expression"), UNTYPED_BOOL)], True
    return [x], False


_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


def _stand_in(span: Span, text: str) -> ast.Name:
    """A name for a value that the program does not spell, for messages."""
    return ast.Name(span, text)


def expr_list(check: Checker, exprs: tuple[ast.Expr, ...]) -> list[Operand]:
    """Check a list of values; a single call may give several."""
    if len(exprs) == 1:
        return multi_expr(check, exprs[0], False)[0]
    return [expr(check, e) for e in exprs]


def exclude(check: Checker, x: Operand, *modes: Mode) -> None:
    """Report x if it is of one of the modes."""
    if x.mode is None or x.mode not in modes:
        return
    shown = check.show(x)
    if x.mode is Mode.NO_VALUE:
        what = "value" if Mode.TYPE in modes else "value or type"
        check.error(x, Code.TOO_MANY_VALUES, f"{shown} used as {what}")
    elif x.mode is Mode.BUILTIN:
        check.error(x, Code.UNCALLED_BUILTIN, f"{shown} must be called")
    else:
        check.error(x, Code.NOT_AN_EXPR, f"{shown} is not an expression")
    x.invalidate()


def single_value(check: Checker, x: Operand) -> None:
    """Report a call of several results where one value is wanted."""
    if x.mode is Mode.VALUE and isinstance(x.type, Tuple):
        check.error(x, Code.TOO_MANY_VALUES, f"multiple-value {check.show(x)} in single-value context")
        x.invalidate()


def _check_expr(check: Checker, e: ast.Expr, hint: Type | None, target: Target | None) -> tuple[Operand, ExprKind]:
    kind = ExprKind.EXPRESSION
    x = invalid(e)
    match e:
        case ast.Name():
            x = ident(check, e, want_type=False)
        case ast.BasicLit():
            x = _basic_lit(check, e)
        case ast.Call():
            return call.check_call(check, e)
        case ast.Selector():
            x = selector.check_selector(check, e, want_type=False)
        case ast.Binary():
            x = binary.check_binary(check, e, e.x, e.y, e.op)
        case ast.Unary():
            x = unary.check_unary(check, e)
        case ast.Index():
            x = index.check_index_or_instance(check, e, target)
        case ast.Slice():
            x = index.check_slice(check, e)
        case ast.Star():
            x = _star(check, e)
        case ast.Paren():
            inner, kind = raw_expr(check, e.x)
            inner.expr = e
            return inner, kind
        case ast.CompositeLit():
            x = composite.check_composite(check, e, hint)
        case ast.FuncLit():
            x = _func_lit(check, e)
        case ast.TypeAssert():
            x = _type_assert(check, e)
        case ast.Receive():
            x = unary.check_receive(check, e)
            kind = ExprKind.STATEMENT
        case ast.KeyValue():
            check.error(e, Code.SYNTAX, "unexpected key:value expression")
        case ast.UnionType():
            check.error(e, Code.NOT_A_TYPE, "unexpected union outside of a constraint")
        case (
            ast.ArrayType()
            | ast.SliceType()
            | ast.StructType()
            | ast.FuncType()
            | ast.InterfaceType()
            | ast.MapType()
            | ast.ChanType()
        ):
            x = Operand(Mode.TYPE, e, typexpr.type_of(check, e))
        case ast.BadExpr():
            pass
    x.expr = e
    return x, kind if x.valid else ExprKind.STATEMENT  # an invalid one has had its error


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
    is_type = isinstance(obj, TypeName)
    if want_type and not is_type:
        check.error(e, Code.NOT_A_TYPE, f"{obj.name} ({typexpr.object_kind(obj)}) is not a type")
        if isinstance(obj, Var):
            obj.used = True
        return invalid(e)
    if isinstance(obj, PkgName):
        check.error(e, Code.INVALID_PKG_USE, f"use of package {obj.name} not in selector")
        obj.used = True
        return invalid(e)
    if isinstance(obj, Builtin):
        return Operand(Mode.BUILTIN, e, builtin=obj.id)
    if isinstance(obj, Nil):
        return Operand(Mode.NIL, e, UNTYPED_NIL)
    if obj.type is None or (want_type and is_type and obj.pkg is check.pkg):
        decl.object_decl(check, obj)
    t = obj.type or INVALID
    if isinstance(obj, TypeName):
        if isinstance(t, Alias) and t.actual is not None and not is_valid(t):
            return invalid(e)
        return Operand(Mode.TYPE, e, t) if is_valid(t) else invalid(e)
    check.add_dependency(obj)
    if isinstance(obj, Func):
        return Operand(Mode.VALUE, e, t)
    if isinstance(obj, Var):
        obj.used = True
        captures.note_use(check, obj)
    if not is_valid(t):
        return invalid(e)
    if isinstance(obj, Const):
        if obj is universe.IOTA:
            if check.env.iota is None:
                check.error(e, Code.INVALID_IOTA, "cannot use iota outside constant declaration")
                return invalid(e)
            return Operand(Mode.CONSTANT, e, t, check.env.iota)
        return Operand(Mode.CONSTANT, e, t, obj.value)
    return Operand(Mode.VARIABLE, e, t)


def _note_dot_import(check: Checker, name: str) -> None:
    """Mark the dot-import that a name comes from as used."""
    scope: Scope | None = check.env.scope
    while scope is not None and scope.lookup(name) is None:
        scope = scope.parent
    pkg_name = check.dot_imports.get((scope, name)) if scope is not None else None
    if pkg_name is not None:
        pkg_name.used = True


def _basic_lit(check: Checker, e: ast.BasicLit) -> Operand:
    try:
        value = literal.parse_literal(e)
    except literal.LiteralError as error:
        check.error(e, Code.INVALID_CONST_VAL, str(error))
        return invalid(e)
    x = Operand(Mode.CONSTANT, e, _LITERAL_TYPES[e.kind], value)
    untyped.check_overflow(check, x)
    return x


def _star(check: Checker, e: ast.Star) -> Operand:
    """A dereference or a pointer type."""
    x = expr_or_type(check, e.x)
    if not x.valid:
        return x
    if x.mode is Mode.TYPE:
        typexpr.valid_var_type(check, e.x, x.type)
        return Operand(Mode.TYPE, e, Pointer(x.type))
    base: Type | None = None
    for _, u in typeset(x.type):
        if not isinstance(u, Pointer):
            check.error(x, Code.INVALID_INDIRECTION, f"invalid operation: cannot indirect {check.show(x)}")
            return invalid(e)
        if base is not None and not identical(u.elem, base):
            message = f"invalid operation: pointers of {check.show(x)} must have identical base types"
            check.error(x, Code.INVALID_INDIRECTION, message)
            return invalid(e)
        base = u.elem
    if base is None or not decl.is_complete(check, base):
        return invalid(e)
    return Operand(Mode.VARIABLE, e, base)


def _func_lit(check: Checker, e: ast.FuncLit) -> Operand:
    """A function literal; its body is checked when the declarations around it are complete."""
    check.func_parents[e] = check.env.func
    sig = signature.func_type(check, e.type, e)
    check.record_type(e.type, Mode.TYPE, sig)
    check.info.signatures[e] = sig
    outer = check.env
    decl_info, iota = outer.decl, outer.iota

    def body() -> None:
        decl.func_body(check, e, e.type, e.body, sig, decl_info, iota)

    check.later(body)
    return Operand(Mode.VALUE, e, sig)


def _type_assert(check: Checker, e: ast.TypeAssert) -> Operand:
    x = expr(check, e.x)
    if e.type is None:
        check.error(e, Code.SYNTAX, "invalid syntax tree: use of .(type) outside type switch")
        return invalid(e)
    if not x.valid:
        return x
    if is_type_param(x.type):
        message = f"invalid operation: cannot use type assertion on type parameter value {check.show(x)}"
        check.error(x, Code.INVALID_ASSERT, message)
        return invalid(e)
    if not isinstance(under(x.type), Interface):
        check.error(x, Code.INVALID_ASSERT, f"invalid operation: {check.show(x)} is not an interface")
        return invalid(e)
    t = typexpr.var_type(check, e.type)
    if not is_valid(t) or not decl.is_complete(check, t):
        return invalid(e)
    type_assertion(check, e, x, t, in_switch=False)
    return Operand(Mode.COMMA_OK, e, t)


def type_assertion(check: Checker, e: ast.Expr, x: Operand, t: Type, in_switch: bool) -> None:
    """Report an assertion of x to t that can never hold."""
    ok, cause = implements.assertable_to(x.type, t, check.qualifier)
    if ok:
        return
    wanted, text = check.type_str(t), expr_string(e)
    if in_switch:
        detail = f"{check.show(x)} cannot have dynamic type {wanted} {cause}"
        check.error(e, Code.IMPOSSIBLE_ASSERT, f"impossible type switch case: {text}\n\t{detail}")
    else:
        detail = f"{wanted} does not implement {check.type_str(x.type)} {cause}"
        check.error(e, Code.IMPOSSIBLE_ASSERT, f"impossible type assertion: {text}\n\t{detail}")


def use(check: Checker, *exprs: ast.Expr | None, lhs: bool = False) -> bool:
    """Check expressions whose context is in error already, for their own errors and uses."""
    ok = True
    for e in exprs:
        if e is None:
            continue
        n = e
        while isinstance(n, ast.Paren):
            n = n.x
        if isinstance(n, ast.Name):
            if n.text == "_":
                continue
            obj = check.lookup(n.text) if lhs else None
            was_used = obj.used if isinstance(obj, Var) else False
            x = expr_or_type(check, n, allow_generic=True)
            if isinstance(obj, Var):
                obj.used = was_used
        elif isinstance(n, ast.KeyValue):
            ok = use(check, n.value) and ok
            continue
        else:
            x, _ = raw_expr(check, e, allow_generic=True)
        ok = ok and x.valid
    return ok
