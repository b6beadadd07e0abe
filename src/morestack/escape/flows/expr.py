"""Expressions into flows: evaluate each into a hole, and find the holes that assignments store into.

Every subexpression is visited even where its value goes nowhere, as it may hold calls and allocations. A
value without pointers flows nowhere. Implicit steps the checker left in side tables (embedded fields,
dereferenced receivers, conversions to interfaces) are made explicit here.

`Builder` is one class in several files, by family: expressions here, then `build_builtin`, `build_call`,
`build_defer`, `build_stmt`; each extends the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from morestack.escape import typeinfo as ti
from morestack.escape.context import Batch
from morestack.escape.graph import Fn, Hole, Location
from morestack.escape.program import unparen
from morestack.escape.result import Site
from morestack.escape.text import position
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, UnaryOp
from morestack.types.core.info import Mode, Selection, SelectionKind
from morestack.types.core.kinds import is_type_param
from morestack.types.core.objects import Func, Var
from morestack.types.core.sizes import has_constant_size
from morestack.types.core.types import Array, Interface, Map, Signature, Slice, Struct, Type
from morestack.types.core.under import has_pointer_receiver, signature_of
from morestack.types.identity.identical import identical
from morestack.types.identity.type_params import core_type

Temp: TypeAlias = "tuple[Location, Type | None]"
"""A temporary that holds an evaluated expression, with its type."""
_COMPARISONS = {BinaryOp.EQL, BinaryOp.NEQ, BinaryOp.LSS, BinaryOp.LEQ, BinaryOp.GTR, BinaryOp.GEQ}


class ExprBuilder:
    """Builds the flows of one function body (closures inside it get builders of their own)."""

    def __init__(self, batch: Batch, fn: Fn) -> None:
        self.batch = batch
        self.graph = batch.graph
        self.info = batch.program.info
        self.fn = fn
        self.loop_depth = 1
        self.given: dict[ast.Expr, Temp] = {}
        """Operands evaluated before: those of a `go` or `defer`, inside the closure that makes the call."""

    # -- what the later files add ------------------------------------------------------------------

    def call(self, ks: Sequence[Hole] | None, n: ast.Call) -> None:
        raise NotImplementedError

    def operand(self, k: Hole, x: ast.Expr | Temp, dst: Type | None) -> None:
        raise NotImplementedError

    def body(self, fn: Fn) -> None:
        raise NotImplementedError

    def tag_hole(self, ks: Sequence[Hole] | None, callee: Fn | Func | None, index: int) -> Hole:
        raise NotImplementedError

    # -- facts -------------------------------------------------------------------------------------

    def type_of(self, n: ast.Expr) -> Type | None:
        tv = self.info.types.get(n)
        if tv is not None:
            return tv.type
        if isinstance(n, ast.Name):
            obj = self.info.uses.get(n) or self.info.defs.get(n)
            if isinstance(obj, Var):
                return obj.type
        if isinstance(n, ast.Paren):
            return self.type_of(n.x)
        return None

    def is_constant(self, n: ast.Expr) -> bool:
        tv = self.info.types.get(n)
        return tv is not None and tv.mode is Mode.CONSTANT

    def is_type(self, n: ast.Expr) -> bool:
        tv = self.info.types.get(n)
        return tv is not None and tv.mode is Mode.TYPE

    def is_nil(self, n: ast.Expr) -> bool:
        tv = self.info.types.get(n)
        return tv is not None and tv.mode is Mode.NIL

    def variable(self, n: ast.Expr) -> Var | None:
        """The variable a name stands for."""
        if not isinstance(n, ast.Name):
            return None
        obj = self.info.uses.get(n)
        if obj is None:
            obj = self.info.defs.get(n)
        return obj if isinstance(obj, Var) else None

    # -- holes and locations -----------------------------------------------------------------------

    def heap(self) -> Hole:
        return Hole(self.graph.heap)

    def discard_hole(self) -> Hole:
        return Hole(self.graph.blank)

    def mutator(self) -> Hole:
        return Hole(self.graph.mutator)

    def temp(self, persists: bool = True) -> Location:
        """A location nobody reports: a compiler's temporary."""
        loc = self.graph.new(self.fn, self.loop_depth, persists)
        loc.silent = True
        return loc

    def site(self, node: ast.Node, site: Site, text: Callable[[], str] | str) -> Location:
        """The storage that an expression allocates."""
        loc = self.graph.new(self.fn, self.loop_depth, False)
        loc.key = (node, site)
        loc.text = text
        loc.span = position(node)
        if isinstance(self.fn.node, ast.Go | ast.Defer):
            self.batch.wrapper_sites.setdefault(self.fn, []).append(loc)
        return loc

    def spill(self, k: Hole, node: ast.Node, site: Site = Site.VALUE, text: Callable[[], str] | None = None) -> Hole:
        """Allocate storage for node, let its address flow to k, and return the hole to fill it through."""
        loc = self.site(node, site, text or self.batch.texts.later(node))
        self.graph.flow(k.addr(node, "spill"), loc)
        return Hole(loc)

    def location(self, v: Var) -> Location:
        loc = self.graph.vars.get(v)
        if loc is None:  # a local the scan did not meet
            loc = self.batch.declare(v, self.fn, self.loop_depth)
        return loc

    def tee(self, *ks: Hole) -> Hole:
        """A hole that flows into each of ks."""
        if not ks:
            return self.discard_hole()
        if len(ks) == 1:
            return ks[0]
        loc = self.temp(persists=False)
        for k in ks:
            assert k.derefs >= 0
            self.graph.flow(k, loc)
        return Hole(loc)

    def declare(self, v: Var) -> Hole:
        """v's declaration has been reached: note the loop it is in."""
        loc = self.location(v)
        loc.loop_depth = self.loop_depth
        return Hole(loc)

    def no_pointers(self, k: Hole, t: Type | None) -> Hole:
        """The hole for a value of type t: nowhere if it holds no pointers."""
        if k.derefs >= 0 and k.dst is not self.graph.blank and t is not None and not ti.has_pointers(t):
            return Hole(self.graph.blank, k.derefs, k.notes, k.addrtaken)
        return k

    # -- values ------------------------------------------------------------------------------------

    def discard(self, n: ast.Expr | None) -> None:
        """Evaluate n for its effects."""
        if n is not None:
            self.expr(self.discard_hole(), n)

    def mutate(self, n: ast.Expr) -> None:
        """Evaluate n, a pointer that is stored through."""
        self.expr(self.mutator(), n)

    def assign_heap(self, n: ast.Expr, dst: Type | None, why: str, where: ast.Node) -> None:
        self.convert(self.heap().note(where, why), n, dst)

    def convert(self, k: Hole, n: ast.Expr, dst: Type | None) -> None:
        """Evaluate n into k, converted to dst if that is an interface and n is not."""
        if n in self.given:
            self.operand(k, self.given[n], dst)
            return
        if dst is not None and ti.is_interface(dst) and not self.is_nil(n):
            src = self.type_of(n)
            if src is not None and (not ti.is_interface(src) or self.is_constant(n)):
                if not ti.is_direct_iface(src):
                    k = self.spill(k, n, Site.BOX, self.batch.texts.later_boxed(n))
                self.expr(k.note(n, "interface-converted"), n)
                return
        self.expr(k, n)

    def expr(self, k: Hole, n: ast.Expr) -> None:
        """Evaluate n into k."""
        if n in self.given:
            self.operand(k, self.given[n], None)
            return
        while isinstance(n, ast.Paren):
            n = n.x
        tv = self.info.types.get(n)
        if tv is not None:
            if tv.mode is Mode.CONSTANT or tv.mode is Mode.NIL or tv.mode is Mode.TYPE:
                return
            k = self.no_pointers(k, tv.type)
        match n:
            case ast.Name():
                v = self.variable(n)
                if v is not None and not v.is_global and not v.is_field:
                    self.graph.flow(k, self.location(v))
            case ast.Call():
                self.call([k], n)
            case ast.Selector():
                self.selector(k, n)
            case ast.Unary(op=UnaryOp.ADDR, x=x):
                self.address(k, n, unparen(x))
            case ast.Unary(x=x) | ast.Receive(x=x):
                self.discard(x)
            case ast.Star(x=x):
                self.expr(k.deref(n, "indirection"), x)
            case ast.Binary():
                self.binary(k, n)
            case ast.Index():
                self.index(k, n)
            case ast.Slice():
                self.slice(k, n)
            case ast.TypeAssert(x=x):
                self.expr(self.dot_type(k, self.asserted(n), n, "dot"), x)
            case ast.CompositeLit():
                self.composite(k, n)
            case ast.FuncLit():
                self.closure(k, n, self.batch.program.by_node[n])
            case ast.KeyValue(key=key, value=value):
                self.discard(key)
                self.expr(k, value)
            case ast.BasicLit() | ast.Paren() | ast.BadExpr():
                pass
            case (
                ast.ArrayType() | ast.SliceType() | ast.StructType() | ast.FuncType() | ast.InterfaceType()
                | ast.UnionType() | ast.MapType() | ast.ChanType()
            ):  # fmt: skip
                pass

    def asserted(self, n: ast.TypeAssert) -> Type | None:
        return self.type_of(n.type) if n.type is not None else None

    def dot_type(self, k: Hole, t: Type | None, where: ast.Node, why: str) -> Hole:
        """The hole for the interface operand of an assertion to t: a boxed value is behind a pointer.

        A type that depends on a type parameter may be one pointer in some instance, which is not boxed.
        """
        if not ti.is_interface(t) and not ti.is_direct_iface(t) and t is not None and has_constant_size(t):
            k = k.shift(1)
        return k.note(where, why)

    def address(self, k: Hole, n: ast.Unary, x: ast.Expr) -> None:
        if not isinstance(x, ast.CompositeLit):
            self.expr(k.addr(n, "address-of"), x)
            return
        loc = self.pointer_site(k, n, x)
        self.composite(loc, x)

    def pointer_site(self, k: Hole, n: ast.Node, lit: ast.CompositeLit) -> Hole:
        """The variable behind `&T{...}`, which n makes of lit."""
        hole = self.spill(k, n, Site.POINTER, self.batch.texts.later_pointer(lit))
        hole.dst.key = (lit, Site.POINTER)
        t = self.type_of(lit)
        base = ti.pointer_base(t) if n is lit else t
        if ti.size(base) > ti.MAX_IMPLICIT_STACK_VAR_SIZE:
            hole.dst.must_heap = "too large for stack"
        return hole

    def binary(self, k: Hole, n: ast.Binary) -> None:
        if n.op is BinaryOp.ADD and ti.is_string(self.type_of(n)):
            self.spill(k, n)
            self.concatenated(n)
            return
        if n.op in _COMPARISONS:
            self.comparison(n)
            return
        # a chain of a thousand operators leans left: walk down it in a loop
        operands = [n.y]
        left: ast.Expr = n.x
        while True:
            left = unparen(left)
            if not isinstance(left, ast.Binary) or left.op in _COMPARISONS or self.is_constant(left):
                break
            if ti.is_string(self.type_of(left)):
                break
            operands.append(left.y)
            left = left.x
        self.discard(left)
        for y in reversed(operands):
            self.discard(y)

    def concatenated(self, n: ast.Binary) -> None:
        """Visit the operands of a chain of string additions; they never escape through it."""
        operands: list[ast.Expr] = []
        stack: list[ast.Expr] = [n]
        while stack:
            x = unparen(stack.pop())
            if isinstance(x, ast.Binary) and x.op is BinaryOp.ADD and not self.is_constant(x):
                stack.append(x.y)
                stack.append(x.x)
            else:
                operands.append(x)
        for x in operands:
            self.discard(x)

    def comparison(self, n: ast.Binary) -> None:
        """Both operands become the interface type if one is an interface."""
        xt, yt = self.type_of(n.x), self.type_of(n.y)
        common = xt if ti.is_interface(xt) and not self.is_nil(n.x) and not self.is_constant(n.x) else None
        if common is None and ti.is_interface(yt) and not self.is_nil(n.y) and not self.is_constant(n.y):
            common = yt
        self.convert(self.discard_hole(), n.x, common)
        self.convert(self.discard_hole(), n.y, common)

    def index(self, k: Hole, n: ast.Index) -> None:
        t = self.type_of(n.x)
        core = core_type(t) if t is not None else None
        if isinstance(core, Signature):
            return  # an instantiation
        if isinstance(core, Map):
            self.discard(n.x)
            self.convert(self.discard_hole(), n.indices[0], core.key)
            return
        if isinstance(core, Array):
            self.expr(k.note(n, "fixed-array-index-of"), n.x)
        elif core is None:
            self.expr(k.note(n, "index of a type parameter"), n.x)
        else:
            self.expr(k.deref(n, "dot of pointer"), n.x)
        self.discard(n.indices[0])

    def slice(self, k: Hole, n: ast.Slice) -> None:
        t = self.type_of(n.x)
        core = core_type(t) if t is not None else None
        if isinstance(core, Array):
            self.expr(k.note(n, "slice").addr(n.x, "address-of"), n.x)
        else:
            self.expr(k.note(n, "slice"), n.x)
        for i in (n.lo, n.hi, n.max):
            self.discard(i)

    # -- selectors ---------------------------------------------------------------------------------

    def steps(self, t: Type | None, path: Sequence[int]) -> list[tuple[bool, Type | None]]:
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

    def selector(self, k: Hole, n: ast.Selector) -> None:
        sel = self.info.selections.get(n)
        if sel is None or sel.kind is SelectionKind.METHOD_EXPR:
            return  # a package's variable or function, or T.f
        if sel.kind is SelectionKind.METHOD:
            self.method_value(k, n, sel)
            return
        self.field_path(k, n, self.steps(self.type_of(n.x), sel.index))

    def field_path(self, k: Hole, n: ast.Selector, steps: list[tuple[bool, Type | None]]) -> None:
        """Evaluate the field that steps lead to, from n's operand, into k."""
        for through_pointer, _ in reversed(steps):
            k = k.deref(n, "dot of pointer") if through_pointer else k.note(n, "dot")
        self.expr(k, n.x)

    def receiver(self, k: Hole, n: ast.Selector, sel: Selection) -> None:
        """Evaluate the receiver of a method selection as the method takes it: `(&)x.path` or `*x.path`."""
        steps = self.steps(self.type_of(n.x), sel.index[:-1])
        t = steps[-1][1] if steps else self.type_of(n.x)
        base = ti.pointer_base(t)
        if isinstance(sel.obj, Func) and not ti.is_interface(t) and t is not None and not is_type_param(t):
            if has_pointer_receiver(sel.obj):
                if base is None:
                    k = k.addr(n, "address-of")
            elif base is not None:
                k = self.no_pointers(k, base).deref(n, "indirection")
            else:
                k = self.no_pointers(k, t)
        self.field_path(k, n, steps)

    def static_method(self, n: ast.Selector, sel: Selection) -> Func | None:
        """The method a selection always means; None when it goes through an interface or type parameter."""
        if not isinstance(sel.obj, Func):
            return None
        steps = self.steps(self.type_of(n.x), sel.index[:-1])
        t = steps[-1][1] if steps else self.type_of(n.x)
        if t is None or is_type_param(t) or isinstance(core_type(t), Interface):
            return None
        base = ti.pointer_base(t)
        if base is not None and (is_type_param(base) or isinstance(core_type(base), Interface)):
            return None
        return sel.obj.origin or sel.obj

    def method_value(self, k: Hole, n: ast.Selector, sel: Selection) -> None:
        """`x.f` not called: a closure that holds the receiver; its results may go anywhere."""
        closure = self.spill(k, n)
        recv = signature_of(sel.obj).recv if isinstance(sel.obj, Func) else None
        if recv is not None and ti.size(recv.type) + ti.PTR_SIZE > ti.MAX_IMPLICIT_STACK_VAR_SIZE:
            closure.dst.must_heap = "too large for stack"
        sig = sel.type if isinstance(sel.type, Signature) else None
        count = len(sig.results.vars) if sig is not None else 0
        method = self.static_method(n, sel)
        param = self.tag_hole([self.heap()] * count, method, 0)
        self.receiver(self.tee(param, closure), n, sel)

    # -- literals ----------------------------------------------------------------------------------

    def composite(self, k: Hole, n: ast.CompositeLit) -> None:
        t = self.type_of(n)
        base = ti.pointer_base(t)
        if n.type is None and base is not None:  # an elided &T
            k = self.pointer_site(k, n, n)
            t = base
        core = core_type(t) if t is not None else None
        if isinstance(core, Map):
            self.spill(k, n, Site.VALUE, self.batch.texts.later_literal(n))
            for e in n.elements:
                if isinstance(e, ast.KeyValue):
                    self.assign_heap(e.key, core.key, "map literal key", n)
                    self.assign_heap(e.value, core.elem, "map literal value", n)
            return
        if isinstance(core, Slice):
            k = self.spill(k, n, Site.VALUE, self.batch.texts.later_literal(n)).note(n, "slice-literal-element")
        elif isinstance(core, Array):
            k = k.note(n, "array literal element")
        elif isinstance(core, Struct):
            k = k.note(n, "struct literal element")
            self.struct_fields(k, core, n)
            return
        elem = core.elem if isinstance(core, Slice | Array) else None
        for e in n.elements:
            self.convert(k, e.value if isinstance(e, ast.KeyValue) else e, elem)

    def struct_fields(self, k: Hole, struct: Struct, n: ast.CompositeLit) -> None:
        by_name = {f.name: f.type for f in struct.fields}
        for i, e in enumerate(n.elements):
            if isinstance(e, ast.KeyValue):
                self.convert(k, e.value, by_name.get(e.key.text) if isinstance(e.key, ast.Name) else None)
            else:
                self.convert(k, e, struct.fields[i].type if i < len(struct.fields) else None)

    def closure(self, k: Hole, n: ast.Node, fn: Fn) -> Hole:
        """A function literal: its storage, later its captured variables, and its body now."""
        hole = self.spill(k, n)
        self.graph.closure_of[hole.dst] = fn
        self.batch.closures.append((hole, n, fn))
        for v in self.batch.program.captures.get(fn, ()):
            loc = self.location(v)
            if not loc.captured:
                loc.captured = True
                # What was assigned before the first capture, in straight-line code, is not seen to change.
                if loc.loop_depth == self.loop_depth:
                    loc.reassigned = False
        if fn.is_closure:
            self.body(fn)
        return hole

    # -- targets of assignments --------------------------------------------------------------------

    def addr(self, n: ast.Expr | None) -> Hole:
        """The hole that storing into n means; also evaluates n's operands."""
        if n is None:
            return self.discard_hole()
        n = unparen(n)
        match n:
            case ast.Name(text="_"):
                return self.discard_hole()
            case ast.Name():
                v = self.variable(n)
                return self.heap() if v is None or v.is_global else Hole(self.location(v))
            case ast.Selector():
                sel = self.info.selections.get(n)
                if sel is None:
                    return self.heap()
                return self.field_target(n, self.steps(self.type_of(n.x), sel.index))
            case ast.Index(x=x, indices=(i, *_)):
                return self.index_target(n, x, i)
            case ast.Star(x=x):
                self.mutate(x)
                return self.heap()
            case _:
                self.discard(n)
                return self.heap()

    def field_target(self, n: ast.Selector, steps: list[tuple[bool, Type | None]]) -> Hole:
        for i in range(len(steps) - 1, -1, -1):
            if steps[i][0]:
                self.field_path(self.mutator(), n, steps[:i])
                return self.heap()
        return self.addr(n.x)

    def index_target(self, n: ast.Index, x: ast.Expr, i: ast.Expr) -> Hole:
        t = self.type_of(x)
        core = core_type(t) if t is not None else None
        if isinstance(core, Map):
            self.discard(x)
            self.assign_heap(i, core.key, "key of map put", n)
            return self.heap()
        self.discard(i)
        if isinstance(core, Array):
            return self.addr(x)
        if core is None and t is not None and is_type_param(t):
            # an array or a slice: the store may go to either
            target = self.addr(x)
            self.mutate(x)
            return self.tee(target, self.heap())
        self.mutate(x)
        return self.heap()

    def is_same_type(self, a: Type | None, b: Type | None) -> bool:
        return a is not None and b is not None and identical(a, b)
