"""The order of a graph of control flow: what blocks, and codegen's pieces of blocks, have in common.

A graph is its root and a function from a node to its successors, so each user says which edges count.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from morestack.ir.module import Block

N = TypeVar("N", bound=Hashable)


def reverse_postorder(root: N, successors: Callable[[N], Iterable[N]]) -> list[N]:
    """What can be reached from root, each node before those it leads to, except along the edges that close loops."""
    seen = {root}
    order: list[N] = []
    stack: list[tuple[N, Iterator[N]]] = [(root, iter(successors(root)))]
    while stack:
        node, rest = stack[-1]
        for s in rest:
            if s not in seen:
                seen.add(s)
                stack.append((s, iter(successors(s))))
                break
        else:
            order.append(node)
            stack.pop()
    order.reverse()
    return order


def targets(b: Block) -> tuple[Block, ...]:
    """The blocks that follow a block."""
    return b.instrs[-1].targets
