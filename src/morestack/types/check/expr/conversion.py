"""The conversion `T(x)`, and assignability of an operand."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.types.check import untyped
from morestack.types.check.checker import Checker
from morestack.types.check.operand import Operand
from morestack.types.const import exact
from morestack.types.const.text import to_text
from morestack.types.core.info import Mode, TypeAndValue
from morestack.types.core.kinds import (
    default_type,
    is_bytes_or_runes,
    is_const_type,
    is_integer,
    is_non_type_param_interface,
    is_string,
    is_type_param,
    is_untyped,
)
from morestack.types.core.types import UNTYPED_NIL, Type
from morestack.types.identity.type_params import all_string, typeset
from morestack.types.relation import convert


def _as_value(x: Operand) -> TypeAndValue:
    """Return x in the form `relation.convert` takes; a constant of unknown value counts as some value of its type."""
    mode = x.mode or Mode.VALUE
    return TypeAndValue(Mode.VALUE if mode is Mode.CONSTANT and x.value is None else mode, x.type, x.value)


def assignable(check: Checker, x: Operand, target: Type) -> tuple[bool, str]:
    """Whether x may be assigned to a variable of type target; if not, also the cause."""
    if not x.valid:
        return True, ""
    return convert.assignable_to(_as_value(x), target, check.qualifier)


def check_conversion(check: Checker, x: Operand, target: Type) -> None:
    """Check `target(x)`: x becomes the result, or an error is reported."""
    was_constant = x.is_constant
    cause = ""
    if was_constant and is_const_type(target):
        if x.value is None:
            ok = True
        else:
            ok, value = convert.constant_conversion(x.value, x.type, target)
            if ok:
                x.value = value
            elif is_integer(x.type) and is_integer(target):
                text = f"{to_text(x.value)} overflows {check.type_str(target)}"
                check.error(x, Code.INVALID_CONVERSION, f"constant {text}")
                x.invalidate()
                return
    elif was_constant and is_type_param(target):
        ok, cause = _constant_to_param(check, x, target)
        x.mode = Mode.VALUE
    else:
        ok, cause = convert.convertible_to(_as_value(x), target, check.qualifier)
        if ok:
            x.mode = Mode.VALUE
    if not ok:
        whole = exact.to_int(x.value) if was_constant and is_integer(target) else None
        if whole is not None:
            x.value = whole  # shown as the integer it is
        text = f"cannot convert {check.show(x)} to type {check.type_str(target)}"
        check.error(x, Code.INVALID_CONVERSION, f"{text}: {cause}" if cause else text)
        x.invalidate()
        return
    if is_untyped(x.type):
        final = target
        if x.type is UNTYPED_NIL:
            pass  # takes the target's type
        elif is_non_type_param_interface(target) or (was_constant and not is_const_type(target)):
            final = default_type(x.type)
        elif x.is_constant and is_integer(x.type) and all_string(target):
            final = x.type
        untyped.update_type(check, x.expr, final, final=True)
    x.type = target


def _constant_to_param(check: Checker, x: Operand, target: Type) -> tuple[bool, str]:
    name = check.type_str(target)
    for _, u in typeset(target):
        if u is None:
            return False, f"{name} does not contain specific types"
        if is_string(x.type) and is_bytes_or_runes(u):
            continue
        if not convert.constant_conversion(x.value, x.type, u)[0]:
            if is_integer(x.type) and is_integer(u):
                return False, f"constant {to_text(x.value)} overflows {check.type_str(u)} (in {name})"
            return False, f"cannot convert {check.show(x)} to type {check.type_str(u)} (in {name})"
    return True, ""
