"""`for ... range`."""

from __future__ import annotations

from morestack.escape import typeinfo as ti
from morestack.escape.flows.assign import mark_reassigned, target_type
from morestack.escape.flows.callee import callees, merged_tag_hole
from morestack.escape.flows.closure import closure
from morestack.escape.flows.control import block
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole, Location
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Var
from morestack.types.core.types import Array, Map, Signature, Type


def range_loop(fb: FlowBuilder, s: ast.Range) -> None:
    """A range, by the type of its operand."""
    core = fb.core_of(s.x)
    if isinstance(core, Signature):
        range_func(fb, s)
        return
    held = fb.temp()
    fb.expr(Hole(held), s.x)
    renewed: list[Var] = []
    holes: list[Hole] = []
    for n in (s.key, s.value):
        v = fb.info.defs.get(n) if s.define and isinstance(n, ast.Name) else None
        if isinstance(v, Var) and v.name != "_":
            if fb.renewed(v):
                renewed.append(v)
                fb.loop_depth += 1
                holes.append(fb.declare(v))
                fb.loop_depth -= 1
            else:
                holes.append(fb.declare(v))
        else:
            holes.append(fb.discard_hole())
    fb.loop_depth += 1
    if not s.define:
        holes = [fb.target(n) for n in (s.key, s.value)]
    range_value(fb, s, core, holes, held)
    for k in holes:
        if k.dst.key not in renewed:
            k.dst.reassigned = True
    block(fb, s.body.stmts)
    fb.loop_depth -= 1


def range_value(fb: FlowBuilder, s: ast.Range, core: Type | None, holes: list[Hole], held: Location) -> None:
    """Let the elements flow to the value variable."""
    k = holes[1]
    if k.derefs >= 0 and s.value is not None:
        elem = ti.element(core) if not isinstance(core, Map) else core.elem
        if elem is not None:
            k = fb.no_pointers(k, elem)
    if s.value is not None and boxed_target(fb, s.value, core):
        k = fb.heap()  # no node stands for the box, so it is on the heap
    if isinstance(core, Array) or core is None:
        fb.graph.flow(k.note(s, "range"), held)
    else:
        fb.graph.flow(k.deref(s, "range-deref"), held)


def boxed_target(fb: FlowBuilder, value: ast.Expr, core: Type | None) -> bool:
    """A range that assigns values to a variable of interface type boxes them."""
    elem = core.elem if isinstance(core, Map) else ti.element(core)
    if isinstance(value, ast.Name) and value in fb.info.defs:
        return False
    return False if elem is None else ti.needs_box(target_type(fb, value), elem)


def range_func(fb: FlowBuilder, s: ast.Range) -> None:
    """`for x := range f {}`: a call of f with the body as a closure."""
    fn = fb.batch.program.by_node[s]
    k = merged_tag_hole(fb, [], callees(fb, s.x), 0)
    fb.expr(fb.discard_hole(), s.x)
    # What f yields needs no flow: it comes as the arguments of an unknown call, from the heap.
    targets = [fb.target(n) for n in (s.key, s.value) if n is not None and not s.define]
    hole = closure(fb, k, s, fn)
    hole.dst.text = "func literal"
    mark_reassigned(targets, ())
