"""`go` and `defer` into flows: a closure without parameters that holds the evaluated operands, as in gc.

gc makes some operands (`new(T)`, literals, a variadic slice) inside that closure; an implementation may make
them where the statement is, so such storage shares the closure's fate here even where gc's message says
that it does not escape.
"""

from __future__ import annotations

from morestack.escape import typeinfo as ti
from morestack.escape.flows.builtin import builtin_call, builtin_of
from morestack.escape.flows.call import called, escaping_uintptr, function_call, signature, spread
from morestack.escape.flows.callee import static_callee, takes_uintptrs
from morestack.escape.flows.selector import receiver
from morestack.escape.flows.state import FlowBuilder, Temp
from morestack.escape.graph import Fn, Hole
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import SelectionKind
from morestack.types.core.objects import BuiltinId
from morestack.types.core.types import Array, Interface, Signature, Slice, Struct, Type


def go_defer(fb: FlowBuilder, stmt: ast.Go | ast.Defer) -> None:
    """The call happens later, in a closure that holds the operands."""
    k = fb.heap()
    if isinstance(stmt, ast.Defer) and fb.loop_depth == 1 and not isinstance(fb.fn.node, ast.Range):
        later = fb.temp()
        k = Hole(later)
    call = unparen(stmt.call)
    if not isinstance(call, ast.Call):
        fb.expr(k, stmt.call)
        return
    fun = unparen(call.fun)
    sig = signature(fb, fun)
    sel = fb.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
    is_method = sel is not None and sel.kind is SelectionKind.METHOD
    builtin = builtin_of(fb, fun)
    if builtin is None and not is_method and not fb.is_type(fun) and sig is not None:
        if not sig.params.vars and not sig.results.vars:
            fb.expr(k, fun)
            return
    wrapper = Fn(f"{fb.fn.name}.gowrap", stmt, None, parent=fb.fn, is_closure=True)
    given: dict[ast.Expr, Temp] = {}
    if is_method and isinstance(fun, ast.Selector) and sel is not None:
        x = unparen(fun.x)
        if not (isinstance(x, ast.Call) and is_new_of_type(fb, x)):  # that gc makes in the closure
            loc = fb.temp()
            receiver(fb, Hole(loc), fun, sel)
            given[fun] = (loc, None)
    elif builtin is None and not is_static(fb, fun):
        loc = fb.temp()
        fb.expr(Hole(loc), fun)
        given[fun] = (loc, fb.type_of(fun))
    temps = evaluate_operands(fb, call, sig, builtin, given)
    wrap(fb, k, stmt, call, fun, wrapper, given, temps)


def is_static(fb: FlowBuilder, fun: ast.Expr) -> bool:
    """Is it a declared function, which needs no place in the closure?"""
    callee = static_callee(fb, fun)
    return callee is not None and not isinstance(fun, ast.FuncLit)


def evaluate_operands(
    fb: FlowBuilder, call: ast.Call, sig: Signature | None, builtin: BuiltinId | None, given: dict[ast.Expr, Temp]
) -> list[Temp]:
    """Evaluate the arguments now, into temporaries; returns those of a spread call."""
    several = spread(fb, call)
    if several is not None:
        return [t for t in several if isinstance(t, tuple)]
    params = sig.params.vars if sig is not None else ()
    escaping = builtin is None and any(takes_uintptrs(f) for f in called(fb, call, unparen(call.fun)))
    for i, a in enumerate(call.args):
        if escaping and escaping_uintptr(fb, a):
            given[a] = (fb.temp(), fb.type_of(a))
            continue
        dst: Type | None = None
        if sig is not None and builtin is None and params:
            last = params[-1].type
            packed = sig.variadic and not call.has_dots and i >= len(params) - 1
            dst = ti.element(last) if packed else params[min(i, len(params) - 1)].type
        elif builtin is BuiltinId.PANIC:
            dst = Interface((), ())
        evaluate_operand(fb, a, dst, given)
    return []


def evaluate_operand(fb: FlowBuilder, a: ast.Expr, dst: Type | None, given: dict[ast.Expr, Temp]) -> None:
    """Evaluate an argument now, or the parts of it that matter: some are as well made in the closure."""
    if fb.is_type(a) or fb.is_nil(a):
        return
    boxed = ti.is_interface(dst) and not ti.is_interface(fb.type_of(a))
    if not boxed:
        x = unparen(a)
        if fb.is_constant(a) or (isinstance(x, ast.Call) and is_new_of_type(fb, x)):
            return
        core = fb.core_of(x)
        if isinstance(x, ast.CompositeLit) and isinstance(core, Array | Slice | Struct) and x.type is not None:
            for i, e in enumerate(x.elements):
                value = e.value if isinstance(e, ast.KeyValue) else e
                evaluate_operand(fb, value, element_type(core, i, e), given)
            return
    loc = fb.temp()
    fb.convert(Hole(loc), a, dst)
    given[a] = (loc, dst or fb.type_of(a))


def is_new_of_type(fb: FlowBuilder, x: ast.Call) -> bool:
    """Is it `new(T)`?"""
    return builtin_of(fb, unparen(x.fun)) is BuiltinId.NEW and fb.is_type(x.args[0])


def element_type(core: Array | Slice | Struct, i: int, e: ast.Expr) -> Type | None:
    """The type of a composite literal's element number i."""
    if not isinstance(core, Struct):
        return core.elem
    if isinstance(e, ast.KeyValue):
        name = e.key.text if isinstance(e.key, ast.Name) else ""
        return next((f.type for f in core.fields if f.name == name), None)
    return core.fields[i].type if i < len(core.fields) else None


def wrap(
    fb: FlowBuilder,
    k: Hole,
    stmt: ast.Go | ast.Defer,
    call: ast.Call,
    fun: ast.Expr,
    wrapper: Fn,
    given: dict[ast.Expr, Temp],
    temps: list[Temp],
) -> None:
    """Build the closure around the evaluated operands, and the call inside it."""
    closure = fb.spill(k, stmt)
    closure.dst.silent = True
    fb.graph.closure_of[closure.dst] = wrapper
    inner = fb.inside(wrapper)
    for loc, t in [*given.values(), *temps]:
        by_value = t is None or ti.fits_by_value(t)
        fb.graph.flow(closure if by_value else Hole(closure.dst, -1, closure.notes, True), loc)
    inner.given = given
    wrapper.is_bare_wrapper = not given and not temps
    builtin = builtin_of(inner, fun)
    if builtin is not None:
        builtin_call(inner, None, call, builtin)
    elif inner.is_type(fun):
        pass
    elif temps:
        sig = signature(inner, fun)
        if sig is not None:
            for loc, t in temps:
                inner.operand(inner.heap(), (loc, t), None)
    else:
        function_call(inner, None, call, fun)
    for loc in fb.batch.wrapper_sites.get(wrapper, []):
        fb.batch.wrappers.append((closure.dst, loc))
