"""Backward data flow with facts as bits of ints: live registers, objects that are read again.

A node uses some facts and kills others. A fact holds before a node if the node uses it, or if it holds after the node
and the node does not kill it. A fact holds after a node if it holds before a successor, or if the caller requires it
at the end of the node.
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
    """Return the facts before each node (the least solution). Nodes in reverse postorder make it converge fastest."""
    preds: dict[N, list[N]] = {n: [] for n in nodes}
    follow = {n: tuple(successors(n)) for n in nodes}
    for n, after in follow.items():
        for s in after:
            preds[s].append(n)
    before = {n: 0 for n in nodes}
    work = list(nodes)  # popped from the end
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
