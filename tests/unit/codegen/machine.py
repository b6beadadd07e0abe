"""A tiny machine to run generated code on without the real runtime: one goroutine, one stack of our own.

`newstack` moves to a fresh, bigger stack only far enough for tests: it copies the used part and adjusts
saved BPs and pointers by the metadata, so it is also a check that the metadata is right. The code under
test enters through `main.main`, and `printint`, `printbool` ... collect what it prints.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from itertools import count

import llvmlite.binding as llvm

from morestack.abi import convention, pending
from morestack.abi import structures as abi
from morestack.codegen.module import emit_module
from morestack.codegen.stubs import CELLS, emit_stubs
from morestack.ir.module import Module
from morestack.ir.parse import parse_module
from morestack.ir.runtime_calls import RUNTIME_CALLS
from morestack.llvm.objects import emit_object
from morestack.llvm.passes import Passes
from morestack.llvm.target import HEADER, target_machine
from morestack.opt.passes import optimize

_names = count()
_U64 = ctypes.c_uint64


def word(address: int) -> int:
    return _U64.from_address(address).value


def put(address: int, value: int) -> None:
    _U64.from_address(address).value = value & (2**64 - 1)


class Machine:
    """Loads one module; `run` starts `main.main` and returns what was printed."""

    def __init__(
        self, module: Module | str, passes: Passes = Passes.GO, stack: int = 1 << 16, move: bool = False
    ) -> None:
        if isinstance(module, str):
            module = parse_module(module)
        self.text = emit_module(optimize(module))
        self.out: list[object] = []
        self.pending: tuple[int, int, int] | None = None
        self.sites: list[tuple[str, int]] = []
        self.move = move
        self.moves = 0
        self._keep: list[object] = []
        self.g = (ctypes.c_uint64 * 128)()
        self.ga = ctypes.addressof(self.g)
        self.m = (ctypes.c_uint64 * 128)()
        self.ma = ctypes.addressof(self.m)
        put(self.ga + abi.G_M, self.ma)
        self._new_stack(stack)
        self._load(passes)

    def _new_stack(self, size: int) -> None:
        stack = (ctypes.c_uint64 * (size // 8))()
        self._keep.append(stack)
        self.lo = ctypes.addressof(stack)
        self.hi = self.lo + size
        put(self.ga + abi.G_STACK_LO, self.lo)
        put(self.ga + abi.G_STACK_HI, self.hi)
        put(self.ga + abi.G_STACKGUARD0, self.lo + convention.STACK_GUARD)

    def _load(self, passes: Passes) -> None:
        cells = {
            "newstack": (ctypes.c_int64, (), self._newstack),
            "schedule": (ctypes.c_uint64, (), self._schedule),
            "goexit0": (None, (), lambda g: None),
            "panicking": (None, (), self._panicking),
        }
        for name, kinds in (("printint", "q"), ("printbool", "B"), ("printfloat", "d"), ("printuint", "Q")):
            ctype = {"q": ctypes.c_int64, "B": ctypes.c_bool, "d": ctypes.c_double, "Q": ctypes.c_uint64}[kinds]
            cells[name] = (None, (ctype,), self._print)
        cells["exit"] = (None, (ctypes.c_int64,), lambda g, v: self.out.append(("exit", v)))
        cells["chanlen"] = (ctypes.c_int64, (ctypes.c_void_p,), lambda g, p: 7)
        cells["chanrecv"] = (ctypes.c_int64, (ctypes.c_void_p, ctypes.c_void_p), self._chanrecv)
        cells["closechan"] = (None, (ctypes.c_void_p,), self._closechan)
        cells["newobject"] = (ctypes.c_uint64, (ctypes.c_void_p,), self._newobject)
        addresses: dict[str, int] = {}
        for name in (*RUNTIME_CALLS, *CELLS, "deferproc", "deferreturn"):
            cell = ctypes.c_uint64(0)
            if name in cells:
                result, params, code = cells[name]
                f = ctypes.CFUNCTYPE(result, ctypes.c_void_p, *params)(code)
                self._keep.append(f)
                cell.value = ctypes.cast(f, ctypes.c_void_p).value or 0
            self._keep.append(cell)
            addresses[f"cell.{name}"] = ctypes.addressof(cell)
        machine = target_machine()
        self.jit = llvm.create_lljit_compiler(machine)
        builder = llvm.JITLibraryBuilder()
        # One module, so that hidden symbols resolve without a memory layout of their own.
        table = "\n".join(
            f"@cell.{n} = hidden global ptr inttoptr (i64 {word(a)} to ptr)"
            for n, a in ((k[5:], v) for k, v in addresses.items())
        )
        builder.add_object_img(emit_object("\n".join([*HEADER, table]), Passes.QUICK))
        builder.add_object_img(emit_object(emit_stubs(), passes))
        builder.add_object_img(emit_object(self.text + _EXPORTS, passes))
        builder.add_current_process()
        for name in ("rt.mstart", "export.main", "export.goexit"):
            builder.export_symbol(name)
        self.lib = builder.link(self.jit, f"test{next(_names)}")
        self.goexit = self._call_ptr("export.goexit")
        self.main = self._call_ptr("export.main")

    def _call_ptr(self, name: str) -> int:
        return int(ctypes.CFUNCTYPE(ctypes.c_uint64)(self.lib[name])())

    # the runtime's side

    def _schedule(self, g: int) -> int:
        if self.started:
            return 0
        self.started = True
        return self.ga

    def _print(self, g: int, v: object) -> None:
        self.out.append(v)
        if self.move:  # the next prologue moves the stack
            put(self.ga + abi.G_STACKGUARD0, 0xFFFF_FFFF_FFFF_FADE)

    def _chanrecv(self, g: int, c: int, p: int) -> int:
        return 1

    def _closechan(self, g: int, c: int) -> None:
        put(self.ga + abi.G_PENDING, pending.PENDING_CLOSE_NIL)

    def _newobject(self, g: int, t: int) -> int:
        memory = (ctypes.c_uint64 * 64)()
        self._keep.append(memory)
        return ctypes.addressof(memory)

    def _panicking(self, g: int) -> None:
        self.pending = (
            word(self.ga + abi.G_PENDING), word(self.ma + abi.M_PENDING_A), word(self.ma + abi.M_PENDING_B),
        )  # fmt: skip
        for k in range(word(self.ma + abi.M_LEAF_COUNT)):
            self.sites += self.chain(word(self.ma + abi.M_LEAF_SITES + 8 * k))
        pc, sp, bp = (word(self.ga + o) for o in (abi.G_SCHED_PC, abi.G_SCHED_SP, abi.G_SCHED_BP))
        for at, _, _ in self.frames(pc, sp, bp):
            self.sites += self.chain(at + ctypes.c_int32.from_address(at - 4).value)

    def frames(self, pc: int, sp: int, bp: int) -> list[tuple[int, int, int]]:
        """(pc, sp, bp) of each frame from the top, the bottom excluded."""
        out = []
        while pc != self.goexit:
            words = ctypes.c_uint32.from_address(pc - 8).value & 0x3FFF_FFFF
            assert bp == sp + 8 * words, (hex(bp), hex(sp), words)
            out.append((pc, sp, bp))
            pc, sp, bp = word(bp + 8), bp + 16, word(bp)
        return out

    def chain(self, record: int) -> list[tuple[str, int]]:
        """A site, and those it was inlined at."""
        caller = ctypes.c_int32.from_address(record + 12).value
        return [self.site(record), *(self.chain(record + caller) if caller else [])]

    def site(self, record: int) -> tuple[str, int]:
        """(function, line) of a site record."""
        func = record + ctypes.c_int32.from_address(record).value
        name = ctypes.string_at(func + ctypes.c_int32.from_address(func).value).decode()
        return name, ctypes.c_uint32.from_address(record + 4).value

    def _newstack(self, g: int) -> int:
        """Copy to a bigger stack (or an equal one when `move`), adjusting by the metadata alone."""
        old_lo, old_hi = self.lo, self.hi
        pc, sp, bp = (word(self.ga + o) for o in (abi.G_SCHED_PC, abi.G_SCHED_SP, abi.G_SCHED_BP))
        frames = self.frames(pc, sp, bp)
        used = old_hi - (sp - 16)
        size = (old_hi - old_lo) * (1 if self.move else 2)
        self._new_stack(size)
        self.moves += 1
        delta = self.hi - old_hi
        ctypes.memmove(self.hi - used, sp - 16, used)

        def adjust(address: int) -> None:
            value = word(address)
            if old_lo <= value < old_hi:
                put(address, value + delta)

        for at, fsp, fbp in frames:
            words = ctypes.c_uint32.from_address(at - 8).value
            bits = word(at - 16)
            if words & 1 << 31:
                n = (words & 0x3FFF_FFFF) + 7 >> 3
                bits = int.from_bytes(ctypes.string_at(bits, n), "little")
            for k in range(words & 0x3FFF_FFFF):
                if bits >> k & 1:
                    adjust(fsp + delta + 8 * k)
            adjust(fbp + delta)
        adjust(sp - 16 + delta)
        entry = word(self.ma + abi.M_MORE_PC)
        assert ctypes.c_uint32.from_address(entry - 8).value == 0xFFFF_FFFF
        regs = word(entry - 16)
        for k in range(9):
            if regs >> k & 1:
                adjust(self.ma + abi.M_REGS + 8 * k)
        ctypes.memset(old_lo, 0xAA, old_hi - old_lo)
        for o in (abi.G_SCHED_SP, abi.G_SCHED_BP):
            adjust(self.ga + o)
        return 0

    def run(self) -> list[object]:
        """Run main.main on a fresh goroutine."""
        self.started = False
        self.out = []
        sp = self.hi
        put(sp - 8, self.goexit)
        put(sp - 16, 0)
        for o, v in ((abi.G_SCHED_PC, self.main), (abi.G_SCHED_SP, sp), (abi.G_SCHED_BP, 0)):
            put(self.ga + o, v)
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.lib["rt.mstart"])(self.ga)
        return self.out


_EXPORTS = """
declare hidden void @rt.goexit()
define ptr @export.goexit() {
  ret ptr @rt.goexit
}
define ptr @export.main() {
  ret ptr @main.main
}
"""


def run(text: str, **options: object) -> list[object]:
    """What the IR text prints."""
    return Machine(text, **options).run()  # type: ignore[arg-type]


__all__ = ["Callable", "Machine", "run"]
