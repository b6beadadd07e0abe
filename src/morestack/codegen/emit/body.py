"""The text of one LLVM function under construction, and the values IR registers have in it.

In straight control flow `cur` holds a register's current value, as the LLVM values of its scalars. Where paths
meet the value is in an alloca, which mem2reg turns into phis; `synced` holds the registers whose alloca is
up to date. Subclasses decide where frame objects and memory registers live, and how a panic leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from morestack.abi.structures import G_M
from morestack.codegen.frame.remat import Remat
from morestack.ir.flat import flat, flat_scalars
from morestack.ir.module import Const, Function, Instr, Object, Operand, Reg, Sym
from morestack.ir.types import BOOL, IRType, Scalar
from morestack.llvm.text import LLVM_TYPE, const_text, is_symbol, memory_type, zero_text
from morestack.source.diagnostics import InternalError

if TYPE_CHECKING:
    from morestack.codegen.context import ModuleContext

COLD = ", !prof !0"
"""Branch weights: the second target is never taken. !0 is defined once per module."""


class Body:
    """Base of segment, leaf and wrapper bodies."""

    f: Function  # what is being emitted; wrappers have none

    def __init__(self, ctx: ModuleContext) -> None:
        self.ctx = ctx
        self.lines: list[str] = []
        self.tail: list[str] = []  # cold blocks, after everything else
        self.cur: dict[int, tuple[str, ...]] = {}
        self.synced: set[int] = set()
        self.variables: dict[int, Reg] = {}  # registers that have allocas
        self.remat: Remat = {}
        self._next = 0

    # text

    def label(self) -> str:
        self._next += 1
        return f"l{self._next}"

    def emit(self, text: str) -> None:
        self.lines.append("  " + text)

    def let(self, text: str) -> str:
        """`%t = text`; returns %t."""
        self._next += 1
        name = f"%t{self._next}"
        self.lines.append(f"  {name} = {text}")
        return name

    def start(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def gep(self, base: str, offset: int) -> str:
        """base + offset bytes."""
        return base if offset == 0 else self.let(f"getelementptr i8, ptr {base}, i64 {offset}")

    def m(self) -> str:
        """The thread that runs g; for slow paths."""
        return self.let(f"load ptr, ptr {self.gep('%g', G_M)}")

    # where things live: subclasses

    def object_address(self, o: Object) -> str:
        raise InternalError("codegen", f"{type(self).__name__} has no object_address")

    def memory_home(self, r: Reg) -> str:
        """Address of a register of memory type."""
        raise InternalError("codegen", f"{type(self).__name__} has no memory_home")

    def panic_unless(self, ok: str, kind: int, a: str, b: str, i: Instr) -> None:
        """Panic with the kind and operands (i64 texts) when the i1 `ok` is false."""
        raise InternalError("codegen", f"{type(self).__name__} has no panic_unless")

    def panic_pending(self, i: Instr) -> None:
        """Panic if a runtime call has set g.pending."""
        raise InternalError("codegen", f"{type(self).__name__} has no panic_pending")

    def leaf_panicked(self, panicked: str, i: Instr) -> None:
        """A leaf has returned; go on panicking when the i1 says so."""
        raise InternalError("codegen", f"{type(self).__name__} has no leaf_panicked")

    def no_return(self, i: Instr) -> None:
        """A NORETURN runtime call."""
        raise InternalError("codegen", f"{type(self).__name__} has no no_return")

    def defer(self, i: Instr) -> None:
        """DEFER."""
        raise InternalError("codegen", f"{type(self).__name__} has no defer")

    def save_place(self, i: Instr) -> None:
        """Store this place and frame in g.sched."""
        raise InternalError("codegen", f"{type(self).__name__} has no save_place")

    def scratch_bytes(self, size: int) -> str:
        """Memory on the thread's own stack, for the length of the body."""
        raise InternalError("codegen", f"{type(self).__name__} has no scratch_bytes")

    def scratch(self, t: IRType) -> str:
        return self.scratch_bytes(t.size)

    # values

    def value(self, a: Operand) -> tuple[str, ...]:
        """The scalars of an operand of flat type."""
        if isinstance(a, Reg):
            known = self.cur.get(a.id)
            if known is None and a.id in self.remat:
                known = self.cur[a.id] = self.compute_again(self.remat[a.id])
            if known is None:
                self.variables[a.id] = a
                known = tuple(
                    self.let(f"load {LLVM_TYPE[s.name]}, ptr %v{a.id}.{k}")
                    for k, (_, s) in enumerate(flat_scalars(a.type))
                )
                self.cur[a.id] = known
                self.synced.add(a.id)
            return known
        if isinstance(a, Const):
            return (const_text(a),)
        assert isinstance(a, Sym)
        return (self.ctx.symbol(a.name),)

    def compute_again(self, i: Instr) -> tuple[str, ...]:
        """The value of a register that is computed where it is read (remat.py)."""
        if isinstance(i.aux, Object):
            return (self.object_address(i.aux),)
        base = self.value(i.args[0])
        return (self.gep(base[0], i.aux),) if isinstance(i.aux, int) else base

    def one(self, a: Operand) -> str:
        """The value of a scalar operand."""
        return self.value(a)[0]

    def typed(self, a: Operand) -> str:
        """`type value` of a scalar operand."""
        t = a.type
        assert isinstance(t, Scalar), t
        return f"{LLVM_TYPE[t.name]} {self.value(a)[0]}"

    def address(self, a: Operand) -> str:
        """Where the memory of a memory-type operand is."""
        assert isinstance(a, Reg), a
        return self.memory_home(a)

    def set(self, r: Reg, values: tuple[str, ...]) -> None:
        """Write a register of flat type."""
        self.cur[r.id] = values
        self.synced.discard(r.id)

    def set_one(self, i: Instr, text: str) -> None:
        """i's only result is the scalar instruction `text`."""
        r = i.dst[0]
        self._next += 1
        name = f"%t{self._next}"
        self.lines.append(f"  {name} = {text}")
        self.cur[r.id] = (name,)
        self.synced.discard(r.id)

    def sync(self, r: Reg) -> None:
        """Bring the register's alloca up to date."""
        if r.id in self.synced or r.id not in self.cur:
            return
        self.variables[r.id] = r
        for k, ((_, s), v) in enumerate(zip(flat_scalars(r.type), self.cur[r.id], strict=True)):
            self.emit(f"store {LLVM_TYPE[s.name]} {v}, ptr %v{r.id}.{k}")
        self.synced.add(r.id)

    def allocas(self) -> list[str]:
        """The alloca lines, for the entry block."""
        return [
            f"  %v{r.id}.{k} = alloca {LLVM_TYPE[s.name]}"
            for r in self.variables.values()
            for k, (_, s) in enumerate(flat_scalars(r.type))
        ]

    # memory

    def load_scalar(self, base: str, offset: int, s: Scalar) -> str:
        at = self.gep(base, offset)
        if s is BOOL:
            return self.let(f"trunc i8 {self.let(f'load i8, ptr {at}')} to i1")
        return self.let(f"load {LLVM_TYPE[s.name]}, ptr {at}, align {s.align}")

    def store_scalar(self, base: str, offset: int, s: Scalar, v: str) -> None:
        at = self.gep(base, offset)
        if s is BOOL:
            v = ("1" if v == "true" else "0") if v in ("true", "false") else self.let(f"zext i1 {v} to i8")
        self.emit(f"store {memory_type(s)} {v}, ptr {at}, align {s.align}")

    def load_flat(self, base: str, t: IRType, offset: int = 0) -> tuple[str, ...]:
        return tuple(self.load_scalar(base, offset + o, s) for o, s in flat_scalars(t))

    def store_value(self, base: str, a: Operand, offset: int = 0) -> None:
        """Store an operand of any type at base + offset."""
        parts = flat(a.type)
        if parts is None:
            self.copy_memory(self.gep(base, offset), self.address(a), a.type)
            return
        for (o, s), v in zip(parts, self.value(a), strict=True):
            self.store_scalar(base, offset + o, s, v)

    def copy_memory(self, to: str, source: str, t: IRType, overlap: bool = False) -> None:
        if t.size and to != source:
            which = "memmove" if overlap else "memcpy"
            self.ctx.use_intrinsic(which)
            self.emit(
                f"call void @llvm.{which}.p0.p0.i64(ptr align {t.align} {to}, ptr align {t.align} {source}, "
                f"i64 {t.size}, i1 false)"
            )

    def clear_memory(self, to: str, t: IRType) -> None:
        if t.size:
            self.ctx.use_intrinsic("memset")
            self.emit(f"call void @llvm.memset.p0.i64(ptr align {t.align} {to}, i8 0, i64 {t.size}, i1 false)")

    # conversions to and from the registers of the calling convention

    def to_word(self, s: Scalar, v: str) -> str:
        """A scalar as the i64 or double that travels."""
        match s.name:
            case "i64" | "f64":
                return v
            case "ptr":
                if v == "null":
                    return "0"
                if is_symbol(v):
                    return f"ptrtoint (ptr {v} to i64)"
                return self.let(f"ptrtoint ptr {v} to i64")
            case "f32":
                two = self.let(f"insertelement <2 x float> poison, float {v}, i32 0")
                return self.let(f"bitcast <2 x float> {two} to double")
            case _:
                if v.isdigit():
                    return v
                if v in ("true", "false"):
                    return "1" if v == "true" else "0"
                return self.let(f"zext {LLVM_TYPE[s.name]} {v} to i64")

    def from_word(self, s: Scalar, v: str) -> str:
        """The scalar that a travelling i64 or double holds."""
        match s.name:
            case "i64" | "f64":
                return v
            case "ptr":
                return self.let(f"inttoptr i64 {v} to ptr")
            case "f32":
                two = self.let(f"bitcast double {v} to <2 x float>")
                return self.let(f"extractelement <2 x float> {two}, i32 0")
            case _:
                return self.let(f"trunc i64 {v} to {LLVM_TYPE[s.name]}")

    def zero(self, r: Reg) -> None:
        """Set a register to its zero value."""
        parts = flat(r.type)
        if parts is None:
            self.clear_memory(self.memory_home(r), r.type)
        else:
            self.set(r, tuple(zero_text(s) for _, s in parts))

    def check_branch(self, ok: str, cold: str) -> None:
        """Go on when ok, else to the label `cold`."""
        go = self.label()
        self.emit(f"br i1 {ok}, label %{go}, label %{cold}{COLD}")
        self.start(go)
