"""Operands: expressions while they are being checked, and their description in messages.

An operand's mode is None once an error has been reported for it; an invalid operand causes no further errors.
`describe` words operands as types2's operand.String does, because every mismatch message contains that text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.const.exact import Value
from morestack.types.const.text import to_text
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_generic, is_untyped, is_valid
from morestack.types.core.types import (
    INVALID,
    UNTYPED_NIL,
    Alias,
    Array,
    Basic,
    Chan,
    Interface,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    TypeParam,
    Union,
)
from morestack.types.core.under import constraint_interface, unalias, under
from morestack.types.identity.identical import type_set
from morestack.types.identity.type_params import core_type
from morestack.types.identity.typestring import Qualifier, type_string

if TYPE_CHECKING:
    from morestack.types.core.objects import BuiltinId


@dataclass(eq=False, slots=True)
class Operand:
    """What is known so far of an expression. `value` is set for constants, `builtin` for builtins."""

    mode: Mode | None
    expr: ast.Expr
    type: Type = INVALID
    value: Value | None = None
    builtin: BuiltinId | None = None

    @property
    def valid(self) -> bool:
        return self.mode is not None

    @property
    def is_nil(self) -> bool:
        return self.mode is Mode.NIL

    @property
    def is_constant(self) -> bool:
        return self.mode is Mode.CONSTANT

    def invalidate(self) -> None:
        """Mark the operand as invalid: its error has been reported."""
        self.mode = None

    def copy(self) -> Operand:
        return Operand(self.mode, self.expr, self.type, self.value, self.builtin)


@dataclass(frozen=True, slots=True)
class Target:
    """The function type to which a generic function is assigned; its type arguments may follow from it."""

    sig: Signature
    what: str


class ExprKind(Enum):
    """What an expression is when it stands alone as a statement."""

    CONVERSION = auto()
    EXPRESSION = auto()
    STATEMENT = auto()


def invalid(expr: ast.Expr) -> Operand:
    """Return the operand of an expression whose error has been reported."""
    return Operand(None, expr)


_COMPOSITE: dict[type, str] = {
    Array: "array",
    Slice: "slice",
    Struct: "struct",
    Pointer: "pointer",
    Signature: "func",
    Interface: "interface",
    Map: "map",
    Chan: "chan",
    Tuple: "tuple",
    Union: "union",
}


def composite_kind(t: Type) -> str:
    """Return `array`, `slice`, ... for a composite type, "" for a basic type."""
    return _COMPOSITE.get(type(under(t)), "")


def _type_description(x: Operand, qualifier: Qualifier) -> str:
    """The ` of type T` part."""
    if not is_valid(x.type):
        return " with invalid type"
    desc = "generic " if is_generic(x.type) else ""
    param = unalias(x.type)
    if not isinstance(param, TypeParam) and isinstance(x.type, (Named, Alias)):
        u = under(x.type)
        desc += (u.name.removeprefix("unsafe.") if isinstance(u, Basic) else composite_kind(x.type)) + " "
    text = f" of {desc}type {type_string(x.type, qualifier)}"
    if isinstance(param, TypeParam) and param.constraint is not None:
        text += f" constrained by {type_string(param.constraint, qualifier)}"
        if type_set(constraint_interface(param)).is_empty():
            text += " with empty type set"
    return text


def describe(x: Operand, qualifier: Qualifier) -> str:
    """Describe an operand as gc's messages do: `x (variable of type int)`."""
    if x.mode is Mode.NIL:
        if x.type is UNTYPED_NIL:
            return "nil"
        if not is_valid(x.type):
            return "nil (with invalid type)"
        return f"nil (of type {type_string(x.type, qualifier)})"
    text = expr_string(x.expr)
    inner = ""
    has_type = False
    if x.mode not in (None, Mode.NO_VALUE, Mode.BUILTIN, Mode.TYPE):
        if isinstance(x.type, Basic) and is_untyped(x.type):
            inner = x.type.name + " "
        else:
            has_type = True
    inner += x.mode.value if x.mode is not None else "invalid operand"
    if x.is_constant:
        shown = to_text(x.value)
        if shown != text:
            inner += " " + shown
    if has_type:
        inner += _type_description(x, qualifier)
    return f"{text} ({inner})"


def target_of(t: Type | None, what: str) -> Target | None:
    """Return a target for type inference if t is a function type, else None."""
    if t is None:
        return None
    u = core_type(t)
    return Target(u, what) if isinstance(u, Signature) else None
