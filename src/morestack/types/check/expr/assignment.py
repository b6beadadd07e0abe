"""Assigning an operand to a variable of any sort: a parameter, an element, a result, `_`."""

from __future__ import annotations

from collections.abc import Sequence

from morestack.source.codes import Code
from morestack.types.check import untyped
from morestack.types.check.checker import Checker
from morestack.types.check.expr import conversion, expr
from morestack.types.check.operand import Operand, target_of
from morestack.types.core.kinds import default_type, is_non_type_param_interface, is_numeric, is_untyped, is_valid
from morestack.types.core.types import Basic, Slice, Type


def assignment(check: Checker, x: Operand, t: Type | None, context: str) -> None:
    """Assign x to a variable of type t. For the blank identifier t is None, and x takes its default type."""
    expr.single_value(check, x)
    if not x.valid:
        return
    if not untyped.is_value_mode(x.mode):
        goal = check.type_str(t) if t is not None else "_"
        check.error(x, Code.INCOMPATIBLE_ASSIGN, f"cannot assign {check.show(x)} to {goal} in {context}")
        x.invalidate()
        return
    if is_untyped(x.type) and not _convert_untyped(check, x, t, context):
        return
    expr.non_generic(check, x, target_of(t, context))
    if not x.valid or t is None:
        return
    ok, cause = conversion.assignable(check, x, t)
    if not ok:
        message = f"cannot use {check.show(x)} as {check.type_str(t)} value in {context}"
        check.error(x, Code.INCOMPATIBLE_ASSIGN, f"{message}: {cause}" if cause else message)
        x.invalidate()


def _convert_untyped(check: Checker, x: Operand, t: Type | None, context: str) -> bool:
    """Give untyped x the type its context requires; return False after an error."""
    target = t
    if x.is_nil:
        if t is None:
            check.error(x, Code.UNTYPED_NIL_USE, f"use of untyped nil in {context}")
            x.invalidate()
            return False
    elif t is None or is_non_type_param_interface(t):
        target = default_type(x.type)
    if target is None:
        return False
    new_type, value, code = untyped.implicit_type(check, x, target)
    if code is not None or new_type is None:
        message = f"cannot use {check.show(x)} as {check.type_str(target)} value in {context}"
        if code is Code.TRUNCATED_FLOAT:
            message += " (truncated)"
        elif code is Code.NUMERIC_OVERFLOW:
            message += " (overflows)"
        else:
            code = Code.INCOMPATIBLE_ASSIGN
        check.error(x, code, message)
        x.invalidate()
        return False
    untyped.apply_implicit(check, x, new_type, value)
    return True


def types_summary(check: Checker, types: Sequence[Type | None], variadic: bool, has_dots: bool) -> str:
    """`(int, number, ...string)`: the types of arguments or results."""
    shown: list[str] = []
    for number, t in enumerate(types):
        if t is None or not is_valid(t):
            s = "unknown type"
        elif isinstance(t, Basic) and is_untyped(t):
            s = "number" if is_numeric(t) else t.name.replace("untyped ", "")
        else:
            s = check.type_str(t)
        if number == len(types) - 1:
            if variadic:
                s = "..." + (check.type_str(t.elem) if isinstance(t, Slice) else s)
            elif has_dots:
                s += "..."
        shown.append(s)
    return f"({', '.join(shown)})"
