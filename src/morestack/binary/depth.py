"""The most stack that functions use through direct calls, and what makes that unknown.

One walk of Tarjan's algorithm over the call graph from the roots: a function's `known` bytes are its frame, or a call's
bytes and what the callee needs, whichever is more. Inside a recursion the calls back into functions that the walk has
not left are skipped, so `known` belongs to a path that can happen, on which no function occurs twice: a lower bound.

`needed` is the size that the checks along a path ask for (Go's rule: SP less the frame, but for its last 128 bytes,
stays above the guard).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from morestack.binary.gort import GUARD, MIN_STACK, SMALL
from morestack.binary.graph import CallGraph
from morestack.binary.pclntab import Pclntab


@dataclass(frozen=True, slots=True)
class Step:
    """A function on a path: its row, and the stack in use when it begins, from the stack's upper end."""

    index: int
    used: int


class Depths:
    """The result for the functions that the roots reach."""

    def __init__(self, tab: Pclntab, graph: CallGraph, roots: Iterable[int], guard: int = GUARD) -> None:
        self.tab, self.graph, self.guard = tab, graph, guard
        self.frame: list[int] = tab.frame_bytes.tolist()
        self.first: list[int] = graph.first.tolist()
        self.callee: list[int] = graph.callee.tolist()
        self.below: list[int] = graph.below.tolist()
        self.splits: list[bool] = graph.splits.tolist()
        self.loose: dict[int, list[int]] = {}
        for index, place in zip(graph.indirect_in.tolist(), graph.indirect.tolist(), strict=True):
            self.loose.setdefault(index, []).append(place)
        self.known: dict[int, int] = {}
        self.needed: dict[int, int] = {}
        self.deepest: dict[int, int] = {}  # the edge on which `known` goes on
        self.neediest: dict[int, int] = {}
        self.component: dict[int, int] = {}
        self.members: dict[int, list[int]] = {}  # of recursions only
        self.recursive: set[int] = set()  # functions that reach a recursion
        self.open: set[int] = set()  # functions that reach an indirect call
        self._finished: set[int] = set()
        for root in roots:
            if root not in self.component:
                self._walk(root)

    def edges(self, index: int) -> range:
        """The numbers of a function's edges."""
        return range(self.first[index], self.first[index + 1])

    def _walk(self, root: int) -> None:
        callee = self.callee
        number: dict[int, int] = {root: 0}
        low: dict[int, int] = {root: 0}
        stack = [root]
        on_stack = {root}
        self._begin(root)
        work = [(root, self.first[root])]
        while work:
            node, edge = work[-1]
            if edge < self.first[node + 1]:
                work[-1] = (node, edge + 1)
                child = callee[edge]
                if child in self.component:
                    self._take(node, edge, child)
                elif child in on_stack:
                    low[node] = min(low[node], number[child])
                    if child in self._finished:
                        self._take(node, edge, child)
                else:
                    number[child] = low[child] = len(number)
                    stack.append(child)
                    on_stack.add(child)
                    self._begin(child)
                    work.append((child, self.first[child]))
                continue
            work.pop()
            self._finished.add(node)
            if low[node] == number[node]:
                self._close(node, stack, on_stack)
            if work:
                parent, after = work[-1]
                low[parent] = min(low[parent], low[node])
                self._take(parent, after - 1, node)

    def _begin(self, index: int) -> None:
        frame = self.frame[index]
        self.known[index] = frame
        self.needed[index] = max(0, frame - SMALL) + self.guard if self.splits[index] else 0

    def _take(self, index: int, edge: int, child: int) -> None:
        """Let an edge count."""
        below = self.below[edge]
        if below + self.known[child] > self.known[index]:
            self.known[index] = below + self.known[child]
            self.deepest[index] = edge
        if below + self.needed[child] > self.needed[index]:
            self.needed[index] = below + self.needed[child]
            self.neediest[index] = edge

    def _close(self, node: int, stack: list[int], on_stack: set[int]) -> None:
        """A component is complete: its functions call each other, or it is one function."""
        members: list[int] = []
        while not members or members[-1] != node:
            members.append(stack.pop())
        on_stack.difference_update(members)
        mark = members[0]
        looping = len(members) > 1
        open_ = False
        for member in members:
            self.component[member] = mark
            open_ = open_ or member in self.loose
        recursive = False
        for member in members:
            for edge in self.edges(member):
                child = self.callee[edge]
                looping = looping or child == member
                open_ = open_ or child in self.open
                recursive = recursive or child in self.recursive
        if looping:
            self.members[mark] = members
        if looping or recursive:
            self.recursive.update(members)
        if open_:
            self.open.update(members)

    def path(self, root: int, base: int, *, needs: bool = False) -> list[Step]:
        """The deepest path from a function (or the one that needs the largest stack); `base` bytes are in use there."""
        chosen = self.neediest if needs else self.deepest
        steps = [Step(root, base)]
        while steps[-1].index in chosen:
            edge = chosen[steps[-1].index]
            steps.append(Step(self.callee[edge], steps[-1].used + self.below[edge]))
        return steps

    def stack_size(self, root: int, base: int) -> int:
        """The size that a stack of 2 KB has after its goroutine went down both paths, grown by Go's rule."""
        return max(self._grown(self.path(root, base, needs=needs)) for needs in (False, True))

    def _grown(self, steps: Sequence[Step]) -> int:
        size = MIN_STACK
        for step in steps:
            frame = self.frame[step.index]
            if self.splits[step.index] and size <= step.used + max(0, frame - SMALL) + self.guard:
                size *= 2
                while size - step.used < frame + self.guard:
                    size *= 2
        return size

    def cycle(self, mark: int, start: int) -> list[int]:
        """The shortest way from a function of a recursion back to it."""
        inside = set(self.members[mark])
        came: dict[int, int] = {}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for edge in self.edges(node):
                child = self.callee[edge]
                if child == start:
                    way = [node]
                    while way[-1] != start:
                        way.append(came[way[-1]])
                    return way[::-1]
                if child in inside and child not in came:
                    came[child] = node
                    queue.append(child)
        raise AssertionError("a recursion without a cycle")

    def reached(self, root: int) -> list[int]:
        """All functions that a root reaches, the nearest first."""
        seen = {root}
        order = [root]
        for node in order:
            for child in self.callee[self.first[node] : self.first[node + 1]]:
                if child not in seen:
                    seen.add(child)
                    order.append(child)
        return order
