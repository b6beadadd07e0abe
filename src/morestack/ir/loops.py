"""The loops of a function: which of them allocate, and which have an iteration count known at entry.

An iteration of a loop is *checked* if it must pass a direct call of a goroutine function, whose prologue compares SP
with the guard. Blocks with such a call are removed. Each back edge of a depth-first walk over the remaining blocks
then closes a loop that may iterate without a check of the guard.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from morestack.ir.cfg import reverse_postorder, targets
from morestack.ir.module import Block, Const, Function, Instr, Operand, Reg
from morestack.ir.ops import Effect, Op

_COMPARISONS = (Op.SLT, Op.SLE, Op.ULT, Op.ULE, Op.NE, Op.EQ)


@dataclass(eq=False, slots=True)
class BackEdge:
    """An edge from `latch` to `header` that closes a loop; `body` holds the blocks of the loop."""

    latch: Block
    header: Block
    body: set[Block]


def may_allocate(i: Instr, allocates: Callable[[str], bool]) -> bool:
    """Whether the instruction may allocate on the heap without passing a check. For functions that are called
    directly, `allocates` tells whether they do. A function that is called indirectly may be a leaf."""
    match i.op:
        case Op.RT:
            return i.runtime_call.allocates
        case Op.CALL:
            return allocates(i.callee)
        case _:
            return i.op is Op.DEFER or bool(i.op.effect & Effect.CALL)


def takes_memory(f: Function) -> bool:
    """Whether f itself allocates on the heap."""
    return any(i.op is Op.RT and i.runtime_call.allocates for i in f.instructions())


def back_edges(f: Function, without: Collection[Block] = ()) -> list[BackEdge]:
    """Return the back edges among the blocks of f, without the blocks in `without`."""
    order = reverse_postorder(f.blocks[0], targets)
    inside = [b for b in order if b not in without]
    keep = set(inside)
    preds: dict[Block, list[Block]] = {b: [] for b in inside}
    for b in inside:
        for t in b.instrs[-1].targets:
            if t in keep:
                preds[t].append(b)
    found: list[tuple[Block, Block]] = []
    state: dict[Block, int] = {}
    for root in inside:
        if root in state:
            continue
        stack = [(root, 0)]
        state[root] = 1
        while stack:
            b, k = stack.pop()
            following = targets(b)
            if k == len(following):
                state[b] = 2
                continue
            stack.append((b, k + 1))
            t = following[k]
            if t not in keep:
                continue
            if state.get(t) == 1:
                if (b, t) not in found:
                    found.append((b, t))
            elif t not in state:
                state[t] = 1
                stack.append((t, 0))
    return [BackEdge(u, v, _body(u, v, preds)) for u, v in found]


def _body(latch: Block, header: Block, preds: dict[Block, list[Block]]) -> set[Block]:
    body = {header, latch}
    work = [latch]
    while work:
        b = work.pop()
        if b is header:
            continue
        for p in preds[b]:
            if p not in body:
                body.add(p)
                work.append(p)
    return body


def is_counted(loop: BackEdge) -> bool:
    """Whether each iteration changes a register by a constant and compares it with an invariant limit."""
    defs: dict[int, list[Instr]] = {}
    for b in loop.body:
        for i in b.instrs:
            for r in i.dst:
                defs.setdefault(r.id, []).append(i)
    for b in loop.body:
        last = b.instrs[-1]
        if last.op is not Op.BRANCH or all(t in loop.body for t in last.targets) or not _every_round(loop, b):
            continue
        test = _only(defs, last.args[0])
        if test is not None and test.op is Op.NOT:
            test = _only(defs, test.args[0])
        if test is None or test.op not in _COMPARISONS:
            continue
        x, y = test.args
        if (_counts(defs, x) and _stays(defs, y, 4)) or (_counts(defs, y) and _stays(defs, x, 4)):
            return True
    return False


def _only(defs: dict[int, list[Instr]], a: Operand) -> Instr | None:
    """Return the definition of a in the loop if there is exactly one."""
    found = defs.get(a.id, ()) if isinstance(a, Reg) else ()
    return found[0] if len(found) == 1 else None


def _counts(defs: dict[int, list[Instr]], a: Operand) -> bool:
    """Whether the only change of a register in the loop is by a non-zero constant."""
    step = _only(defs, a)
    while step is not None and step.op is Op.COPY:
        step = _only(defs, step.args[0])
    if step is None or step.op not in (Op.ADD, Op.SUB):
        return False
    base, by = step.args
    if not isinstance(by, Const) or not by.value or not isinstance(base, Reg):
        return False
    while base is not a:
        copied = _only(defs, base)
        if copied is None or copied.op is not Op.COPY or not isinstance(copied.args[0], Reg):
            return False
        base = copied.args[0]
    return True


def _stays(defs: dict[int, list[Instr]], a: Operand, depth: int) -> bool:
    """Whether an operand is invariant in the loop."""
    if not isinstance(a, Reg) or a.id not in defs:
        return True
    only = _only(defs, a)
    if only is None or not depth or only.op.effect:
        return False
    return all(_stays(defs, x, depth - 1) for x in only.args)


def _every_round(loop: BackEdge, b: Block) -> bool:
    """Whether every path from the header to the latch passes b."""
    if b is loop.header or b is loop.latch:
        return True
    seen = {loop.header}
    work = [loop.header]
    while work:
        for t in work.pop().instrs[-1].targets:
            if t is loop.latch:
                return False
            if t in loop.body and t is not b and t not in seen:
                seen.add(t)
                work.append(t)
    return True
