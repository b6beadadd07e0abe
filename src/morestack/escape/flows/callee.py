"""What a call can reach, and the holes its parameters are.

A local that only ever holds known functions counts as a static call of all of them. A parameter of a function outside
the batch is what its tag says; one inside the batch is the variable itself; one of an unknown callee is the heap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from morestack.escape import typeinfo as ti
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Fn, Hole
from morestack.escape.leaks import RESULTS, to_heap
from morestack.escape.result import Leaks
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import SelectionKind
from morestack.types.core.kinds import is_type_param
from morestack.types.core.objects import Func
from morestack.types.core.types import Type
from morestack.types.core.under import signature_of
from morestack.types.identity.identical import identical

Callee: TypeAlias = "Fn | Func"


def is_same_type(a: Type | None, b: Type | None) -> bool:
    return a is not None and b is not None and identical(a, b)


def takes_uintptrs(callee: Callee) -> bool:
    """Is it marked `//go:uintptrescapes`?"""
    pragmas = callee.pragmas if isinstance(callee, Fn) else callee.decl.pragmas if callee.decl is not None else ()
    return "go:uintptrescapes" in pragmas


def callees(fb: FlowBuilder, fun: ast.Expr) -> list[Callee]:
    """The functions fun can be, if they are all known; else none."""
    program = fb.batch.program
    value = program.static_value(fun)
    one = static_callee(fb, value)
    if one is not None:
        return [one]
    v = fb.variable(value)
    values = program.func_values.get(v) if v is not None and v not in fb.info.addressed else None
    if not values or v is None or v.is_param or v.is_result:
        return []
    found: list[Callee] = []
    for rhs in values:
        if is_nil_conversion(fb, rhs):
            continue
        callee = static_callee(fb, unparen(rhs))
        if callee is None:
            return []
        found.append(callee)
    return found


def is_nil_conversion(fb: FlowBuilder, n: ast.Expr) -> bool:
    """nil, or nil converted."""
    n = unparen(n)
    while isinstance(n, ast.Call) and len(n.args) == 1 and fb.is_type(unparen(n.fun)):
        n = unparen(n.args[0])
    return fb.is_nil(n)


def static_callee(fb: FlowBuilder, fun: ast.Expr) -> Callee | None:
    """The declared function or literal that fun names."""
    if isinstance(fun, ast.FuncLit):
        return fb.batch.program.by_node[fun]
    if isinstance(fun, ast.Index):  # an instantiation
        fun = unparen(fun.x)
    if isinstance(fun, ast.Selector):
        sel = fb.info.selections.get(fun)
        if sel is not None:
            return method_expression(fb, fun) if sel.kind is SelectionKind.METHOD_EXPR else None
        fun = fun.sel
    obj = fb.info.uses.get(fun) if isinstance(fun, ast.Name) else None
    return known(fb, obj.origin or obj) if isinstance(obj, Func) else None


def method_expression(fb: FlowBuilder, fun: ast.Selector) -> Callee | None:
    """`T.f`, where it is the declared method itself and no wrapper of it."""
    sel = fb.info.selections[fun]
    method = sel.obj
    if len(sel.index) != 1 or not isinstance(method, Func) or ti.is_interface(sel.recv):
        return None
    recv = signature_of(method).recv
    if recv is None or method.origin is not None or not is_same_type(recv.type, sel.recv):
        return None
    return known(fb, method)


def known(fb: FlowBuilder, func: Func) -> Callee:
    """The function as this package analyses it, if it does."""
    return fb.batch.program.by_func.get(func, func)


def tag_hole(fb: FlowBuilder, ks: Sequence[Hole] | None, callee: Callee | None, index: int) -> Hole:
    """The hole for the argument of the callee's parameter number index, the receiver counted."""
    if isinstance(callee, Func):
        callee = known(fb, callee)
    if callee is None:
        return fb.heap()
    tags: Sequence[Leaks | None] | None
    if isinstance(callee, Fn):
        if callee.tags is None:
            if index >= len(callee.params):
                return fb.heap()
            v = callee.params[index]
            return fb.discard_hole() if v.name in ("", "_") else Hole(fb.location_of_param(v, callee))
        tags = callee.tags
    else:
        tags = fb.batch.imported(callee)
    tag = tags[index] if tags is not None and index < len(tags) else None
    return tagged(fb, ks, tag or to_heap())


def tagged(fb: FlowBuilder, ks: Sequence[Hole] | None, tag: Leaks) -> Hole:
    """The hole that a tag means for an argument."""
    holes: list[Hole] = []
    if tag.heap >= 0:
        holes.append(fb.heap().shift(tag.heap) if tag.heap else fb.heap())
    if tag.mutator >= 0:
        holes.append(Hole(fb.graph.mutator, tag.mutator))
    if tag.callee >= 0:
        holes.append(Hole(fb.graph.callee, tag.callee))
    if ks is not None:
        for i in range(min(RESULTS, len(ks))):
            if tag.results[i] >= 0:
                holes.append(ks[i].shift(tag.results[i]) if tag.results[i] else ks[i])
    return fb.tee(*holes)


def merged_tag_hole(fb: FlowBuilder, ks: Sequence[Hole] | None, fns: list[Callee], index: int) -> Hole:
    """The hole for an argument that any of these functions may get; the heap if none is known."""
    if not fns:
        return fb.heap()
    return fb.tee(*(tag_hole(fb, ks, f, index) for f in fns))


def is_dynamic(recv: Type) -> bool:
    """Does a method of this receiver type depend on a value's dynamic type, or on a type argument?"""
    base = ti.pointer_base(recv) or recv
    return ti.is_interface(base) or is_type_param(base)
