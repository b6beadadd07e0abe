"""Function literals, and bodies of ranges over functions."""

from __future__ import annotations

from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Fn, Hole
from morestack.syntax import nodes as ast


def closure(fb: FlowBuilder, k: Hole, n: ast.Node, fn: Fn) -> Hole:
    """A function literal: its storage, later its captured variables, and its body now."""
    hole = fb.spill(k, n)
    fb.graph.closure_of[hole.dst] = fn
    fb.batch.closures.append((hole, n, fn))
    for v in fb.batch.program.captures.get(fn, ()):
        loc = fb.location(v)
        if not loc.captured:
            loc.captured = True
            # What was assigned before the first capture, in straight-line code, is not seen to change.
            if loc.loop_depth == fb.loop_depth:
                loc.reassigned = False
    if fn.is_closure:
        fb.body(fn)
    return hole
