"""Conversions and builtin calls into flows."""

from __future__ import annotations

from collections.abc import Sequence

from morestack.escape import typeinfo as ti
from morestack.escape.flows.expr import ExprBuilder
from morestack.escape.graph import Hole
from morestack.escape.program import unparen
from morestack.escape.result import Site
from morestack.escape.text import position
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, UnaryOp
from morestack.types.core.kinds import is_bytes_or_runes, is_integer
from morestack.types.core.objects import Builtin, BuiltinId
from morestack.types.core.types import Array, Interface, Kind, Map, Slice, Type
from morestack.types.identity.type_params import core_type


class BuiltinBuilder(ExprBuilder):
    """Conversions and builtins."""

    def builtin_of(self, fun: ast.Expr) -> BuiltinId | None:
        name = fun.sel if isinstance(fun, ast.Selector) else fun
        obj = self.info.uses.get(name) if isinstance(name, ast.Name) else None
        return obj.id if isinstance(obj, Builtin) else None

    # -- conversions -------------------------------------------------------------------------------

    def conversion(self, k: Hole, n: ast.Call) -> None:
        """`T(x)`."""
        x = n.args[0]
        dst, src = self.type_of(n), self.type_of(x)
        if self.is_constant(n) or dst is None or src is None:
            self.discard(x)
        elif ti.is_interface(dst):
            if not self.is_nil(x) and not ti.is_interface(src) and not ti.is_direct_iface(src):
                k = self.conversion_site(k, n)
            self.expr(k.note(n, "interface-converted"), x)
        elif self.allocates(dst, src):
            self.conversion_site(k, n)
            self.discard(x)
        elif ti.is_kind(dst, Kind.UNSAFE_POINTER) and ti.is_kind(src, Kind.UINTPTR):
            self.unsafe_value(k, x)
        elif isinstance(core_type(dst), Array) and isinstance(core_type(src), Slice):
            self.expr(k.deref(n, "slice-to-array"), x)
        else:
            self.expr(k, x)

    def conversion_site(self, k: Hole, n: ast.Call) -> Hole:
        hole = self.spill(k, n)
        hole.dst.span = position(n.args[0])
        return hole

    def allocates(self, dst: Type, src: Type) -> bool:
        """Conversions between strings and byte or rune slices, and from integers, make copies."""
        if ti.is_string(dst):
            return is_bytes_or_runes(src) or is_integer(src)
        return ti.is_string(src) and is_bytes_or_runes(dst)

    def unsafe_value(self, k: Hole, n: ast.Expr) -> None:
        """A uintptr that becomes a pointer: find the pointers it was computed from."""
        n = unparen(n)
        match n:
            case ast.Call(fun=fun, args=(x,)) if self.is_type(fun):
                if ti.is_kind(self.type_of(x), Kind.UNSAFE_POINTER):
                    self.expr(k, x)
                else:
                    self.discard(x)
            case ast.Unary(op=UnaryOp.ADD | UnaryOp.SUB | UnaryOp.XOR, x=x):
                self.unsafe_value(k, x)
            case ast.Binary(op=BinaryOp.SHL | BinaryOp.SHR, x=x, y=y):
                self.unsafe_value(k, x)
                self.discard(y)
            case ast.Binary(x=x, y=y) if ti.is_kind(self.type_of(n), Kind.UINTPTR):
                self.unsafe_value(k, x)
                self.unsafe_value(k, y)
            case _:
                self.discard(n)

    # -- builtins ----------------------------------------------------------------------------------

    def builtin(self, ks: Sequence[Hole] | None, n: ast.Call, builtin: BuiltinId) -> None:
        if self.is_constant(n):
            return
        k = ks[0] if ks else self.discard_hole()
        args = n.args

        def argument(hole: Hole, i: int, dst: Type | None = None) -> None:
            self.operand(hole.note(n, "call parameter"), args[i], dst)

        match builtin:
            case BuiltinId.APPEND:
                self.append(k, n, args)
            case BuiltinId.COPY:
                argument(self.mutator(), 0)
                src = self.type_of(n.args[1])
                pointers = isinstance(core_type(src) if src is not None else None, Slice) and ti.has_pointers(
                    ti.element(core_type(src) if src is not None else None)
                )
                argument(self.heap().deref(n, "copied slice") if pointers else self.discard_hole(), 1)
            case BuiltinId.PANIC:
                argument(self.heap(), 0, Interface((), ()))
            case BuiltinId.NEW:
                self.new(k, n)
            case BuiltinId.MAKE:
                self.make(k, n)
            case BuiltinId.MIN | BuiltinId.MAX:
                for i in range(len(args)):
                    argument(k, i)
            case BuiltinId.CLEAR:
                argument(self.mutator(), 0)
            case BuiltinId.DELETE:
                argument(self.discard_hole(), 0)
                m = self.type_of(n.args[0])
                core = core_type(m) if m is not None else None
                argument(self.discard_hole(), 1, core.key if isinstance(core, Map) else None)
            case BuiltinId.STRING_DATA | BuiltinId.SLICE_DATA:
                argument(k, 0)
            case BuiltinId.ADD | BuiltinId.SLICE | BuiltinId.STRING:
                argument(k, 0)
                argument(self.discard_hole(), 1)
            case _:
                for i in range(len(args)):
                    self.operand(self.discard_hole(), args[i], None)

    def append(self, k: Hole, n: ast.Call, args: Sequence[ast.Expr]) -> None:
        """The old array may flow to the result; its elements, and those appended, may move to a new one."""
        t = self.type_of(n.args[0])
        elem = ti.element(core_type(t) if t is not None else None)
        old = self.tee(k, self.mutator())
        if ti.has_pointers(elem):
            old = self.tee(old, self.heap().deref(n, "appendee slice"))
        self.operand(old.note(n, "call parameter"), args[0], None)
        if n.has_dots:
            appended = self.discard_hole()
            source = self.type_of(n.args[1])
            if source is not None and not ti.is_string(source) and ti.has_pointers(elem):
                appended = self.heap().deref(n, "appended slice...")
            self.operand(appended.note(n, "call parameter"), args[1], None)
        else:
            for a in args[1:]:
                self.operand(self.heap().note(n, "call parameter"), a, elem)
        array = self.spill(k, n)
        # gc uses such an array once only, so loops do not matter for it.
        array.dst.loop_depth = 0

    def new(self, k: Hole, n: ast.Call) -> None:
        arg = n.args[0]
        if self.is_type(arg):
            hole = self.spill(k, n)
            if ti.size(self.type_of(arg)) > ti.MAX_IMPLICIT_STACK_VAR_SIZE:
                hole.dst.must_heap = "too large for stack"
            return
        outer = self.fn.outermost()
        hole = self.spill(k, n, Site.VALUE, lambda name=f".autotmp_{outer.autotmps}": name)  # type: ignore[misc]
        hole.dst.is_temp = True
        outer.autotmps += 1
        t = self.type_of(n)
        self.expr(self.no_pointers(hole, ti.pointer_base(t)), arg)

    def make(self, k: Hole, n: ast.Call) -> None:
        t = self.type_of(n)
        core = core_type(t) if t is not None else None
        if isinstance(core, Slice):
            hole = self.spill(k, n)
            hole.dst.must_heap = self.make_reason(n, core)
        elif isinstance(core, Map):
            self.spill(k, n)
        for size in n.args[1:]:
            self.discard(size)

    def make_reason(self, n: ast.Call, t: Slice) -> str:
        """Why this slice's array must be on the heap whatever happens to it."""
        size = ti.size(t.elem)
        if size == 0:
            return "zero-sized element"
        count = self.batch.program.static_int(n.args[-1])
        if count is not None and not 0 <= count <= ti.MAX_IMPLICIT_STACK_VAR_SIZE // size:
            return "too large for stack"
        return ""
