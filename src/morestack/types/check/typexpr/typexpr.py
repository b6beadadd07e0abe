"""Type expressions: from syntax to types. Structs, interfaces and signatures have modules of their own."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check.checker import Checker
from morestack.types.check.expr import expr, selector
from morestack.types.check.operand import Operand
from morestack.types.check.typexpr import generic, interface, signature, struct
from morestack.types.const import exact, representable
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_generic, is_integer, is_type_param, is_untyped, is_valid
from morestack.types.core.objects import Builtin, Const, Func, Nil, Object, PkgName, TypeName, Var
from morestack.types.core.types import INT, INVALID, Array, Chan, Interface, Map, Pointer, Slice, Type, TypeParam
from morestack.types.core.under import under
from morestack.types.identity.comparable import comparable_type
from morestack.types.identity.identical import type_set


def object_kind(obj: Object) -> str:
    """`local variable`, `constant`, ... as messages name the kind of an object."""
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
    """What kind of variable v is."""
    if v.is_field:
        return "struct field"
    if v.is_global:
        return "package-level variable"
    return "parameter" if v.is_param else "result variable" if v.is_result else "local variable"


def type_of(check: Checker, e: ast.Expr, def_: TypeName | None = None) -> Type:
    """The type e denotes, INVALID after an error; def_ is the name it is being declared under."""
    t = _type(check, e, def_)
    if is_generic(t):
        message = f"cannot use generic type {check.type_str(t)} without instantiation"
        check.error(e, Code.WRONG_TYPE_ARG_COUNT, message)
        t = INVALID
    check.record_type(e, Mode.TYPE, t)
    return t


def var_type(check: Checker, e: ast.Expr) -> Type:
    """The type e denotes, which must be one a variable can have."""
    t = type_of(check, e)
    valid_var_type(check, e, t)
    return t


def valid_var_type(check: Checker, e: ast.Expr, t: Type) -> None:
    """Report, once t is complete, a constraint interface used as a variable's type."""
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
    """The generic type e denotes, and a cause if it is none."""
    t = _type(check, e, None)
    cause = ""
    if is_valid(t) and not is_generic(t):
        cause = f"{check.type_str(t)} is not a generic type"
        t = INVALID
    check.record_type(e, Mode.TYPE, t)
    return t, cause


def type_list(check: Checker, exprs: tuple[ast.Expr, ...]) -> list[Type] | None:
    """The types of a list, None if one of them is invalid."""
    types = [var_type(check, e) for e in exprs]
    return types if all(is_valid(t) for t in types) else None


def _named(check: Checker, x: Operand) -> Type:
    """The type a name or selector denotes."""
    if x.mode is Mode.TYPE:
        return x.type
    if x.mode is Mode.NO_VALUE:
        check.error(x, Code.NOT_A_TYPE, f"{check.show(x)} used as type")
    elif x.valid:
        check.error(x, Code.NOT_A_TYPE, f"{check.show(x)} is not a type")
    return INVALID


def _type(check: Checker, e: ast.Expr, def_: TypeName | None) -> Type:
    match e:
        case ast.Name():
            return _named(check, expr.ident(check, e, want_type=True))
        case ast.Selector():
            return _named(check, selector.check_selector(check, e, want_type=True))
        case ast.Index():
            return generic.instantiated_type(check, e)
        case ast.Paren(x=x):
            return type_of(check, x, def_)
        case ast.ArrayType():
            return _array(check, e)
        case ast.SliceType(elem=elem):
            s = Slice(INVALID)
            s.elem = var_type(check, elem)
            return s
        case ast.StructType():
            return struct.struct_type(check, e)
        case ast.Star(x=x):
            p = Pointer(INVALID)
            p.elem = var_type(check, x)
            return p if is_valid(p.elem) else INVALID
        case ast.FuncType():
            return signature.func_type(check, e, None)
        case ast.InterfaceType():
            return interface.interface_type(check, e, def_)
        case ast.MapType():
            return _map(check, e)
        case ast.ChanType(dir=dir, elem=elem):
            c = Chan(dir, INVALID)
            c.elem = var_type(check, elem)
            return c
        case ast.UnionType() | ast.Unary(op=ast.UnaryOp.TILDE):
            return interface.constraint(check, e)
        case ast.BadExpr():
            return INVALID
        case (
            ast.BasicLit()
            | ast.CompositeLit()
            | ast.KeyValue()
            | ast.FuncLit()
            | ast.Slice()
            | ast.TypeAssert()
            | ast.Call()
            | ast.Unary()
            | ast.Receive()
            | ast.Binary()
        ):
            check.error(e, Code.NOT_A_TYPE, f"{expr_string(e)} is not a type")
            expr.use(check, e)
            return INVALID


def _array(check: Checker, e: ast.ArrayType) -> Type:
    t = Array(INVALID, -1)
    if e.len is None:
        message = "invalid use of [...] array (outside a composite literal)"
        check.error(e, Code.BAD_DOT_DOT_DOT_SYNTAX, message)
    else:
        t.len = _array_length(check, e.len)
    t.elem = var_type(check, e.elem)
    return t if t.len >= 0 else INVALID


def _array_length(check: Checker, e: ast.Expr) -> int:
    if isinstance(e, ast.Name):
        obj = check.lookup(e.text)
        if obj is None:
            message = f"undefined array length {e.text} or missing type constraint"
            check.error(e, Code.INVALID_ARRAY_LEN, message)
            return -1
        if not isinstance(obj, Const):
            if isinstance(obj, Var):
                obj.used = True
            check.error(e, Code.INVALID_ARRAY_LEN, f"invalid array length {e.text}")
            return -1
    x = expr.expr(check, e)
    if not x.valid:
        return -1
    if not x.is_constant:
        check.error(x, Code.INVALID_ARRAY_LEN, f"array length {check.show(x)} must be constant")
        return -1
    if is_untyped(x.type) or is_integer(x.type):
        length = exact.to_int(x.value)
        if length is not None and length >= 0 and representable.representable(length, INT)[0] is not None:
            return length
    if is_integer(x.type):
        check.error(x, Code.INVALID_ARRAY_LEN, f"invalid array length {check.show(x)}")
    else:
        check.error(x, Code.INVALID_ARRAY_LEN, f"array length {check.show(x)} must be integer")
    return -1


def _map(check: Checker, e: ast.MapType) -> Map:
    m = Map(INVALID, INVALID)
    m.key = var_type(check, e.key)
    m.elem = var_type(check, e.value)

    def verify() -> None:
        if is_valid(m.key) and not comparable_type(m.key)[0]:
            why = " (missing comparable constraint)" if is_type_param(m.key) else ""
            message = f"invalid map key type {check.type_str(m.key)}{why}"
            check.error(e.key, Code.INCOMPARABLE_MAP_KEY, message)

    check.later(verify)
    return m
