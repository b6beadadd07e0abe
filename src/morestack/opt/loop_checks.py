"""Checks of the guard on back edges: where a loop without calls gives way to a collection or to others.

        latch: ... jump -> check            check: loopcheck -> header, poll
                                            poll:  rt[preempt]; jump -> header          out of line

A loop gets a check when it can go round without passing a prologue's, and allocates or is not counted (loops.py).
`preempt` parks, so the loop goes on in a continuation: the part of the loop up to the next head is copied there when it
is short, else the header becomes a segment of its own (split.py). A counted loop without allocation runs as it is.

Input is left as it was. Indirect calls do not count as checks: a function without frame and calls has none. Rejected:
a check in every such function, which would cost comparators and small methods more than the loops that call them.
Rejected too: a check where a counted loop holds another, 14 % of a nest with five rounds each (docs/scheduler.md).
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
    """f with its checks; f itself when it needs none. `checks`: which functions look at the guard when they are
    entered; `allocates`: which may take memory without doing so."""
    checked = {b for b in f.blocks if any(i.op is Op.CALL and checks(i.callee) for i in b.instrs)}
    wanted = [e for e in back_edges(f, checked) if _needs_check(e, allocates)]
    return _insert(f, wanted) if wanted else f


def _needs_check(e: BackEdge, allocates: Callable[[str], bool]) -> bool:
    return any(may_allocate(i, allocates) for b in e.body for i in b.instrs) or not is_counted(e)


def _insert(f: Function, edges: list[BackEdge]) -> Function:
    """A copy of f in which each of the edges leads over a check."""
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
