"""Type assertions."""

from __future__ import annotations

from morestack.escape import typeinfo as ti
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole
from morestack.syntax import nodes as ast
from morestack.types.core.sizes import has_constant_size
from morestack.types.core.types import Type


def asserted(fb: FlowBuilder, n: ast.TypeAssert) -> Type | None:
    """T of `x.(T)`; None in a type switch."""
    return fb.type_of(n.type) if n.type is not None else None


def dot_type(k: Hole, t: Type | None, where: ast.Node, why: str) -> Hole:
    """The hole for the interface operand of an assertion to t: a boxed value is behind a pointer.

    A type that depends on a type parameter may be one pointer in some instance, which is not boxed.
    """
    if not ti.is_interface(t) and not ti.is_direct_iface(t) and t is not None and has_constant_size(t):
        k = k.shift(1)
    return k.note(where, why)
