"""Facts that flow against the edges of a graph, as bits of ints: live registers, objects that are read again.

A node uses some facts and ends (kills) some. A fact holds before a node that uses it, and before a node that does not
kill it and has it after it: at the start of a successor, or in what the caller says is needed at the node's end.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

N = TypeVar("N", bound=Hashable)


def backward(
    nodes: Sequence[N],
    successors: Callable[[N], Iterable[N]],
    uses: Mapping[N, int],
    kills: Mapping[N, int],
    needed: Mapping[N, int] | None = None,
) -> dict[N, int]:
    """The facts before each node: the smallest solution. It is found soonest when nodes come in reverse postorder."""
    preds: dict[N, list[N]] = {n: [] for n in nodes}
    follow = {n: tuple(successors(n)) for n in nodes}
    for n, after in follow.items():
        for s in after:
            preds[s].append(n)
    before = {n: 0 for n in nodes}
    work = list(nodes)  # taken from the end
    waiting = set(work)
    while work:
        n = work.pop()
        waiting.discard(n)
        live = needed[n] if needed is not None else 0
        for s in follow[n]:
            live |= before[s]
        live = uses[n] | (live & ~kills[n])
        if live != before[n]:
            before[n] = live
            for p in preds[n]:
                if p not in waiting:
                    waiting.add(p)
                    work.append(p)
    return before
