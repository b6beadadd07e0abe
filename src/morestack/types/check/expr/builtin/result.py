"""The operand of a call of a builtin, and the builtin's signature in that call."""

from __future__ import annotations

from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker
from morestack.types.check.operand import Operand
from morestack.types.core.info import Mode
from morestack.types.core.kinds import default_type
from morestack.types.core.objects import Var
from morestack.types.core.types import EMPTY_TUPLE, Signature, Tuple, Type


def signature(result: Type | None, *params: Type) -> Signature:
    """Return the signature of a builtin in one call."""
    results = EMPTY_TUPLE if result is None else Tuple((Var("", result, is_result=True),))
    variables = tuple(Var("", default_type(p), is_param=True) for p in params)
    return Signature(Tuple(variables) if variables else EMPTY_TUPLE, results)


def value(check: Checker, e: ast.Call, result: Type, *params: Type) -> Operand:
    """Return the operand of a call that has a value."""
    check.record_builtin(e.fun, signature(result, *params))
    return Operand(Mode.VALUE, e, result)


def nothing(check: Checker, e: ast.Call, *params: Type) -> Operand:
    """Return the operand of a call that has no value."""
    check.record_builtin(e.fun, signature(None, *params))
    return Operand(Mode.NO_VALUE, e)
