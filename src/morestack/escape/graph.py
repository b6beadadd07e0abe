"""The location graph: what can hold a value, and the flows between such places.

A `Location` is a variable or the storage an expression allocates. An edge `dst <- src` weighted `derefs`
says that dst is assigned src dereferenced that often, -1 for its address:

    p = &q   -1        p = q   0        p = *q   1        p = **q   2

Expressions are evaluated "into a hole": the location that gets the value and the weight collected on the
way down. Elements of compound values are not told apart; order, branches and calling contexts are not
either. Invariants: a weight is never below -1; edges into an escaping location are only those that matter
to its value. The formulation (locations, holes, weights) is that of gc's escape analysis, whose decisions
and messages we must reproduce.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from morestack.escape.result import Leaks, Reason, Site, Step
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Signature

# attributes of a location, a bit set (the solver combines them by the million; `enum.Flag` is 30 times slower)
ESCAPES = 1
"""Its address escapes: it must be on the heap."""
PERSISTS = 2
"""Its address outlives the statement."""
MUTATES = 4
"""Memory reachable from it may be written."""
CALLS = 8
"""Closures reachable from it may be called without their results being tracked."""
EVERYTHING = ESCAPES | PERSISTS | MUTATES | CALLS


@dataclass(slots=True, eq=False)
class Fn:
    """A function body under analysis: a declaration, a literal, a `go`/`defer` wrapper or the package's init."""

    name: str
    node: ast.Node | None
    sig: Signature | None
    parent: Fn | None = None  # the function a closure is in
    func: Func | None = None
    body: tuple[ast.Stmt, ...] | None = None
    params: tuple[Var, ...] = ()  # receiver first
    results: tuple[Var, ...] = ()
    locals: list[Var] = field(default_factory=list)
    tags: list[Leaks] | None = None  # set when analysed
    pragmas: tuple[str, ...] = ()
    is_closure: bool = False
    """A literal that captures variables; one that does not is a function like any other."""
    is_generic: bool = False
    is_unused: bool = False
    """A generic function without an instance: gc compiles nothing of it, and reports nothing."""
    is_bare_wrapper: bool = False
    """The closure of a `go` or `defer` that captures nothing."""
    results_lost: bool = False
    """A closure flowed where its calls cannot be seen, so its results may go anywhere."""
    autotmps: int = 0

    def contains(self, other: Fn) -> bool:
        """Is other a closure inside this function, at any depth?"""
        up = other.parent
        while up is not None:
            if up is self:
                return True
            up = up.parent
        return False

    def outermost(self) -> Fn:
        """The declaration this closure is in."""
        fn = self
        while fn.parent is not None:
            fn = fn.parent
        return fn


@dataclass(slots=True, eq=False)
class Note:
    """Why a flow exists; the outermost expression first."""

    next: Note | None
    where: ast.Node
    why: str


@dataclass(slots=True, eq=False)
class Edge:
    """One flow from src, weighted."""

    src: Location
    derefs: int
    notes: Note | None


class Location:
    """A variable or the storage of an allocating expression; `key` is what the result calls it."""

    __slots__ = (
        "addrtaken", "attrs", "captured", "derefs", "dst", "dst_edge", "edges", "fn", "is_temp", "key", "leaks",
        "loop_depth", "must_heap", "param", "queued_all", "queued_one", "reassigned", "result_index", "silent",
        "span", "text", "walkgen",
    )  # fmt: skip

    def __init__(self, fn: Fn | None, loop_depth: int, attrs: int = 0) -> None:
        self.fn = fn
        self.loop_depth = loop_depth
        self.attrs = attrs
        self.edges: list[Edge] = []
        self.key: Var | tuple[ast.Node, Site] | None = None
        self.span: Span | None = None
        self.text: str | Callable[[], str] = ""
        self.silent = False
        """Not reported: temporaries and the wrappers of `go` and `defer`."""
        self.is_temp = False
        """A variable of the compiler's own, reported only when it is moved to the heap."""
        self.must_heap = ""
        """Why it must be on the heap whatever flows where; empty if not."""
        self.param = False
        self.result_index = 0  # 1 for the first result
        self.captured = False
        self.reassigned = False
        self.addrtaken = False
        self.leaks = Leaks()
        # the solver's marks for one walk
        self.derefs = 0
        self.walkgen = 0
        self.dst: Location | None = None
        self.dst_edge: Edge | None = None
        self.queued_all = False
        self.queued_one = 0

    @property
    def is_var(self) -> bool:
        return isinstance(self.key, Var)

    def show(self) -> str:
        """The name or expression, as messages print it."""
        return self.text if isinstance(self.text, str) else self.text()


class Hole:
    """Where an expression's value goes: a location, the weight so far, and why. Immutable by convention."""

    __slots__ = ("addrtaken", "derefs", "dst", "notes")

    def __init__(self, dst: Location, derefs: int = 0, notes: Note | None = None, addrtaken: bool = False) -> None:
        self.dst = dst
        self.derefs = derefs
        self.notes = notes
        self.addrtaken = addrtaken

    def note(self, where: ast.Node, why: str) -> Hole:
        """The same hole, with a reason added."""
        return Hole(self.dst, self.derefs, Note(self.notes, where, why), self.addrtaken)

    def shift(self, delta: int) -> Hole:
        """The hole for an operand that is dereferenced delta times (-1: whose address is taken)."""
        assert self.derefs + delta >= -1
        return Hole(self.dst, self.derefs + delta, self.notes, delta < 0)

    def deref(self, where: ast.Node, why: str) -> Hole:
        """The hole for an operand that is dereferenced once more."""
        return Hole(self.dst, self.derefs + 1, Note(self.notes, where, why))

    def addr(self, where: ast.Node, why: str) -> Hole:
        """The hole for an operand whose address is taken."""
        assert self.derefs >= 0
        return Hole(self.dst, self.derefs - 1, Note(self.notes, where, why), True)


class Graph:
    """The locations and flows of one batch of mutually recursive functions."""

    def __init__(self) -> None:
        self.locations: list[Location] = []
        self.heap = Location(None, 0, EVERYTHING)
        self.heap.text = "{heap}"
        self.mutator = Location(None, 0, MUTATES)
        self.mutator.text = "{mutator}"
        self.callee = Location(None, 0, CALLS)
        self.callee.text = "{callee}"
        self.blank = Location(None, 0)
        self.vars: dict[Var, Location] = {}
        self.closure_of: dict[Location, Fn] = {}
        """The functions of closure locations."""
        self.early: list[tuple[Location, Edge, Location]] = []
        """Flows that made a location escape while the graph was built: (dst, edge, location)."""

    def new(self, fn: Fn, loop_depth: int, persists: bool) -> Location:
        """A new location."""
        loc = Location(fn, loop_depth, PERSISTS if persists else 0)
        self.locations.append(loc)
        return loc

    def flow(self, k: Hole, src: Location) -> None:
        """Let src's value (or address, or what it points to) flow into the hole."""
        if k.addrtaken:
            src.addrtaken = True
        dst = k.dst
        if dst is self.blank or (dst is src and k.derefs >= 0):
            return
        edge = Edge(src, k.derefs, k.notes)
        if dst.attrs & ESCAPES and k.derefs < 0:
            if not src.attrs & ESCAPES:
                self.early.append((dst, edge, src))
            src.attrs |= EVERYTHING
            return
        dst.edges.append(edge)


__all__ = [
    "CALLS", "ESCAPES", "EVERYTHING", "MUTATES", "PERSISTS", "Edge", "Fn", "Graph", "Hole", "Location", "Note",
    "Reason", "Step",
]  # fmt: skip
