"""Cut a function into segments: what runs between two suspension points.

A suspension point is an instruction after which the goroutine's frame may have moved or another function
has run: a call of a goroutine function, a parking runtime call. `make_nodes` ends a node (a piece of a
basic block) there; the node `resume` holds what follows. `make_segments` then chooses *heads*: the entry,
every resume node, and joins. A segment is a head and all nodes reachable from it without passing another
head; it becomes one LLVM function. A node reachable from several heads is duplicated into each segment
while that is cheap, else it becomes a head (a join), entered by tail jumps.

So a loop without calls stays inside one LLVM function, and the header of a loop with calls is copied into
the entry segment and into the continuation: no jump between segments on a round of the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from morestack.ir.cfg import reverse_postorder
from morestack.ir.module import Function, Instr, Module
from morestack.ir.ops import Effect, Op

JOIN_SIZE = 40
"""Duplicated instructions a function accepts for one join before the join becomes a segment."""


@dataclass(eq=False, slots=True)
class Node:
    """A piece of a block: instructions, then a terminator or a suspension.

    `instrs` ends with the terminator when `suspend` is None. `binds` is the suspension whose results
    arrive at the start of this node. `unwinds` is the node that runs deferred calls, when this one defers: a
    recovered panic goes there.
    """

    id: int
    block: int
    instrs: list[Instr] = field(default_factory=list)
    suspend: Instr | None = None
    resume: Node | None = None
    binds: Instr | None = None
    succs: tuple[Node, ...] = ()
    unwinds: Node | None = None

    def following(self) -> tuple[Node, ...]:
        """Where control goes: on to a successor, or behind the suspension to what resumes."""
        return self.succs if self.resume is None else (self.resume,)

    def __repr__(self) -> str:
        return f"n{self.id}"


@dataclass(eq=False, slots=True)
class Segment:
    """One LLVM function. `nodes[0]` is the head; the others follow in reverse postorder."""

    number: int
    head: Node
    nodes: list[Node]

    @property
    def is_entry(self) -> bool:
        return self.number == 0

    @property
    def is_continuation(self) -> bool:
        return self.head.binds is not None


def make_nodes(f: Function, suspends: Callable[[Instr], bool]) -> list[Node]:
    """The nodes of f in block order, reachable or not; node 0 is the entry."""
    nodes: list[Node] = []
    first: dict[int, Node] = {}
    last: list[tuple[Node, Instr]] = []
    entry = f.blocks[0]
    if any(entry in b.instrs[-1].targets for b in f.blocks):  # the entry node itself is never jumped to
        start = Node(0, -1, [Instr(Op.JUMP, targets=(entry,), pos=f.pos)])
        nodes.append(start)
        last.append((start, start.instrs[0]))
    for b in f.blocks:
        node = Node(len(nodes), b.id)
        nodes.append(node)
        first[b.id] = node
        for i in b.instrs:
            if not suspends(i):
                node.instrs.append(i)
                continue
            rest = Node(len(nodes), b.id, binds=i)
            nodes.append(rest)
            node.suspend, node.resume = i, rest
            node = rest
        last.append((node, b.instrs[-1]))
    for node, term in last:
        node.succs = tuple(first[t.id] for t in term.targets)
    if f.has_defer:
        runs = next((n for n in nodes if n.suspend is not None and n.suspend.op is Op.DEFER_RETURN), None)
        for node in nodes:
            if any(i.op is Op.DEFER for i in node.instrs):
                node.unwinds = runs
    return nodes


def suspends_in(module: Module) -> Callable[[Instr], bool]:
    """The predicate for suspension points of the module's functions."""

    def suspends(i: Instr) -> bool:
        if i.op is Op.RT:
            return i.runtime_call.effect & (Effect.PARK | Effect.NORETURN) == Effect.PARK
        if i.op is Op.CALL:
            callee = module.functions.get(i.callee)
            return callee is None or callee.leaf is None
        return bool(i.op.effect & Effect.CALL)

    return suspends


def _size(node: Node) -> int:
    """The cost of a copy of the node, in instructions; calls and checks weigh more."""
    total = 1
    for i in node.instrs:
        if i.op.effect & (Effect.PANIC | Effect.CALL):
            total += 3
        else:
            total += 2 if i.op is Op.LOOP_CHECK else 1
    if node.suspend is not None:
        total += 4 + len(node.suspend.args)
    return total


def make_segments(nodes: list[Node]) -> list[Segment]:
    """Choose heads; segment 0 is the entry."""
    order = whole_order(nodes[0])
    heads = {nodes[0]: None, **{n: None for n in order if n.binds is not None}}
    while found := _joins(order, heads):
        heads.update({n: None for n in order if n in found})
    regions = {h: reverse_postorder(h, lambda n: [s for s in n.succs if s not in heads]) for h in heads}
    return [Segment(k, h, regions[h]) for k, h in enumerate(heads)]


def _joins(order: list[Node], heads: dict[Node, None]) -> set[Node]:
    """One round, in reverse postorder, of finding nodes that too many segments would copy.

    `holders` of a node are the heads that reach it. A join that is found early in the order spares later ones; later
    sweeps add what comes over back edges. The caller repeats rounds until no join is found, because a new join may
    invalidate sets that have come round a loop.
    """
    sizes = {n: _size(n) for n in order}
    preds: dict[Node, list[Node]] = {n: [] for n in order}
    for n in order:
        for s in n.succs:
            preds[s].append(n)
    found: set[Node] = set()
    holders: dict[Node, frozenset[Node]] = {}
    changed = True
    while changed:
        changed = False
        for n in order:
            if n in heads or n in found:
                mine = frozenset((n,))
            else:
                mine = frozenset().union(*(holders.get(p, frozenset()) for p in preds[n]))
                if len(mine) > 1 and _too_big(n, sizes, heads, found, JOIN_SIZE // (len(mine) - 1)):
                    found.add(n)
                    mine = frozenset((n,))
            if mine != holders.get(n):
                holders[n] = mine
                changed = True
    return found


def _too_big(n: Node, sizes: dict[Node, int], heads: dict[Node, None], found: set[Node], limit: int) -> bool:
    """Whether the code from n up to the next heads is larger than the limit."""
    seen = {n}
    work = [n]
    total = 0
    while work:
        m = work.pop()
        total += sizes[m]
        if total > limit:
            return True
        for s in m.succs:
            if s not in seen and s not in heads and s not in found:
                seen.add(s)
                work.append(s)
    return False


def exit_node(nodes: list[Node]) -> Node | None:
    """What follows the function's DEFER_RETURN."""
    return next((n.resume for n in nodes if n.suspend is not None and n.suspend.op is Op.DEFER_RETURN), None)


def in_loop(n: Node) -> bool:
    """Whether control that has left n can come to it again."""
    return any(n in s.following() for s in reverse_postorder(n, Node.following))


def whole_order(root: Node) -> list[Node]:
    """Reverse postorder over plain, resume and unwinding edges."""
    return reverse_postorder(root, lambda n: [s for s in (*n.succs, n.resume, n.unwinds) if s is not None])
