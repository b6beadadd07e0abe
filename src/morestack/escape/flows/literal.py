"""Composite literals and the variables behind `&T{...}`."""

from __future__ import annotations

from morestack.escape import typeinfo as ti
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole
from morestack.escape.result import Site
from morestack.syntax import nodes as ast
from morestack.types.core.types import Array, Map, Slice, Struct
from morestack.types.identity.type_params import core_type


def pointer_site(fb: FlowBuilder, k: Hole, n: ast.Node, lit: ast.CompositeLit) -> Hole:
    """The variable behind `&T{...}`, which n makes of lit."""
    hole = fb.spill(k, n, Site.POINTER, fb.batch.texts.later_pointer(lit))
    hole.dst.key = (lit, Site.POINTER)
    t = fb.type_of(lit)
    base = ti.pointer_base(t) if n is lit else t
    if ti.size(base) > ti.MAX_IMPLICIT_STACK_VAR_SIZE:
        hole.dst.must_heap = "too large for stack"
    return hole


def composite(fb: FlowBuilder, k: Hole, n: ast.CompositeLit) -> None:
    """Evaluate a composite literal into k."""
    t = fb.type_of(n)
    base = ti.pointer_base(t)
    if n.type is None and base is not None:  # an elided &T
        k = pointer_site(fb, k, n, n)
        t = base
    core = core_type(t) if t is not None else None
    if isinstance(core, Map):
        fb.spill(k, n, Site.VALUE, fb.batch.texts.later_literal(n))
        for e in n.elements:
            if isinstance(e, ast.KeyValue):
                fb.assign_heap(e.key, core.key, "map literal key", n)
                fb.assign_heap(e.value, core.elem, "map literal value", n)
        return
    if isinstance(core, Slice):
        k = fb.spill(k, n, Site.VALUE, fb.batch.texts.later_literal(n)).note(n, "slice-literal-element")
    elif isinstance(core, Array):
        k = k.note(n, "array literal element")
    elif isinstance(core, Struct):
        k = k.note(n, "struct literal element")
        struct_fields(fb, k, core, n)
        return
    elem = core.elem if isinstance(core, Slice | Array) else None
    for e in n.elements:
        fb.convert(k, e.value if isinstance(e, ast.KeyValue) else e, elem)


def struct_fields(fb: FlowBuilder, k: Hole, struct: Struct, n: ast.CompositeLit) -> None:
    """Evaluate the fields of a struct literal into the struct's hole."""
    by_name = {f.name: f.type for f in struct.fields}
    for i, e in enumerate(n.elements):
        if isinstance(e, ast.KeyValue):
            fb.convert(k, e.value, by_name.get(e.key.text) if isinstance(e.key, ast.Name) else None)
        else:
            fb.convert(k, e, struct.fields[i].type if i < len(struct.fields) else None)
