"""Interface calls that always reach one concrete type, found before escape analysis as gc does.

A local interface variable to which only values of one concrete type are ever assigned makes its method
calls static: arguments then follow the method's tags, and the receiver is the value behind the interface.
A nil interface panics before the call, so nil does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from morestack.escape import typeinfo as ti
from morestack.escape.graph import Fn
from morestack.escape.program import OfType, Program
from morestack.escape.result import EscapeResult, Message
from morestack.escape.text import Texts, position
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import Mode
from morestack.types.core.kinds import has_type_param
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Struct, Type
from morestack.types.identity.identical import identical
from morestack.types.relation.implements import missing_method
from morestack.types.relation.lookup import lookup_field_or_method


@dataclass(frozen=True, slots=True)
class Target:
    """The concrete type behind an interface call, and the method it means; None if that is an interface's."""

    type: Type
    method: Func | None
    path: tuple[int, ...]


class _Nothing:
    """Only nil is ever assigned, or the variable itself."""


_NOTHING = _Nothing()


def devirtualize(program: Program, texts: Texts, order: list[list[Fn]], result: EscapeResult) -> dict[ast.Call, Target]:
    """Resolve what can be; report each as gc does."""
    targets: dict[ast.Call, Target] = {}
    for fns in order:
        for fn in fns:
            for call in program.iface_calls.get(fn, ()):
                target = _resolve(program, call)
                if target is None:
                    continue
                targets[call] = target
                how = "devirtualizing" if target.method is not None else "partially devirtualizing"
                shown = texts.expr(call.fun, 0, 0)
                if call in program.hidden_receivers:
                    shown = f".autotmp_{fn.outermost().autotmps}.{shown.rpartition('.')[2]}"
                    fn.outermost().autotmps += 1
                text = f"{how} {shown} to {texts.type(target.type)}"
                result.messages.append(Message(position(call), text))
    return targets


def _resolve(program: Program, call: ast.Call) -> Target | None:
    fun = unparen(call.fun)
    assert isinstance(fun, ast.Selector)
    sel = program.info.selections[fun]
    if len(sel.index) != 1:
        return None  # an interface embedded in a struct: the operand is a field
    concrete = _concrete(program, fun.x, set())
    if concrete is None or isinstance(concrete, _Nothing) or has_type_param(concrete):
        return None
    iface = program.info.types[fun.x].type
    if missing_method(concrete, iface) is not None:
        return None  # an assertion on the way always fails
    found = lookup_field_or_method(concrete, False, sel.obj.pkg, fun.sel.text)
    if not isinstance(found.obj, Func):
        return None
    path = found.index[:-1]
    t: Type | None = concrete
    for i in path:
        base = ti.pointer_base(t) or t
        struct = ti.underlying(base)
        t = struct.fields[i].type if isinstance(struct, Struct) else None
    method = None if ti.is_interface(t) else found.obj.origin or found.obj
    return Target(concrete, method, path)


def _concrete(program: Program, n: ast.Expr, seen: set[Var]) -> Type | _Nothing | None:
    """The one concrete type n can hold; None if it is not known."""
    info = program.info
    while True:
        n = unparen(n)
        # a comma-ok assertion has a tuple for its type
        tv = info.types.get(n.type if isinstance(n, ast.TypeAssert) and n.type is not None else n)
        if tv is not None and tv.mode is Mode.NIL:
            return _NOTHING
        if tv is not None and not ti.is_interface(tv.type):
            return tv.type
        if isinstance(n, ast.TypeAssert):
            n = n.x
            continue
        if isinstance(n, ast.Call) and len(n.args) == 1:
            kind = info.types.get(unparen(n.fun))
            if kind is not None and kind.mode is Mode.TYPE:
                n = n.args[0]
                continue
        break
    v = info.uses.get(n) if isinstance(n, ast.Name) else None
    if not isinstance(v, Var) or v.is_global or v.is_param or v.is_result or v in info.addressed:
        return None
    if v in seen:
        return _NOTHING
    seen.add(v)
    only: Type | None = None
    for value in program.iface_values.get(v, ()):
        if isinstance(value, OfType):
            t: Type | _Nothing | None = value.type if not ti.is_interface(value.type) else None
        else:
            t = _concrete(program, value, seen)
        if isinstance(t, _Nothing):
            continue
        if t is None or (only is not None and not identical(only, t)):
            return None
        only = t
    return only if only is not None else _NOTHING
