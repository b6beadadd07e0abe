"""Tell the collector which frame objects are live at each suspension: Go's stack objects.

A function's code reads an object again where it uses an address of it that is computed from the frame (remat.py).
`ObjectLiveness` solves that backwards. A STORE, MOVE or CLEAR of the whole object ends its life. So does the ADDR of
an object that has only one ADDR: its life begins there, and each round of a loop has a new one. All other addresses are
values: in slots, in other objects, in callees, in records of deferred calls. The collector sees whether one is left
(runtime/gc/mgcobjects.py): it scans an object that is read again, or that some pointer leads into.

For copystack an object never dies: it adjusts every object that may be initialised.

- A parking runtime call uses its operands until it returns.
- A function that defers may go to its exit from anywhere, so the objects that the exit reads are live everywhere.
- Each of the first 31 objects with pointers has a bit in a site's mask; the others share the last bit.

Rejected: computing which objects a pointer may lead to. A pointer with two possible targets would keep both alive, and
we would have to know what callees do with addresses.
"""

from __future__ import annotations

from morestack.codegen.frame.remat import Remat
from morestack.codegen.frame.split import Node
from morestack.ir.dataflow import backward
from morestack.ir.module import Function, Instr, Object, Operand, Reg
from morestack.ir.ops import Op

LAST_BIT = 31


def mask_bits(tracked: list[Object], live: int) -> int:
    """A site's mask: of the objects with pointers, in the order of their numbers, those in the set `live`."""
    mask = 0
    for k, o in enumerate(tracked):
        if live >> o.id & 1:
            mask |= 1 << min(k, LAST_BIT)
    return mask


def _root(a: Operand, remat: Remat) -> tuple[Object, int] | None:
    """The object whose address, at an offset, an operand is computed from where it is read."""
    offset = 0
    while isinstance(a, Reg) and a.id in remat:
        i = remat[a.id]
        if i.op is Op.ADDR:
            return i.object, offset
        if i.op is not Op.OFFSET:
            return None
        offset += i.number
        a = i.args[0]
    return None


class ObjectLiveness:
    """The objects read again after each node."""

    def __init__(self, f: Function, nodes: list[Node], remat: Remat, exit_node: Node | None) -> None:
        self._remat = remat
        self._single = sum(1 << o.id for o in f.single_objects())
        uses: dict[Node, int] = {}
        kills: dict[Node, int] = {}
        for n in nodes:
            uses[n], kills[n] = self._effects(n)
        self._before = backward(nodes, Node.following, uses, kills)
        self.at_exit = self._before[exit_node] if exit_node is not None else 0
        """The objects read after the deferred calls."""

    def _effects(self, n: Node) -> tuple[int, int]:
        """The objects that the node reads before it overwrites them, and those that it overwrites."""
        uses = kills = 0
        for i in reversed(n.instrs if n.suspend is None else (*n.instrs, n.suspend)):
            ended = self._written(i)
            if i.op is Op.ADDR:
                ended |= self._single & 1 << i.object.id
            uses = uses & ~ended | self._used(i)
            kills |= ended
        return uses, kills

    def _written(self, i: Instr) -> int:
        """The object that an instruction overwrites completely, as a bit."""
        if i.op not in (Op.CLEAR, Op.STORE, Op.MOVE):
            return 0
        root = _root(i.args[0], self._remat)
        whole = i.args[1].type if i.op is Op.STORE else i.memory_type
        return 1 << root[0].id if root is not None and root[1] == 0 and root[0].type is whole else 0

    def _used(self, i: Instr) -> int:
        """The objects whose addresses an instruction uses or takes."""
        if i.dst and i.dst[0].id in self._remat:
            return 0  # no code here: the address is computed where it is read
        used = 0
        if i.op is Op.ADDR:
            used = 1 << i.object.id & ~self._single
        for k, a in enumerate(i.args):
            root = _root(a, self._remat)
            if root is not None and (k or not self._written(i)):
                used |= 1 << root[0].id
        return used

    def _after(self, n: Node) -> int:
        live = 0
        for s in n.following():
            live |= self._before[s]
        return live

    def during(self, n: Node) -> int:
        """The objects that are live while the call at the end of the node runs."""
        assert n.suspend is not None
        live = self._after(n) | self.at_exit
        return live | self._used(n.suspend) if n.suspend.op is Op.RT else live
