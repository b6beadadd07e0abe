"""What escape analysis decides: the contract between `escape` and the IR builder.

Every allocation site has a key: a variable, or a syntax node with a `Site` that tells which of the
allocations of that node is meant (one expression may make several: `any(&[]int{1})` makes three). The
IR builder asks; whatever the analysis has not seen escapes, so a hole in it costs speed, never safety.

| allocation | ask |
|---|---|
| a local, parameter or result moved to the heap | `var_escapes(v)` |
| `new(T)`, `make(...)`, the array `append` may make | `node_escapes(call)` |
| the copies that `string(b)`, `[]byte(s)` and a written `any(x)` make | `node_escapes(call)` |
| the array of a slice literal, the table of a map literal | `node_escapes(lit)` |
| the variable behind `&T{...}`, also where the `&T` is left out inside another literal | `pointer_escapes(lit)` |
| a closure, a method value, a string concatenation | `node_escapes(funclit or selector or binary)` |
| a value converted to an interface because the context wants one | `box_escapes(expr)` |
| the slice holding the variadic arguments of a call | `variadic_escapes(call)` |
| the closure and argument record of `go` and `defer` | `node_escapes(stmt)` |
| the body of a range over a function, and the state it shares | `node_escapes(range_stmt)` |

`expr` is the operand, with or without its parentheses. Of a chain `a + b + c` of strings gc makes one
concatenation: the key is the outermost Binary. `by_value` is part of the decision: a
variable captured by value never has its address in the closure.

What does not escape may hold pointers to the stack, so it must BE on the stack: variables, `&T{}`, slice
literals, variadic slices, boxes, closures, method values, the operands a `defer` keeps. Only what is filled
through stores and copies may go to the heap against the decision (`new`, `make`, `append`, strings), as
whatever is stored there has been sent to the heap.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Func, Var


class Site(Enum):
    """Which allocation of a syntax node."""

    VALUE = auto()  # what the expression itself makes
    POINTER = auto()  # the variable a composite literal's address is taken of
    BOX = auto()  # the copy an implicit conversion to an interface makes
    VARIADIC = auto()  # the slice of a call's variadic arguments


@dataclass(slots=True, frozen=True)
class Message:
    """One line of `go build -gcflags='-m -l'`."""

    span: Span
    text: str
    stays: bool = False
    """Whether it says that something does not escape."""

    def __str__(self) -> str:
        return f"{self.span}: {self.text}"


@dataclass(slots=True)
class Leaks:
    """Where a parameter's value flows: the least number of dereferences on the way, -1 for nowhere.

    The model is gc's parameter tag: `heap`, `mutator` (the pointer of a store), `callee` (the operand of a
    call) and the first results.
    """

    heap: int = -1
    mutator: int = -1
    callee: int = -1
    results: list[int] = field(default_factory=lambda: [-1] * 5)


@dataclass(slots=True)
class Step:
    """One flow on the way out: `dst = derefs * src`, and the expressions that made it."""

    dst: str
    src: str
    derefs: int  # -1: the address of src
    notes: list[tuple[Span, str, str]] = field(default_factory=list)  # where, its text, why


@dataclass(slots=True)
class Reason:
    """Why something escapes or a parameter leaks: the path from it to what outlives it."""

    span: Span
    what: str
    function: str
    steps: list[Step]
    root: str
    is_leak: bool = False
    """Whether a parameter leaks, rather than something escapes."""


@dataclass(slots=True)
class EscapeResult:
    """The decisions for one package."""

    stack_vars: set[Var] = field(default_factory=set)
    """Variables proved not to escape."""
    heap_vars: set[Var] = field(default_factory=set)
    """Variables moved to the heap."""
    stack_sites: set[tuple[ast.Node, Site]] = field(default_factory=set)
    """Allocation sites proved not to escape."""
    heap_sites: set[tuple[ast.Node, Site]] = field(default_factory=set)
    """Allocation sites that escape."""
    by_value: set[Var] = field(default_factory=set)
    """Captured variables whose value, not address, closures hold."""
    range_captures: dict[ast.Range, tuple[Var, ...]] = field(default_factory=dict)
    """Of a range over a function: the variables from around it that its body uses; results, where it returns."""
    zero_copy: set[ast.Node] = field(default_factory=set)
    """Conversions `[]byte(s)` whose bytes are never written: they can share the string's memory."""
    messages: list[Message] = field(default_factory=list)
    """As `-m -l` prints them, in its order."""
    reasons: dict[Var | tuple[ast.Node, Site], Reason] = field(default_factory=dict)
    params: dict[Func, list[Leaks | None]] = field(default_factory=dict)
    """Tags per function: the receiver first, if there is one. None: the parameter leaks to the heap."""

    def var_escapes(self, v: Var) -> bool:
        """Must this local, parameter or result live on the heap?"""
        return v not in self.stack_vars

    def node_escapes(self, node: ast.Node) -> bool:
        """Must what this expression itself allocates be on the heap?"""
        return (node, Site.VALUE) not in self.stack_sites

    def pointer_escapes(self, lit: ast.CompositeLit) -> bool:
        """Must the variable behind `&T{...}` be on the heap?"""
        return (lit, Site.POINTER) not in self.stack_sites

    def box_escapes(self, expr: ast.Node) -> bool:
        """Must the copy that an implicit conversion of expr to an interface makes be on the heap?"""
        return (expr, Site.BOX) not in self.stack_sites

    def variadic_escapes(self, call: ast.Call) -> bool:
        """Must the slice of the call's variadic arguments be on the heap?"""
        return (call, Site.VARIADIC) not in self.stack_sites
