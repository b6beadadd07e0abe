"""Errors that gc reports only after type checking, in its back end: operands of print and sizes of types.

As in gc, they are reported only for programs without other errors.
"""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker
from morestack.types.core.info import Mode
from morestack.types.core.kinds import has_type_param
from morestack.types.core.objects import Builtin, BuiltinId
from morestack.types.core.sizes import sizeof
from morestack.types.core.types import Array, Chan, Map, Signature, Struct, Tuple, Type
from morestack.types.core.under import under

MAX_WIDTH = 1 << 50
"""The size limit of a type, in bytes."""
MAX_CHAN_ELEM = 1 << 16


def check_limits(check: Checker) -> None:
    """Report types that are too large, and operands that print does not support."""
    for e, known in list(check.info.types.items()):
        if known.mode is Mode.TYPE and isinstance(e, (ast.ArrayType, ast.ChanType, ast.StructType)):
            _size(check, e, known.type)
        elif isinstance(e, ast.Name) and known.mode is Mode.BUILTIN and isinstance(known.type, Signature):
            obj = check.info.uses.get(e)
            if isinstance(obj, Builtin) and obj.id in (BuiltinId.PRINT, BuiltinId.PRINTLN):
                _print(check, e, known.type.params)


def _size(check: Checker, e: ast.Expr, t: Type) -> None:
    if has_type_param(t):
        return
    if isinstance(t, (Array, Struct)) and sizeof(t) > MAX_WIDTH:
        check.error(e, Code.TYPE_TOO_LARGE, f"type {check.type_str(t)} larger than address space")
    elif isinstance(t, Chan) and sizeof(t.elem) >= MAX_CHAN_ELEM:
        check.error(e, Code.TYPE_TOO_LARGE, "channel element type too large (>64kB)")
    elif isinstance(t, Map) and (sizeof(t.key) > MAX_WIDTH or sizeof(t.elem) > MAX_WIDTH):
        check.error(e, Code.TYPE_TOO_LARGE, "map element type too large")


def _print(check: Checker, e: ast.Name, params: Tuple) -> None:
    for v in params.vars:
        if v.type is not None and isinstance(under(v.type), (Array, Struct)):
            message = f"illegal types for operand: {e.text}\n\t{check.type_str(v.type)}"
            check.error(e.span.at(e.span.end), Code.UNPRINTABLE, message)
