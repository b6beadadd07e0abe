"""Who calls whom directly, with the stack that each call stands on.

Columns of edges (caller, callee, bytes between the caller's SP at its entry and the callee's), one for each pair of
functions, of the deepest call. Checks for growth, calls that switch stacks, and calls that end in a panic are no
edges; indirect calls are kept by place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morestack.binary.file import Binary
from morestack.binary.gort import ENDS, MORESTACK, RETURN_ADDRESS, SWITCHES
from morestack.binary.pclntab import ASSEMBLY, Pclntab
from morestack.binary.sites import CALL, INDIRECT_CALL, INDIRECT_JUMP, JUMP, Sites

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CallGraph:
    """Edges by caller: those of function i are `callee[first[i] : first[i + 1]]`, with `below` bytes each.

    `splits` tells which functions check the stack; `indirect` are the addresses of indirect calls, by address, and
    `indirect_in` the functions they are in; `starts` are the addresses of the calls of `runtime.newproc`.
    """

    first: Ints
    callee: Ints
    below: Ints
    splits: NDArray[np.bool_]
    indirect: Ints
    indirect_in: Ints
    starts: Ints


def call_graph(binary: Binary) -> CallGraph:
    """The graph of a whole binary."""
    tab = binary.pclntab
    entries = np.array(tab.entries, np.int64)
    text = binary.image.view(binary.text_start, binary.text_end - binary.text_start)
    sites = _reader(binary.goarch)(text, binary.text_start, entries[:-1], entries[1:])
    caller = np.searchsorted(entries, sites.place, "right") - 1
    inside = (caller >= 0) & (caller < len(tab))
    sites = Sites(sites.place[inside], sites.kind[inside], sites.target[inside])
    caller = caller[inside]
    assembly = (tab.tail >> 8 & ASSEMBLY) != 0
    splits, switching, ending = _special(tab)

    direct = np.nonzero((sites.kind == CALL) | (sites.kind == JUMP))[0]
    callee = np.searchsorted(entries, sites.target[direct], "right") - 1
    good = (callee >= 0) & (callee < len(tab)) & ((callee != caller[direct]) | (sites.kind[direct] == CALL))
    direct, callee = direct[good], callee[good]
    checked = np.zeros(len(tab), np.bool_)
    checked[caller[direct[splits[callee]]]] = True
    newproc = tab.by_name.get("runtime.newproc", [])
    starting = np.isin(callee, newproc) & ~np.isin(caller[direct], newproc) & (sites.kind[direct] == CALL)
    starts = sites.place[direct[starting]]
    keep = ~(splits[callee] | ending[callee] | switching[caller[direct]])
    direct, callee = direct[keep], callee[keep]

    below = tab.frame_bytes[caller[direct]] + RETURN_ADDRESS[binary.goarch]
    # Compiled functions call with their whole frame; assembly moves SP as it likes, and a jump comes after the frame.
    for i in np.nonzero(assembly[caller[direct]] | (sites.kind[direct] == JUMP))[0]:
        site = direct[i]
        delta = tab.func(int(caller[site])).sp_delta(int(sites.place[site]))
        below[i] = delta + (RETURN_ADDRESS[binary.goarch] if sites.kind[site] == CALL else 0)
    first, callee, below = _edges(len(tab), caller[direct], callee, below)

    loose = (sites.kind == INDIRECT_CALL) | ((sites.kind == INDIRECT_JUMP) & assembly[caller])
    loose &= ~switching[caller]
    return CallGraph(first, callee, below, checked, sites.place[loose], caller[loose], starts)


def _reader(goarch: str) -> Callable[[memoryview, int, Ints, Ints], Sites]:
    """What reads code; imported when it is used, because most looks at a binary find its calls in the cache."""
    if goarch == "amd64":
        from morestack.binary.amd64 import find_sites
    else:
        from morestack.binary.arm64 import find_sites
    return find_sites


def _special(tab: Pclntab) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Which functions grow the stack, switch stacks, and end in a panic."""
    marks = np.zeros((3, len(tab)), np.bool_)
    for name, rows in tab.by_name.items():
        if name.startswith("runtime."):
            marks[0, rows] = MORESTACK.match(name) is not None
            marks[1, rows] = SWITCHES.match(name) is not None
            marks[2, rows] = ENDS.match(name) is not None
    return marks[0], marks[1], marks[2]


def _edges(count: int, caller: Ints, callee: Ints, below: Ints) -> tuple[Ints, Ints, Ints]:
    """One edge for each pair, with the most bytes, sorted by caller and callee."""
    key = caller * count + callee
    order = np.lexsort((-below, key))
    key, below = key[order], below[order]
    one = np.ones(len(key), np.bool_)
    one[1:] = key[1:] != key[:-1]
    key, below = key[one], below[one]
    first = np.searchsorted(key // count, np.arange(count + 1))
    return first, key % count, below


def kept(graph: CallGraph, callers: NDArray[np.bool_]) -> CallGraph:
    """The graph in which only these functions call anything."""
    count = len(callers)
    caller = np.repeat(np.arange(count), np.diff(graph.first))
    keep = callers[caller]
    loose = callers[graph.indirect_in]
    return CallGraph(
        np.searchsorted(caller[keep], np.arange(count + 1)),
        graph.callee[keep],
        graph.below[keep],
        graph.splits,
        graph.indirect[loose],
        graph.indirect_in[loose],
        graph.starts,
    )


def within(graph: CallGraph, roots: set[int]) -> CallGraph:
    """The part of a graph that these functions reach: a twentieth of it, as most calls in Go programs are indirect."""
    first, callee = graph.first.tolist(), graph.callee.tolist()
    reached = np.zeros(len(first) - 1, np.bool_)
    waiting = list(roots)
    while waiting:
        index = waiting.pop()
        if not reached[index]:
            reached[index] = True
            waiting += callee[first[index] : first[index + 1]]
    return kept(graph, reached)
