"""Insert checks of the guard on back edges: there a loop without calls gives way to a collection or to others.

        latch: ... jump -> check            check: loopcheck -> header, poll
                                            poll:  rt[preempt]; jump -> header          out of line

A loop gets a check if it can go round without passing a prologue's, and allocates or is not counted (ir/loops.py).
`preempt` parks, so the loop goes on in a continuation. If the part of the loop up to the next head is short, the
continuation gets a copy of it; otherwise the header becomes a segment of its own (codegen/frame/split.py). A counted
loop that does not allocate runs without checks.

An indirect call does not count as a check, because a function that has no frame and makes no call has no prologue
check. Rejected: a check in every such function, which would cost comparators and small methods more than the loops that
call them. Also rejected: a check where a counted loop contains another; it takes 14 % of the time of a nest whose
inner loop makes five rounds (docs/scheduler.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from morestack.ir.loops import BackEdge, back_edges, is_counted, may_allocate
from morestack.ir.module import Block, Function, Instr, Module
from morestack.ir.ops import Op


def insert_loop_checks(module: Module) -> Module:
    """The module, with checks in the loops of its goroutine functions."""
    harmless = {n for n, f in module.functions.items() if f.leaf is not None and not f.leaf.allocates}
    goroutine = {n for n, f in module.functions.items() if f.blocks and f.leaf is None}

    def allocates(name: str) -> bool:  # a function of another package may be a leaf that does
        return name not in harmless and name not in goroutine

    changed: dict[str, Function] = {}
    for name in goroutine:
        f = module.functions[name]
        if (made := with_checks(f, goroutine.__contains__, allocates)) is not f:
            changed[name] = made
    return replace(module, functions=module.functions | changed) if changed else module


def with_checks(f: Function, checks: Callable[[str], bool], allocates: Callable[[str], bool]) -> Function:
    """f with its checks, or f itself if it needs none. `checks` names the functions that check the guard on entry,
    `allocates` those that may allocate without a check."""
    checked = {b for b in f.blocks if any(i.op is Op.CALL and checks(i.callee) for i in b.instrs)}
    wanted = [e for e in back_edges(f, checked) if _needs_check(e, allocates)]
    return _insert(f, wanted) if wanted else f


def _needs_check(e: BackEdge, allocates: Callable[[str], bool]) -> bool:
    return any(may_allocate(i, allocates) for b in e.body for i in b.instrs) or not is_counted(e)


def _insert(f: Function, edges: list[BackEdge]) -> Function:
    """A copy of f with a check on each of the edges."""
    out = replace(f, blocks=[Block(b.id, list(b.instrs)) for b in f.blocks])
    new = dict(zip(f.blocks, out.blocks, strict=True))
    for b in out.blocks:
        last = b.instrs[-1]
        if last.targets:
            b.instrs[-1] = replace(last, targets=tuple(new[t] for t in last.targets))
    number = max(b.id for b in f.blocks) + 1
    for e in edges:
        latch, header = new[e.latch], new[e.header]
        last = latch.instrs[-1]
        check, poll = Block(number), Block(number + 1)
        number += 2
        pos = last.pos or e.header.instrs[0].pos or f.pos
        check.instrs = [Instr(Op.LOOP_CHECK, targets=(header, poll), pos=pos)]
        poll.instrs = [Instr(Op.RT, (), (), "preempt", pos=pos), Instr(Op.JUMP, targets=(header,))]
        latch.instrs[-1] = replace(last, targets=tuple(check if t is header else t for t in last.targets))
        out.blocks += [check, poll]
    return out
