"""The order in which package variables are initialized, from their references to each other, also through functions.

The next variable is always the earliest in the source that depends on no uninitialized variable. A variable that
depends on itself is an initialization cycle. Functions are eliminated from the graph first: whatever uses a function
then depends on everything the function uses.
"""

from __future__ import annotations

import heapq

from morestack.source.codes import Code
from morestack.types.check.checker import Checker, DeclInfo
from morestack.types.core.info import Initializer
from morestack.types.core.objects import Const, Func, Object, Var


class _Node:
    """A package-level object, with the objects that depend on it and those it depends on."""

    __slots__ = ("count", "obj", "pred", "succ")

    def __init__(self, obj: Object) -> None:
        self.obj = obj
        self.pred: dict[_Node, None] = {}
        self.succ: dict[_Node, None] = {}
        self.count = 0


def order_initializers(check: Checker) -> None:
    """Fill `info.init_order`, or report a cycle."""
    nodes = _graph(check)
    queue = [(_priority(check, n), number, n) for number, n in enumerate(nodes)]
    heapq.heapify(queue)
    pending = set(nodes)
    emitted: set[int] = set()
    while queue:
        priority, number, n = heapq.heappop(queue)
        if n not in pending:
            continue
        if priority != _priority(check, n):  # entered again with its new priority
            continue
        pending.discard(n)
        if n.count > 0:
            cycle = _find_cycle(check, n.obj)
            if cycle is not None:
                _report_cycle(check, cycle)  # from here on the order is wrong, but nothing uses it
        for p in n.pred:
            p.count -= 1
            if p in pending:
                heapq.heappush(queue, (_priority(check, p), number, p))
        if isinstance(n.obj, Var):
            d = check.decls[n.obj]
            if d.init is not None and id(d) not in emitted:
                emitted.add(id(d))
                check.info.init_order.append(Initializer(d.lhs or (n.obj,), d.init))


def _priority(check: Checker, n: _Node) -> tuple[bool, int, int]:
    return not isinstance(n.obj, Const), n.count, check.order[n.obj]


def _graph(check: Checker) -> list[_Node]:
    """The dependency graph of variables and constants, functions eliminated."""
    nodes: dict[Object, _Node] = {o: _Node(o) for o in check.decls if isinstance(o, (Const, Var, Func))}
    for obj, n in nodes.items():
        for dependency in check.decls[obj].deps:
            target = nodes.get(dependency)
            if target is not None:
                n.succ[target] = None
                target.pred[n] = None
    functions = [n for n in nodes.values() if isinstance(n.obj, Func)]
    for n in sorted(functions, key=lambda n: len(n.pred) * len(n.succ)):
        for p in n.pred:
            if p is not n:
                for s in n.succ:
                    if s is not n:
                        p.succ[s] = None
                        s.pred[p] = None
                p.succ.pop(n, None)
        for s in n.succ:
            s.pred.pop(n, None)
    result = [n for n in nodes.values() if not isinstance(n.obj, Func)]
    for n in result:
        n.count = len(n.succ)
    return result


def _find_cycle(check: Checker, start: Object) -> list[Object] | None:
    """A path of dependencies from start back to it, without start at its head."""
    seen: set[Object] = set()
    path: list[tuple[Object, list[Object]]] = [(start, _dependencies(check, start))]
    seen.add(start)
    while path:
        _obj, rest = path[-1]
        if not rest:
            path.pop()
            continue
        following = rest.pop(0)
        if following is start:
            return [o for o, _ in path]
        if following not in seen:
            seen.add(following)
            path.append((following, _dependencies(check, following)))
    return None


def _dependencies(check: Checker, obj: Object) -> list[Object]:
    d: DeclInfo | None = check.decls.get(obj)
    return sorted(d.deps, key=lambda o: check.order[o]) if d is not None else []


def _report_cycle(check: Checker, cycle: list[Object]) -> None:
    obj = cycle[0]
    if obj.span is None:
        return
    if len(cycle) == 1:
        check.error(obj.span, Code.INVALID_INIT_CYCLE, f"initialization cycle: {obj.name} refers to itself")
        return
    notes = [f"{a.span}: {a.name} refers to {b.name}" for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True)]
    check.error(obj.span, Code.INVALID_INIT_CYCLE, f"initialization cycle for {obj.name}", *notes)
