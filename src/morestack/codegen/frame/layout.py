"""The layout of a goroutine function's frame, and which of its words hold pointers at each suspension.

        BP -> +------------------+ F
              | objects          |
              | memory registers |   values too large for LLVM registers
              | defer records    |   one for each DEFER outside loops
              | slots            |   a word per scalar of each register that lives across a head
              | outgoing area    |
        SP -> +------------------+ 0

All offsets count from SP. Registers that are never live at the same head share slots; memory registers that
are never live in the same node share memory. A bitmap lists the pointers that a stack walk finds at one
suspension: live slots and memory registers, objects that may be initialised, and the call's own
stack arguments. A site's mask says which of the objects are still live (objects.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from morestack.abi.structures import DEFER_SIZE
from morestack.codegen.convention import Convention, convention
from morestack.codegen.frame.liveness import Liveness, ObjectInit, liveness, object_init
from morestack.codegen.frame.objects import ObjectLiveness, mask_bits
from morestack.codegen.frame.remat import Remat, rematerializable
from morestack.codegen.frame.split import (
    Node,
    Segment,
    exit_node,
    in_loop,
    make_nodes,
    make_segments,
    suspends_in,
    whole_order,
)
from morestack.ir.flat import flat
from morestack.ir.loops import takes_memory
from morestack.ir.module import Function, Instr, Module, Object, Reg
from morestack.ir.ops import Op
from morestack.ir.types import PTR, pointer_words


@dataclass(slots=True)
class Layout:
    """The plan of one goroutine function."""

    function: Function
    segments: list[Segment]
    live: Liveness
    init: ObjectInit
    used: ObjectLiveness
    convention: Convention
    frame: int = 0  # F, bytes
    area: int = 0  # outgoing area, bytes
    slots: dict[int, tuple[int, ...]] = field(default_factory=dict)  # register: offset of each scalar
    memory: dict[int, int] = field(default_factory=dict)  # memory register: offset; parameters: from BP + 16
    incoming: set[int] = field(default_factory=set)  # memory registers that live in the caller's area
    objects: dict[int, int] = field(default_factory=dict)
    tracked: list[Object] = field(default_factory=list)  # objects with pointers
    clear: list[int] = field(default_factory=list)  # objects to clear on entry
    head_of: dict[Node, Segment] = field(default_factory=dict)
    remat: Remat = field(default_factory=dict)
    exit: Node | None = None  # what follows DEFER_RETURN: where a recovered panic resumes
    defers: dict[Instr, int] = field(default_factory=dict)  # DEFER: offset of its record
    heap_defers: bool = False  # some of its records are in the heap
    suspended: dict[Node, Node] = field(default_factory=dict)  # resume node: the node before it

    @property
    def checks_stack(self) -> bool:
        """Whether the prologue checks the guard. A function that never suspends, has no frame and does not allocate
        need not."""
        return self.frame > 0 or any(s.is_continuation for s in self.segments) or takes_memory(self.function)

    def bitmap(self, suspended: Node) -> int:
        """Pointers of the frame while `suspended`'s call runs: bit i is the word at SP + 8*i."""
        resume = suspended.resume
        assert resume is not None and suspended.suspend is not None
        bits = 0
        live = self.live.live_in[resume]
        for r in self.function.regs:
            if not live >> r.id & 1:
                continue
            parts = flat(r.type)
            if parts is None:
                if r.id not in self.incoming:
                    bits |= pointer_words(r.type) << (self.memory[r.id] // 8)
                continue
            for (_, s), at in zip(parts, self.slots[r.id], strict=True):
                if s is PTR:
                    bits |= 1 << (at // 8)
        bits |= self.object_bitmap(self.init.may[suspended])
        return bits | call_convention(self.function, suspended.suspend).area_bitmap

    def object_bitmap(self, may: int) -> int:
        bits = 0
        for o in self.function.objects:
            if may >> o.id & 1 or o.id in self.clear:
                bits |= pointer_words(o.type) << (self.objects[o.id] // 8)
        return bits

    def panic_bitmap(self, i: Instr) -> int:
        """The pointers when the instruction panics: deferred functions can only reach objects."""
        return self.object_bitmap(self.init.before[i][0] if i in self.init.before else 0)

    def used_mask(self, suspended: Node) -> int:
        """The objects that are live while `suspended`'s call runs, as a site's mask."""
        return mask_bits(self.tracked, self.used.during(suspended))

    def panic_mask(self) -> int:
        """The objects that are live when an instruction panics."""
        return mask_bits(self.tracked, self.used.at_exit)

    def every_object(self) -> int:
        """The mask of all objects."""
        return mask_bits(self.tracked, sum(1 << o.id for o in self.tracked))

    def object_ranges(self) -> list[tuple[int, int]]:
        """First word in the frame and number of words of each object with pointers."""
        return [(self.objects[o.id] // 8, -(-o.type.size // 8)) for o in self.tracked]


_conventions: dict[tuple[object, ...], Convention] = {}


def signature_convention(params: tuple[object, ...], results: tuple[object, ...]) -> Convention:
    """`convention`, remembered; IR types are interned."""
    key = (params, results)
    known = _conventions.get(key)
    if known is None:
        known = _conventions[key] = convention(params, results)  # type: ignore[arg-type]
    return known


def call_convention(f: Function, i: Instr) -> Convention:
    """The convention of a suspending instruction, from its operands and results."""
    match i.op:
        case Op.CALL:
            return signature_convention(tuple(a.type for a in i.args), tuple(r.type for r in i.dst))
        case Op.CALL_CLOSURE | Op.CALL_CODE:
            return signature_convention(i.signature.params, i.signature.results)
        case Op.RT:
            result = i.runtime_call.result
            return signature_convention((), () if result is None else (result,))
        case _:
            return signature_convention((), ())


def plan(f: Function, module: Module) -> Layout:
    """Cut f, a goroutine function of the module, into segments and lay out its frame."""
    nodes = make_nodes(f, suspends_in(module))
    reachable = whole_order(nodes[0])
    nodes = sorted(reachable, key=lambda n: n.id)
    remat = rematerializable(f, nodes)
    lv = liveness(nodes, sum(1 << k for k in remat))
    segments = make_segments(nodes)
    init = object_init(f, nodes, reachable)
    own = signature_convention(tuple(r.type for r in f.params), tuple(f.results))
    used = ObjectLiveness(f, nodes, remat, exit_node(nodes) if f.has_defer else None)
    lay = Layout(f, segments, lv, init, used, own, head_of={s.head: s for s in segments}, remat=remat)
    lay.tracked = [o for o in f.objects if pointer_words(o.type)]
    lay.suspended = {n.resume: n for n in nodes if n.resume is not None}
    with_pointers = sum(1 << o.id for o in f.objects if pointer_words(o.type))
    need = init.need_clear(with_pointers)
    lay.clear = [o.id for o in f.objects if need >> o.id & 1]
    for n in nodes:
        if n.suspend is not None:
            lay.area = max(lay.area, call_convention(f, n.suspend).area)
    at = _place_slots(f, lay, lay.area)
    at = _place_memory(f, lay, nodes, at)
    for o in f.objects:
        lay.objects[o.id] = at
        at += -(-o.type.size // 8) * 8
    if f.has_defer:
        at = _place_defers(lay, nodes, at)
    lay.frame = at
    return lay


def _place_defers(lay: Layout, nodes: list[Node], at: int) -> int:
    """A record in the frame for each DEFER that runs at most once."""
    lay.exit = exit_node(nodes)
    assert lay.exit is None or not lay.live.live_in[lay.exit], "the exit block reads a register"
    for n in nodes:
        looping = n.unwinds is not None and in_loop(n)
        for i in n.instrs:
            if i.op is not Op.DEFER:
                continue
            if i.aux == "shared":  # the runtime adds records of its own
                lay.heap_defers = True
            if looping:
                lay.heap_defers = True
            else:
                lay.defers[i] = at
                at += DEFER_SIZE
    return at


def _place_slots(f: Function, lay: Layout, at: int) -> int:
    """Give each scalar of each register live at a head the first word free at all those heads."""
    at_heads = [0] * len(f.regs)
    for k, s in enumerate(lay.segments):
        live = lay.live.live_in[s.head] if k else 0
        while live:
            low = live & -live
            at_heads[low.bit_length() - 1] |= 1 << k
            live ^= low
    words: list[int] = []
    for r in f.regs:
        where = at_heads[r.id]
        parts = flat(r.type)
        if not where or parts is None:
            continue
        mine: list[int] = []
        k = 0
        for _ in parts:
            while k < len(words) and words[k] & where:
                k += 1
            if k == len(words):
                words.append(0)
            words[k] |= where
            mine.append(at + 8 * k)
            k += 1
        lay.slots[r.id] = tuple(mine)
    return at + 8 * len(words)


def _place_memory(f: Function, lay: Layout, nodes: list[Node], at: int) -> int:
    """Memory registers: parameters stay in the caller's area, the others share by the nodes they live in."""
    for r, place in zip(f.params, lay.convention.params, strict=True):
        if flat(r.type) is None:
            lay.memory[r.id] = place.stack
            lay.incoming.add(r.id)
    big = [r for r in f.regs if flat(r.type) is None and r.id not in lay.incoming]
    if not big:
        return at
    lives = {r.id: 0 for r in big}
    for k, n in enumerate(nodes):
        here = lay.live.live_in[n] | lay.live.touched[n] | lay.live.live_out(n)
        for dst in n.suspend.dst if n.suspend is not None else ():
            here |= 1 << dst.id
        for r in big:
            if here >> r.id & 1:
                lives[r.id] |= 1 << k
    regions: list[tuple[int, int, int]] = []  # offset, size, nodes
    for r in sorted(big, key=lambda r: -r.type.size):
        if not lives[r.id]:
            lay.memory[r.id] = at  # never used, so any place will do
            continue
        size = -(-r.type.size // 8) * 8
        for k, (offset, room, used) in enumerate(regions):
            if size <= room and not used & lives[r.id]:
                lay.memory[r.id] = offset
                regions[k] = (offset, room, used | lives[r.id])
                break
        else:
            lay.memory[r.id] = at
            regions.append((at, size, lives[r.id]))
            at += size
    return at


def registers(f: Function, bits: int) -> list[Reg]:
    """The flat registers of a bit set."""
    out = []
    while bits:
        low = bits & -bits
        r = f.regs[low.bit_length() - 1]
        if flat(r.type) is not None:
            out.append(r)
        bits ^= low
    return out
