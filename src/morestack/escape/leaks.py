"""Parameter tags: where the values of a function's parameters flow, for callers that are analysed later.

A tag keeps, for the heap, for the pointer of a store, for the operand of a call and for each of the first
five results, the least number of dereferences on any path there. The encoding's limits (five results,
weights up to 254) are gc's: a sixth result counts as the heap.
"""

from morestack.escape.graph import ESCAPES, Location
from morestack.escape.result import Leaks

RESULTS = 5
MAX_DEREFS = 254


def _less(old: int, derefs: int) -> int:
    derefs = min(derefs, MAX_DEREFS)
    return derefs if old < 0 or derefs < old else old


def add_heap(leaks: Leaks, derefs: int) -> None:
    leaks.heap = _less(leaks.heap, derefs)


def add_mutator(leaks: Leaks, derefs: int) -> None:
    leaks.mutator = _less(leaks.mutator, derefs)


def add_callee(leaks: Leaks, derefs: int) -> None:
    leaks.callee = _less(leaks.callee, derefs)


def add_result(leaks: Leaks, i: int, derefs: int) -> None:
    leaks.results[i] = _less(leaks.results[i], derefs)


def leak_to(param: Location, sink: Location, derefs: int) -> None:
    """Record that param's value flows to sink, a result of its function or anything that outlives it."""
    if not sink.attrs & ESCAPES and sink.result_index and sink.fn is param.fn and sink.result_index <= RESULTS:
        add_result(param.leaks, sink.result_index - 1, derefs)
    else:
        add_heap(param.leaks, derefs)


def optimize(leaks: Leaks) -> None:
    """Drop the paths that a shorter one to the heap makes pointless."""
    x = leaks.heap
    if x < 0:
        return
    if leaks.mutator >= x:
        leaks.mutator = -1
    if leaks.callee >= x:
        leaks.callee = -1
    for i, y in enumerate(leaks.results):
        if y >= x:
            leaks.results[i] = -1


def to_heap() -> Leaks:
    """The tag of a parameter nothing is known about."""
    return Leaks(heap=0)


def describe(leaks: Leaks, name: str, results: list[str]) -> list[str]:
    """The messages of a tag, none if nothing leaks; results are the result parameters' names."""
    lines: list[str] = []
    if leaks.heap == 0:
        lines.append(f"leaking param: {name}")
    elif leaks.heap > 0:
        lines.append(f"leaking param content: {name}")
    for i, x in enumerate(leaks.results):
        if x >= 0:
            lines.append(f"leaking param: {name} to result {results[i]} level={x}")
    return lines
