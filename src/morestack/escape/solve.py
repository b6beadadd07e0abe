"""Walk the graph from every root and find what its roots outlive.

From each location, a Bellman-Ford walk against the edges finds the least number of dereferences with
which every other location's value reaches it. A location whose address (-1) reaches a root that outlives
it goes to the heap. Weights are cut at 0 on the way, as `root = &l; l = x` gives root l's address, not
x's; so there are no negative cycles. A location whose attributes grow becomes a root again.

Invariants: attributes only grow, so at most a few walks per location happen; the result does not depend
on the order of walks (the explanations do).
"""

from __future__ import annotations

from collections import deque

from morestack.escape.explain import explain_flow, explain_leak, explain_path
from morestack.escape.graph import CALLS, ESCAPES, EVERYTHING, MUTATES, PERSISTS, Graph, Location
from morestack.escape.leaks import add_callee, add_mutator, leak_to
from morestack.escape.result import EscapeResult


def solve(graph: Graph, result: EscapeResult) -> None:
    """Decide every location of the graph; reasons go to the result."""
    for dst, edge, loc in graph.early:
        explain_flow(result, loc, dst, edge)
    Solver(graph, result).walk_all()


class Solver:
    """One solution in progress."""

    def __init__(self, graph: Graph, result: EscapeResult) -> None:
        self.graph = graph
        self.result = result
        self.todo: deque[Location] = deque()
        self.walkgen = 0

    def enqueue(self, loc: Location) -> None:
        """Walk from this location again."""
        if loc.queued_all:
            return
        loc.queued_all = True
        if loc.attrs & ESCAPES:
            self.todo.appendleft(loc)
        else:
            self.todo.append(loc)

    def walk_all(self) -> None:
        """Walk from every location until nothing changes."""
        graph = self.graph
        todo = self.todo
        todo.extend((graph.heap, graph.callee, graph.mutator))
        todo.extend(reversed(graph.locations))
        for loc in todo:
            loc.queued_all = True
        while todo:
            root = todo.popleft()
            root.queued_all = False
            if root.edges or root.param or root.attrs & CALLS:
                self.walk_one(root)

    def walk_one(self, root: Location) -> None:
        """Find the least dereferences from every location to root, and what follows for them."""
        self.walkgen += 1
        gen = self.walkgen
        root.walkgen = gen
        root.derefs = 0
        root.dst = None
        if root.attrs & CALLS:
            self.lose_results(root)
        todo = deque((root,))
        while todo:
            loc = todo.popleft()
            loc.queued_one = 0
            derefs = loc.derefs
            grown = 0
            if derefs < 0:
                derefs = 0
                if self.outlives(root, loc):
                    if not loc.attrs & ESCAPES:
                        explain_path(self.result, root, loc)
                    grown = EVERYTHING
                elif root.attrs & PERSISTS:
                    grown = PERSISTS
            if derefs == 0:
                grown |= root.attrs & (MUTATES | CALLS)
            if loc.param:
                if self.outlives(root, loc):
                    if not loc.attrs & ESCAPES:
                        explain_leak(self.result, root, loc, derefs)
                    leak_to(loc, root, derefs)
                if root.attrs & MUTATES:
                    add_mutator(loc.leaks, derefs)
                if root.attrs & CALLS:
                    add_callee(loc.leaks, derefs)
            if grown & ~loc.attrs:
                loc.attrs |= grown
                self.enqueue(loc)
                if loc.attrs & ESCAPES:
                    continue
            for edge in loc.edges:
                src = edge.src
                if src.attrs & ESCAPES:
                    continue
                d = derefs + edge.derefs
                if src.walkgen != gen or src.derefs > d:
                    src.walkgen = gen
                    src.derefs = d
                    src.dst = loc
                    src.dst_edge = edge
                    if src.queued_one != gen:
                        src.queued_one = gen
                        todo.append(src)

    def lose_results(self, root: Location) -> None:
        """A closure at root may be called unseen: its results flow anywhere from now on."""
        fn = self.graph.closure_of.get(root)
        if fn is None or fn.tags is not None or fn.results_lost:
            return
        fn.results_lost = True
        for v in fn.results:
            loc = self.graph.vars.get(v)
            if loc is not None:
                self.enqueue(loc)

    def outlives(self, loc: Location, other: Location) -> bool:
        """May what is stored in loc survive other, if other is on the stack?"""
        if loc.attrs & ESCAPES:
            return True
        fn = loc.fn
        if fn is None:
            return False  # the mutator and callee pseudo-locations
        other_fn = other.fn
        assert other_fn is not None
        if loc.result_index:
            # A closure may return what was made outside it, as long as all its calls are seen.
            return not (other_fn.contains(fn) and not fn.results_lost)
        if fn is other_fn:
            return loc.loop_depth < other.loop_depth
        return fn.contains(other_fn)
