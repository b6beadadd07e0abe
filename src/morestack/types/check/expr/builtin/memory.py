"""The predeclared functions that work on slices, maps and channels, and those that allocate."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check import untyped
from morestack.types.check.checker import Checker
from morestack.types.check.expr import arguments, assignment, conversion, expr, index
from morestack.types.check.expr.builtin.result import nothing, signature, value
from morestack.types.check.operand import Operand, invalid
from morestack.types.check.typexpr import typexpr
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_string, is_type_param, is_untyped, is_valid
from morestack.types.core.types import BYTE, INT, INVALID, Array, Basic, Chan, Map, Pointer, Slice, Type
from morestack.types.core.under import unalias, under
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import all_string, common_under, typeset, under_is

_INVALID_ARG = "invalid argument: "


def _slice_elem(check: Checker, x: Operand) -> tuple[Type | None, str]:
    """Return the element type of slice x, or None and the reason why x has none."""
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
    """Whether t stands only for strings and byte slices, and whether strings are among them."""
    has_string = False
    for _, u in typeset(t):
        if isinstance(u, Slice) and identical(u.elem, BYTE):
            continue
        if u is None or not is_string(u):
            return False, False
        has_string = True
    return True, has_string


def check_append(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
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
    arguments.arguments(check, e, sig, [], args)
    check.record_builtin(e.fun, sig)
    return Operand(Mode.VALUE, e, t)


def _array_deref(t: Type | None) -> Type | None:
    """If t is a pointer to an array, return the array type, else t itself."""
    p = unalias(t) if t is not None else None
    if isinstance(p, Pointer):
        u = under(p.elem)
        if isinstance(u, Array):
            return u
    return t


def _measurable(u: Type | None, is_len: bool) -> bool:
    u = _array_deref(u)
    if isinstance(u, (Array, Slice, Chan)):
        return True
    return is_len and (isinstance(u, Map) or (isinstance(u, Basic) and is_string(u)))


def check_length(check: Checker, e: ast.Call, x: Operand, is_len: bool) -> Operand:
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


def check_clear(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
    x = args[0]
    if not under_is(x.type, lambda u: isinstance(u, (Map, Slice))):
        message = f"cannot clear {check.show(x)}: argument must be (or constrained by) map or slice"
        check.error(x, Code.INVALID_CLEAR, _INVALID_ARG + message)
        return invalid(e)
    return nothing(check, e, x.type)


def check_close(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
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


def check_copy(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
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


def check_delete(check: Checker, e: ast.Call, args: list[Operand]) -> Operand:
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
    assignment.assignment(check, key, key_type, "argument to delete")
    if not key.valid or key_type is None:
        return invalid(e)
    return nothing(check, e, t, key_type)


def check_make(check: Checker, e: ast.Call) -> Operand:
    first = e.args[0]
    t = typexpr.var_type(check, first)
    if not is_valid(t):
        expr.use(check, *e.args[1:])
        return invalid(e)

    def refuse(_: Type | None, u: Type | None) -> str | None:
        if isinstance(u, (Slice, Map, Chan)):
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


def check_new(check: Checker, e: ast.Call) -> Operand:
    first = e.args[0]
    x = expr.expr_or_type(check, first)
    expr.exclude(check, x, Mode.NO_VALUE, Mode.BUILTIN)
    if not x.valid:
        return invalid(e)
    if x.mode is Mode.TYPE:
        typexpr.valid_var_type(check, first, x.type)
    elif is_untyped(x.type):
        assignment.assignment(check, x, None, "argument to new")
        if not x.valid:
            return invalid(e)
    return value(check, e, Pointer(x.type), x.type)
