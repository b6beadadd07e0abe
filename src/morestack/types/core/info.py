"""The results of checking, in side tables keyed by syntax node. The model is go/types' Info.

Every expression of a correct program has an entry in `types`, with its final type: untyped constants and nil have
been converted to the type their context requires. This includes function values and calls. A call with several
results has a Tuple, and so has an expression in a comma-ok context (`v, ok := m[k]`), whose mode stays COMMA_OK or
MAP_INDEX. Type expressions have mode TYPE, builtins BUILTIN and the signature of the call. Operands within a constant
expression may keep untyped types: only the whole expression is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from morestack.syntax import nodes as ast
from morestack.types.core.objects import Func, Label, Object, Package, Var
from morestack.types.core.types import Signature, Type

if TYPE_CHECKING:
    from morestack.types.const.exact import Value
    from morestack.types.core.scope import Scope


class Mode(Enum):
    """What an expression denotes."""

    NO_VALUE = "no value"
    BUILTIN = "built-in"
    TYPE = "type"
    CONSTANT = "constant"
    VARIABLE = "variable"  # addressable
    MAP_INDEX = "map index expression"
    VALUE = "value"
    NIL = "nil"
    COMMA_OK = "comma, ok expression"


@dataclass(slots=True)
class TypeAndValue:
    mode: Mode
    type: Type
    value: Value | None = None  # for Mode.CONSTANT


class SelectionKind(Enum):
    FIELD = "field"
    METHOD = "method"  # x.f with x a value: a method value, or the callee of a method call
    METHOD_EXPR = "method expression"  # T.f


@dataclass(slots=True)
class Selection:
    """What `x.sel` selects (qualified identifiers are not selections: see `uses`).

    `index` is the path: embedded field numbers, then the field or method number. `indirect` tells whether a pointer
    was followed on the way, except for the receiver itself.
    """

    kind: SelectionKind
    recv: Type
    obj: Var | Func
    index: tuple[int, ...]
    indirect: bool
    type: Type


@dataclass(slots=True)
class Instance:
    """Type arguments and the resulting type at an instantiation."""

    type_args: tuple[Type, ...]
    type: Type


@dataclass(slots=True)
class Initializer:
    """`lhs = rhs` of package variables; several on the left take one call's results."""

    lhs: tuple[Var, ...]
    rhs: ast.Expr


@dataclass(slots=True)
class Info:
    """The side tables."""

    types: dict[ast.Node, TypeAndValue] = field(default_factory=dict)
    defs: dict[ast.Name, Object | Label | None] = field(default_factory=dict)
    """Declaring names. A Define's left side: new variables only (the others are in `uses`)."""
    uses: dict[ast.Name, Object | Label] = field(default_factory=dict)
    implicits: dict[ast.Node, Object] = field(default_factory=dict)
    """CaseClause of a type switch with a bound name: that clause's Var. Unnamed Param: its Var. ImportDecl:
    its PkgName. For a loop's own variables see `defs`."""
    selections: dict[ast.Selector, Selection] = field(default_factory=dict)
    instances: dict[ast.Name, Instance] = field(default_factory=dict)
    scopes: dict[ast.Node, Scope] = field(default_factory=dict)
    signatures: dict[ast.FuncDecl | ast.FuncLit, Signature] = field(default_factory=dict)
    """Signature of each function body; its params' and results' Var objects are those `defs` knows."""
    captures: dict[ast.FuncLit, tuple[Var, ...]] = field(default_factory=dict)
    """Variables of enclosing functions each literal uses (directly or through a nested literal), in order
    of first use."""
    reassigned: set[Var] = field(default_factory=set)
    """Locals assigned anywhere after their declaration (loop `++`, `op=`, range `=` included), wholly or in a
    field or array element; named results, when a return statement has values."""
    addressed: set[Var] = field(default_factory=set)
    """Locals whose address is taken: `&v`, `&v.f`, `v.ptrMethod()`, `v[:]` of an array."""
    init_order: list[Initializer] = field(default_factory=list)
    """Package variables with initializers, in the order they run."""
    branch_targets: dict[ast.Branch, ast.Stmt] = field(default_factory=dict)
    """break and continue: the statement they leave or repeat; goto: the Labeled."""


@dataclass(slots=True)
class CheckedPackage:
    """The result of checking a package, the input of `escape` and `irbuild`."""

    pkg: Package
    files: tuple[ast.File, ...]
    info: Info
    funcs: list[Func] = field(default_factory=list)
    """Every function and method with a body, in source order, including all `init` functions."""
