"""The predeclared functions; package unsafe's are in `unsafe_builtins`.

Each gets the call and its checked arguments and returns the call's operand, invalid after an error.
"""

from __future__ import annotations

from collections.abc import Callable

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check import untyped
from morestack.types.check.checker import Checker
from morestack.types.check.expr import binary, call, conversion, expr, index
from morestack.types.check.operand import ExprKind, Operand, invalid
from morestack.types.check.stmt import assign
from morestack.types.check.typexpr import typexpr
from morestack.types.const import arith, exact
from morestack.types.core.info import Mode
from morestack.types.core.kinds import default_type, is_numeric, is_string, is_type_param, is_untyped, is_valid
from morestack.types.core.objects import BuiltinId, Var
from morestack.types.core.types import (
    BYTE,
    COMPLEX64,
    COMPLEX128,
    EMPTY_TUPLE,
    FLOAT32,
    FLOAT64,
    INT,
    INVALID,
    UNTYPED_COMPLEX,
    UNTYPED_FLOAT,
    Array,
    Basic,
    Chan,
    Kind,
    Map,
    Pointer,
    Signature,
    Slice,
    Tuple,
    Type,
)
from morestack.types.core.under import unalias, under
from morestack.types.core.universe import EMPTY_INTERFACE
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import all_ordered, all_string, common_under, typeset, under_is

_B = BuiltinId

_ARITY: dict[BuiltinId, tuple[int, bool]] = {
    _B.APPEND: (1, True),
    _B.CAP: (1, False),
    _B.CLEAR: (1, False),
    _B.CLOSE: (1, False),
    _B.COMPLEX: (2, False),
    _B.COPY: (2, False),
    _B.DELETE: (2, False),
    _B.IMAG: (1, False),
    _B.LEN: (1, False),
    _B.MAKE: (1, True),
    _B.MAX: (1, True),
    _B.MIN: (1, True),
    _B.NEW: (1, False),
    _B.PANIC: (1, False),
    _B.PRINT: (0, True),
    _B.PRINTLN: (0, True),
    _B.REAL: (1, False),
    _B.RECOVER: (0, False),
    _B.ADD: (2, False),
    _B.ALIGNOF: (1, False),
    _B.OFFSETOF: (1, False),
    _B.SIZEOF: (1, False),
    _B.SLICE: (2, False),
    _B.SLICE_DATA: (1, False),
    _B.STRING: (2, False),
    _B.STRING_DATA: (1, False),
}
"""Least number of arguments, and whether more are allowed."""

_STATEMENTS = {_B.CLEAR, _B.CLOSE, _B.COPY, _B.DELETE, _B.PANIC, _B.PRINT, _B.PRINTLN, _B.RECOVER}
_UNEVALUATED = {_B.MAKE, _B.NEW, _B.OFFSETOF}
_INVALID_ARG = "invalid argument: "


def kind_of(builtin: BuiltinId) -> ExprKind:
    """Whether a call of the builtin may stand as a statement."""
    return ExprKind.STATEMENT if builtin in _STATEMENTS else ExprKind.EXPRESSION


def signature(result: Type | None, *params: Type) -> Signature:
    """The signature a builtin has in one call."""
    results = EMPTY_TUPLE if result is None else Tuple((Var("", result, is_result=True),))
    variables = tuple(Var("", default_type(p), is_param=True) for p in params)
    return Signature(Tuple(variables) if variables else EMPTY_TUPLE, results)


def check_builtin(check: Checker, e: ast.Call, builtin: BuiltinId) -> Operand:
    """Check a call of a builtin."""
    from morestack.types.check.expr import unsafe_builtins

    name = builtin.value
    if e.has_dots and builtin is not _B.APPEND:
        message = f"invalid operation: invalid use of ... with built-in {name}"
        check.error(e, Code.INVALID_DOT_DOT_DOT, message)
        expr.use(check, *e.args)
        return invalid(e)
    had_call = check.env.has_call_or_recv
    if builtin in (_B.LEN, _B.CAP):
        check.env.has_call_or_recv = False
    args: list[Operand] = []
    count = len(e.args)
    if builtin not in _UNEVALUATED:
        args = expr.expr_list(check, e.args)
        count = len(args)
    if any(not a.valid for a in args):
        return invalid(e)
    least, variadic = _ARITY[builtin]
    if count < least or (count > least and not variadic):
        qualifier = "not enough" if count < least else "too many"
        counts = f"(expected {least}, found {count})"
        message = f"invalid operation: {qualifier} arguments for {expr_string(e)} {counts}"
        check.error(e, Code.WRONG_ARG_COUNT, message)
        return invalid(e)
    rule = _RULES.get(builtin)
    if rule is not None:
        result = rule(check, e, args)
    else:
        result = unsafe_builtins.check_unsafe(check, e, builtin, args)
    if builtin in (_B.LEN, _B.CAP):
        check.env.has_call_or_recv = had_call
    return result


def value(check: Checker, e: ast.Call, result: Type, *params: Type) -> Operand:
    """The operand of a call that gives a value."""
    check.record_builtin(e.fun, signature(result, *params))
    return Operand(Mode.VALUE, e, result)


def nothing(check: Checker, e: ast.Call, *params: Type) -> Operand:
    """The operand of a call that gives none."""
    check.record_builtin(e.fun, signature(None, *params))
    return Operand(Mode.NO_VALUE, e)


# -- slices, maps, channels ------------------------------------------------------------------------


def _slice_elem(check: Checker, x: Operand) -> tuple[Type | None, str]:
    """The element type of slice x, or None and why there is none."""
    elem: Type | None = None
    for _, u in typeset(x.type):
        if not isinstance(u, Slice):
            have = "untyped nil" if x.is_nil else check.show(x)
            return None, f"argument must be a slice; have {have}"
        if elem is None:
            elem = u.elem
        elif not identical(elem, u.elem):
            types = f"{check.type_str(elem)} and {check.type_str(u.elem)}"
            return None, f"mismatched slice element types {types} in {check.show(x)}"
    return elem, ""


def _is_bytes_or_string(t: Type) -> tuple[bool, bool]:
    """Whether t stands only for strings and byte slices, and whether for a string at all."""
    has_string = False
    for _, u in typeset(t):
        if isinstance(u, Slice) and identical(u.elem, BYTE):
            continue
        if u is None or not is_string(u):
            return False, False
        has_string = True
    return True, has_string


def _append(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    x = args[0]
    elem, cause = _slice_elem(check, x)
    if elem is None:
        check.error(x, Code.INVALID_APPEND, f"invalid append: {cause}")
        return invalid(e)
    t = x.type
    if e.has_dots and len(args) == 2 and conversion.assignable(check, x, Slice(BYTE))[0]:
        ok, has_string = _is_bytes_or_string(args[1].type)
        if ok and has_string:  # append([]byte, string...)
            untyped.default_untyped(check, args[1])
            sig = signature(t, t, args[1].type)
            sig.variadic = True
            check.record_builtin(e.fun, sig)
            return Operand(Mode.VALUE, e, t)
    sig = signature(t, t, Slice(elem))
    sig.variadic = True
    call.arguments(check, e, sig, [], args)
    check.record_builtin(e.fun, sig)
    return Operand(Mode.VALUE, e, t)


def _array_deref(t: Type | None) -> Type | None:
    """The array a pointer to an array points to, else t itself."""
    p = unalias(t) if t is not None else None
    if isinstance(p, Pointer):
        u = under(p.elem)
        if isinstance(u, Array):
            return u
    return t


def _measurable(u: Type | None, is_len: bool) -> bool:
    u = _array_deref(u)
    if isinstance(u, Array | Slice | Chan):
        return True
    return is_len and (isinstance(u, Map) or (isinstance(u, Basic) and is_string(u)))


def _len_or_cap(check: Checker, e: ast.Call, x: Operand, is_len: bool) -> Operand:
    u = under(x.type)
    ok = under_is(x.type, lambda t: _measurable(t, is_len))
    if not ok:
        if is_valid(u):
            code = Code.INVALID_LEN if is_len else Code.INVALID_CAP
            what = "len" if is_len else "cap"
            check.error(x, code, f"{_INVALID_ARG}{check.show(x)} for built-in {what}")
        return invalid(e)
    if not is_type_param(x.type):
        array = _array_deref(u)
        if isinstance(array, Array) and not check.env.has_call_or_recv:
            return Operand(Mode.CONSTANT, e, INT, array.len if array.len >= 0 else None)
        if x.is_constant and isinstance(x.value, bytes):
            return Operand(Mode.CONSTANT, e, INT, len(x.value))
    if is_untyped(x.type):
        untyped.default_untyped(check, x)
    return value(check, e, INT, x.type)


def _len(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    return _len_or_cap(check, e, args[0], True)


def _cap(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    return _len_or_cap(check, e, args[0], False)


def _clear(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    x = args[0]
    if not under_is(x.type, lambda u: isinstance(u, Map | Slice)):
        message = f"cannot clear {check.show(x)}: argument must be (or constrained by) map or slice"
        check.error(x, Code.INVALID_CLEAR, _INVALID_ARG + message)
        return invalid(e)
    return nothing(check, e, x.type)


def _close(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    x = args[0]
    for _, u in typeset(x.type):
        if not isinstance(u, Chan):
            message = f"invalid operation: cannot close non-channel {check.show(x)}"
        elif u.dir is ast.ChanDir.RECV:
            message = f"invalid operation: cannot close receive-only channel {check.show(x)}"
        else:
            continue
        check.error(x, Code.INVALID_CLOSE, message)
        return invalid(e)
    return nothing(check, e, x.type)


def _copy(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    x, y = args
    dst, cause = _slice_elem(check, x)
    if dst is None:
        check.error(x, Code.INVALID_COPY, f"invalid copy: {cause}")
        return invalid(e)
    special = conversion.assignable(check, x, Slice(BYTE))[0] and _is_bytes_or_string(y.type)[0]
    if not special:
        src, cause = _slice_elem(check, y)
        if src is None and not all_string(y.type):
            check.error(y, Code.INVALID_COPY, f"invalid copy: {cause}")
            return invalid(e)
        src = src or BYTE
        if not identical(dst, src):
            types = f"{check.type_str(dst)} and {check.type_str(src)}"
            message = f"arguments {check.show(x)} and {check.show(y)} have different element types {types}"
            check.error(x, Code.INVALID_COPY, f"invalid copy: {message}")
            return invalid(e)
    if is_untyped(y.type):
        untyped.default_untyped(check, y)
    return value(check, e, INT, x.type, y.type)


def _delete(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    x, key = args
    t = x.type
    key_type: Type | None = None
    for _, u in typeset(t):
        if not isinstance(u, Map):
            message = f"{check.show(x)} is not a map"
        elif key_type is not None and not identical(u.key, key_type):
            message = f"maps of {check.show(x)} must have identical key types"
        else:
            key_type = u.key
            continue
        check.error(x, Code.INVALID_DELETE, _INVALID_ARG + message)
        return invalid(e)
    assign.assignment(check, key, key_type, "argument to delete")
    if not key.valid or key_type is None:
        return invalid(e)
    return nothing(check, e, t, key_type)


def _make(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    first = e.args[0]
    t = typexpr.var_type(check, first)
    if not is_valid(t):
        expr.use(check, *e.args[1:])
        return invalid(e)

    def refuse(_: Type | None, u: Type | None) -> str | None:
        if isinstance(u, Slice | Map | Chan):
            return None
        return "no specific type" if u is None else "type must be slice, map, or channel"

    u, cause = common_under(t, refuse)
    if u is None:
        message = f"cannot make {expr_string(first)}: {cause}"
        check.error(first, Code.INVALID_MAKE, _INVALID_ARG + message)
        return invalid(e)
    least = 2 if isinstance(u, Slice) else 1
    count = len(e.args)
    if not least <= count <= least + 1:
        expects = f"expects {least} or {least + 1} arguments; found {count}"
        check.error(e, Code.WRONG_ARG_COUNT, f"invalid operation: {expr_string(e)} {expects}")
        return invalid(e)
    types: list[Type] = [t]
    sizes: list[int] = []
    for arg in e.args[1:]:
        arg_type, size = index.check_index_value(check, arg, -1)
        types.append(arg_type or INVALID)
        if size >= 0:
            sizes.append(size)
    if len(sizes) == 2 and sizes[0] > sizes[1]:
        check.error(e.args[1], Code.SWAPPED_MAKE_ARGS, _INVALID_ARG + "length and capacity swapped")
    return value(check, e, t, *types)


def _new(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    first = e.args[0]
    x = expr.expr_or_type(check, first)
    expr.exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN)
    if not x.valid:
        return invalid(e)
    if x.mode is Mode.TYPE:
        typexpr.valid_var_type(check, first, x.type)
    elif is_untyped(x.type):
        assign.assignment(check, x, None, "argument to new")
        if not x.valid:
            return invalid(e)
    return value(check, e, Pointer(x.type), x.type)


# -- numbers ---------------------------------------------------------------------------------------

_TO_COMPLEX: dict[Kind, Type] = {
    Kind.FLOAT32: COMPLEX64,
    Kind.FLOAT64: COMPLEX128,
    Kind.UNTYPED_FLOAT: UNTYPED_COMPLEX,
}
_TO_FLOAT: dict[Kind, Type] = {
    Kind.COMPLEX64: FLOAT32,
    Kind.COMPLEX128: FLOAT64,
    Kind.UNTYPED_COMPLEX: UNTYPED_FLOAT,
}


def _apply(check: Checker, table: dict[Kind, Type], x: Operand, name: str) -> Type | None:
    """The result type for x's type; type parameters are reported, as gc does."""
    u = under(x.type)
    if not is_type_param(x.type):
        return table.get(u.kind) if isinstance(u, Basic) else None
    if not under_is(x.type, lambda t: isinstance(t, Basic) and t.kind in table):
        return None
    message = f"{check.show(x)} not supported as argument to built-in {name} for go1.18 (see go.dev/issue/50937)"
    check.error(x, Code.INVALID_COMPLEX, message)
    return INVALID


def _complex(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    x, y = args
    x_untyped, y_untyped = is_untyped(x.type), is_untyped(y.type)
    if x_untyped and y_untyped:
        if x.is_constant and y.is_constant:
            for part in (x, y):
                if is_numeric(part.type) and exact.to_float(part.value) is not None:
                    part.type = UNTYPED_FLOAT
        else:
            untyped.convert_untyped(check, x, FLOAT64)
            untyped.convert_untyped(check, y, FLOAT64)
    elif x_untyped:
        untyped.convert_untyped(check, x, y.type)
    elif y_untyped:
        untyped.convert_untyped(check, y, x.type)
    if not x.valid or not y.valid:
        return invalid(e)
    if not identical(x.type, y.type):
        types = f"(mismatched types {check.type_str(x.type)} and {check.type_str(y.type)})"
        check.error(x, Code.INVALID_COMPLEX, f"invalid operation: {expr_string(e)} {types}")
        return invalid(e)
    result = _apply(check, _TO_COMPLEX, x, "complex")
    if result is None:
        message = f"arguments have type {check.type_str(x.type)}, expected floating-point"
        check.error(x, Code.INVALID_COMPLEX, _INVALID_ARG + message)
        return invalid(e)
    if not is_valid(result):
        return invalid(e)
    if x.is_constant and y.is_constant:
        re, im = exact.to_float(x.value), exact.to_float(y.value)
        both = exact.Complex(re, im) if re is not None and im is not None else None
        return Operand(Mode.CONSTANT, e, result, both)
    return value(check, e, result, x.type, x.type)


def _part(check: Checker, e: ast.Call, x: Operand, is_real: bool) -> Operand:
    if is_untyped(x.type):
        if x.is_constant:
            if is_numeric(x.type):
                x.type = UNTYPED_COMPLEX
        else:
            untyped.convert_untyped(check, x, COMPLEX128)
            if not x.valid:
                return invalid(e)
    result = _apply(check, _TO_FLOAT, x, "real" if is_real else "imag")
    if result is None:
        code = Code.INVALID_REAL if is_real else Code.INVALID_IMAG
        message = f"argument has type {check.type_str(x.type)}, expected complex type"
        check.error(x, code, _INVALID_ARG + message)
        return invalid(e)
    if not is_valid(result):
        return invalid(e)
    if x.is_constant:
        part = exact.real(x.value) if is_real else exact.imag(x.value)
        return Operand(Mode.CONSTANT, e, result, part)
    return value(check, e, result, x.type)


def _real(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    return _part(check, e, args[0], True)


def _imag(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    return _part(check, e, args[0], False)


def _extreme(check: Checker, e: ast.Call, args: list[Operand], is_max: bool) -> Operand:
    name = "max" if is_max else "min"
    op = ast.BinaryOp.GTR if is_max else ast.BinaryOp.LSS
    x = args[0].copy()
    for number, a in enumerate(args):
        if not all_ordered(a.type):
            message = f"{check.show(a)} cannot be ordered"
            check.error(a, Code.INVALID_MIN_MAX_OPERAND, _INVALID_ARG + message)
            return invalid(e)
        if number == 0:
            continue
        binary.match_types(check, x, a)
        if not x.valid or not a.valid:
            return invalid(e)
        if not identical(x.type, a.type):
            types = f"{check.type_str(x.type)} (previous argument) and {check.type_str(a.type)}"
            message = f"mismatched types {types} (type of {expr_string(a.expr)})"
            check.error(a, Code.MISMATCHED_TYPES, _INVALID_ARG + message)
            return invalid(e)
        if x.is_constant and a.is_constant:
            if arith.compare(op, a.value, x.value):
                x = a.copy()
        else:
            x.mode = Mode.VALUE
    if not x.is_constant:
        x.mode = Mode.VALUE
        assign.assignment(check, x, EMPTY_INTERFACE, f"argument to built-in {name}")
        if not x.valid:
            return invalid(e)
    for a in args:
        untyped.update_type(check, a.expr, x.type, final=True)
    if x.is_constant:
        return Operand(Mode.CONSTANT, e, x.type, x.value)
    return value(check, e, x.type, *[x.type] * len(args))


def _max(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    return _extreme(check, e, args, True)


def _min(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    return _extreme(check, e, args, False)


# -- the others ------------------------------------------------------------------------------------


def _panic(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    check.env.panics.add(e)
    assign.assignment(check, args[0], EMPTY_INTERFACE, "argument to panic")
    return nothing(check, e, EMPTY_INTERFACE) if args[0].valid else invalid(e)


def _print(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    name = expr_string(e.fun)
    for a in args:
        assign.assignment(check, a, None, f"argument to built-in {name}")
        if not a.valid:
            return invalid(e)
    return nothing(check, e, *(a.type for a in args))


def _recover(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    return value(check, e, EMPTY_INTERFACE)


_RULES: dict[BuiltinId, Callable[[Checker, ast.Call, list[Operand]], Operand]] = {
    _B.APPEND: _append,
    _B.CAP: _cap,
    _B.CLEAR: _clear,
    _B.CLOSE: _close,
    _B.COMPLEX: _complex,
    _B.COPY: _copy,
    _B.DELETE: _delete,
    _B.IMAG: _imag,
    _B.LEN: _len,
    _B.MAKE: _make,
    _B.MAX: _max,
    _B.MIN: _min,
    _B.NEW: _new,
    _B.PANIC: _panic,
    _B.PRINT: _print,
    _B.PRINTLN: _print,
    _B.REAL: _real,
    _B.RECOVER: _recover,
}
