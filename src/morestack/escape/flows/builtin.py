"""Calls of builtin functions."""

from __future__ import annotations

from collections.abc import Sequence

from morestack.escape import typeinfo as ti
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole
from morestack.escape.result import Site
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Builtin, BuiltinId
from morestack.types.core.types import Interface, Map, Slice, Type
from morestack.types.identity.type_params import core_type


def builtin_of(fb: FlowBuilder, fun: ast.Expr) -> BuiltinId | None:
    """Which builtin function fun names."""
    name = fun.sel if isinstance(fun, ast.Selector) else fun
    obj = fb.info.uses.get(name) if isinstance(name, ast.Name) else None
    return obj.id if isinstance(obj, Builtin) else None


def builtin_call(fb: FlowBuilder, ks: Sequence[Hole] | None, n: ast.Call, builtin: BuiltinId) -> None:
    """Evaluate a call of a builtin."""
    if fb.is_constant(n):
        return
    k = ks[0] if ks else fb.discard_hole()
    args = n.args

    def argument(hole: Hole, i: int, dst: Type | None = None) -> None:
        fb.operand(hole.note(n, "call parameter"), args[i], dst)

    match builtin:
        case BuiltinId.APPEND:
            append(fb, k, n, args)
        case BuiltinId.COPY:
            argument(fb.mutator(), 0)
            src = fb.type_of(n.args[1])
            pointers = isinstance(core_type(src) if src is not None else None, Slice) and ti.has_pointers(
                ti.element(core_type(src) if src is not None else None)
            )
            argument(fb.heap().deref(n, "copied slice") if pointers else fb.discard_hole(), 1)
        case BuiltinId.PANIC:
            argument(fb.heap(), 0, Interface((), ()))
        case BuiltinId.NEW:
            new(fb, k, n)
        case BuiltinId.MAKE:
            make(fb, k, n)
        case BuiltinId.MIN | BuiltinId.MAX:
            for i in range(len(args)):
                argument(k, i)
        case BuiltinId.CLEAR:
            argument(fb.mutator(), 0)
        case BuiltinId.DELETE:
            argument(fb.discard_hole(), 0)
            core = fb.core_of(n.args[0])
            argument(fb.discard_hole(), 1, core.key if isinstance(core, Map) else None)
        case BuiltinId.STRING_DATA | BuiltinId.SLICE_DATA:
            argument(k, 0)
        case BuiltinId.ADD | BuiltinId.SLICE | BuiltinId.STRING:
            argument(k, 0)
            argument(fb.discard_hole(), 1)
        case _:
            for i in range(len(args)):
                fb.operand(fb.discard_hole(), args[i], None)


def append(fb: FlowBuilder, k: Hole, n: ast.Call, args: Sequence[ast.Expr]) -> None:
    """The old array may flow to the result; its elements, and those appended, may move to a new one."""
    t = fb.type_of(n.args[0])
    elem = ti.element(core_type(t) if t is not None else None)
    old = fb.tee(k, fb.mutator())
    if ti.has_pointers(elem):
        old = fb.tee(old, fb.heap().deref(n, "appendee slice"))
    fb.operand(old.note(n, "call parameter"), args[0], None)
    if n.has_dots:
        appended = fb.discard_hole()
        source = fb.type_of(n.args[1])
        if source is not None and not ti.is_string(source) and ti.has_pointers(elem):
            appended = fb.heap().deref(n, "appended slice...")
        fb.operand(appended.note(n, "call parameter"), args[1], None)
    else:
        for a in args[1:]:
            fb.operand(fb.heap().note(n, "call parameter"), a, elem)
    array = fb.spill(k, n)
    # gc uses such an array once only, so loops do not matter for it.
    array.dst.loop_depth = 0


def new(fb: FlowBuilder, k: Hole, n: ast.Call) -> None:
    """`new(T)` and `new(x)`."""
    arg = n.args[0]
    if fb.is_type(arg):
        hole = fb.spill(k, n)
        if ti.size(fb.type_of(arg)) > ti.MAX_IMPLICIT_STACK_VAR_SIZE:
            hole.dst.must_heap = "too large for stack"
        return
    outer = fb.fn.outermost()
    hole = fb.spill(k, n, Site.VALUE, lambda name=f".autotmp_{outer.autotmps}": name)  # type: ignore[misc]
    hole.dst.is_temp = True
    outer.autotmps += 1
    t = fb.type_of(n)
    fb.expr(fb.no_pointers(hole, ti.pointer_base(t)), arg)


def make(fb: FlowBuilder, k: Hole, n: ast.Call) -> None:
    """`make` of a slice, map or channel."""
    core = fb.core_of(n)
    if isinstance(core, Slice):
        hole = fb.spill(k, n)
        hole.dst.must_heap = make_reason(fb, n, core)
    elif isinstance(core, Map):
        fb.spill(k, n)
    for size in n.args[1:]:
        fb.discard(size)


def make_reason(fb: FlowBuilder, n: ast.Call, t: Slice) -> str:
    """Why this slice's array must be on the heap whatever happens to it."""
    size = ti.size(t.elem)
    if size == 0:
        return "zero-sized element"
    count = fb.batch.program.static_int(n.args[-1])
    if count is not None and not 0 <= count <= ti.MAX_IMPLICIT_STACK_VAR_SIZE // size:
        return "too large for stack"
    return ""
