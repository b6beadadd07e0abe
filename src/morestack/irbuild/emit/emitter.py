"""`Emitter` emits one function: blocks, registers, loads and stores. It handles operands and knows nothing of syntax.

Known facts save instructions: `nonnil` holds the registers that are not nil in the current block, and `made` the
fields of structs that were just built. A named register is a variable and may be written again, so its value must be
copied (`copy`) before any other code runs.

The other modules of this package each emit one kind of Go operation on operands: arithmetic, comparisons, interfaces,
maps. Their functions take the emitter as first argument.
"""

from __future__ import annotations

from typing import TypeAlias

from morestack.ir import types as ir
from morestack.ir.module import Block, Const, Function, Immediate, Instr, Operand, Pos, Reg, Sym
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.ir.runtime_calls import RUNTIME_CALLS
from morestack.ir.types import IRType
from morestack.irbuild.emit.module import ModuleEmitter
from morestack.types.core.types import Type

ZERO64 = Const(ir.I64, 0)
ONE64 = Const(ir.I64, 1)
NULL = Const(ir.PTR, 0)
TRUE = Const(ir.BOOL, 1)
FALSE = Const(ir.BOOL, 0)


def int64(value: int) -> Const:
    """Return an i64 constant."""
    return Const(ir.I64, value & 0xFFFF_FFFF_FFFF_FFFF)


class Mem:
    """A place in memory: `off` bytes after an address that is known not to be nil."""

    __slots__ = ("addr", "off")

    def __init__(self, addr: Operand, off: int = 0) -> None:
        self.addr = addr
        self.off = off


Loc: TypeAlias = "Operand | Mem"


class Emitter:
    """Emits one function."""

    def __init__(self, mod: ModuleEmitter, f: Function) -> None:
        self.mod = mod
        self.f = f
        self.block = Block(-1)
        self.nonnil: set[int] = set()
        self.made: dict[Reg, tuple[Operand, ...]] = {}
        self.start(Block(0))

    # -- blocks and instructions --

    def new_block(self) -> Block:
        """Create a block, which `start` places later."""
        return Block(-1)

    def start(self, block: Block, keep: bool = False) -> None:
        """Continue in block; with `keep` it is reached only from here, so known facts stay valid."""
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
        """Call a runtime function without results."""
        self.block.instrs.append(Instr(Op.RT, (), args, name, (), pos))

    def never(self, name: str, *args: Operand, pos: Pos | None = None) -> None:
        """Call a runtime function that does not return, which ends the block."""
        self.block.instrs.append(Instr(Op.RT, (), args, name, (), pos))
        self.block.instrs.append(Instr(Op.UNREACHABLE))

    def jump(self, target: Block) -> None:
        """End the block with a jump."""
        self.block.instrs.append(Instr(Op.JUMP, (), (), None, (target,)))

    def branch(self, cond: Operand, yes: Block, no: Block) -> None:
        """End the block with a conditional branch, or with a jump if the condition is constant."""
        if type(cond) is Const:
            self.jump(yes if cond.value else no)
        else:
            self.block.instrs.append(Instr(Op.BRANCH, (), (cond,), None, (yes, no)))

    def set(self, dst: Reg, value: Operand) -> None:
        """Write a register that other code may read or write later."""
        self.block.instrs.append(Instr(Op.COPY, (dst,), (value,)))
        if type(value) is Reg and value.id in self.nonnil:
            self.nonnil.add(dst.id)
        else:
            self.nonnil.discard(dst.id)

    def assign(self, dst: Reg, value: Operand) -> None:
        """Write a value that has no other use to a register: the instruction that just computed it then writes dst
        directly."""
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
        """Return the present value; a register that holds a variable is copied, because it may be written later."""
        if type(value) is Reg and value.name:
            r = self.op(Op.COPY, value.type, value)
            if value.id in self.nonnil:
                self.nonnil.add(r.id)
            return r
        return value

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
        """Return field n of a struct (or element n of an array) in a register."""
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
        """Return a string of these bytes."""
        if not data:
            return self.op(Op.ZERO, ir.STRING)
        return self.make(ir.STRING, self.mod.string(data), int64(len(data)))

    def nil_check(self, p: Operand, pos: Pos) -> None:
        """Emit a panic if p is nil, unless p is known not to be nil."""
        if type(p) is Sym:
            return
        if type(p) is Reg:
            if p.id in self.nonnil:
                return
            self.nonnil.add(p.id)
        self.do(Op.NILCHECK, p, pos=pos)

    # -- memory --

    def address(self, m: Mem) -> Operand:
        """Return the address of a place."""
        if not m.off:
            return m.addr
        return self.op(Op.OFFSET, ir.PTR, m.addr, aux=m.off)

    def load(self, m: Mem, t: IRType) -> Operand:
        """Load the value at a place."""
        if not t.size:
            return self.zero(t)
        return self.op(Op.LOAD, t, self.address(m))

    def store(self, m: Mem, value: Operand) -> None:
        """Write a value at a place."""
        if value.type.size:
            self.do(Op.STORE, self.address(m), value)

    def move(self, to: Mem, source: Mem, t: IRType) -> None:
        """Copy memory; values that fit in a register go through one."""
        if not t.size:
            return
        if is_ssa(t):
            self.store(to, self.load(source, t))
        else:
            self.do(Op.MOVE, self.address(to), self.address(source), aux=t)

    def clear(self, m: Mem, t: IRType) -> None:
        """Zero a place."""
        if not t.size:
            return
        if isinstance(t, ir.Scalar):
            self.store(m, self.zero(t))
        else:
            self.do(Op.CLEAR, self.address(m), aux=t)

    def temp(self, t: IRType, name: str = "") -> Mem:
        """Return a new frame object, whose contents are undefined."""
        return Mem(self.op(Op.ADDR, ir.PTR, aux=self.f.object(t, name)))

    def spill(self, value: Operand) -> Mem:
        """Store a value in a new frame object."""
        m = self.temp(value.type)
        self.store(m, value)
        return m

    def new_object(self, t: Type | None, pos: Pos) -> Operand:
        """Allocate a zeroed heap cell; all cells of size zero are the same."""
        if not ir_type(t).size:
            return self.mod.zero_value()
        r = self.rt("newobject", self.mod.type_symbol(t), pos=pos)
        self.nonnil.add(r.id)
        return r

    def allocate(self, t: Type, escapes: bool, pos: Pos, clear: bool = True) -> Mem:
        """Allocate memory for a value of t, on the heap (zeroed) or in the frame (zeroed if `clear` is set)."""
        if escapes:
            return Mem(self.new_object(t, pos))
        m = self.temp(ir_type(t))
        if clear:
            self.clear(m, ir_type(t))
        assert isinstance(m.addr, Reg)
        self.nonnil.add(m.addr.id)
        return m


def symbol_name(name: str) -> str:
    """Return the name of a variable for registers and objects. It is never empty, so that variables can be
    recognized."""
    return name if name.isascii() and name.replace("_", "a").isalnum() else "v"
