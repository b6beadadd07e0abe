"""`FuncBuilder`: an emitter that walks the syntax of one function.

A variable is a register if its type is SSA-able and its address is not needed. Otherwise it is a frame object or, if
it escapes, a heap cell whose address is in a register. `loc` returns an expression as a value or as a place in memory
(`Mem`), so large values pass through registers only where necessary.

The functions for each construct take a FuncBuilder as first argument and recurse through `expr`, `loc`, `into` and
`stmt`, which call the dispatcher (`Syntax`) of the module builder. Rejected: one class with mixins, because readers
cannot tell which part a method belongs to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from morestack.ir import types as ir
from morestack.ir.module import Block, Function, Instr, Object, Operand, Pos, Reg
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.emit.constant import constant
from morestack.irbuild.emit.emitter import Emitter, Loc, Mem, symbol_name
from morestack.irbuild.module import ModuleBuilder
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.types.core.info import Mode
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Type

if TYPE_CHECKING:
    from morestack.irbuild.stmt.rangefunc import RangeBody

Storage: TypeAlias = "Reg | Mem | Object"


class FuncBuilder(Emitter):
    """Builds one function."""

    mod: ModuleBuilder

    def __init__(self, mod: ModuleBuilder, f: Function) -> None:
        super().__init__(mod, f)
        self.syntax = mod.syntax
        self.info = mod.info
        self.types = mod.info.types
        self.storage: dict[Var, Storage] = {}
        self.saved: dict[ast.Node, Loc] = {}
        """Values of subexpressions that were evaluated before the rest of their statement."""
        self.calls: dict[ast.Node, bool] = {}
        """Whether expressions contain calls, for those that have been examined."""
        self.hoisted: set[ast.Node] = set()
        """Expressions whose calls have been evaluated."""
        self.breaks: dict[ast.Node, Block] = {}
        self.continues: dict[ast.Node, Block] = {}
        self.labels: dict[ast.Node, Block] = {}
        self.fallthrough: Block | None = None
        self.exit: Block | None = None
        """With deferred calls: the single block that runs them and returns."""
        self.results: tuple[Var, ...] = ()
        self.result_types: tuple[Type, ...] = ()
        self.result_places: list[Object] = []
        self.nested = False
        self.range_body: RangeBody | None = None
        """If this function is the body of a range over a function: that loop."""
        self.defer_marker: Reg | None = None
        """The marker by which bodies of ranges over functions refer to this frame when they defer calls for it."""
        self.symbol_base = f.name

    def pos(self, node: ast.Node | ast.Name, offset: int | None = None) -> Pos:
        """Return the position of a node, or of an offset in its file."""
        return self.mod.pos(node.span, offset)

    # -- variables --

    def needs_memory(self, v: Var) -> bool:
        """Whether a variable must live in memory, because of its type or because its address is taken."""
        return not is_ssa(ir_type(v.type)) or v in self.info.addressed or v in self.mod.by_ref

    def on_heap(self, v: Var) -> bool:
        """Whether a variable that needs memory must be on the heap."""
        escapes = self.mod.escapes
        if v in self.info.addressed or v in self.mod.by_ref:
            return escapes.var_escapes(v)
        return v in escapes.heap_vars

    def declare(self, v: Var, pos: Pos, value: Operand | None = None, clear: bool = True) -> Storage:
        """Create a variable, zero or with an initial value; with `clear` False the caller writes all of it."""
        t = ir_type(v.type)
        if not self.needs_memory(v):
            known = self.storage.get(v)
            r = known if type(known) is Reg else self.f.reg(t, symbol_name(v.name))
            self.storage[v] = r
            if value is not None:
                self.assign(r, value)
            elif clear:
                self._zero_reg(r)
            return r
        storage: Storage
        if self.on_heap(v):
            known = self.storage.get(v)
            cell = self.new_object(v.type, pos)
            if isinstance(known, Mem):
                assert isinstance(known.addr, Reg)
                self.set(known.addr, cell)
                storage = known
            else:
                named = self.f.reg(ir.PTR, symbol_name(v.name))
                self.set(named, cell)
                storage = Mem(named)
        else:
            known = self.storage.get(v)
            storage = known if type(known) is Object else self.f.object(t, symbol_name(v.name))
        self.storage[v] = storage
        if value is not None:
            self.store(self.place(storage), value)
        elif clear and type(storage) is Object:
            self.clear(self.place(storage), t)
        return storage

    def _zero_reg(self, r: Reg) -> None:
        t = r.type
        if isinstance(t, ir.Scalar):
            self.set(r, self.zero(t))
        else:
            self.block.instrs.append(Instr(Op.ZERO, (r,)))

    def place(self, s: Storage) -> Mem:
        """Return the memory of a variable that is not in a register."""
        if type(s) is Object:
            return Mem(self.op(Op.ADDR, ir.PTR, aux=s))
        assert isinstance(s, Mem)
        return s

    def var_loc(self, v: Var) -> Loc:
        """Return the register or the place of a variable."""
        s = self.storage.get(v)
        if s is None:
            if v.is_global:
                return Mem(self.mod.global_symbol(v))
            raise InternalError("ir.build", f"{self.f.name}: variable {v.name} has no storage", v.span)
        if isinstance(s, Object):
            return Mem(self.op(Op.ADDR, ir.PTR, aux=s))
        return s

    # -- expressions and statements --

    def type_of(self, e: ast.Expr) -> Type:
        """Return the type of an expression; for a name on the left only its variable may have the type."""
        tv = self.types.get(e)
        if tv is None:
            assert isinstance(e, ast.Name)
            v = self.info.defs.get(e) or self.info.uses.get(e)
            assert isinstance(v, Var | Func) and v.type is not None
            return v.type
        return tv.type

    def type_of_or_none(self, e: ast.Expr) -> Type | None:
        """Return the type of an expression, or None if none is recorded."""
        tv = self.types.get(e)
        return tv.type if tv is not None else None

    def expr(self, e: ast.Expr) -> Operand:
        """Build the value of an expression."""
        saved = self.saved
        if saved and e in saved:
            return self.value(saved[e], e)
        tv = self.types.get(e)
        if tv is not None and tv.value is not None:
            return constant(self, tv.value, tv.type)
        if tv is not None and tv.mode is Mode.NIL:
            return self.zero(ir_type(tv.type))
        return self.syntax.expr(self, e)

    def value(self, loc: Loc, e: ast.Expr) -> Operand:
        """Return the value at loc, which has the type of e."""
        if isinstance(loc, Mem):
            return self.load(loc, ir_type(self.type_of(e)))
        return loc

    def loc(self, e: ast.Expr) -> Loc:
        """Build an expression as a place in memory if it has one, else as a value."""
        saved = self.saved
        if saved and e in saved:
            return saved[e]
        tv = self.types.get(e)
        if tv is not None and (tv.value is not None or tv.mode is Mode.NIL):
            return self.evaluated(e)
        return self.syntax.loc(self, e)

    def evaluated(self, e: ast.Expr) -> Loc:
        """Build the value of an expression that is not a place; a large value goes into a temporary."""
        t = ir_type(self.type_of(e))
        if is_ssa(t):
            return self.expr(e)
        m = self.temp(t)
        self.into(e, m)
        return m

    def mem(self, e: ast.Expr) -> Mem:
        """Build an expression in memory: at its own place, or in a temporary."""
        loc = self.loc(e)
        return loc if isinstance(loc, Mem) else self.spill(loc)

    def into(self, e: ast.Expr, to: Mem) -> None:
        """Evaluate e and store it; `to` is memory that e does not read."""
        if is_ssa(ir_type(self.type_of(e))) or (self.saved and e in self.saved):
            self.put(to, self.loc(e), e)
        else:
            self.syntax.into(self, e, to)

    def put(self, to: Mem, loc: Loc, e: ast.Expr) -> None:
        """Store the value of e, which is at loc."""
        if isinstance(loc, Mem):
            self.move(to, loc, ir_type(self.type_of(e)))
        else:
            self.store(to, loc)

    def stmt(self, s: ast.Stmt) -> None:
        """Build a statement."""
        self.syntax.stmt(self, s)

    def stmts(self, stmts: tuple[ast.Stmt, ...]) -> None:
        """Build statements in order."""
        build = self.syntax.stmt
        for s in stmts:
            build(self, s)
