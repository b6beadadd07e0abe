"""Declared entities, which names denote. The model is that of go/types."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from morestack.source.span import Span
from morestack.syntax import nodes as ast

if TYPE_CHECKING:
    from morestack.types.const.exact import Value
    from morestack.types.core.scope import Scope
    from morestack.types.core.types import Type


@dataclass(eq=False, slots=True)
class Package:
    """A package: its import path, its name and its top-level scope."""

    path: str
    name: str
    scope: Scope | None = None
    imports: list[Package] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Var:
    """A variable, parameter, result or struct field."""

    name: str
    type: Type | None
    span: Span | None = None
    pkg: Package | None = None
    parent: Scope | None = None
    is_field: bool = False
    embedded: bool = False
    is_param: bool = False  # parameter or receiver
    is_result: bool = False
    is_global: bool = False
    used: bool = False
    owner: object = None
    """The ast.FuncDecl or ast.FuncLit a local belongs to; None for a package variable or a field."""

    def __repr__(self) -> str:
        return f"Var({self.name})"


@dataclass(eq=False, slots=True)
class Const:
    """A constant with its exact value."""

    name: str
    type: Type | None
    value: Value | None
    span: Span | None = None
    pkg: Package | None = None
    parent: Scope | None = None


@dataclass(eq=False, slots=True)
class TypeName:
    """A name for a type: Named, Alias, TypeParam or predeclared."""

    name: str
    type: Type | None
    span: Span | None = None
    pkg: Package | None = None
    parent: Scope | None = None
    is_alias: bool = False
    local_number: int = 0
    """For a type declared in a function: its number among all such types of the package, from 1, as gc counts them."""


@dataclass(eq=False, slots=True)
class Func:
    """A function or method (`type.recv` set); `decl` is its declaration, None for an interface's.

    `origin` is the generic function or method an instance comes from, else None.
    """

    name: str
    type: Type | None
    span: Span | None = None
    pkg: Package | None = None
    parent: Scope | None = None
    decl: ast.FuncDecl | None = None
    origin: Func | None = None
    type_args: tuple[Type, ...] = ()
    resolve: object = None
    """A callable that sets `type` when it is still None; go through `under.signature_of`."""

    def __repr__(self) -> str:
        return f"Func({self.name})"


@dataclass(eq=False, slots=True)
class PkgName:
    """An imported package under its local name."""

    name: str
    imported: Package
    span: Span | None = None
    pkg: Package | None = None
    parent: Scope | None = None
    used: bool = False


class BuiltinId(Enum):
    """Predeclared functions, unsafe's included."""

    APPEND = "append"
    CAP = "cap"
    CLEAR = "clear"
    CLOSE = "close"
    COMPLEX = "complex"
    COPY = "copy"
    DELETE = "delete"
    IMAG = "imag"
    LEN = "len"
    MAKE = "make"
    MAX = "max"
    MIN = "min"
    NEW = "new"
    PANIC = "panic"
    PRINT = "print"
    PRINTLN = "println"
    REAL = "real"
    RECOVER = "recover"
    ALIGNOF = "Alignof"
    OFFSETOF = "Offsetof"
    SIZEOF = "Sizeof"
    ADD = "Add"
    SLICE = "Slice"
    SLICE_DATA = "SliceData"
    STRING = "String"
    STRING_DATA = "StringData"


@dataclass(eq=False, slots=True)
class Builtin:
    name: str
    id: BuiltinId
    span: Span | None = None
    pkg: Package | None = None
    parent: Scope | None = None


@dataclass(eq=False, slots=True)
class Nil:
    """The predeclared `nil`."""

    name: str = "nil"
    span: Span | None = None
    pkg: Package | None = None
    parent: Scope | None = None


@dataclass(eq=False, slots=True)
class Label:
    name: str
    span: Span | None = None
    stmt: ast.Labeled | None = None
    used: bool = False


Object: TypeAlias = Var | Const | TypeName | Func | PkgName | Builtin | Nil


def same_id(obj: Func | Var, pkg: Package | None, name: str, fold_case: bool = False) -> bool:
    """Whether obj is what `name`, written in package pkg, means: unexported names belong to their package."""
    if fold_case and obj.name.casefold() == name.casefold():
        return True
    if obj.name != name:
        return False
    return is_exported(name) or same_package(obj.pkg, pkg)


def same_package(a: Package | None, b: Package | None) -> bool:
    return a is b or (a is not None and b is not None and a.path == b.path)


def is_exported(name: str) -> bool:
    return name[:1].isupper()


def method_key(f: Func) -> tuple[bool, str, str]:
    """Sort key of methods: gc's order in method sets and itabs."""
    exported = is_exported(f.name)
    return not exported, f.name, "" if exported or f.pkg is None else f.pkg.path
