"""Emit a region of nodes as the blocks of one LLVM function: shared by segments and leaves.

Nodes come in reverse postorder. A node with one predecessor in the region inherits the values known at its
end; where paths meet, registers live there are in allocas. An edge that leaves the region (to another head)
goes through its own block, where the subclass spills and jumps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from morestack.codegen.emit.body import Body
from morestack.codegen.emit.call import CALL_OPS
from morestack.codegen.emit.memory import MEMORY_OPS
from morestack.codegen.emit.scalar import SCALAR_OPS
from morestack.codegen.emit.terminators import emit_jump
from morestack.codegen.frame.layout import registers
from morestack.codegen.frame.split import Node
from morestack.ir.dataflow import backward
from morestack.ir.module import Function, Instr, Pos
from morestack.ir.ops import Op
from morestack.source.diagnostics import InternalError

if TYPE_CHECKING:
    from morestack.codegen.context import ModuleContext

EMIT = {**SCALAR_OPS, **MEMORY_OPS, **CALL_OPS}


class Region(Body):
    """A body made of nodes."""

    def __init__(self, ctx: ModuleContext, f: Function, nodes: list[Node]) -> None:
        super().__init__(ctx)
        self.f = f
        self.nodes = nodes
        self.inside = set(nodes)
        self.node = nodes[0]
        self._scratch: list[str] = []
        self.preds: dict[Node, int] = {n: 0 for n in nodes}
        for n in nodes:
            for s in n.succs:
                if self.is_inside(s):
                    self.preds[s] += 1
        self.preds[nodes[0]] += 1  # from the entry block
        self.seg_live: dict[Node, int] = {}

    def is_inside(self, n: Node) -> bool:
        """Whether an edge to n stays in this LLVM function."""
        return n in self.inside

    def scratch_bytes(self, size: int) -> str:
        name = f"%s{len(self._scratch)}"
        self._scratch.append(f"  {name} = alloca [{max(size, 8)} x i8], align 8")
        return name

    # local liveness: flat registers read in this function before they are written in it

    def exit_needs(self, n: Node) -> int:
        """Registers the node's exits out of this function read."""
        raise InternalError("codegen", f"{type(self).__name__} has no exit_needs")

    def solve_liveness(self, uses: dict[Node, int], defs: dict[Node, int]) -> None:
        """Fill seg_live: live at the start of each node, for this function's own reads."""
        needs = {n: self.exit_needs(n) for n in self.nodes}
        self.seg_live = backward(self.nodes, lambda n: filter(self.is_inside, n.succs), uses, defs, needs)

    # emission

    def emit_nodes(self) -> None:
        """Emit all nodes; `cur` holds the values known at the head, the current block is open."""
        states: dict[Node, tuple[dict[int, tuple[str, ...]], set[int]]] = {}
        head = self.nodes[0]
        if self.preds[head] > 1:
            self._sync_for(head)
            self.emit(f"br label %n{head.id}")
        else:
            states[head] = (self.cur, self.synced)
        for n in self.nodes:
            self.node = n
            known = states.pop(n, None)
            if n is not head or self.preds[head] > 1:
                self.start(f"n{n.id}")
            if known is not None:
                self.cur, self.synced = known
            else:
                self.cur, self.synced = {}, set()
            if n.binds is not None:
                self.bind_results(n.binds)
            body = n.instrs if n.suspend is not None else n.instrs[:-1]
            for i in body:
                if not (i.dst and i.dst[0].id in self.remat):
                    EMIT[i.op](self, i)
            if n.suspend is not None:
                self.suspend(n, n.suspend)
                continue
            self._terminate(n, n.instrs[-1], states)

    def _sync_for(self, target: Node) -> None:
        for r in registers(self.f, self.seg_live[target]):
            self.sync(r)

    def _terminate(self, n: Node, i: Instr, states: dict[Node, tuple[dict[int, tuple[str, ...]], set[int]]]) -> None:
        if i.op in (Op.RETURN, Op.TAIL_CALL):
            self.leave(i)
            return
        if i.args:
            self.value(i.args[0])  # loaded before the stores below
        labels: list[str] = []
        outside: list[tuple[str, Node]] = []
        for s in n.succs:
            if not self.is_inside(s):
                label = self.label()
                outside.append((label, s))
                labels.append(label)
                continue
            labels.append(f"n{s.id}")
            if self.preds[s] > 1:
                self._sync_for(s)
        emit_jump(self, i, labels)
        for s in n.succs:
            if self.is_inside(s) and self.preds[s] == 1:
                states[s] = (dict(self.cur), set(self.synced))
        for label, s in outside:
            saved = dict(self.cur), set(self.synced)
            self.start(label)
            self.jump_to_head(n, s)
            self.cur, self.synced = saved

    # what subclasses decide

    def bind_results(self, i: Instr) -> None:
        raise InternalError("codegen", f"{type(self).__name__} has no bind_results")

    def suspend(self, n: Node, i: Instr) -> None:
        raise InternalError("codegen", f"{type(self).__name__} has no suspend")

    def jump_to_head(self, n: Node, head: Node) -> None:
        raise InternalError("codegen", f"{type(self).__name__} has no jump_to_head")

    def leave(self, i: Instr) -> None:
        raise InternalError("codegen", f"{type(self).__name__} has no leave")

    def position(self, i: Instr) -> Pos | None:
        return i.pos or self.f.pos
