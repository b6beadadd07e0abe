"""Selectors: the implicit steps to a field, receivers, method values."""

from __future__ import annotations

from collections.abc import Sequence

from morestack.escape import typeinfo as ti
from morestack.escape.flows.callee import tag_hole
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole
from morestack.syntax import nodes as ast
from morestack.types.core.info import Selection, SelectionKind
from morestack.types.core.kinds import is_type_param
from morestack.types.core.objects import Func
from morestack.types.core.types import Interface, Signature, Struct, Type
from morestack.types.core.under import has_pointer_receiver, signature_of
from morestack.types.identity.type_params import core_type


def path_steps(t: Type | None, path: Sequence[int]) -> list[tuple[bool, Type | None]]:
    """The fields on a selection's path, innermost first: through a pointer?, the field's type."""
    result: list[tuple[bool, Type | None]] = []
    for i in path:
        base = ti.pointer_base(t)
        struct = core_type(base or t) if (base or t) is not None else None  # type: ignore[arg-type]
        if not isinstance(struct, Struct):
            result.append((base is not None, None))
            t = None
            continue
        t = struct.fields[i].type
        result.append((base is not None, t))
    return result


def selector(fb: FlowBuilder, k: Hole, n: ast.Selector) -> None:
    """Evaluate a field or a method value into k."""
    sel = fb.info.selections.get(n)
    if sel is None or sel.kind is SelectionKind.METHOD_EXPR:
        return  # a package's variable or function, or T.f
    if sel.kind is SelectionKind.METHOD:
        method_value(fb, k, n, sel)
        return
    field_path(fb, k, n, path_steps(fb.type_of(n.x), sel.index))


def field_path(fb: FlowBuilder, k: Hole, n: ast.Selector, steps: list[tuple[bool, Type | None]]) -> None:
    """Evaluate the field that steps lead to, from n's operand, into k."""
    for through_pointer, _ in reversed(steps):
        k = k.deref(n, "dot of pointer") if through_pointer else k.note(n, "dot")
    fb.expr(k, n.x)


def receiver(fb: FlowBuilder, k: Hole, n: ast.Selector, sel: Selection) -> None:
    """Evaluate the receiver of a method selection as the method takes it: `(&)x.path` or `*x.path`."""
    steps = path_steps(fb.type_of(n.x), sel.index[:-1])
    t = steps[-1][1] if steps else fb.type_of(n.x)
    base = ti.pointer_base(t)
    if isinstance(sel.obj, Func) and not ti.is_interface(t) and t is not None and not is_type_param(t):
        if has_pointer_receiver(sel.obj):
            if base is None:
                k = k.addr(n, "address-of")
        elif base is not None:
            k = fb.no_pointers(k, base).deref(n, "indirection")
        else:
            k = fb.no_pointers(k, t)
    field_path(fb, k, n, steps)


def static_method(fb: FlowBuilder, n: ast.Selector, sel: Selection) -> Func | None:
    """The method a selection always means; None when it goes through an interface or type parameter."""
    if not isinstance(sel.obj, Func):
        return None
    steps = path_steps(fb.type_of(n.x), sel.index[:-1])
    t = steps[-1][1] if steps else fb.type_of(n.x)
    if t is None or is_type_param(t) or isinstance(core_type(t), Interface):
        return None
    base = ti.pointer_base(t)
    if base is not None and (is_type_param(base) or isinstance(core_type(base), Interface)):
        return None
    return sel.obj.origin or sel.obj


def method_value(fb: FlowBuilder, k: Hole, n: ast.Selector, sel: Selection) -> None:
    """`x.f` not called: a closure that holds the receiver; its results may go anywhere."""
    closure = fb.spill(k, n)
    recv = signature_of(sel.obj).recv if isinstance(sel.obj, Func) else None
    if recv is not None and ti.size(recv.type) + ti.PTR_SIZE > ti.MAX_IMPLICIT_STACK_VAR_SIZE:
        closure.dst.must_heap = "too large for stack"
    sig = sel.type if isinstance(sel.type, Signature) else None
    count = len(sig.results.vars) if sig is not None else 0
    method = static_method(fb, n, sel)
    param = tag_hole(fb, [fb.heap()] * count, method, 0)
    receiver(fb, fb.tee(param, closure), n, sel)


def field_target(fb: FlowBuilder, n: ast.Selector, steps: list[tuple[bool, Type | None]]) -> Hole:
    """The hole that storing into a field means."""
    for i in range(len(steps) - 1, -1, -1):
        if steps[i][0]:
            field_path(fb, fb.mutator(), n, steps[:i])
            return fb.heap()
    return fb.target(n.x)
