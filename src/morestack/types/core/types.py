"""Go's types as objects, with the spec's names; the model is that of go/types.

Invariants: `Basic` types are singletons; a `Named` type is an identity (instances are interned per
origin and arguments in `Named.instances`); all other types are compared by `identical`. Sizes are those
of linux/amd64. Rejected: interning all types, which recursive ones make expensive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from morestack.syntax.nodes import ChanDir

if TYPE_CHECKING:
    from morestack.types.core.objects import Func, TypeName, Var


class Kind(Enum):
    """Basic kinds; the value is the predeclared name."""

    INVALID = "invalid type"
    BOOL = "bool"
    INT = "int"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT = "uint"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    UINTPTR = "uintptr"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    COMPLEX64 = "complex64"
    COMPLEX128 = "complex128"
    STRING = "string"
    UNSAFE_POINTER = "unsafe.Pointer"
    UNTYPED_BOOL = "untyped bool"
    UNTYPED_INT = "untyped int"
    UNTYPED_RUNE = "untyped rune"
    UNTYPED_FLOAT = "untyped float"
    UNTYPED_COMPLEX = "untyped complex"
    UNTYPED_STRING = "untyped string"
    UNTYPED_NIL = "untyped nil"


class Traits:
    """Properties of a basic type, as bits; the names are those of go/types' BasicInfo.

    Rejected: `enum.Flag`, whose operators take a microsecond, because these bits are tested very often.
    """

    NONE: Final = 0
    BOOLEAN: Final = 1
    INTEGER: Final = 2
    UNSIGNED: Final = 4
    FLOAT: Final = 8
    COMPLEX: Final = 16
    STRING: Final = 32
    UNTYPED: Final = 64
    ORDERED: Final = INTEGER | FLOAT | STRING
    NUMERIC: Final = INTEGER | FLOAT | COMPLEX
    CONST_TYPE: Final = BOOLEAN | NUMERIC | STRING


@dataclass(eq=False, slots=True)
class Basic:
    """A predeclared type; `byte` and `rune` are aliases that keep their own name for messages."""

    kind: Kind
    traits: int
    name: str

    def __repr__(self) -> str:
        return self.name


@dataclass(eq=False, slots=True)
class Array:
    """`[len]elem`; len -1 marks an invalid length."""

    elem: Type
    len: int


@dataclass(eq=False, slots=True)
class Slice:
    elem: Type


@dataclass(eq=False, slots=True)
class Struct:
    """Fields in order; `tags` runs parallel to them. `Var.embedded` marks embedded ones."""

    fields: tuple[Var, ...]
    tags: tuple[str, ...]


@dataclass(eq=False, slots=True)
class Pointer:
    elem: Type


@dataclass(eq=False, slots=True)
class Tuple:
    """Parameters or results."""

    vars: tuple[Var, ...]


@dataclass(eq=False, slots=True)
class Signature:
    """A function type. With `variadic` the last parameter's type is a Slice."""

    params: Tuple
    results: Tuple
    variadic: bool = False
    recv: Var | None = None
    type_params: tuple[TypeParam, ...] = ()
    recv_type_params: tuple[TypeParam, ...] = ()


@dataclass(eq=False, slots=True)
class Interface:
    """Explicit methods and embedded types; `type_set.type_set(iface)` computes what they amount to."""

    methods: tuple[Func, ...]
    embeddeds: tuple[Type, ...]
    embed_spans: tuple[object, ...] = ()
    implicit: bool = False  # written as a bare constraint
    cache: object = None  # the computed type set


@dataclass(eq=False, slots=True)
class Union:
    """`~A | B` in a constraint: pairs of (tilde, type)."""

    terms: tuple[tuple[bool, Type], ...]


@dataclass(eq=False, slots=True)
class Map:
    key: Type
    elem: Type


@dataclass(eq=False, slots=True)
class Chan:
    dir: ChanDir
    elem: Type


@dataclass(eq=False, slots=True)
class Named:
    """A defined type, or an instance of a generic one.

    `underlying` is None until resolved (use `under.under`). `methods` are the declared methods; an
    instance's are made on demand. `origin` is the generic type an instance comes from, else None.
    """

    obj: TypeName
    underlying: Type | None = None
    methods: list[Func] = field(default_factory=list)
    type_params: tuple[TypeParam, ...] = ()
    origin: Named | None = None
    type_args: tuple[Type, ...] = ()
    instances: dict[tuple[object, ...], Named] = field(default_factory=dict)
    resolve: object = None  # a callable that completes a lazily made instance
    outer_params: tuple[TypeParam, ...] = ()
    """For a type declared in a generic function: the type parameters of the function, which the type may mention."""
    outer_args: tuple[Type, ...] = ()
    """In an instance of the function: the type arguments for the outer parameters; `origin` is then set."""

    def __repr__(self) -> str:
        return f"Named({self.obj.name})"


@dataclass(eq=False, slots=True)
class Alias:
    """`type A = B`, kept so that messages can say A."""

    obj: TypeName
    actual: Type | None = None
    type_params: tuple[TypeParam, ...] = ()
    origin: Alias | None = None
    type_args: tuple[Type, ...] = ()


@dataclass(eq=False, slots=True)
class TypeParam:
    """A type parameter with its constraint; `index` is its place in the list."""

    obj: TypeName
    index: int = -1
    constraint: Type | None = None


Type: TypeAlias = (
    Basic | Array | Slice | Struct | Pointer | Tuple | Signature | Interface | Union | Map | Chan | Named
    | Alias | TypeParam
)  # fmt: skip


def _basic(kind: Kind, traits: int) -> Basic:
    return Basic(kind, traits, kind.value)


_T = Traits
BASIC: dict[Kind, Basic] = {
    kind: _basic(kind, traits)
    for kind, traits in {
        Kind.INVALID: _T.NONE,
        Kind.BOOL: _T.BOOLEAN,
        Kind.INT: _T.INTEGER,
        Kind.INT8: _T.INTEGER,
        Kind.INT16: _T.INTEGER,
        Kind.INT32: _T.INTEGER,
        Kind.INT64: _T.INTEGER,
        Kind.UINT: _T.INTEGER | _T.UNSIGNED,
        Kind.UINT8: _T.INTEGER | _T.UNSIGNED,
        Kind.UINT16: _T.INTEGER | _T.UNSIGNED,
        Kind.UINT32: _T.INTEGER | _T.UNSIGNED,
        Kind.UINT64: _T.INTEGER | _T.UNSIGNED,
        Kind.UINTPTR: _T.INTEGER | _T.UNSIGNED,
        Kind.FLOAT32: _T.FLOAT,
        Kind.FLOAT64: _T.FLOAT,
        Kind.COMPLEX64: _T.COMPLEX,
        Kind.COMPLEX128: _T.COMPLEX,
        Kind.STRING: _T.STRING,
        Kind.UNSAFE_POINTER: _T.NONE,
        Kind.UNTYPED_BOOL: _T.BOOLEAN | _T.UNTYPED,
        Kind.UNTYPED_INT: _T.INTEGER | _T.UNTYPED,
        Kind.UNTYPED_RUNE: _T.INTEGER | _T.UNTYPED,
        Kind.UNTYPED_FLOAT: _T.FLOAT | _T.UNTYPED,
        Kind.UNTYPED_COMPLEX: _T.COMPLEX | _T.UNTYPED,
        Kind.UNTYPED_STRING: _T.STRING | _T.UNTYPED,
        Kind.UNTYPED_NIL: _T.UNTYPED,
    }.items()
}

INVALID = BASIC[Kind.INVALID]
BOOL = BASIC[Kind.BOOL]
INT = BASIC[Kind.INT]
INT8 = BASIC[Kind.INT8]
INT16 = BASIC[Kind.INT16]
INT32 = BASIC[Kind.INT32]
INT64 = BASIC[Kind.INT64]
UINT = BASIC[Kind.UINT]
UINT8 = BASIC[Kind.UINT8]
UINT16 = BASIC[Kind.UINT16]
UINT32 = BASIC[Kind.UINT32]
UINT64 = BASIC[Kind.UINT64]
UINTPTR = BASIC[Kind.UINTPTR]
FLOAT32 = BASIC[Kind.FLOAT32]
FLOAT64 = BASIC[Kind.FLOAT64]
COMPLEX64 = BASIC[Kind.COMPLEX64]
COMPLEX128 = BASIC[Kind.COMPLEX128]
STRING = BASIC[Kind.STRING]
UNSAFE_POINTER = BASIC[Kind.UNSAFE_POINTER]
UNTYPED_BOOL = BASIC[Kind.UNTYPED_BOOL]
UNTYPED_INT = BASIC[Kind.UNTYPED_INT]
UNTYPED_RUNE = BASIC[Kind.UNTYPED_RUNE]
UNTYPED_FLOAT = BASIC[Kind.UNTYPED_FLOAT]
UNTYPED_COMPLEX = BASIC[Kind.UNTYPED_COMPLEX]
UNTYPED_STRING = BASIC[Kind.UNTYPED_STRING]
UNTYPED_NIL = BASIC[Kind.UNTYPED_NIL]
BYTE = Basic(Kind.UINT8, Traits.INTEGER | Traits.UNSIGNED, "byte")
RUNE = Basic(Kind.INT32, Traits.INTEGER, "rune")
"""`byte` and `rune` are identical to uint8 and int32: compare basic types by kind."""
EMPTY_TUPLE = Tuple(())
