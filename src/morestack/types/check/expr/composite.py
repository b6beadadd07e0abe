"""Composite literals: structs, arrays, slices and maps."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check import cycles
from morestack.types.check.checker import Checker
from morestack.types.check.expr import assignment, expr, index, selector
from morestack.types.check.operand import Operand, invalid
from morestack.types.check.typexpr import typexpr
from morestack.types.const import exact
from morestack.types.const.exact import Value
from morestack.types.const.text import to_text
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_non_type_param_interface, is_valid
from morestack.types.core.objects import Var, is_exported
from morestack.types.core.types import INVALID, Array, Map, Slice, Struct, Type
from morestack.types.core.under import deref
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import core_type
from morestack.types.relation import lookup


def check_composite(check: Checker, e: ast.CompositeLit, hint: Type | None) -> Operand:
    """Check `T{...}`; if T is elided, hint is the element type of the enclosing literal."""
    is_elem = False
    open_array = isinstance(e.type, ast.ArrayType) and e.type.len is None
    if isinstance(e.type, ast.ArrayType) and open_array:
        t: Type = Array(typexpr.var_type(check, e.type.elem), -1)
        base = t
    elif e.type is not None:
        t = base = typexpr.type_of(check, e.type)
    elif hint is not None:
        t = base = hint
        core = core_type(base)
        if core is not None:
            inner, is_pointer = deref(core)
            if is_pointer:
                base = inner
        is_elem = True
    else:
        check.error(e, Code.UNTYPED_LIT, "missing type in composite literal")
        t = base = INVALID
    if not cycles.is_complete(check, base):
        _use_elements(check, e)
        return invalid(e)
    u = core_type(base)
    if isinstance(u, Struct):
        _struct(check, e, u, base)
    elif isinstance(u, Array):
        count = _elements(check, e.elements, u.elem, u.len)
        if u.len < 0:
            u.len = count
            if e.type is not None:
                check.record_type(e.type, Mode.TYPE, u)
    elif isinstance(u, Slice):
        _elements(check, e.elements, u.elem, -1)
    elif isinstance(u, Map):
        _map(check, e, u)
    else:
        _use_elements(check, e)
        if u is None or is_valid(u):
            what = " element" if is_elem else ""
            cause = " (no common underlying type)" if u is None else ""
            check.error(e, Code.INVALID_LIT, f"invalid composite literal{what} type {check.type_str(t)}{cause}")
        return invalid(e)
    return Operand(Mode.VALUE, e, t)


def _use_elements(check: Checker, e: ast.CompositeLit) -> None:
    for element in e.elements:
        expr.use(check, element.value if isinstance(element, ast.KeyValue) else element)


_MIXTURE = "mixture of field:value and value elements in struct literal"


def _struct(check: Checker, e: ast.CompositeLit, u: Struct, base: Type) -> None:
    if not e.elements:
        return
    if isinstance(e.elements[0], ast.KeyValue):
        _keyed_struct(check, e, u, base)
        return
    for number, element in enumerate(e.elements):
        if isinstance(element, ast.KeyValue):
            check.error(element, Code.MIXED_STRUCT_LIT, _MIXTURE)
            continue
        x = expr.generic_expr(check, element)
        if number >= len(u.fields):
            message = f"too many values in struct literal of type {check.type_str(base)}"
            check.error(x, Code.INVALID_STRUCT_LIT, message)
            break
        field = u.fields[number]
        if not is_exported(field.name) and field.pkg is not check.pkg:
            what = f"unexported field {field.name} in struct literal of type {check.type_str(base)}"
            check.error(x, Code.INVALID_STRUCT_LIT, f"implicit assignment to {what}")
            continue
        assignment.assignment(check, x, field.type or INVALID, "struct literal")
    if len(e.elements) < len(u.fields):
        at = e.span.at(e.span.end - 1)
        message = f"too few values in struct literal of type {check.type_str(base)}"
        check.error(at, Code.INVALID_STRUCT_LIT, message)


def _keyed_struct(check: Checker, e: ast.CompositeLit, u: Struct, base: Type) -> None:
    visited: dict[tuple[int, ...], Var] = {}
    for element in e.elements:
        if not isinstance(element, ast.KeyValue):
            check.error(element, Code.MIXED_STRUCT_LIT, _MIXTURE)
            continue
        x = expr.generic_expr(check, element.value)
        key = element.key
        if not isinstance(key, ast.Name):
            message = f"invalid field name {expr_string(key)} in struct literal"
            check.error(element, Code.INVALID_LIT_FIELD, message)
            continue
        found = lookup.lookup_field_or_method(u, False, check.pkg, key.text)
        if found.obj is None:
            alt = lookup.lookup_field_or_method(u, False, check.pkg, key.text, fold_case=True).obj
            message = selector.lookup_error(check, base, key.text, alt, in_literal=True)
            check.error(key, Code.MISSING_LIT_FIELD, message)
            continue
        field = found.obj
        if not isinstance(field, Var):
            check.error(key, Code.MISSING_LIT_FIELD, f"{key.text} is not a field")
            continue
        path = tuple(found.index)
        if found.indirect:
            message = f"invalid implicit pointer indirection to reach {key.text}"
            check.error(key, Code.INVALID_LIT_FIELD, message)
            continue
        check.info.uses[key] = field
        assignment.assignment(check, x, field.type or INVALID, "struct literal")
        _check_overlap(check, element, visited, path, field)


def _check_overlap(
    check: Checker, at: ast.KeyValue, visited: dict[tuple[int, ...], Var], path: tuple[int, ...], field: Var
) -> None:
    """Report a field that is given twice, or both directly and through an embedding struct."""
    for other, earlier in visited.items():
        if other == path:
            message = f"duplicate field name {field.name} in struct literal"
        elif path[: len(other)] == other:
            message = f"cannot specify promoted field {field.name} and enclosing embedded field {earlier.name}"
        elif other[: len(path)] == path:
            message = f"cannot specify embedded field {field.name} and enclosed promoted field {earlier.name}"
        else:
            continue
        check.error(at, Code.DUPLICATE_LIT_FIELD, message)
        return
    visited[path] = field


def _elements(check: Checker, elements: tuple[ast.Expr, ...], elem: Type, length: int) -> int:
    """Check array or slice elements; return the length the value must have."""
    visited: set[int] = set()
    at = longest = 0
    for element in elements:
        valid = False
        value = element
        if isinstance(element, ast.KeyValue):
            t, i = index.check_index_value(check, element.key, length)
            if t is not None:
                if i >= 0:
                    at, valid = i, True
                else:
                    message = f"index {expr_string(element.key)} must be integer constant"
                    check.error(element, Code.INVALID_LIT_INDEX, message)
            value = element.value
        elif 0 <= length <= at:
            message = f"index {at} is out of bounds (>= {length})"
            check.error(element, Code.OVERSIZE_ARRAY_LIT, message)
        else:
            valid = True
        if valid:
            if at in visited:
                message = f"duplicate index {at} in array or slice literal"
                check.error(element, Code.DUPLICATE_LIT_KEY, message)
            visited.add(at)
        at += 1
        longest = max(longest, at)
        x = expr.generic_expr(check, value, elem)
        assignment.assignment(check, x, elem, "array or slice literal")
    return longest


def _key_of(value: Value) -> tuple[str, Value]:
    """Return a key that equal map keys share: numbers of different kinds may be equal, but True and 1 differ."""
    if isinstance(value, (bool, bytes)):
        return type(value).__name__, value
    real = exact.to_float(value)
    return "number", value if real is None else real


def _map(check: Checker, e: ast.CompositeLit, u: Map) -> None:
    interface_key = is_non_type_param_interface(u.key)
    visited: dict[tuple[str, Value], list[Type]] = {}
    for element in e.elements:
        if not isinstance(element, ast.KeyValue):
            check.error(element, Code.MISSING_LIT_KEY, "missing key in map literal")
            continue
        x = expr.generic_expr(check, element.key, u.key)
        assignment.assignment(check, x, u.key, "map literal")
        if not x.valid:
            continue
        if x.is_constant and x.value is not None:
            types = visited.setdefault(_key_of(x.value), [])
            if types and (not interface_key or any(identical(t, x.type) for t in types)):
                message = f"duplicate key {to_text(x.value)} in map literal"
                check.error(x, Code.DUPLICATE_LIT_KEY, message)
                continue
            types.append(x.type)
        value = expr.generic_expr(check, element.value, u.elem)
        assignment.assignment(check, value, u.elem, "map literal")
