"""Calls of functions and methods into flows: receiver, arguments, results.

A static call outside the batch uses the callee's tags; one inside it connects arguments to parameters and
results directly; an unknown callee leaks everything to the heap.
"""

from __future__ import annotations

from collections.abc import Sequence

from morestack.escape import typeinfo as ti
from morestack.escape.devirt import Target
from morestack.escape.flows.assertion import dot_type
from morestack.escape.flows.builtin import builtin_call, builtin_of
from morestack.escape.flows.callee import Callee, callees, is_dynamic, known, merged_tag_hole, takes_uintptrs
from morestack.escape.flows.convert import conversion
from morestack.escape.flows.selector import path_steps, receiver, static_method
from morestack.escape.flows.state import FlowBuilder, Operand
from morestack.escape.graph import Fn, Hole, Location
from morestack.escape.result import Site
from morestack.escape.text import position
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import SelectionKind
from morestack.types.core.kinds import is_unsafe_pointer
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Signature, Tuple, Type
from morestack.types.core.under import has_pointer_receiver


def call(fb: FlowBuilder, ks: Sequence[Hole] | None, n: ast.Call) -> None:
    """Evaluate a call; ks are the holes of its results, None if they are dropped."""
    fun = unparen(n.fun)
    if fb.is_type(fun):
        conversion(fb, ks[0] if ks else fb.discard_hole(), n)
        return
    builtin = builtin_of(fb, fun)
    if builtin is not None:
        builtin_call(fb, ks, n, builtin)
        return
    function_call(fb, ks, n, fun)


def signature(fb: FlowBuilder, fun: ast.Expr) -> Signature | None:
    """The signature of what is called."""
    core = fb.core_of(fun)
    return core if isinstance(core, Signature) else None


def function_call(fb: FlowBuilder, ks: Sequence[Hole] | None, n: ast.Call, fun: ast.Expr) -> None:
    """A call of a function or method."""
    sel = fb.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
    is_method = sel is not None and sel.kind is SelectionKind.METHOD
    target = fb.batch.targets.get(n)
    fns = called(fb, n, fun)
    if ks is not None:
        wire_results(fb, ks, fns, fun)
    if not is_method:
        callee_operand(fb, ks, n, fun, fns)
    offset = 0
    if is_method and isinstance(fun, ast.Selector) and sel is not None:
        offset = 1
        k = merged_tag_hole(fb, ks, fns, 0).note(n, "call parameter")
        if target is not None:
            target_receiver(fb, k, fun, target)
        elif fun in fb.given:
            fb.operand(k, fb.given[fun], None)
        else:
            receiver(fb, k, fun, sel)
    arguments(fb, ks, n, fun, fns, offset)


def called(fb: FlowBuilder, n: ast.Call, fun: ast.Expr) -> list[Callee]:
    """The functions or methods a call can be of, if they are all known; else none."""
    sel = fb.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
    target = fb.batch.targets.get(n)
    if target is not None:
        return [known(fb, target.method)] if target.method is not None else []
    if sel is not None and sel.kind is SelectionKind.METHOD and isinstance(fun, ast.Selector):
        method = static_method(fb, fun, sel)
        return [known(fb, method)] if method is not None else []
    if sel is not None and sel.kind is SelectionKind.METHOD_EXPR and isinstance(sel.obj, Func):
        return [] if is_dynamic(sel.recv) else [known(fb, sel.obj.origin or sel.obj)]
    return callees(fb, fun)


def target_receiver(fb: FlowBuilder, k: Hole, fun: ast.Selector, target: Target) -> None:
    """The receiver of a resolved interface call: `x.(T).path`, as the method takes it."""
    steps = path_steps(target.type, target.path)
    t = steps[-1][1] if steps else target.type
    if target.method is not None and t is not None:
        base = ti.pointer_base(t)
        if has_pointer_receiver(target.method):
            k = k if base is not None else k.addr(fun, "address-of")
        elif base is not None:
            k = fb.no_pointers(k, base).deref(fun, "indirection")
        else:
            k = fb.no_pointers(k, t)
    for through_pointer, _ in reversed(steps):
        k = k.deref(fun, "dot of pointer") if through_pointer else k.note(fun, "dot")
    k = dot_type(k, target.type, fun, "dot")
    if fun in fb.given:
        fb.operand(k, fb.given[fun], None)
    else:
        fb.expr(k, fun.x)


def method_expression_receiver(fb: FlowBuilder, k: Hole, fun: ast.Expr) -> Hole:
    """The hole for the first argument of `T.f(x)`: fields and dereferences on the way to the method."""
    sel = fb.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
    if sel is None or sel.kind is not SelectionKind.METHOD_EXPR or not isinstance(sel.obj, Func):
        return k
    steps = path_steps(sel.recv, sel.index[:-1])
    t = steps[-1][1] if steps else sel.recv
    base = ti.pointer_base(t)
    if ti.is_interface(t):
        k = fb.heap()
    elif has_pointer_receiver(sel.obj):
        k = k if base is not None else k.addr(fun, "address-of")
    elif base is not None:
        k = fb.no_pointers(k, base).deref(fun, "indirection")
    for through_pointer, _ in reversed(steps):
        k = k.deref(fun, "dot of pointer") if through_pointer else k.note(fun, "dot")
    return k


def wire_results(fb: FlowBuilder, ks: Sequence[Hole], fns: list[Callee], fun: ast.Expr) -> None:
    """Let the results of callees in this batch flow to their holes."""
    for f in fns:
        if isinstance(f, Fn) and f.tags is None:
            for i, v in enumerate(f.results):
                if i < len(ks):
                    loc = fb.location_of_param(v, f)
                    fb.graph.flow(fb.no_pointers(ks[i], v.type), loc)


def callee_operand(fb: FlowBuilder, ks: Sequence[Hole] | None, n: ast.Call, fun: ast.Expr, fns: list[Callee]) -> None:
    """Evaluate the function called; if it is unknown and its results are used, closures in it lose theirs."""
    k = fb.discard_hole()
    if not fns and any(r.dst is not fb.graph.blank for r in ks or ()):
        k = Hole(fb.graph.callee).note(n, "callee operand")
    fb.expr(k, fun)


def arguments(
    fb: FlowBuilder, ks: Sequence[Hole] | None, n: ast.Call, fun: ast.Expr, fns: list[Callee], offset: int
) -> None:
    """Evaluate the arguments into the holes of the parameters."""
    sig = signature(fb, fun)
    if sig is None:
        for a in n.args:
            fb.expr(fb.heap(), a)
        return
    params = sig.params.vars
    args: list[Operand] = list(spread(fb, n) or n.args)
    packed = sig.variadic and not n.has_dots
    fixed = len(params) - 1 if packed else len(params)
    escaping = any(takes_uintptrs(f) for f in fns)
    for i in range(min(fixed, len(args))):
        if escaping and escaping_uintptr(fb, args[i]):
            continue
        k = merged_tag_hole(fb, ks, fns, i + offset).note(n, "call parameter")
        if i == 0 and fns and fun in fb.info.selections:
            k = method_expression_receiver(fb, k, fun)
        fb.operand(k, args[i], params[i].type)
    if not packed:
        return
    k = merged_tag_hole(fb, ks, fns, fixed + offset).note(n, "call parameter")
    rest = args[fixed:]
    if not rest:
        return
    k = fb.spill(k, n, Site.VARIADIC, lambda: "... argument")
    elem = ti.element(params[-1].type)
    for operand in rest:
        if not escaping or not escaping_uintptr(fb, operand):
            fb.operand(k.note(n, "slice-literal-element"), operand, elem)


def escaping_uintptr(fb: FlowBuilder, x: Operand) -> bool:
    """Where x is uintptr(p) of an unsafe.Pointer, move what p points to to the heap: the callee hands the number to
    the kernel, say, so it may not move."""
    if isinstance(x, tuple) or x in fb.given:
        return False
    n = unparen(x)
    if not isinstance(n, ast.Call) or len(n.args) != 1 or not fb.is_type(unparen(n.fun)):
        return False
    t = fb.type_of(n.args[0])
    if t is None or not is_unsafe_pointer(t):
        return False
    fb.expr(fb.heap(), n.args[0])
    return True


def spread(fb: FlowBuilder, n: ast.Call) -> list[Operand] | None:
    """For `f(g())` with several results: temporaries that hold them."""
    if len(n.args) != 1:
        return None
    t = fb.type_of(n.args[0])
    inner = unparen(n.args[0])
    if not isinstance(t, Tuple) or not isinstance(inner, ast.Call):
        return None
    return list(results_of(fb, inner, t, n))


def results_of(fb: FlowBuilder, n: ast.Expr, t: Tuple, where: ast.Node) -> list[tuple[Location, Type | None]]:
    """Evaluate an expression of several values into temporaries."""
    temps: list[tuple[Location, Type | None]] = []
    outer = fb.fn.outermost()
    for v in t.vars:
        loc = fb.temp()
        loc.text = f".autotmp_{outer.autotmps}"
        loc.span = position(where)
        outer.autotmps += 1
        temps.append((loc, v.type))
    multi(fb, [Hole(loc) for loc, _ in temps], n)
    return temps


def multi(fb: FlowBuilder, ks: list[Hole], n: ast.Expr) -> None:
    """Evaluate a call of several results, or a comma-ok expression, into ks."""
    n = unparen(n)
    if isinstance(n, ast.Call):
        call(fb, ks, n)
    else:
        fb.expr(ks[0], n)


def tuple_of(t: Type | None, count: int) -> Tuple:
    """The results of a call, or the two of a comma-ok expression."""
    if isinstance(t, Tuple):
        return t
    return Tuple(tuple(Var("", t if i == 0 else None) for i in range(count)))
