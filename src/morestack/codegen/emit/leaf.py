"""Leaf functions: ordinary native functions `{i1 panicked, results...} (ptr g, args...)`, and their entries.

A leaf that panics calls `rt.leafpanic`, which fills g.pending and appends the leaf's site record, and returns
panicked; each leaf that called it appends its own record. A leaf whose address is taken has an entry, a goroutine
function that calls it; tracebacks hide the entry.
"""

from __future__ import annotations

from morestack.abi.convention import INT_REGS, LINK
from morestack.abi.metadata import FUNC_WRAPPER
from morestack.abi.pending import (
    PENDING_ASSERT,
    PENDING_DOTTYPE,
    PENDING_NIL,
    PENDING_SHIFT,
    PENDING_USER,
    PENDING_WRAP,
)
from morestack.abi.structures import G_PENDING, M_PENDING_DATA, M_PENDING_TYPE
from morestack.codegen.context import ModuleContext, flags_of
from morestack.codegen.convention import PARAMS, argument_list
from morestack.codegen.emit.blocks import Region
from morestack.codegen.emit.body import Body
from morestack.codegen.emit.call import call_leaf, leaf_name, leaf_type
from morestack.codegen.emit.goroutine import ATTRIBUTES
from morestack.codegen.frame.layout import registers, signature_convention
from morestack.codegen.frame.liveness import liveness
from morestack.codegen.frame.split import Node, make_nodes
from morestack.ir.cfg import reverse_postorder
from morestack.ir.flat import flat, flat_scalars
from morestack.ir.module import Function, Instr, Leaf, Object, Reg
from morestack.llvm.text import LLVM_TYPE, quote, zero_text

PANICS: dict[str, tuple[int, tuple[int | str, ...]]] = {
    "gopanic": (PENDING_USER, (M_PENDING_TYPE, M_PENDING_DATA)),
    "panicnil": (PENDING_NIL, ()),
    "panicshift": (PENDING_SHIFT, ()),
    "panicwrap": (PENDING_WRAP, ("a", "b")),
    "panicdottype": (PENDING_DOTTYPE, ("a", "b", M_PENDING_TYPE)),
    "panicassert": (PENDING_ASSERT, ("a", "b")),
}
"""The NORETURN calls of leaves: which panic each is, and where its operands go: to `rt.leafpanic`, or into m."""


class LeafBody(Region):
    """A leaf under construction."""

    def __init__(self, ctx: ModuleContext, f: Function, leaf: Leaf) -> None:
        nodes = make_nodes(f, lambda _: False)
        order = reverse_postorder(nodes[0], lambda n: n.succs)
        super().__init__(ctx, f, order)
        self.leaf = leaf
        self.rtype = leaf_type(f, leaf)
        lv = liveness(order)
        self.solve_liveness(lv.uses, lv.defs)
        self._objects: dict[int, str] = {}
        self._memory: dict[int, str] = {}

    def exit_needs(self, n: Node) -> int:
        return 0

    def object_address(self, o: Object) -> str:
        known = self._objects.get(o.id)
        if known is None:
            known = self._objects[o.id] = self.scratch_bytes(o.type.size)
        return known

    def memory_home(self, r: Reg) -> str:
        known = self._memory.get(r.id)
        if known is None:
            known = self._memory[r.id] = self.scratch_bytes(r.type.size)
        return known

    def build(self) -> list[str]:
        """The text of the leaf."""
        params: list[str] = ["ptr %g"]
        written = {r.id for b in self.f.blocks for i in b.instrs for r in i.dst}
        for k, r in enumerate(self.f.params):
            if flat(r.type) is None:
                params.append(f"ptr %p{k}")
                if r.id in written:
                    self.copy_memory(self.memory_home(r), f"%p{k}", r.type)
                else:  # nothing writes there while the leaf runs
                    self._memory[r.id] = f"%p{k}"
                continue
            names = []
            for j, (_, s) in enumerate(flat_scalars(r.type)):
                params.append(f"{LLVM_TYPE[s.name]} %p{k}.{j}")
                names.append(f"%p{k}.{j}")
            self.set(r, tuple(names))
        known = set(self.cur)
        for r in registers(self.f, self.seg_live[self.nodes[0]]):
            if r.id not in known:
                self.set(r, tuple(zero_text(s) for _, s in flat_scalars(r.type)))
        self.emit_nodes()
        inline = " alwaysinline" if self.leaf.inline else ""
        head = (
            f"define internal fastcc {self.rtype} {leaf_name(self.f.name)}({', '.join(params)}) "
            f"nounwind null_pointer_is_valid{inline} {{"
        )
        return [head, "entry:", *self.allocas(), *self._scratch, *self.lines, *self.tail, "}"]

    # leaving

    def _return(self, panicked: str, values: tuple[str, ...]) -> None:
        if self.rtype == "void":
            self.emit("ret void")
            return
        types = [LLVM_TYPE[s.name] for t in self.f.results for _, s in flat_scalars(t)]
        fields = ([("i1", panicked)] if self.leaf.can_panic else []) + list(zip(types, values, strict=False))
        agg = "poison"
        for k, (t, v) in enumerate(fields):
            agg = self.let(f"insertvalue {self.rtype} {agg}, {t} {v}, {k}")
        self.emit(f"ret {self.rtype} {agg}")

    def leave(self, i: Instr) -> None:
        self._return("false", tuple(v for a in i.args for v in self.value(a)))

    def _cold(self, text: str) -> str:
        """A block that does `text` and returns panicked."""
        label = self.label()
        self.lines, saved = self.tail, self.lines
        self.start(label)
        self.emit(text)
        self._return("true", ())
        self.lines = saved
        return label

    def _panic_call(self, kind: int, a: str, b: str, i: Instr) -> str:
        self.ctx.declare("declare hidden void @rt.leafpanic(ptr, i64, i64, i64, ptr) cold")
        site = self.ctx.site(self.f, i.pos, flags_of(self.f))
        return f"call void @rt.leafpanic(ptr %g, i64 {kind}, i64 {a}, i64 {b}, ptr {site})"

    def panic_unless(self, ok: str, kind: int, a: str, b: str, i: Instr) -> None:
        self.check_branch(ok, self._cold(self._panic_call(kind, a, b, i)))

    def panic_pending(self, i: Instr) -> None:
        pending = self.let(f"load i64, ptr {self.gep('%g', G_PENDING)}")
        self.check_branch(self.let(f"icmp eq i64 {pending}, 0"), self._cold(self._panic_call(0, "0", "0", i)))

    def leaf_panicked(self, panicked: str, i: Instr) -> None:
        ok = self.let(f"xor i1 {panicked}, true")
        self.check_branch(ok, self._cold(self._panic_call(0, "0", "0", i)))

    def no_return(self, i: Instr) -> None:
        """The NORETURN calls that a leaf may make are panics: set g.pending and return."""
        kind, places = PANICS[i.runtime_call.name]
        words = {"a": "0", "b": "0"}
        stored: list[tuple[int, str]] = []
        scalars = [(s, v) for a in i.args for (_, s), v in zip(flat_scalars(a.type), self.value(a), strict=True)]
        for place, (s, v) in zip(places, scalars, strict=True):
            if isinstance(place, int):
                stored.append((place, v))
            else:
                words[place] = self.to_word(s, v)
        m = self.m() if stored else ""
        for at, v in stored:
            self.emit(f"store ptr {v}, ptr {self.gep(m, at)}")
        self.emit(self._panic_call(kind, words["a"], words["b"], i))
        self._return("true", ())
        self.start(self.label())  # holds the UNREACHABLE that follows


class EntryBody(Body):
    """The goroutine-function entry of a leaf: unpack, call, return."""

    def __init__(self, ctx: ModuleContext, f: Function, leaf: Leaf) -> None:
        super().__init__(ctx)
        self.f = f
        self.leaf = leaf

    def build(self) -> list[str]:
        """The text of the entry."""
        f = self.f
        symbol = quote(f.name)
        call = signature_convention(tuple(r.type for r in f.params), tuple(f.results))
        flags = FUNC_WRAPPER | flags_of(f)
        prefix = self.ctx.entry_prefix(symbol, call.param_bitmap, self.ctx.function_record(f, flags))
        values: list[str] = []
        for r, place in zip(f.params, call.params, strict=True):
            if flat(r.type) is None:
                values.append(f"ptr {self.gep('%bp', LINK + place.stack)}")
                continue
            if place.stack >= 0:
                got = self.load_flat("%bp", r.type, LINK + place.stack)
            else:
                words = [f"%x{k}" if k < INT_REGS else f"%d{k - INT_REGS}" for k in place.regs]
                got = tuple(self.from_word(s, w) for (_, s), w in zip(flat_scalars(r.type), words, strict=True))
            values += [f"{LLVM_TYPE[s.name]} {v}" for (_, s), v in zip(flat_scalars(r.type), got, strict=True)]
        panicked, results = call_leaf(self, f, self.leaf, values)
        if panicked:
            ok = self.let(f"xor i1 {panicked}, true")
            self.check_branch(ok, "panics")
        out: dict[int, str] = {}
        at = 0
        for t, place in zip(f.results, call.results, strict=True):
            parts = flat_scalars(t)
            mine = results[at : at + len(parts)]
            at += len(parts)
            if place.stack >= 0:
                for (o, s), v in zip(parts, mine, strict=True):
                    self.store_scalar("%bp", LINK + place.stack + o, s, v)
            else:
                for (_, s), k, v in zip(parts, place.regs, mine, strict=True):
                    out[k] = self.to_word(s, v)
        back = self.let(f"load ptr, ptr {self.gep('%bp', 8)}, align 8")
        self._leave(back, out)
        if panicked:
            self.start("panics")
            blob = self.ctx.blob(0, 0, self.ctx.site(f, f.pos, flags))
            sp = self.let("ptrtoint ptr %bp to i64")
            self._leave(self.ctx.function("rt.panic"), {0: "0", 3: f"ptrtoint (ptr {blob} to i64)", 4: sp})
        linkage = "internal" if f.local else "hidden"
        head = f"define {linkage} preserve_nonecc void {symbol}{PARAMS} {ATTRIBUTES} {prefix} {{"
        return [head, "entry:", *self.lines, "}"]

    def _leave(self, target: str, words: dict[int, str]) -> None:
        self.emit(f"musttail call preserve_nonecc void {target}(ptr %g, ptr %bp, {argument_list(words)})")
        self.emit("ret void")


def emit_leaf(ctx: ModuleContext, f: Function, leaf: Leaf) -> list[str]:
    """The native function of a leaf."""
    return LeafBody(ctx, f, leaf).build()


def emit_entry(ctx: ModuleContext, f: Function, leaf: Leaf) -> list[str]:
    """The goroutine-function entry of a leaf."""
    return EntryBody(ctx, f, leaf).build()
