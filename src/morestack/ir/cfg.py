"""The order of nodes in a control-flow graph, for blocks and for codegen's pieces of blocks.

A graph is given by its root and a function from a node to its successors, so the caller decides which edges count.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from morestack.ir.module import Block

N = TypeVar("N", bound=Hashable)


def reverse_postorder(root: N, successors: Callable[[N], Iterable[N]]) -> list[N]:
    """Return the nodes reachable from root, each before its successors except along edges that close loops."""
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
    """Return the successors of a block."""
    return b.instrs[-1].targets
