"""`go` and `defer` into flows: a closure without parameters that holds the evaluated operands, as in gc.

gc makes some operands (`new(T)`, literals, a variadic slice) inside that closure; an implementation may make
them where the statement is, so such storage shares the closure's fate here even where gc's message says
that it does not escape.
"""

from __future__ import annotations

from morestack.escape import typeinfo as ti
from morestack.escape.flows.call import CallBuilder, takes_uintptrs
from morestack.escape.flows.expr import Temp
from morestack.escape.graph import Fn, Hole
from morestack.escape.program import unparen
from morestack.syntax import nodes as ast
from morestack.types.core.info import SelectionKind
from morestack.types.core.objects import BuiltinId
from morestack.types.core.types import Array, Interface, Signature, Slice, Struct, Type
from morestack.types.identity.type_params import core_type


class DeferBuilder(CallBuilder):
    """`go` and `defer`."""

    def go_defer(self, stmt: ast.Go | ast.Defer) -> None:
        """The call happens later, in a closure that holds the operands."""
        k = self.heap()
        if isinstance(stmt, ast.Defer) and self.loop_depth == 1 and not isinstance(self.fn.node, ast.Range):
            later = self.temp()
            k = Hole(later)
        call = unparen(stmt.call)
        if not isinstance(call, ast.Call):
            self.expr(k, stmt.call)
            return
        fun = unparen(call.fun)
        sig = self.signature(fun)
        sel = self.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
        is_method = sel is not None and sel.kind is SelectionKind.METHOD
        builtin = self.builtin_of(fun)
        if builtin is None and not is_method and not self.is_type(fun) and sig is not None:
            if not sig.params.vars and not sig.results.vars:
                self.expr(k, fun)
                return
        wrapper = Fn(f"{self.fn.name}.gowrap", stmt, None, parent=self.fn, is_closure=True)
        given: dict[ast.Expr, Temp] = {}
        if is_method and isinstance(fun, ast.Selector) and sel is not None:
            x = unparen(fun.x)
            if not (isinstance(x, ast.Call) and self.is_new_of_type(x)):  # that gc makes in the closure
                loc = self.temp()
                self.receiver(Hole(loc), fun, sel)
                given[fun] = (loc, None)
        elif builtin is None and not self.is_static(fun):
            loc = self.temp()
            self.expr(Hole(loc), fun)
            given[fun] = (loc, self.type_of(fun))
        temps = self.evaluate_operands(call, sig, builtin, given)
        self.wrap(k, stmt, call, fun, wrapper, given, temps)

    def is_static(self, fun: ast.Expr) -> bool:
        """Is it a declared function, which needs no place in the closure?"""
        callee = self.static_callee(fun)
        return callee is not None and not isinstance(fun, ast.FuncLit)

    def evaluate_operands(
        self, call: ast.Call, sig: Signature | None, builtin: BuiltinId | None, given: dict[ast.Expr, Temp]
    ) -> list[Temp]:
        """Evaluate the arguments now, into temporaries; returns those of a spread call."""
        spread = self.spread(call)
        if spread is not None:
            return [t for t in spread if isinstance(t, tuple)]
        params = sig.params.vars if sig is not None else ()
        escaping = builtin is None and any(takes_uintptrs(f) for f in self.called(call, unparen(call.fun)))
        for i, a in enumerate(call.args):
            if escaping and self.escaping_uintptr(a):
                given[a] = (self.temp(), self.type_of(a))
                continue
            dst: Type | None = None
            if sig is not None and builtin is None and params:
                last = params[-1].type
                packed = sig.variadic and not call.has_dots and i >= len(params) - 1
                dst = ti.element(last) if packed else params[min(i, len(params) - 1)].type
            elif builtin is BuiltinId.PANIC:
                dst = Interface((), ())
            self.evaluate_operand(a, dst, given)
        return []

    def evaluate_operand(self, a: ast.Expr, dst: Type | None, given: dict[ast.Expr, Temp]) -> None:
        """Evaluate an argument now, or the parts of it that matter: some are as well made in the closure."""
        if self.is_type(a) or self.is_nil(a):
            return
        boxed = ti.is_interface(dst) and not ti.is_interface(self.type_of(a))
        if not boxed:
            x = unparen(a)
            if self.is_constant(a) or (isinstance(x, ast.Call) and self.is_new_of_type(x)):
                return
            t = self.type_of(x)
            core = core_type(t) if t is not None else None
            if isinstance(x, ast.CompositeLit) and isinstance(core, Array | Slice | Struct) and x.type is not None:
                for i, e in enumerate(x.elements):
                    value = e.value if isinstance(e, ast.KeyValue) else e
                    self.evaluate_operand(value, self.element_type(core, i, e), given)
                return
        loc = self.temp()
        self.convert(Hole(loc), a, dst)
        given[a] = (loc, dst or self.type_of(a))

    def is_new_of_type(self, x: ast.Call) -> bool:
        return self.builtin_of(unparen(x.fun)) is BuiltinId.NEW and self.is_type(x.args[0])

    def element_type(self, core: Array | Slice | Struct, i: int, e: ast.Expr) -> Type | None:
        """The type of a composite literal's element number i."""
        if not isinstance(core, Struct):
            return core.elem
        if isinstance(e, ast.KeyValue):
            name = e.key.text if isinstance(e.key, ast.Name) else ""
            return next((f.type for f in core.fields if f.name == name), None)
        return core.fields[i].type if i < len(core.fields) else None

    def wrap(
        self,
        k: Hole,
        stmt: ast.Go | ast.Defer,
        call: ast.Call,
        fun: ast.Expr,
        wrapper: Fn,
        given: dict[ast.Expr, Temp],
        temps: list[Temp],
    ) -> None:
        """Build the closure around the evaluated operands, and the call inside it."""
        closure = self.spill(k, stmt)
        closure.dst.silent = True
        self.graph.closure_of[closure.dst] = wrapper
        inner = type(self)(self.batch, wrapper)
        for loc, t in [*given.values(), *temps]:
            by_value = t is None or ti.fits_by_value(t)
            self.graph.flow(closure if by_value else Hole(closure.dst, -1, closure.notes, True), loc)
        inner.given = given
        wrapper.is_bare_wrapper = not given and not temps
        builtin = inner.builtin_of(fun)
        if builtin is not None:
            inner.builtin(None, call, builtin)
        elif inner.is_type(fun):
            pass
        elif temps:
            sig = inner.signature(fun)
            if sig is not None:
                for loc, t in temps:
                    inner.operand(inner.heap(), (loc, t), None)
        else:
            inner.function_call(None, call, fun)
        for loc in self.batch.wrapper_sites.get(wrapper, []):
            self.batch.wrappers.append((closure.dst, loc))
