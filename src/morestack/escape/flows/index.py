"""Elements and slices."""

from __future__ import annotations

from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole
from morestack.syntax import nodes as ast
from morestack.types.core.kinds import is_type_param
from morestack.types.core.types import Array, Map, Signature
from morestack.types.identity.type_params import core_type


def index(fb: FlowBuilder, k: Hole, n: ast.Index) -> None:
    """Evaluate an element into k."""
    core = fb.core_of(n.x)
    if isinstance(core, Signature):
        return  # an instantiation
    if isinstance(core, Map):
        fb.discard(n.x)
        fb.convert(fb.discard_hole(), n.indices[0], core.key)
        return
    if isinstance(core, Array):
        fb.expr(k.note(n, "fixed-array-index-of"), n.x)
    elif core is None:
        fb.expr(k.note(n, "index of a type parameter"), n.x)
    else:
        fb.expr(k.deref(n, "dot of pointer"), n.x)
    fb.discard(n.indices[0])


def slice(fb: FlowBuilder, k: Hole, n: ast.Slice) -> None:
    """Evaluate `x[lo:hi:max]` into k."""
    core = fb.core_of(n.x)
    if isinstance(core, Array):
        fb.expr(k.note(n, "slice").addr(n.x, "address-of"), n.x)
    else:
        fb.expr(k.note(n, "slice"), n.x)
    for i in (n.lo, n.hi, n.max):
        fb.discard(i)


def index_target(fb: FlowBuilder, n: ast.Index, x: ast.Expr, i: ast.Expr) -> Hole:
    """The hole that storing into an element means."""
    t = fb.type_of(x)
    core = core_type(t) if t is not None else None
    if isinstance(core, Map):
        fb.discard(x)
        fb.assign_heap(i, core.key, "key of map put", n)
        return fb.heap()
    fb.discard(i)
    if isinstance(core, Array):
        return fb.target(x)
    if core is None and t is not None and is_type_param(t):
        # an array or a slice: the store may go to either
        target = fb.target(x)
        fb.mutate(x)
        return fb.tee(target, fb.heap())
    fb.mutate(x)
    return fb.heap()
