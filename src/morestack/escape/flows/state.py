"""`FlowBuilder`: what the walk over one function body knows, the holes it makes, and how constructs recurse.

Expressions are evaluated into holes. Every subexpression is visited even where its value goes nowhere, because it may
hold calls and allocations. A value without pointers flows nowhere. Implicit steps that the checker left in side tables
(embedded fields, dereferenced receivers, conversions to interfaces) are made explicit by the constructs' modules, which
take a FlowBuilder first and recurse through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from morestack.escape import typeinfo as ti
from morestack.escape.context import Batch
from morestack.escape.graph import Fn, Hole, Location
from morestack.escape.result import Site
from morestack.escape.text import position
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import Mode
from morestack.types.core.objects import Var
from morestack.types.core.types import Type
from morestack.types.identity.type_params import core_type

Temp: TypeAlias = "tuple[Location, Type | None]"
"""A temporary that holds an evaluated expression, with its type."""
Operand: TypeAlias = "ast.Expr | Temp"


class Syntax(NamedTuple):
    """The dispatcher, as the constructs reach it."""

    expr: Callable[[FlowBuilder, Hole, ast.Expr], None]
    """Evaluate an expression into a hole."""
    target: Callable[[FlowBuilder, ast.Expr], Hole]
    """The hole that storing into an expression means."""
    stmt: Callable[[FlowBuilder, ast.Stmt], None]
    block: Callable[[FlowBuilder, Iterable[ast.Stmt]], None]


class FlowBuilder:
    """Builds the flows of one function body. Closures inside it get builders of their own."""

    def __init__(self, batch: Batch, fn: Fn, syntax: Syntax) -> None:
        self.batch = batch
        self.graph = batch.graph
        self.info = batch.program.info
        self.fn = fn
        self.syntax = syntax
        self.loop_depth = 1
        self.given: dict[ast.Expr, Temp] = {}
        """Operands evaluated before: those of a `go` or `defer`, inside the closure that makes the call."""

    def inside(self, fn: Fn) -> FlowBuilder:
        """The builder of a closure in this function."""
        return FlowBuilder(self.batch, fn, self.syntax)

    def body(self, fn: Fn) -> None:
        """Walk the body of a function of this batch."""
        if fn.body is not None:
            self.inside(fn).block(fn.body)

    def type_of(self, n: ast.Expr) -> Type | None:
        """An expression's type, if it is known."""
        tv = self.info.types.get(n)
        if tv is not None:
            return tv.type
        if isinstance(n, ast.Name):
            obj = self.info.uses.get(n) or self.info.defs.get(n)
            if isinstance(obj, Var):
                return obj.type
        if isinstance(n, ast.Paren):
            return self.type_of(n.x)
        return None

    def is_constant(self, n: ast.Expr) -> bool:
        """Is it a constant expression?"""
        tv = self.info.types.get(n)
        return tv is not None and tv.mode is Mode.CONSTANT

    def is_type(self, n: ast.Expr) -> bool:
        """Does it name a type?"""
        tv = self.info.types.get(n)
        return tv is not None and tv.mode is Mode.TYPE

    def is_nil(self, n: ast.Expr) -> bool:
        """Is it nil?"""
        tv = self.info.types.get(n)
        return tv is not None and tv.mode is Mode.NIL

    def variable(self, n: ast.Expr) -> Var | None:
        """The variable a name stands for."""
        if not isinstance(n, ast.Name):
            return None
        obj = self.info.uses.get(n)
        if obj is None:
            obj = self.info.defs.get(n)
        return obj if isinstance(obj, Var) else None

    def heap(self) -> Hole:
        """The hole of what may be kept forever."""
        return Hole(self.graph.heap)

    def discard_hole(self) -> Hole:
        """The hole of a value that goes nowhere."""
        return Hole(self.graph.blank)

    def mutator(self) -> Hole:
        """The hole of a pointer that is stored through."""
        return Hole(self.graph.mutator)

    def temp(self, persists: bool = True) -> Location:
        """A location that is not reported: a compiler's temporary."""
        loc = self.graph.new(self.fn, self.loop_depth, persists)
        loc.silent = True
        return loc

    def site(self, node: ast.Node, site: Site, text: Callable[[], str] | str) -> Location:
        """The storage that an expression allocates."""
        loc = self.graph.new(self.fn, self.loop_depth, False)
        loc.key = (node, site)
        loc.text = text
        loc.span = position(node)
        if isinstance(self.fn.node, ast.Go | ast.Defer):
            self.batch.wrapper_sites.setdefault(self.fn, []).append(loc)
        return loc

    def spill(self, k: Hole, node: ast.Node, site: Site = Site.VALUE, text: Callable[[], str] | None = None) -> Hole:
        """Allocate storage for node, let its address flow to k, and return the hole to fill it through."""
        loc = self.site(node, site, text or self.batch.texts.later(node))
        self.graph.flow(k.addr(node, "spill"), loc)
        return Hole(loc)

    def location(self, v: Var) -> Location:
        """The location of a variable."""
        loc = self.graph.vars.get(v)
        if loc is None:  # a local the scan did not meet
            loc = self.batch.declare(v, self.fn, self.loop_depth)
        return loc

    def tee(self, *ks: Hole) -> Hole:
        """A hole that flows into each of ks."""
        if not ks:
            return self.discard_hole()
        if len(ks) == 1:
            return ks[0]
        loc = self.temp(persists=False)
        for k in ks:
            assert k.derefs >= 0
            self.graph.flow(k, loc)
        return Hole(loc)

    def declare(self, v: Var) -> Hole:
        """v's declaration has been reached: note the loop it is in."""
        loc = self.location(v)
        loc.loop_depth = self.loop_depth
        return Hole(loc)

    def no_pointers(self, k: Hole, t: Type | None) -> Hole:
        """The hole for a value of type t: nowhere if it holds no pointers."""
        if k.derefs >= 0 and k.dst is not self.graph.blank and t is not None and not ti.has_pointers(t):
            return Hole(self.graph.blank, k.derefs, k.notes, k.addrtaken)
        return k

    def discard(self, n: ast.Expr | None) -> None:
        """Evaluate n for its effects."""
        if n is not None:
            self.expr(self.discard_hole(), n)

    def mutate(self, n: ast.Expr) -> None:
        """Evaluate n, a pointer that is stored through."""
        self.expr(self.mutator(), n)

    def assign_heap(self, n: ast.Expr, dst: Type | None, why: str, where: ast.Node) -> None:
        """Evaluate n into the heap."""
        self.convert(self.heap().note(where, why), n, dst)

    def convert(self, k: Hole, n: ast.Expr, dst: Type | None) -> None:
        """Evaluate n into k, converted to dst if that is an interface and n is not."""
        if n in self.given:
            self.operand(k, self.given[n], dst)
            return
        if dst is not None and ti.is_interface(dst) and not self.is_nil(n):
            src = self.type_of(n)
            if src is not None and (not ti.is_interface(src) or self.is_constant(n)):
                if not ti.is_direct_iface(src):
                    k = self.spill(k, n, Site.BOX, self.batch.texts.later_boxed(n))
                self.expr(k.note(n, "interface-converted"), n)
                return
        self.expr(k, n)

    def expr(self, k: Hole, n: ast.Expr) -> None:
        """Evaluate n into k."""
        if n in self.given:
            self.operand(k, self.given[n], None)
            return
        while isinstance(n, ast.Paren):
            n = n.x
        tv = self.info.types.get(n)
        if tv is not None:
            if tv.mode is Mode.CONSTANT or tv.mode is Mode.NIL or tv.mode is Mode.TYPE:
                return
            k = self.no_pointers(k, tv.type)
        self.syntax.expr(self, k, n)

    def location_of_param(self, v: Var, callee: Fn) -> Location:
        """The location of a parameter or result of a function in this batch."""
        loc = self.graph.vars.get(v)
        return loc if loc is not None else self.batch.declare(v, callee)

    def operand(self, k: Hole, x: Operand, dst: Type | None) -> None:
        """Evaluate an operand, or let a temporary flow, into k, as type dst."""
        if isinstance(x, tuple):
            loc, t = x
            if dst is not None and ti.needs_box(dst, t):
                k = self.temp_box(k, loc)
            self.graph.flow(self.no_pointers(k, t), loc)
        else:
            self.convert(k, x, dst)

    def temp_box(self, k: Hole, loc: Location) -> Hole:
        """An interface's copy of a compiler's temporary.

        No node stands for it, so the IR builder cannot ask about it and puts it on the heap: what it holds flows there.
        """
        box = self.graph.new(self.fn, self.loop_depth, persists=False)
        box.text = loc.text
        box.span = loc.span
        box.silent = not loc.text
        self.graph.flow(Hole(k.dst, k.derefs - 1, k.notes, True), box)
        self.graph.flow(self.heap(), box)
        return Hole(box)

    def renewed(self, v: Var) -> bool:
        """Must a loop make this variable anew for each turn? Only if someone may hold on to it."""
        return v in self.info.addressed or v in self.batch.program.captured

    def target(self, n: ast.Expr | None) -> Hole:
        """The hole that storing into n means; also evaluates n's operands."""
        return self.discard_hole() if n is None else self.syntax.target(self, unparen(n))

    def stmt(self, s: ast.Stmt) -> None:
        """Build the flows of a statement."""
        self.syntax.stmt(self, s)

    def block(self, stmts: Iterable[ast.Stmt]) -> None:
        """Build the flows of a block."""
        self.syntax.block(self, stmts)

    def core_of(self, n: ast.Expr) -> Type | None:
        """The core type of an expression's type."""
        t = self.type_of(n)
        return core_type(t) if t is not None else None
