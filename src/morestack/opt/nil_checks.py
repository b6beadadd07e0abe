"""Drop checks of pointers that are known not to be nil.

The builder already drops a check in the same straight line as another. This pass follows control flow: it finds that
`for l != nil { l.x ... l = l.next }` needs no check, and that a check of the same register on every path before is
enough. A function without checks may turn out not to panic at all.

A fact is a register, as a bit of an int. A register is known not to be nil after it is set to an address that cannot be
nil (a frame object, an allocation, a symbol) or to a copy of a known register, after a check, and on one side of a
branch on a comparison with nil. Any other write ends the fact. A fact holds at the start of a block if it holds at the
end of all its predecessors. The pass computes the greatest solution, so a loop may prove itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from morestack.ir.module import Block, Const, Function, Instr, Operand, Reg, Sym
from morestack.ir.ops import Op
from morestack.ir.types import PTR


def _tested(i: Instr) -> tuple[Reg, bool] | None:
    """The register that a comparison with nil tests, and the comparison's value when the register is not nil."""
    if i.op not in (Op.EQ, Op.NE):
        return None
    for a, b in (i.args, i.args[::-1]):
        if isinstance(a, Reg) and a.type is PTR and isinstance(b, Const) and not b.value:
            return a, i.op is Op.NE
    return None


def _is_known(a: Operand, known: int) -> bool:
    return isinstance(a, Sym) or (isinstance(a, Reg) and bool(known >> a.id & 1))


def _flow(instrs: Sequence[Instr], known: int, dropped: set[Instr] | None = None) -> tuple[int, int, int]:
    """The facts after the instructions: those on every edge, and those that a true and a false branch add."""
    tests: dict[int, tuple[Reg, bool]] = {}
    for i in instrs:
        if i.op is Op.NILCHECK:
            a = i.args[0]
            if _is_known(a, known):
                if dropped is not None:
                    dropped.add(i)
            elif isinstance(a, Reg):
                known |= 1 << a.id
            continue
        given = i.op is Op.ADDR or (i.op is Op.RT and i.runtime_call.never_nil)
        given = given or (i.op is Op.COPY and _is_known(i.args[0], known))
        for r in i.dst:
            known = known | 1 << r.id if given else known & ~(1 << r.id)
            tests = {k: t for k, t in tests.items() if k != r.id and t[0] is not r}
        if i.dst and (test := _tested(i)) is not None and test[0] is not i.dst[0]:
            tests[i.dst[0].id] = test
    last = instrs[-1]
    if last.op is Op.BRANCH and isinstance(last.args[0], Reg) and last.args[0].id in tests:
        r, when = tests[last.args[0].id]
        return (known, 1 << r.id, 0) if when else (known, 0, 1 << r.id)
    return known, 0, 0


def drop_nilchecks(f: Function) -> Function:
    """f without the checks that cannot fail, or f itself if it has none."""
    if not any(i.op is Op.NILCHECK for b in f.blocks for i in b.instrs):
        return f
    every = (1 << len(f.regs)) - 1
    at: dict[Block, int] = {b: every for b in f.blocks}
    for b in f.blocks:
        if b is f.blocks[0] or any(i.op is Op.DEFER_RETURN for i in b.instrs):  # a recovered panic resumes there
            at[b] = 0
    work = list(reversed(f.blocks))
    waiting = set(work)
    while work:
        b = work.pop()
        waiting.discard(b)
        known, *sides = _flow(b.instrs, at[b])
        last = b.instrs[-1]
        for k, t in enumerate(last.targets):
            new = at[t] & (known | sides[k] if last.op is Op.BRANCH else known)
            if new != at[t]:
                at[t] = new
                if t not in waiting:
                    waiting.add(t)
                    work.append(t)
    dropped: set[Instr] = set()
    for b in f.blocks:
        _flow(b.instrs, at[b], dropped)
    return _without(f, dropped) if dropped else f


def _without(f: Function, dropped: set[Instr]) -> Function:
    out = replace(f, blocks=[Block(b.id, [i for i in b.instrs if i not in dropped]) for b in f.blocks])
    new = dict(zip(f.blocks, out.blocks, strict=True))
    for b in out.blocks:
        last = b.instrs[-1]
        if last.targets:
            b.instrs[-1] = replace(last, targets=tuple(new[t] for t in last.targets))
    return out
