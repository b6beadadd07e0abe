"""Goroutine functions: one LLVM function a segment, on the goroutine's own stack (docs/abi.md).

A segment loads from the frame the registers it reads, and on leaving stores those it may have changed
and the next segment needs (`dirty`): at every head but the entry, all live registers are in their slots.
"""

from __future__ import annotations

from morestack.abi.convention import CONTEXT_REG, INT_REGS, LINK, PARKED, STACK_SMALL
from morestack.abi.metadata import TRACKED_OBJECTS
from morestack.abi.structures import (
    G_PENDING,
    G_SCHED_BP,
    G_SCHED_PC,
    G_SCHED_SP,
    G_STACKGUARD0,
    M_MORE_FRAME,
    M_MORE_PC,
)
from morestack.codegen.context import ModuleContext, flags_of
from morestack.codegen.convention import ALL_ARGS, PARAMS, Place, argument_list
from morestack.codegen.emit.blocks import Region
from morestack.codegen.emit.body import COLD
from morestack.codegen.emit.call import runtime_call
from morestack.codegen.emit.defer import emit_defer, emit_defer_return
from morestack.codegen.frame.layout import Layout, call_convention, plan, registers
from morestack.codegen.frame.split import Node, Segment
from morestack.ir.flat import flat, flat_scalars
from morestack.ir.module import Function, Instr, Object, Operand, Reg
from morestack.ir.ops import Effect, Op
from morestack.ir.types import I64, PTR
from morestack.llvm.text import quote, zero_text

ATTRIBUTES = "nounwind null_pointer_is_valid align 16"


def segment_symbol(f: Function, s: Segment) -> str:
    """The LLVM name of a segment."""
    return quote(f.name if s.is_entry else f"{f.name}${s.number}")


class SegmentBody(Region):
    """One segment under construction."""

    def __init__(self, ctx: ModuleContext, lay: Layout, seg: Segment) -> None:
        self.lay = lay
        self.seg = seg
        super().__init__(ctx, lay.function, seg.nodes)
        self.remat = lay.remat
        # %bp is the callee's BP in a continuation, else this frame's own.
        self.panics: list[tuple[str, str, str, str, str]] = []  # label, kind, a, b, blob
        self.sp_offset = LINK if seg.is_continuation else -lay.frame
        self._solve_dirty()
        self.solve_liveness(lay.live.uses, lay.live.defs)

    def is_inside(self, n: Node) -> bool:
        head = self.lay.head_of.get(n)
        return n in self.inside and (head is None or head is self.seg)

    # addresses

    def frame_address(self, offset: int) -> str:
        """SP + offset."""
        return self.gep("%bp", self.sp_offset + offset)

    def own_bp(self) -> str:
        return self.frame_address(self.lay.frame)

    def object_address(self, o: Object) -> str:
        return self.frame_address(self.lay.objects[o.id])

    def memory_home(self, r: Reg) -> str:
        if r.id in self.lay.incoming:
            return self.frame_address(self.lay.frame + LINK + self.lay.memory[r.id])
        return self.frame_address(self.lay.memory[r.id])

    # which registers have changed since their slots were written

    def _solve_dirty(self) -> None:
        live = self.lay.live
        head = self.seg.head
        start = 0
        if self.seg.is_entry:
            start = (1 << len(self.f.regs)) - 1  # no slot has been written yet
        dirty_in = {n: 0 for n in self.nodes}
        dirty_in[head] = start
        self.dirty: dict[Node, int] = {}
        changed = True
        while changed:
            changed = False
            for n in self.nodes:
                out = dirty_in[n] | live.defs[n]
                self.dirty[n] = out
                for s in n.succs:
                    if self.is_inside(s) and out & ~dirty_in[s]:
                        dirty_in[s] |= out
                        changed = True

    def spilled(self, n: Node, head: Node) -> int:
        """Registers to store when leaving node n for that head."""
        return self.dirty[n] & self.lay.live.live_in[head]

    def exit_needs(self, n: Node) -> int:
        needs = 0
        if n.resume is not None:
            needs = self.spilled(n, n.resume)
        for s in n.succs:
            if not self.is_inside(s):
                needs |= self.spilled(n, s)
        return needs

    # the whole function

    def build(self) -> list[str]:
        """The text of the segment."""
        f, lay, seg = self.f, self.lay, self.seg
        symbol = segment_symbol(f, seg)
        prefix, linkage = "", "internal"
        if seg.is_entry:
            linkage = "internal" if f.local else "hidden"
            bitmap = lay.convention.param_bitmap | (1 << CONTEXT_REG if f.context is not None else 0)
            prefix = " " + self.ctx.entry_prefix(symbol, bitmap, self.ctx.function_record(f, flags_of(f)))
            self._enter()
        else:
            if seg.is_continuation:
                prefix = " " + self._metadata(symbol)
            self._resume()
        self.emit_nodes()
        self.lines += self.tail
        self._shared_panic()
        head = f"define {linkage} preserve_nonecc void {symbol}{PARAMS} {ATTRIBUTES}{prefix} {{"
        return [head, "entry:", *self.allocas(), *self._scratch, *self.lines, "}"]

    def _metadata(self, symbol: str) -> str:
        """Prefix data of the continuation: it describes the frame while the call runs."""
        binds = self.seg.head.binds
        assert binds is not None
        caller = self.lay.suspended[self.seg.head]
        used = self.lay.used_mask(caller)
        site = self.ctx.site(self.f, binds.pos, flags_of(self.f), used)
        return self.ctx.prefix(symbol, self.lay.bitmap(caller), self.lay.frame // 8, site, self._flags(used))

    def _enter(self) -> None:
        """Prologue, then parameters into registers."""
        lay = self.lay
        if lay.checks_stack:
            guard = self.let(f"load i64, ptr {self.gep('%g', G_STACKGUARD0)}")
            at = self.let("ptrtoint ptr %bp to i64")
            if lay.frame > STACK_SMALL:
                at = self.let(f"sub i64 {at}, {lay.frame - STACK_SMALL}")
            room = self.let(f"icmp uge i64 {at}, {guard}")
            self.emit(f"br i1 {room}, label %go, label %more{COLD}")
            self._more()
            self.start("go")
        for r, place in zip(self.f.params, lay.convention.params, strict=True):
            self._receive(r, place, lay.frame + LINK)
        if self.f.context is not None:
            self.set(self.f.context, (self.let(f"inttoptr i64 %x{CONTEXT_REG} to ptr"),))
        known = set(self.cur)
        for r in registers(self.f, self.seg_live[self.seg.head]):
            if r.id not in known:
                self.set(r, tuple(zero_text(s) for _, s in flat_scalars(r.type)))
        for k in lay.clear:
            o = self.f.objects[k]
            self.clear_memory(self.object_address(o), o.type)

    def _more(self) -> None:
        self.lines, saved = self.tail, self.lines
        self.start("more")
        m = self.m()
        self.emit(f"store ptr {segment_symbol(self.f, self.seg)}, ptr {self.gep(m, M_MORE_PC)}")
        self.emit(f"store i64 {self.lay.frame}, ptr {self.gep(m, M_MORE_FRAME)}")
        self.tail_call(self.ctx.function("rt.morestack"), "%bp", ALL_ARGS)
        self.lines = saved

    def _receive(self, r: Reg, place: Place, area: int) -> None:
        """A value that arrives by the convention; `area` is the SP offset of the area it may be in."""
        parts = flat(r.type)
        if parts is None:
            if r.id not in self.lay.incoming:
                self.copy_memory(self.memory_home(r), self.frame_address(area + place.stack), r.type)
            return
        if place.stack >= 0:
            self.set(r, self.load_flat(self.frame_address(area + place.stack), r.type))
            return
        self.set(
            r,
            tuple(
                self.from_word(s, f"%x{k}" if k < INT_REGS else f"%d{k - INT_REGS}")
                for (_, s), k in zip(parts, place.regs, strict=True)
            ),
        )

    def _resume(self) -> None:
        """Load what this segment reads."""
        for r in registers(self.f, self.seg_live[self.seg.head]):
            self.set(r, self._load_slots(r))

    def _load_slots(self, r: Reg) -> tuple[str, ...]:
        out = []
        for (_, s), at in zip(flat_scalars(r.type), self.lay.slots[r.id], strict=True):
            out.append(self.load_scalar(self.frame_address(at), 0, s))
        return tuple(out)

    def bind_results(self, i: Instr) -> None:
        """The results of the call this continuation follows."""
        if i.op is Op.DEFER_RETURN:
            emit_defer_return(self)
            return
        call = call_convention(self.f, i)
        for r, place in zip(i.dst, call.results, strict=True):
            self._receive(r, place, 0)
        if i.op is Op.RT and i.runtime_call.effect & Effect.PANIC:
            self.panic_pending(i)

    def defer(self, i: Instr) -> None:
        emit_defer(self, i)

    def segment_of(self, head: Node) -> str:
        """The LLVM name of the segment a head begins."""
        return segment_symbol(self.f, self.lay.head_of[head])

    def save_place(self, i: Instr) -> None:
        """Tell the runtime where g is, for a call that inspects the frame."""
        self._save_sched(self._blob(i))

    # leaving

    def tail_call(self, target: str, bp: str, args: str) -> None:
        self.emit(f"musttail call preserve_nonecc void {target}(ptr %g, ptr {bp}, {args})")
        self.emit("ret void")

    def _spill(self, n: Node, head: Node) -> None:
        for r in registers(self.f, self.spilled(n, head)):
            for (_, s), at, v in zip(flat_scalars(r.type), self.lay.slots[r.id], self.value(r), strict=True):
                self.store_scalar(self.frame_address(at), 0, s, v)

    def jump_to_head(self, n: Node, head: Node) -> None:
        self._spill(n, head)
        self.tail_call(segment_symbol(self.f, self.lay.head_of[head]), self.own_bp(), argument_list({}))

    def _pass(self, places: tuple[Place, ...], values: tuple[Operand, ...], area: int) -> dict[int, str]:
        """Put values where the convention wants them; the area is at SP + `area`."""
        out: dict[int, str] = {}
        for place, a in zip(places, values, strict=True):
            if place.stack >= 0:
                self.store_value(self.frame_address(area + place.stack), a)
                continue
            for (_, s), k, v in zip(flat_scalars(a.type), place.regs, self.value(a), strict=True):
                out[k] = self.to_word(s, v)
        return out

    def suspend(self, n: Node, i: Instr) -> None:
        assert n.resume is not None
        back = segment_symbol(self.f, self.lay.head_of[n.resume])
        if i.op is Op.RT:
            self._park(n, i, back)
            return
        if i.op is Op.DEFER_RETURN:  # nothing to spill: the exit continuation reads no register
            self.tail_call(back, self.frame_address(-LINK), argument_list({}))
            return
        call = call_convention(self.f, i)
        args = i.args
        context = ""
        if i.op is Op.CALL:
            target = self.ctx.function(i.callee)
        elif i.op is Op.CALL_CLOSURE:
            closure, args = self.one(args[0]), args[1:]
            target = self.let(f"load ptr, ptr {closure}, align 8")
            context = self.to_word(PTR, closure)
        else:
            target, args = self.one(args[0]), args[1:]
        words = self._pass(call.params, args, 0)
        if context:
            words[CONTEXT_REG] = context
        self._spill(n, n.resume)
        self.emit(f"store ptr {back}, ptr {self.frame_address(-8)}, align 8")
        callee_bp = self.frame_address(-LINK)
        if not self._linked():
            self.emit(f"store ptr {self.own_bp()}, ptr {callee_bp}, align 8")
        self.tail_call(target, callee_bp, argument_list(words))

    def _linked(self) -> bool:
        """Whether [SP-16] still holds this frame's BP. The call that this segment continues stored it there, it
        moved with the callee's frame, and nothing else writes below SP."""
        binds = self.seg.head.binds
        return binds is not None and binds.op in (Op.CALL, Op.CALL_CLOSURE, Op.CALL_CODE)

    def _save_sched(self, pc: str) -> None:
        self.emit(f"store ptr {pc}, ptr {self.gep('%g', G_SCHED_PC)}")
        self.emit(f"store ptr {self.frame_address(0)}, ptr {self.gep('%g', G_SCHED_SP)}")
        self.emit(f"store ptr {self.own_bp()}, ptr {self.gep('%g', G_SCHED_BP)}")

    def _park(self, n: Node, i: Instr, back: str) -> None:
        """A parking runtime call: to the scheduler when it parked, else straight on."""
        assert n.resume is not None
        self._spill(n, n.resume)
        self._save_sched(back)
        call = i.runtime_call
        words = runtime_call(self, call.name, i.args, I64)[0]  # whatever its result
        parked = self.let(f"icmp eq i64 {words}, {PARKED}")
        stop, go = self.label(), self.label()
        self.emit(f"br i1 {parked}, label %{stop}, label %{go}")
        self.start(stop)
        self.tail_call(self.ctx.function("rt.schedule"), "poison", argument_list({}))
        self.start(go)
        result = {0: words} if call.result is not None else {}
        self.tail_call(back, self.frame_address(-LINK), argument_list(result))

    def leave(self, i: Instr) -> None:
        """RETURN and TAIL_CALL."""
        if i.op is Op.TAIL_CALL:
            words = self._pass(self.lay.convention.params, i.args, self.lay.frame + LINK)
            self.tail_call(self.ctx.function(i.callee), self.own_bp(), argument_list(words))
            return
        words = self._pass(self.lay.convention.results, i.args, self.lay.frame + LINK)
        bp = self.own_bp()
        back = self.let(f"load ptr, ptr {self.frame_address(self.lay.frame + 8)}, align 8")
        self.tail_call(back, bp, argument_list(words))

    # panics

    def _blob(self, i: Instr) -> str:
        used = self.lay.panic_mask()
        site = self.ctx.site(self.f, i.pos, flags_of(self.f), used)
        return self.ctx.blob(self.lay.panic_bitmap(i), self.lay.frame // 8, site, self._flags(used))

    def _flags(self, used: int) -> int:
        """TRACKED_OBJECTS if the mask leaves out some object of the frame."""
        return TRACKED_OBJECTS if used != self.lay.every_object() else 0

    def _panic_block(self, kind: int, a: str, b: str, i: Instr) -> str:
        """A cold block that panics; kind 0 when g.pending is set already. Returns its label."""
        label = self.label()
        self.tail += [f"{label}:", "  br label %panic"]
        self.panics.append((label, str(kind), a, b, self._blob(i)))
        return label

    def _shared_panic(self) -> None:
        """Where all cold blocks meet: one tail call a segment, because LLVM takes long to lower one."""
        if not self.panics:
            return
        self.start("panic")
        for name, k in (("kind", 1), ("a", 2), ("b", 3)):
            self.emit(f"%panic.{name} = phi i64 " + ", ".join(f"[ {p[k]}, %{p[0]} ]" for p in self.panics))
        self.emit("%panic.pc = phi ptr " + ", ".join(f"[ {p[4]}, %{p[0]} ]" for p in self.panics))
        words = {0: "%panic.kind", 1: "%panic.a", 2: "%panic.b"}
        words[3] = self.let("ptrtoint ptr %panic.pc to i64")
        words[4] = self.let(f"ptrtoint ptr {self.frame_address(0)} to i64")
        self.tail_call(self.ctx.function("rt.panic"), self.own_bp(), argument_list(words))

    def panic_unless(self, ok: str, kind: int, a: str, b: str, i: Instr) -> None:
        self.check_branch(ok, self._panic_block(kind, a, b, i))

    def panic_pending(self, i: Instr) -> None:
        pending = self.let(f"load i64, ptr {self.gep('%g', G_PENDING)}")
        self.check_branch(self.let(f"icmp eq i64 {pending}, 0"), self._panic_block(0, "0", "0", i))

    def leaf_panicked(self, panicked: str, i: Instr) -> None:
        ok = self.let(f"xor i1 {panicked}, true")
        self.check_branch(ok, self._panic_block(0, "0", "0", i))

    def no_return(self, i: Instr) -> None:
        self._save_sched(self._blob(i))
        runtime_call(self, i.callee, i.args, None)
        self.tail_call(self.ctx.function("rt.schedule"), "poison", argument_list({}))
        self.start(self.label())  # never reached; holds the UNREACHABLE that follows


def emit_goroutine(ctx: ModuleContext, f: Function) -> list[str]:
    """The text of all segments of f."""
    lay = plan(f, ctx.module)
    ctx.objects[f.name] = lay.object_ranges()
    out: list[str] = []
    for seg in lay.segments:
        out.extend(SegmentBody(ctx, lay, seg).build())
    return out
