"""Cleanup after building: jumps to jumps are threaded, chains of blocks merged, and unreachable blocks removed.

The builders create blocks freely (after every return, for every join), and this pass keeps the result small. The exit
block of a function with deferred calls is kept even if no block jumps to it, because a recovered panic continues
there.
"""

from __future__ import annotations

from morestack.ir.module import Block, Function, Instr
from morestack.ir.ops import Effect, Op

TERMINATORS = frozenset(op for op in Op if op.effect & Effect.TERM)


def _threaded(block: Block) -> Block:
    """Return the final target of a jump to block, through blocks that only jump."""
    seen = 0
    while len(block.instrs) == 1 and block.instrs[0].op is Op.JUMP and seen < 1000:
        block = block.instrs[0].targets[0]
        seen += 1
    return block


def tidy(f: Function) -> None:
    """Simplify the control flow of f, and drop the registers it does not use."""
    tidy_blocks(f)
    drop_unused_registers(f)


def tidy_blocks(f: Function) -> None:
    """Simplify the control flow of f."""
    blocks = f.blocks
    for b in blocks:
        if not b.instrs or b.instrs[-1].op not in TERMINATORS:
            # only unreachable code falls off the end
            b.instrs.append(Instr(Op.UNREACHABLE))
    roots = [blocks[0]]
    if f.has_defer:
        roots += [b for b in blocks if any(i.op is Op.DEFER_RETURN for i in b.instrs)]
    reached: dict[int, Block] = {}
    preds: dict[int, int] = {}
    work = list(roots)
    for b in roots:
        reached[id(b)] = b
        preds[id(b)] = 2
    while work:
        b = work.pop()
        last = b.instrs[-1]
        if not last.targets:
            continue
        targets = tuple([_threaded(t) for t in last.targets])
        last.targets = targets
        if last.op is Op.BRANCH and targets[0] is targets[1]:
            last.op, last.args, last.targets = Op.JUMP, (), targets[:1]
            targets = last.targets
        for t in targets:
            key = id(t)
            preds[key] = preds.get(key, 0) + 1
            if key not in reached:
                reached[key] = t
                work.append(t)
    merged: set[int] = set()
    kept: list[Block] = []
    for b in blocks:
        key = id(b)
        if key not in reached or key in merged:
            continue
        while True:
            last = b.instrs[-1]
            if last.op is not Op.JUMP:
                break
            t = last.targets[0]
            if preds[id(t)] != 1 or t is b:
                break
            b.instrs.pop()
            b.instrs.extend(t.instrs)
            merged.add(id(t))
        kept.append(b)
    kept = [b for b in kept if id(b) not in merged]
    for n, b in enumerate(kept):
        b.id = n
    f.blocks = kept


def drop_unused_registers(f: Function) -> None:
    """Drop the registers that no instruction uses, and renumber the others."""
    used: set[int] = {p.id for p in f.params}
    if f.context is not None:
        used.add(f.context.id)
    for b in f.blocks:
        for i in b.instrs:
            for d in i.dst:
                used.add(d.id)
    if len(used) == len(f.regs):
        return
    f.regs = [r for r in f.regs if r.id in used]
    for n, r in enumerate(f.regs):
        r.id = n
