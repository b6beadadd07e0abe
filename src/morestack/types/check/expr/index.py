"""Index and slice expressions, and the checks common to all index values."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.types.check import cycles, untyped
from morestack.types.check.checker import Checker
from morestack.types.check.expr import assignment, captures, expr
from morestack.types.check.operand import Operand, Target, invalid
from morestack.types.check.typexpr import generic, typexpr
from morestack.types.const import exact, representable
from morestack.types.const.text import to_text
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_string, is_type_param, is_untyped, is_valid
from morestack.types.core.types import BYTE, INT, STRING, Array, Basic, Map, Pointer, Signature, Slice, Type
from morestack.types.core.under import under
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import all_integer, core_string, typeset


def check_index_or_instance(check: Checker, e: ast.Index, target: Target | None) -> Operand:
    """Check `x[i]`, or the instantiation of a generic function or type."""
    x, is_instance = check_index(check, e)
    if is_instance:
        generic.instantiate_value(check, x, e, target)
    return x


def check_index(check: Checker, e: ast.Index) -> tuple[Operand, bool]:
    """Check `x[i]`; if x is a generic function, return it unchanged, and True."""
    x = expr.expr_or_type(check, e.x, allow_generic=True)
    if not x.valid:
        expr.use(check, *e.indices)
        return invalid(e), False
    if x.mode is Mode.TYPE:
        t = typexpr.var_type(check, e)
        return (Operand(Mode.TYPE, e, t) if is_valid(t) else invalid(e)), False
    if x.mode is Mode.VALUE and isinstance(x.type, Signature) and x.type.type_params:
        return x, True
    expr.non_generic(check, x)
    if not x.valid or not cycles.is_complete(check, x.type):
        return invalid(e), False
    u = under(x.type)
    if isinstance(u, Map):
        return _map_index(check, e, u.key, u.elem), False
    shape = _param_shape(x) if is_type_param(x.type) else _shape(x, u)
    if shape is None:
        check.error(e.span.at(e.lbrack), Code.NON_SLICEABLE_OPERAND, f"cannot index {check.show(x)}")
        expr.use(check, *e.indices)
        return invalid(e), False
    if is_untyped(x.type):
        untyped.default_untyped(check, x)
    mode, elem, length, key = shape
    if key is not None:
        return _map_index(check, e, key, elem), False
    at = _single_index(check, e)
    check_index_value(check, at, length)
    return Operand(mode, e, elem), False


def _map_index(check: Checker, e: ast.Index, key: Type, elem: Type) -> Operand:
    k = expr.generic_expr(check, _single_index(check, e))
    assignment.assignment(check, k, key, "map index")
    return Operand(Mode.MAP_INDEX, e, elem)


_Shape = tuple[Mode, Type, int, Type | None]
"""Mode and type of an element, the constant length or -1, and a map's key type."""


def _shape(x: Operand, u: Type | None) -> _Shape | None:
    if isinstance(u, Basic) and is_string(u):
        length = len(x.value) if x.is_constant and isinstance(x.value, bytes) else -1
        return Mode.VALUE, BYTE, length, None
    if isinstance(u, Array):
        return (Mode.VARIABLE if x.mode is Mode.VARIABLE else Mode.VALUE), u.elem, u.len, None
    if isinstance(u, Pointer):
        array = under(u.elem)
        return (Mode.VARIABLE, array.elem, array.len, None) if isinstance(array, Array) else None
    if isinstance(u, Slice):
        return Mode.VARIABLE, u.elem, -1, None
    if isinstance(u, Map):
        return Mode.MAP_INDEX, u.elem, -1, u.key
    return None


def _param_shape(x: Operand) -> _Shape | None:
    """Return the shape that all types of a type parameter's type set have in common."""
    common: _Shape | None = None
    for _, u in typeset(x.type):
        shape = _shape(x, u)
        if shape is None:
            return None
        if common is None:
            common = shape
            continue
        if not identical(common[1], shape[1]) or (common[3] is None) != (shape[3] is None):
            return None
        if common[3] is not None and not identical(common[3], shape[3]):
            return None
        mode = Mode.VALUE if Mode.VALUE in (common[0], shape[0]) else common[0]
        length = min((n for n in (common[2], shape[2]) if n >= 0), default=-1)
        common = (mode, common[1], length, common[3])
    return common


def _single_index(check: Checker, e: ast.Index) -> ast.Expr:
    if len(e.indices) > 1:
        check.error(e.indices[1], Code.INVALID_INDEX, "invalid operation: more than one index")
    return e.indices[0]


def check_index_value(check: Checker, e: ast.Expr, length: int) -> tuple[Type | None, int]:
    """Check an index, which must be below length unless length is -1; return its type (None if invalid) and value (or
    -1)."""
    x = expr.expr(check, e)
    if not is_valid_index(check, x, Code.INVALID_INDEX, "index", allow_negative=False):
        return None, -1
    if not x.is_constant or not isinstance(x.value, int):
        return x.type, -1
    if 0 <= length <= x.value:
        text = to_text(x.value)
        check.error(x, Code.INVALID_INDEX, f"invalid argument: index {text} out of bounds [0:{length}]")
        return None, -1
    return x.type, x.value


def is_valid_index(check: Checker, x: Operand, code: Code, what: str, allow_negative: bool) -> bool:
    """Check that x is an integer that can serve as an index, a length or a size."""
    if not x.valid:
        return False
    untyped.convert_untyped(check, x, INT)
    if not x.valid:
        return False
    if not all_integer(x.type):
        check.error(x, code, f"invalid argument: {what} {check.show(x)} must be integer")
        return False
    if x.is_constant and x.value is not None:
        if not allow_negative and exact.sign(x.value) < 0:
            check.error(x, code, f"invalid argument: {what} {check.show(x)} must not be negative")
            return False
        value, _ = representable.representable(x.value, INT)
        if value is None:
            check.error(x, code, f"invalid argument: {what} {check.show(x)} overflows int")
            return False
        x.value = value
    return True


def check_slice(check: Checker, e: ast.Slice) -> Operand:
    """Check `x[lo:hi:max]`."""
    x = expr.expr(check, e.x)
    if not x.valid:
        expr.use(check, e.lo, e.hi, e.max)
        return x
    u, cause = _sliceable(check, x)
    length = -1
    if isinstance(u, Basic) and is_string(u):
        if e.full:
            check.error(e.max or e, Code.INVALID_SLICE_EXPR, "invalid operation: 3-index slice of string")
            return invalid(e)
        if x.is_constant and isinstance(x.value, bytes):
            length = len(x.value)
        if is_untyped(x.type):
            untyped.convert_untyped(check, x, STRING)
    elif isinstance(u, Array):
        length = u.len
        if x.mode is not Mode.VARIABLE:
            message = f"cannot slice unaddressable value {check.show(x)}"
            check.error(x, Code.NON_SLICEABLE_OPERAND, message)
            return invalid(e)
        captures.note_address(check, e.x)
        x.type = Slice(u.elem)
    elif isinstance(u, Pointer):
        array = under(u.elem)
        if not isinstance(array, Array):
            u = None
        else:
            length = array.len
            x.type = Slice(array.elem)
    elif not isinstance(u, Slice):
        u = None
    if u is None:
        check.error(x, Code.NON_SLICEABLE_OPERAND, f"cannot slice {check.show(x)}{': ' + cause if cause else ''}")
        return invalid(e)
    x.mode = Mode.VALUE
    x.expr = e
    _check_slice_indices(check, e, length)
    return x


def _sliceable(check: Checker, x: Operand) -> tuple[Type | None, str]:
    """Return the type as which x is sliced, or None if it cannot be, and gc's cause for a type parameter."""
    u = core_string(x.type)
    if u is None:
        first: tuple[Type, Type] | None = None
        for t, tu in typeset(x.type):
            if t is None or tu is None:
                return None, f"no specific type in {check.type_str(x.type)}"
            shape = Slice(BYTE) if is_string(tu) else tu
            if first is None:
                first = t, shape
            elif not identical(first[1], shape):
                pair = f"{check.type_str(first[0])} and {check.type_str(t)}"
                return None, f"{pair} have different underlying types"
    return u, ""


def _check_slice_indices(check: Checker, e: ast.Slice, length: int) -> None:
    bound = length + 1 if length >= 0 else -1
    values: list[int] = []
    exprs = (e.lo, e.hi, e.max)
    for number, part in enumerate(exprs):
        if part is not None:
            values.append(check_index_value(check, part, bound)[1])
        else:
            values.append(0 if number == 0 else length)
    for i, low in enumerate(values[:2]):
        if low <= 0:
            continue
        for j, high in enumerate(values[i + 1 :], i + 1):
            at = exprs[j]
            if 0 <= high < low and at is not None:
                check.error(at, Code.SWAPPED_SLICE_INDICES, f"invalid slice indices: {high} < {low}")
                return
