"""The abstract syntax of Go: one class per construct of the spec, with the spec's names.

Invariants: nodes are compared by identity, because structural equality would merge equal nodes used as dictionary
keys. Nodes never change after parsing, and inferred facts live in side tables keyed by node (`types.info.Info`).
`span` covers the whole construct. If gc reports a construct at a place other than its start (the operator of a binary
expression, the parenthesis of a call), the node has that byte offset too. `Paren` nodes are kept, so that messages
can print the source as written. Rejected: `frozen=True` at run time, which makes building a tree three times slower;
type checkers still treat the classes as frozen.
"""

from enum import Enum
from typing import Any, TypeAlias, TypeVar, cast, dataclass_transform

from morestack.source.span import SourceFile, Span

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False)
def node(cls: type[T]) -> type[T]:
    """Declare a syntax node: a slotted class whose constructor takes its fields, read-only to type checkers.

    Nodes need no other features of dataclasses, and creating sixty dataclasses takes a tenth of the time of a cold
    compile.
    """
    fields = tuple(cls.__annotations__)
    body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    defaults = tuple(body.pop(name) for name in fields if name in body)  # of the last fields
    assigned = "".join(f" self.{name} = {name}\n" for name in fields)
    made: dict[str, Any] = {}
    exec(f"def __init__(self, {', '.join(fields)}):\n{assigned}", made)
    init = made["__init__"]
    init.__defaults__ = defaults
    body |= {"__slots__": fields, "__match_args__": fields, "__init__": init}
    return cast("type[T]", type(cls.__name__, cls.__bases__, body))


class BinaryOp(Enum):
    """Binary operators; the value is the Go token."""

    LOR = "||"
    LAND = "&&"
    EQL = "=="
    NEQ = "!="
    LSS = "<"
    LEQ = "<="
    GTR = ">"
    GEQ = ">="
    ADD = "+"
    SUB = "-"
    OR = "|"
    XOR = "^"
    MUL = "*"
    QUO = "/"
    REM = "%"
    AND = "&"
    AND_NOT = "&^"
    SHL = "<<"
    SHR = ">>"


class UnaryOp(Enum):
    """Prefix operators except `*` and `<-`, which have their own node classes."""

    ADD = "+"
    SUB = "-"
    NOT = "!"
    XOR = "^"
    ADDR = "&"
    TILDE = "~"


class LitKind(Enum):
    INT = "int"
    FLOAT = "float"
    IMAG = "imag"
    CHAR = "char"
    STRING = "string"


class ChanDir(Enum):
    BOTH = "chan"
    SEND = "chan<-"
    RECV = "<-chan"


# -- expressions and types (Go's grammar does not distinguish them, and neither do these nodes) ----


@node
class Name:
    """An identifier, including `_`."""

    span: Span
    text: str


@node
class BasicLit:
    """A literal; `text` is the source spelling."""

    span: Span
    kind: LitKind
    text: str


@node
class CompositeLit:
    """`T{...}`; `type` is None for an elided inner type. `lbrace` is the offset of the brace."""

    span: Span
    type: "Expr | None"
    elements: "tuple[Expr, ...]"  # values or KeyValue
    lbrace: int


@node
class KeyValue:
    """`key: value` inside a composite literal."""

    span: Span
    key: "Expr"
    value: "Expr"


@node
class FuncLit:
    """A function literal."""

    span: Span
    type: "FuncType"
    body: "Block"


@node
class Paren:
    """`(x)`."""

    span: Span
    x: "Expr"


@node
class Selector:
    """`x.sel`: a field, a method, a qualified name or a method expression."""

    span: Span
    x: "Expr"
    sel: Name


@node
class Index:
    """`x[i]`, or an instantiation `x[T1, T2]`; `lbrack` is the bracket's offset."""

    span: Span
    x: "Expr"
    indices: "tuple[Expr, ...]"
    lbrack: int


@node
class Slice:
    """`x[lo:hi:max]`; `full` is set for the three-index form."""

    span: Span
    x: "Expr"
    lo: "Expr | None"
    hi: "Expr | None"
    max: "Expr | None"
    full: bool
    lbrack: int


@node
class TypeAssert:
    """`x.(T)`; `type` is None for `x.(type)`."""

    span: Span
    x: "Expr"
    type: "Expr | None"


@node
class Call:
    """`fun(args...)`, a conversion or a builtin call; `lparen` is the parenthesis's offset."""

    span: Span
    fun: "Expr"
    args: "tuple[Expr, ...]"
    has_dots: bool
    lparen: int


@node
class Star:
    """`*x`: a dereference or a pointer type."""

    span: Span
    x: "Expr"


@node
class Unary:
    """A prefix operator applied to x; the operator is at `span.start`."""

    span: Span
    op: UnaryOp
    x: "Expr"


@node
class Receive:
    """`<-x`."""

    span: Span
    x: "Expr"


@node
class Binary:
    """`x op y`; `op_pos` is the operator's offset, where gc reports it."""

    span: Span
    op: BinaryOp
    x: "Expr"
    y: "Expr"
    op_pos: int


@node
class ArrayType:
    """`[len]elem`, or `[...]elem` with `len` None."""

    span: Span
    len: "Expr | None"
    elem: "Expr"


@node
class SliceType:
    """`[]elem`."""

    span: Span
    elem: "Expr"


@node
class StructType:
    """`struct {...}`."""

    span: Span
    fields: "tuple[StructField, ...]"


@node
class StructField:
    """One line of a struct: names of one type, or an embedded type (`names` empty)."""

    span: Span
    names: tuple[Name, ...]
    type: "Expr"
    tag: "BasicLit | None"
    embedded: bool


@node
class Param:
    """Parameters of one type; `names` is empty when unnamed. `variadic`: `type` follows `...`."""

    span: Span
    names: tuple[Name, ...]
    type: "Expr"
    variadic: bool


@node
class FuncType:
    """A signature: of a declaration, a literal, an interface method or a `func` type."""

    span: Span
    params: tuple[Param, ...]
    results: tuple[Param, ...]
    type_params: "tuple[TypeParamDecl, ...]" = ()


@node
class TypeParamDecl:
    """Type parameters that share a constraint."""

    span: Span
    names: tuple[Name, ...]
    constraint: "Expr"


@node
class InterfaceType:
    """`interface {...}`: methods, embedded types and unions, in source order."""

    span: Span
    elements: "tuple[MethodElem | Expr, ...]"


@node
class MethodElem:
    """A method of an interface."""

    span: Span
    name: Name
    type: FuncType


@node
class UnionType:
    """`~A | B` in a constraint; each term may be a Unary TILDE."""

    span: Span
    terms: "tuple[Expr, ...]"


@node
class MapType:
    """`map[key]value`."""

    span: Span
    key: "Expr"
    value: "Expr"


@node
class ChanType:
    """`chan elem`, `chan<- elem` or `<-chan elem`."""

    span: Span
    dir: ChanDir
    elem: "Expr"


@node
class BadExpr:
    """The place of an expression that could not be parsed; the syntax error has been reported."""

    span: Span


Expr: TypeAlias = (
    Name | BasicLit | CompositeLit | KeyValue | FuncLit | Paren | Selector | Index | Slice | TypeAssert
    | Call | Star | Unary | Receive | Binary | ArrayType | SliceType | StructType | FuncType
    | InterfaceType | UnionType | MapType | ChanType | BadExpr
)  # fmt: skip

# -- statements ------------------------------------------------------------------------------------


@node
class Block:
    """`{ ... }`; `rbrace` is the offset of the closing brace (missing return is reported there)."""

    span: Span
    stmts: "tuple[Stmt, ...]"
    rbrace: int


@node
class Empty:
    """An empty statement."""

    span: Span


@node
class ExprStmt:
    span: Span
    x: Expr


@node
class Send:
    """`ch <- value`; `arrow` is the operator's offset."""

    span: Span
    ch: Expr
    value: Expr
    arrow: int


@node
class IncDec:
    """`x++` or `x--`."""

    span: Span
    x: Expr
    inc: bool


@node
class Assign:
    """`lhs = rhs`, or `lhs op= rhs` with `op` set; `op_pos` is the operator's offset."""

    span: Span
    lhs: tuple[Expr, ...]
    rhs: tuple[Expr, ...]
    op: BinaryOp | None
    op_pos: int


@node
class Define:
    """`lhs := rhs`; at least one name on the left is new."""

    span: Span
    lhs: tuple[Expr, ...]
    rhs: tuple[Expr, ...]
    op_pos: int


@node
class DeclStmt:
    """`var`, `const` or `type` inside a function."""

    span: Span
    decls: "tuple[Decl, ...]"


@node
class Go:
    span: Span
    call: Expr


@node
class Defer:
    span: Span
    call: Expr


@node
class Return:
    span: Span
    results: tuple[Expr, ...]


class BranchKind(Enum):
    BREAK = "break"
    CONTINUE = "continue"
    GOTO = "goto"
    FALLTHROUGH = "fallthrough"


@node
class Branch:
    span: Span
    kind: BranchKind
    label: Name | None


@node
class Labeled:
    span: Span
    label: Name
    stmt: "Stmt"


@node
class If:
    """`if init; cond then else els`; `els` is a Block, an If or None."""

    span: Span
    init: "Stmt | None"
    cond: Expr
    then: Block
    els: "Stmt | None"


@node
class For:
    """`for init; cond; post {}`; any part may be absent."""

    span: Span
    init: "Stmt | None"
    cond: Expr | None
    post: "Stmt | None"
    body: Block


@node
class Range:
    """`for key, value = range x {}`; `define` is set for `:=`. Key and value may be absent."""

    span: Span
    key: Expr | None
    value: Expr | None
    define: bool
    x: Expr
    body: Block


@node
class CaseClause:
    """`case exprs:` of a switch, with types in a type switch; `exprs` is None for default."""

    span: Span
    exprs: tuple[Expr, ...] | None
    body: "tuple[Stmt, ...]"
    colon: int


@node
class Switch:
    """An expression switch; `tag` None means `true`."""

    span: Span
    init: "Stmt | None"
    tag: Expr | None
    clauses: tuple[CaseClause, ...]
    rbrace: int


@node
class TypeSwitch:
    """`switch init; bind := x.(type) {}`; `bind` may be absent."""

    span: Span
    init: "Stmt | None"
    bind: Name | None
    x: Expr
    clauses: tuple[CaseClause, ...]
    rbrace: int


@node
class CommClause:
    """A case of a select: `comm` is a Send, an ExprStmt, Define or Assign of a Receive; None for default."""

    span: Span
    comm: "Stmt | None"
    body: "tuple[Stmt, ...]"
    colon: int


@node
class Select:
    span: Span
    clauses: tuple[CommClause, ...]


Stmt: TypeAlias = (
    Block | Empty | ExprStmt | Send | IncDec | Assign | Define | DeclStmt | Go | Defer | Return | Branch
    | Labeled | If | For | Range | Switch | TypeSwitch | Select
)  # fmt: skip

# -- declarations ----------------------------------------------------------------------------------


@node
class ImportDecl:
    """`import name "path"`; `path` is unquoted; name may be `.` or `_`."""

    span: Span
    name: Name | None
    path: str
    path_lit: BasicLit


@node
class ConstDecl:
    """One ConstSpec with its `iota`. An elided spec has the type and values of the spec it repeats."""

    span: Span
    names: tuple[Name, ...]
    type: Expr | None
    values: tuple[Expr, ...]
    iota: int
    inherited: bool


@node
class VarDecl:
    """One VarSpec."""

    span: Span
    names: tuple[Name, ...]
    type: Expr | None
    values: tuple[Expr, ...]


@node
class TypeDecl:
    """One TypeSpec; `alias` is set for `type A = B`."""

    span: Span
    name: Name
    type_params: tuple[TypeParamDecl, ...]
    type: Expr
    alias: bool


@node
class FuncDecl:
    """A function or method; `recv` is the receiver parameter, `body` None for an external function.

    `pragmas` are the `//go:` directives above it, such as "go:noinline".
    """

    span: Span
    name: Name
    recv: Param | None
    type: FuncType
    body: Block | None
    pragmas: tuple[str, ...]


Decl: TypeAlias = ConstDecl | VarDecl | TypeDecl | FuncDecl

Node: TypeAlias = (
    Expr | Stmt | Decl | ImportDecl | StructField | Param | TypeParamDecl | MethodElem | CaseClause | CommClause
)


@node
class File:
    """One Go file."""

    source: SourceFile
    package: Name
    imports: tuple[ImportDecl, ...]
    decls: tuple[Decl, ...]
    go_version: str | None = None
    branching: tuple[Block, ...] = ()
    """The bodies of the functions that have labels or branches. Few have any, so label checks walk only these."""


def unparen(e: Expr) -> Expr:
    """Return e without the parentheses around it."""
    while isinstance(e, Paren):
        e = e.x
    return e
