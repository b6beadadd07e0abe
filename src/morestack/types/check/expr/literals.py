"""Basic literals and function literals."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.types.check import untyped
from morestack.types.check.checker import Body, Checker
from morestack.types.check.operand import Operand, invalid
from morestack.types.check.typexpr import signature
from morestack.types.const import literal
from morestack.types.core.info import Mode
from morestack.types.core.types import UNTYPED_COMPLEX, UNTYPED_FLOAT, UNTYPED_INT, UNTYPED_RUNE, UNTYPED_STRING

_LITERAL_TYPES = {
    ast.LitKind.INT: UNTYPED_INT,
    ast.LitKind.FLOAT: UNTYPED_FLOAT,
    ast.LitKind.IMAG: UNTYPED_COMPLEX,
    ast.LitKind.CHAR: UNTYPED_RUNE,
    ast.LitKind.STRING: UNTYPED_STRING,
}


def basic_lit(check: Checker, e: ast.BasicLit) -> Operand:
    try:
        value = literal.parse_literal(e)
    except literal.LiteralError as error:
        check.error(e, Code.INVALID_CONST_VAL, str(error))
        return invalid(e)
    x = Operand(Mode.CONSTANT, e, _LITERAL_TYPES[e.kind], value)
    untyped.check_overflow(check, x)
    return x


def func_lit(check: Checker, e: ast.FuncLit) -> Operand:
    """Check a function literal; its body is checked once the declarations around it are complete."""
    check.func_parents[e] = check.env.func
    sig = signature.func_type(check, e.type, e)
    check.record_type(e.type, Mode.TYPE, sig)
    check.info.signatures[e] = sig
    body = Body(e, e.type, e.body, sig, check.env.decl, check.env.iota)
    check.later(lambda: check.walk.body(check, body))
    return Operand(Mode.VALUE, e, sig)
