"""Which registers are live in each node, and which objects are initialised (bit i: register or object i).

`live_in[n]` holds before n's own `binds`. An object does not die before the function ends, because its address may be
anywhere in the frame, but before its first use it holds garbage. `may` and `must` tell which objects hold something
that a stack walk may read, on some path or on all paths.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from morestack.codegen.frame.split import Node
from morestack.ir.dataflow import backward
from morestack.ir.module import Function, Instr, Object, Reg
from morestack.ir.ops import Op


@dataclass(slots=True)
class Liveness:
    live_in: dict[Node, int] = field(default_factory=dict)
    uses: dict[Node, int] = field(default_factory=dict)  # read before written in the node
    defs: dict[Node, int] = field(default_factory=dict)
    touched: dict[Node, int] = field(default_factory=dict)  # every register mentioned

    def live_out(self, n: Node) -> int:
        """Registers live after the node: over plain edges, or in the continuation."""
        out = 0
        for s in n.following():
            out |= self.live_in[s]
        return out


def _scan(n: Node, ignored: int) -> tuple[int, int]:
    uses = defs = 0
    if n.binds is not None:
        for r in n.binds.dst:
            defs |= 1 << r.id
    for i in n.instrs if n.suspend is None else (*n.instrs, n.suspend):
        for a in i.args:
            if isinstance(a, Reg) and not defs >> a.id & 1:
                uses |= 1 << a.id
        if i is not n.suspend:
            for r in i.dst:
                defs |= 1 << r.id
    return uses & ~ignored, defs & ~ignored


def liveness(nodes: list[Node], ignored: int = 0) -> Liveness:
    """Solve backward liveness over plain and resume edges, without the registers in `ignored`."""
    lv = Liveness()
    for n in nodes:
        lv.uses[n], lv.defs[n] = _scan(n, ignored)
        lv.touched[n] = lv.uses[n] | lv.defs[n]
    lv.live_in = backward(nodes, Node.following, lv.uses, lv.defs)
    return lv


@dataclass(slots=True)
class ObjectInit:
    """`may[n]` and `must[n]` at the end of node n; `may_at` and `must_at` where a check may panic."""

    may: dict[Node, int]
    must: dict[Node, int]
    before: dict[Instr, tuple[int, int]]

    def need_clear(self, with_pointers: int) -> int:
        """Objects that are initialised on some but not all paths to a suspension or panic."""
        need = 0
        for n, may in self.may.items():
            if n.suspend is not None:
                need |= may & ~self.must[n]
        for may, must in self.before.values():
            need |= may & ~must
        return need & with_pointers


def _object_effects(n: Node, may: int, must: int, before: dict[Instr, tuple[int, int]] | None) -> tuple[int, int]:
    """Run the node: ADDR makes an object maybe initialised, a whole CLEAR or STORE surely."""
    addr: dict[int, Object] = {}
    pending: int = 0
    for i in n.instrs:
        if i.op is Op.ADDR:
            o = i.aux
            assert isinstance(o, Object)
            addr[i.dst[0].id] = o
            pending |= 1 << o.id
            continue
        if i.op in (Op.CLEAR, Op.STORE) and isinstance(i.args[0], Reg):
            o2 = addr.get(i.args[0].id)
            whole = i.aux if i.op is Op.CLEAR else i.args[1].type
            if o2 is not None and whole is o2.type:
                must |= 1 << o2.id
                may |= 1 << o2.id
                pending &= ~(1 << o2.id)
                continue
        for r in i.dst:
            addr.pop(r.id, None)
        if pending:
            for a in i.args:  # any other use of the address: a store through it may follow
                if isinstance(a, Reg) and a.id in addr:
                    bit = 1 << addr[a.id].id
                    may |= bit
                    pending &= ~bit
        if before is not None:
            before[i] = (may, must)
    may |= pending  # the address may be used in another node
    return may, must


def object_init(f: Function, nodes: list[Node], reachable: list[Node]) -> ObjectInit:
    """Solve forward; `reachable` in reverse postorder of all edges."""
    if not f.objects:
        return ObjectInit({n: 0 for n in nodes}, {n: 0 for n in nodes}, {})
    every = (1 << len(f.objects)) - 1
    may_in = {n: 0 for n in reachable}
    must_in = {n: every for n in reachable}
    must_in[reachable[0]] = 0
    may: dict[Node, int] = {}
    must: dict[Node, int] = {}
    changed = True
    while changed:
        changed = False
        for n in reachable:
            out = _object_effects(n, may_in[n], must_in[n], None)
            may[n], must[n] = out
            for s in n.following():
                new_may, new_must = may_in[s] | out[0], must_in[s] & out[1]
                if new_may != may_in[s] or new_must != must_in[s]:
                    may_in[s], must_in[s] = new_may, new_must
                    changed = True
            if n.unwinds is not None:  # a panic any time after the DEFER
                at_defer: dict[Instr, tuple[int, int]] = {}
                _object_effects(n, may_in[n], must_in[n], at_defer)
                for i in n.instrs:
                    if i.op is Op.DEFER:
                        s = n.unwinds
                        new_may, new_must = may_in[s] | at_defer[i][0], must_in[s] & at_defer[i][1]
                        if new_may != may_in[s] or new_must != must_in[s]:
                            may_in[s], must_in[s] = new_may, new_must
                            changed = True
    before: dict[Instr, tuple[int, int]] = {}
    for n in reachable:
        _object_effects(n, may_in[n], must_in[n], before)
    return ObjectInit(may, must, before)
