"""Calls into flows: static and dynamic ones.

A static call outside the batch uses the callee's tags; one inside it connects arguments to parameters and
results directly; an unknown callee leaks everything to the heap. A local that only ever holds known
functions counts as a static call to all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from morestack.escape import typeinfo as ti
from morestack.escape.devirt import Target
from morestack.escape.flows.builtin import BuiltinBuilder
from morestack.escape.flows.expr import Temp
from morestack.escape.graph import Fn, Hole, Location
from morestack.escape.leaks import RESULTS, to_heap
from morestack.escape.program import unparen
from morestack.escape.result import Leaks, Site
from morestack.escape.text import position
from morestack.syntax import nodes as ast
from morestack.types.core.info import SelectionKind
from morestack.types.core.kinds import is_type_param, is_unsafe_pointer
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Signature, Tuple, Type
from morestack.types.core.under import has_pointer_receiver, signature_of
from morestack.types.identity.type_params import core_type

Operand: TypeAlias = "ast.Expr | Temp"
Callee: TypeAlias = "Fn | Func"


def takes_uintptrs(callee: Callee) -> bool:
    """Is it marked `//go:uintptrescapes`?"""
    pragmas = callee.pragmas if isinstance(callee, Fn) else callee.decl.pragmas if callee.decl is not None else ()
    return "go:uintptrescapes" in pragmas


class CallBuilder(BuiltinBuilder):
    """Calls."""

    # -- callees -----------------------------------------------------------------------------------

    def callees(self, fun: ast.Expr) -> list[Callee]:
        """The functions fun can be, if they are all known; else none."""
        program = self.batch.program
        value = program.static_value(fun)
        one = self.static_callee(value)
        if one is not None:
            return [one]
        v = self.variable(value)
        values = program.func_values.get(v) if v is not None and v not in self.info.addressed else None
        if not values or v is None or v.is_param or v.is_result:
            return []
        found: list[Callee] = []
        for rhs in values:
            if self.is_nil_conversion(rhs):
                continue
            callee = self.static_callee(unparen(rhs))
            if callee is None:
                return []
            found.append(callee)
        return found

    def is_nil_conversion(self, n: ast.Expr) -> bool:
        """nil, or nil converted."""
        n = unparen(n)
        while isinstance(n, ast.Call) and len(n.args) == 1 and self.is_type(unparen(n.fun)):
            n = unparen(n.args[0])
        return self.is_nil(n)

    def static_callee(self, fun: ast.Expr) -> Callee | None:
        if isinstance(fun, ast.FuncLit):
            return self.batch.program.by_node[fun]
        if isinstance(fun, ast.Index):  # an instantiation
            fun = unparen(fun.x)
        if isinstance(fun, ast.Selector):
            sel = self.info.selections.get(fun)
            if sel is not None:
                return self.method_expression(fun) if sel.kind is SelectionKind.METHOD_EXPR else None
            fun = fun.sel
        obj = self.info.uses.get(fun) if isinstance(fun, ast.Name) else None
        return self.known(obj.origin or obj) if isinstance(obj, Func) else None

    def method_expression(self, fun: ast.Selector) -> Callee | None:
        """`T.f`, where it is the declared method itself and no wrapper of it."""
        sel = self.info.selections[fun]
        method = sel.obj
        if len(sel.index) != 1 or not isinstance(method, Func) or ti.is_interface(sel.recv):
            return None
        recv = signature_of(method).recv
        if recv is None or method.origin is not None or not self.is_same_type(recv.type, sel.recv):
            return None
        return self.known(method)

    def known(self, func: Func) -> Callee:
        return self.batch.program.by_func.get(func, func)

    def in_batch(self, callee: Callee | None) -> bool:
        """Is the callee being analysed right now, so that its flows are in this graph?"""
        return isinstance(callee, Fn) and callee.tags is None

    def tag_hole(self, ks: Sequence[Hole] | None, callee: Callee | None, index: int) -> Hole:
        """The hole for the argument of the callee's parameter number index, the receiver counted."""
        if isinstance(callee, Func):
            callee = self.known(callee)
        if callee is None:
            return self.heap()
        tags: Sequence[Leaks | None] | None
        if isinstance(callee, Fn):
            if callee.tags is None:
                if index >= len(callee.params):
                    return self.heap()
                v = callee.params[index]
                return self.discard_hole() if v.name in ("", "_") else Hole(self.location_of_param(v, callee))
            tags = callee.tags
        else:
            tags = self.batch.imported(callee)
        tag = tags[index] if tags is not None and index < len(tags) else None
        return self.tagged(ks, tag or to_heap())

    def location_of_param(self, v: Var, callee: Fn) -> Location:
        loc = self.graph.vars.get(v)
        return loc if loc is not None else self.batch.declare(v, callee)

    def tagged(self, ks: Sequence[Hole] | None, tag: Leaks) -> Hole:
        holes: list[Hole] = []
        if tag.heap >= 0:
            holes.append(self.heap().shift(tag.heap) if tag.heap else self.heap())
        if tag.mutator >= 0:
            holes.append(Hole(self.graph.mutator, tag.mutator))
        if tag.callee >= 0:
            holes.append(Hole(self.graph.callee, tag.callee))
        if ks is not None:
            for i in range(min(RESULTS, len(ks))):
                if tag.results[i] >= 0:
                    holes.append(ks[i].shift(tag.results[i]) if tag.results[i] else ks[i])
        return self.tee(*holes)

    def merged_tag_hole(self, ks: Sequence[Hole] | None, fns: list[Callee], index: int) -> Hole:
        if not fns:
            return self.heap()
        return self.tee(*(self.tag_hole(ks, f, index) for f in fns))

    # -- calls -------------------------------------------------------------------------------------

    def call(self, ks: Sequence[Hole] | None, n: ast.Call) -> None:
        """Evaluate a call; ks are the holes of its results, None if they are dropped."""
        fun = unparen(n.fun)
        if self.is_type(fun):
            self.conversion(ks[0] if ks else self.discard_hole(), n)
            return
        builtin = self.builtin_of(fun)
        if builtin is not None:
            self.builtin(ks, n, builtin)
            return
        self.function_call(ks, n, fun)

    def signature(self, fun: ast.Expr) -> Signature | None:
        t = self.type_of(fun)
        core = core_type(t) if t is not None else None
        return core if isinstance(core, Signature) else None

    def function_call(self, ks: Sequence[Hole] | None, n: ast.Call, fun: ast.Expr) -> None:
        """A call of a function or method."""
        sel = self.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
        is_method = sel is not None and sel.kind is SelectionKind.METHOD
        target = self.batch.targets.get(n)
        fns = self.called(n, fun)
        if ks is not None:
            self.wire_results(ks, fns, fun)
        if not is_method:
            self.callee_operand(ks, n, fun, fns)
        offset = 0
        if is_method and isinstance(fun, ast.Selector) and sel is not None:
            offset = 1
            k = self.merged_tag_hole(ks, fns, 0).note(n, "call parameter")
            if target is not None:
                self.target_receiver(k, fun, target)
            elif fun in self.given:
                self.operand(k, self.given[fun], None)
            else:
                self.receiver(k, fun, sel)
        self.arguments(ks, n, fun, fns, offset)

    def called(self, n: ast.Call, fun: ast.Expr) -> list[Callee]:
        """The functions or methods a call can be of, if they are all known; else none."""
        sel = self.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
        target = self.batch.targets.get(n)
        if target is not None:
            return [self.known(target.method)] if target.method is not None else []
        if sel is not None and sel.kind is SelectionKind.METHOD and isinstance(fun, ast.Selector):
            method = self.static_method(fun, sel)
            return [self.known(method)] if method is not None else []
        if sel is not None and sel.kind is SelectionKind.METHOD_EXPR and isinstance(sel.obj, Func):
            return [] if self.is_dynamic(sel.recv) else [self.known(sel.obj.origin or sel.obj)]
        return self.callees(fun)

    def target_receiver(self, k: Hole, fun: ast.Selector, target: Target) -> None:
        """The receiver of a resolved interface call: `x.(T).path`, as the method takes it."""
        steps = self.steps(target.type, target.path)
        t = steps[-1][1] if steps else target.type
        if target.method is not None and t is not None:
            base = ti.pointer_base(t)
            if has_pointer_receiver(target.method):
                k = k if base is not None else k.addr(fun, "address-of")
            elif base is not None:
                k = self.no_pointers(k, base).deref(fun, "indirection")
            else:
                k = self.no_pointers(k, t)
        for through_pointer, _ in reversed(steps):
            k = k.deref(fun, "dot of pointer") if through_pointer else k.note(fun, "dot")
        k = self.dot_type(k, target.type, fun, "dot")
        if fun in self.given:
            self.operand(k, self.given[fun], None)
        else:
            self.expr(k, fun.x)

    def is_dynamic(self, recv: Type) -> bool:
        """Does a method of this receiver type depend on a value's dynamic type, or on a type argument?"""
        base = ti.pointer_base(recv) or recv
        return ti.is_interface(base) or is_type_param(base)

    def method_expression_receiver(self, k: Hole, fun: ast.Expr) -> Hole:
        """The hole for the first argument of `T.f(x)`: fields and dereferences on the way to the method."""
        sel = self.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
        if sel is None or sel.kind is not SelectionKind.METHOD_EXPR or not isinstance(sel.obj, Func):
            return k
        steps = self.steps(sel.recv, sel.index[:-1])
        t = steps[-1][1] if steps else sel.recv
        base = ti.pointer_base(t)
        if ti.is_interface(t):
            k = self.heap()
        elif has_pointer_receiver(sel.obj):
            k = k if base is not None else k.addr(fun, "address-of")
        elif base is not None:
            k = self.no_pointers(k, base).deref(fun, "indirection")
        for through_pointer, _ in reversed(steps):
            k = k.deref(fun, "dot of pointer") if through_pointer else k.note(fun, "dot")
        return k

    def wire_results(self, ks: Sequence[Hole], fns: list[Callee], fun: ast.Expr) -> None:
        for f in fns:
            if isinstance(f, Fn) and f.tags is None:
                for i, v in enumerate(f.results):
                    if i < len(ks):
                        loc = self.location_of_param(v, f)
                        self.graph.flow(self.no_pointers(ks[i], v.type), loc)

    def callee_operand(self, ks: Sequence[Hole] | None, n: ast.Call, fun: ast.Expr, fns: list[Callee]) -> None:
        """Evaluate the function called; if it is unknown and its results are used, closures in it lose theirs."""
        k = self.discard_hole()
        if not fns and any(r.dst is not self.graph.blank for r in ks or ()):
            k = Hole(self.graph.callee).note(n, "callee operand")
        self.expr(k, fun)

    def operand(self, k: Hole, x: Operand, dst: Type | None) -> None:
        if isinstance(x, tuple):
            loc, t = x
            if dst is not None and ti.needs_box(dst, t):
                k = self.temp_box(k, loc)
            self.graph.flow(self.no_pointers(k, t), loc)
        else:
            self.convert(k, x, dst)

    def temp_box(self, k: Hole, loc: Location) -> Hole:
        """An interface's copy of a compiler's temporary.

        No node stands for it, so nobody can ask and it will be on the heap: what it holds flows there.
        """
        box = self.graph.new(self.fn, self.loop_depth, persists=False)
        box.text = loc.text
        box.span = loc.span
        box.silent = not loc.text
        self.graph.flow(Hole(k.dst, k.derefs - 1, k.notes, True), box)
        self.graph.flow(self.heap(), box)
        return Hole(box)

    def arguments(self, ks: Sequence[Hole] | None, n: ast.Call, fun: ast.Expr, fns: list[Callee], offset: int) -> None:
        sig = self.signature(fun)
        if sig is None:
            for a in n.args:
                self.expr(self.heap(), a)
            return
        params = sig.params.vars
        args: list[Operand] = list(self.spread(n) or n.args)
        packed = sig.variadic and not n.has_dots
        fixed = len(params) - 1 if packed else len(params)
        escaping = any(takes_uintptrs(f) for f in fns)
        for i in range(min(fixed, len(args))):
            if escaping and self.escaping_uintptr(args[i]):
                continue
            k = self.merged_tag_hole(ks, fns, i + offset).note(n, "call parameter")
            if i == 0 and fns and fun in self.info.selections:
                k = self.method_expression_receiver(k, fun)
            self.operand(k, args[i], params[i].type)
        if not packed:
            return
        k = self.merged_tag_hole(ks, fns, fixed + offset).note(n, "call parameter")
        rest = args[fixed:]
        if not rest:
            return
        k = self.spill(k, n, Site.VARIADIC, lambda: "... argument")
        elem = ti.element(params[-1].type)
        for operand in rest:
            if not escaping or not self.escaping_uintptr(operand):
                self.operand(k.note(n, "slice-literal-element"), operand, elem)

    def escaping_uintptr(self, x: Operand) -> bool:
        """Where x is uintptr(p) of an unsafe.Pointer, move what p points to to the heap: the callee hands the number to
        the kernel, say, so it may not move."""
        if isinstance(x, tuple) or x in self.given:
            return False
        n = unparen(x)
        if not isinstance(n, ast.Call) or len(n.args) != 1 or not self.is_type(unparen(n.fun)):
            return False
        t = self.type_of(n.args[0])
        if t is None or not is_unsafe_pointer(t):
            return False
        self.expr(self.heap(), n.args[0])
        return True

    def spread(self, n: ast.Call) -> list[Operand] | None:
        """For `f(g())` with several results: temporaries that hold them."""
        if len(n.args) != 1:
            return None
        t = self.type_of(n.args[0])
        inner = unparen(n.args[0])
        if not isinstance(t, Tuple) or not isinstance(inner, ast.Call):
            return None
        return list(self.results_of(inner, t, n))

    def results_of(self, n: ast.Expr, t: Tuple, where: ast.Node) -> list[tuple[Location, Type | None]]:
        """Evaluate an expression of several values into temporaries."""
        temps: list[tuple[Location, Type | None]] = []
        outer = self.fn.outermost()
        for v in t.vars:
            loc = self.temp()
            loc.text = f".autotmp_{outer.autotmps}"
            loc.span = position(where)
            outer.autotmps += 1
            temps.append((loc, v.type))
        self.multi([Hole(loc) for loc, _ in temps], n)
        return temps

    def multi(self, ks: list[Hole], n: ast.Expr) -> None:
        """Evaluate a call of several results, or a comma-ok expression, into ks."""
        n = unparen(n)
        if isinstance(n, ast.Call):
            self.call(ks, n)
        else:
            self.expr(ks[0], n)
