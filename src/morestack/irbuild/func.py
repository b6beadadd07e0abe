"""`FuncBuilder`: one function being built. Blocks, registers, loads and stores, where variables live.

A variable is a register when its type is SSA-able and nothing needs its address; else a frame object, or,
if it escapes, a heap cell whose address a register holds. `loc` gives an expression as a value or as a
place in memory (`Mem`), so nothing large passes through registers without need. `nonnil` holds the
registers known not to be nil in the current block.

The builders of each kind of syntax register themselves in `EXPR`, `LOC`, `INTO` and `STMT`, so no module needs
another's names to reach it. Rejected: one class with mixins, whose parts no reader can tell apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from morestack.ir import types as ir
from morestack.ir.module import Block, Const, Function, Immediate, Instr, Object, Operand, Pos, Reg, Sym
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.ir.runtime_calls import RUNTIME_CALLS
from morestack.ir.types import IRType
from morestack.irbuild.module import ModuleBuilder
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.types.core.info import Mode
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Type

if TYPE_CHECKING:
    from morestack.irbuild.rangefunc import RangeBody

ZERO64 = Const(ir.I64, 0)
ONE64 = Const(ir.I64, 1)
NULL = Const(ir.PTR, 0)
TRUE = Const(ir.BOOL, 1)
FALSE = Const(ir.BOOL, 0)


def int64(value: int) -> Const:
    """An i64 constant."""
    return Const(ir.I64, value & 0xFFFF_FFFF_FFFF_FFFF)


class Mem:
    """A place in memory: `off` bytes after an address known not to be nil."""

    __slots__ = ("addr", "off")

    def __init__(self, addr: Operand, off: int = 0) -> None:
        self.addr = addr
        self.off = off


Loc: TypeAlias = "Operand | Mem"
Handler = TypeVar("Handler", bound=Callable[..., Any])
Storage: TypeAlias = "Reg | Mem | Object"

EXPR: dict[type, Callable[[FuncBuilder, Any], Operand]] = {}
"""The value of an expression."""
LOC: dict[type, Callable[[FuncBuilder, Any], Loc]] = {}
"""An expression that may already be in memory, as a place."""
INTO: dict[type, Callable[[FuncBuilder, Any, Mem], None]] = {}
"""A value too large for registers, built where it is wanted."""
STMT: dict[type, Callable[[FuncBuilder, Any], None]] = {}


class FuncBuilder:
    """Builds one function."""

    def __init__(self, mod: ModuleBuilder, f: Function) -> None:
        self.mod = mod
        self.info = mod.info
        self.types = mod.info.types
        self.f = f
        self.block = Block(-1)
        self.storage: dict[Var, Storage] = {}
        self.saved: dict[ast.Node, Loc] = {}
        """Values of subexpressions that have been evaluated ahead of their statement."""
        self.calls: dict[ast.Node, bool] = {}
        """Which expressions contain calls, as far as asked."""
        self.hoisted: set[ast.Node] = set()
        """Expressions whose calls have been evaluated."""
        self.nonnil: set[int] = set()
        self.made: dict[Reg, tuple[Operand, ...]] = {}
        self.breaks: dict[ast.Node, Block] = {}
        self.continues: dict[ast.Node, Block] = {}
        self.labels: dict[ast.Node, Block] = {}
        self.fallthrough: Block | None = None
        self.exit: Block | None = None
        """With deferred calls: the one block that runs them and returns."""
        self.results: tuple[Var, ...] = ()
        self.result_types: tuple[Type, ...] = ()
        self.result_places: list[Object] = []
        self.nested = False
        self.range_body: RangeBody | None = None
        """The loop over a function whose body this is."""
        self.defer_marker: Reg | None = None
        """What bodies of loops over functions name this frame by, to defer calls for it."""
        self.symbol_base = f.name
        self.start(Block(0))

    # -- blocks and instructions --

    def new_block(self) -> Block:
        """A block that `start` will place."""
        return Block(-1)

    def start(self, block: Block, keep: bool = False) -> None:
        """Go on in block; `keep`: it is only reached from here, so what is known stays known."""
        block.id = len(self.f.blocks)
        self.f.blocks.append(block)
        self.block = block
        if not keep:
            self.nonnil.clear()

    def op(self, op: Op, t: IRType, *args: Operand, aux: Immediate = None, pos: Pos | None = None) -> Reg:
        """Append an instruction with a result."""
        f = self.f
        r = Reg(len(f.regs), t)
        f.regs.append(r)
        self.block.instrs.append(Instr(op, (r,), args, aux, (), pos))
        return r

    def do(self, op: Op, *args: Operand, aux: Immediate = None, pos: Pos | None = None) -> None:
        """Append an instruction without results."""
        self.block.instrs.append(Instr(op, (), args, aux, (), pos))

    def rt(self, name: str, *args: Operand, pos: Pos | None = None) -> Reg:
        """Call a runtime function that has a result."""
        t = RUNTIME_CALLS[name].result
        assert t is not None
        return self.op(Op.RT, t, *args, aux=name, pos=pos)

    def rt_do(self, name: str, *args: Operand, pos: Pos | None = None) -> None:
        """Call a runtime function that has none."""
        self.block.instrs.append(Instr(Op.RT, (), args, name, (), pos))

    def never(self, name: str, *args: Operand, pos: Pos | None = None) -> None:
        """Call a runtime function that does not return: this ends the block."""
        self.block.instrs.append(Instr(Op.RT, (), args, name, (), pos))
        self.block.instrs.append(Instr(Op.UNREACHABLE))

    def jump(self, target: Block) -> None:
        self.block.instrs.append(Instr(Op.JUMP, (), (), None, (target,)))

    def branch(self, cond: Operand, yes: Block, no: Block) -> None:
        if type(cond) is Const:
            self.jump(yes if cond.value else no)
        else:
            self.block.instrs.append(Instr(Op.BRANCH, (), (cond,), None, (yes, no)))

    def set(self, dst: Reg, value: Operand) -> None:
        """Write a register that has a life of its own."""
        self.block.instrs.append(Instr(Op.COPY, (dst,), (value,)))
        if type(value) is Reg and value.id in self.nonnil:
            self.nonnil.add(dst.id)
        else:
            self.nonnil.discard(dst.id)

    def assign(self, dst: Reg, value: Operand) -> None:
        """Write a register with a value nobody else uses: the instruction that just made it writes dst itself."""
        instrs = self.block.instrs
        if type(value) is Reg and not value.name and instrs and instrs[-1].dst == (value,):
            instrs[-1].dst = (dst,)
            self.made.pop(value, None)
            if value.id in self.nonnil:
                self.nonnil.add(dst.id)
            else:
                self.nonnil.discard(dst.id)
            if self.f.regs[-1] is value:
                self.f.regs.pop()
                self.nonnil.discard(value.id)
        else:
            self.set(dst, value)

    def copy(self, value: Operand) -> Operand:
        """The value as it is now: variables in registers may be written later."""
        if type(value) is Reg and value.name:
            r = self.op(Op.COPY, value.type, value)
            if value.id in self.nonnil:
                self.nonnil.add(r.id)
            return r
        return value

    def pos(self, node: ast.Node | ast.Name, offset: int | None = None) -> Pos:
        return self.mod.pos(node.span, offset)

    # -- values --

    def zero(self, t: IRType) -> Operand:
        """The zero value."""
        if isinstance(t, ir.Scalar):
            return Const(t, 0.0 if t is ir.F64 or t is ir.F32 else 0)
        return self.op(Op.ZERO, t)

    def make(self, t: IRType, *fields: Operand) -> Reg:
        """A struct from its fields."""
        r = self.op(Op.MAKE, t, *fields)
        self.made[r] = fields
        return r

    def extract(self, value: Operand, n: int) -> Operand:
        """Field n of a struct (or element of an array) in a register."""
        assert isinstance(value, Reg)
        fields = self.made.get(value)
        if fields is not None:
            known = fields[n]
            if type(known) is not Reg or not known.name:
                return known
        t = value.type
        field = t.fields[n] if isinstance(t, ir.Struct) else t.elem if isinstance(t, ir.Array) else t
        return self.op(Op.EXTRACT, field, value, aux=n)

    def string_const(self, data: bytes) -> Operand:
        if not data:
            return self.op(Op.ZERO, ir.STRING)
        return self.make(ir.STRING, self.mod.string(data), int64(len(data)))

    def nil_check(self, p: Operand, pos: Pos) -> None:
        """Panic if p is nil, unless it is known not to be."""
        if type(p) is Sym:
            return
        if type(p) is Reg:
            if p.id in self.nonnil:
                return
            self.nonnil.add(p.id)
        self.do(Op.NILCHECK, p, pos=pos)

    # -- memory --

    def address(self, m: Mem) -> Operand:
        if not m.off:
            return m.addr
        return self.op(Op.OFFSET, ir.PTR, m.addr, aux=m.off)

    def load(self, m: Mem, t: IRType) -> Operand:
        if not t.size:
            return self.zero(t)
        return self.op(Op.LOAD, t, self.address(m))

    def store(self, m: Mem, value: Operand) -> None:
        if value.type.size:
            self.do(Op.STORE, self.address(m), value)

    def move(self, to: Mem, source: Mem, t: IRType) -> None:
        """Copy memory; register-sized values go through one."""
        if not t.size:
            return
        if is_ssa(t):
            self.store(to, self.load(source, t))
        else:
            self.do(Op.MOVE, self.address(to), self.address(source), aux=t)

    def clear(self, m: Mem, t: IRType) -> None:
        if not t.size:
            return
        if isinstance(t, ir.Scalar):
            self.store(m, self.zero(t))
        else:
            self.do(Op.CLEAR, self.address(m), aux=t)

    def temp(self, t: IRType, name: str = "") -> Mem:
        """A new frame object; its contents are undefined."""
        return Mem(self.op(Op.ADDR, ir.PTR, aux=self.f.object(t, name)))

    def spill(self, value: Operand) -> Mem:
        """A value in a new frame object."""
        m = self.temp(value.type)
        self.store(m, value)
        return m

    def new_object(self, t: Type | None, pos: Pos) -> Operand:
        """A zeroed heap cell; all of size zero are one."""
        if not ir_type(t).size:
            return self.mod.zero_value()
        r = self.rt("newobject", self.mod.type_symbol(t), pos=pos)
        self.nonnil.add(r.id)
        return r

    def allocate(self, t: Type, escapes: bool, pos: Pos, clear: bool = True) -> Mem:
        """Memory for a value of t, on the heap (zeroed) or in the frame (zeroed when asked for)."""
        if escapes:
            return Mem(self.new_object(t, pos))
        m = self.temp(ir_type(t))
        if clear:
            self.clear(m, ir_type(t))
        assert isinstance(m.addr, Reg)
        self.nonnil.add(m.addr.id)
        return m

    # -- variables --

    def needs_memory(self, v: Var) -> bool:
        return not is_ssa(ir_type(v.type)) or v in self.info.addressed or v in self.mod.by_ref

    def on_heap(self, v: Var) -> bool:
        """Does a variable that needs memory need the heap's?"""
        escapes = self.mod.escapes
        if v in self.info.addressed or v in self.mod.by_ref:
            return escapes.var_escapes(v)
        return v in escapes.heap_vars

    def declare(self, v: Var, pos: Pos, value: Operand | None = None, clear: bool = True) -> Storage:
        """Make a variable, zero or with a first value; `clear` False: the caller writes all of it."""
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
        """The memory of a variable that is not in a register."""
        if type(s) is Object:
            return Mem(self.op(Op.ADDR, ir.PTR, aux=s))
        assert isinstance(s, Mem)
        return s

    def var_loc(self, v: Var) -> Loc:
        s = self.storage.get(v)
        if s is None:
            if v.is_global:
                return Mem(self.mod.global_symbol(v))
            raise InternalError("ir.build", f"{self.f.name}: variable {v.name} has no storage", v.span)
        if isinstance(s, Object):
            return Mem(self.op(Op.ADDR, ir.PTR, aux=s))
        return s

    # -- expressions and statements --

    def type_of(self, e: ast.Node) -> Type:
        tv = self.types.get(e)
        if tv is None:
            assert isinstance(e, ast.Name)
            v = self.info.defs.get(e) or self.info.uses.get(e)
            assert isinstance(v, Var | Func) and v.type is not None
            return v.type
        return tv.type

    def type_of_or_none(self, e: ast.Node) -> Type | None:
        tv = self.types.get(e)
        return tv.type if tv is not None else None

    def expr(self, e: ast.Node) -> Operand:
        """The value of an expression."""
        saved = self.saved
        if saved and e in saved:
            return self.value(saved[e], e)
        tv = self.types.get(e)
        if tv is not None and tv.value is not None:
            from morestack.irbuild.convert import constant

            return constant(self, tv.value, tv.type)
        if tv is not None and tv.mode is Mode.NIL:
            return self.zero(ir_type(tv.type))
        return EXPR[type(e)](self, e)

    def value(self, loc: Loc, e: ast.Node) -> Operand:
        """What is at a place, of e's type."""
        if isinstance(loc, Mem):
            return self.load(loc, ir_type(self.type_of(e)))
        return loc

    def loc(self, e: ast.Node) -> Loc:
        """The expression as a place in memory where it has one, else as a value."""
        saved = self.saved
        if saved and e in saved:
            return saved[e]
        handler = LOC.get(type(e))
        if handler is not None:
            tv = self.types.get(e)
            if tv is None or (tv.value is None and tv.mode is not Mode.NIL):
                return handler(self, e)
        t = ir_type(self.type_of(e))
        if is_ssa(t):
            return self.expr(e)
        m = self.temp(t)
        self.into(e, m)
        return m

    def mem(self, e: ast.Node) -> Mem:
        """The expression in memory: where it is, or in a temporary."""
        loc = self.loc(e)
        return loc if isinstance(loc, Mem) else self.spill(loc)

    def into(self, e: ast.Node, to: Mem) -> None:
        """Evaluate e and store it; `to` is memory e does not read."""
        t = ir_type(self.type_of(e))
        if is_ssa(t) or (self.saved and e in self.saved):
            loc = self.loc(e)
            if isinstance(loc, Mem):
                self.move(to, loc, t)
            else:
                self.store(to, loc)
            return
        handler = INTO.get(type(e))
        if handler is not None:
            handler(self, e, to)
            return
        loc = self.loc(e)
        if isinstance(loc, Mem):
            self.move(to, loc, t)
        else:
            self.store(to, loc)

    def stmt(self, s: ast.Node) -> None:
        STMT[type(s)](self, s)

    def stmts(self, stmts: tuple[ast.Stmt, ...]) -> None:
        for s in stmts:
            STMT[type(s)](self, s)


def symbol_name(name: str) -> str:
    """A variable's name as registers and objects carry it; never empty, so that variables can be told."""
    return name if name.isascii() and name.replace("_", "a").isalnum() else "v"


def unparen(e: ast.Node) -> ast.Node:
    while isinstance(e, ast.Paren):
        e = e.x
    return e


def builds(table: dict[type, Any], *kinds: type) -> Callable[[Handler], Handler]:
    """Register a builder for kinds of syntax."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            table[kind] = handler
        return handler

    return register
