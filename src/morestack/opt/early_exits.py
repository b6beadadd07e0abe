"""Inline the early exits of a function at its call sites, such as `if n < 2 { return n }` of a recursion.

If some paths from a goroutine function's entry lead over pure instructions to a RETURN, the function has a *prefix*: a
tree of blocks without calls, checks or memory accesses. A direct call runs the prefix in the caller, and calls the
function only where the prefix does not end in a RETURN. Half of all calls in a binary recursion are leaves of the call
tree, so this saves half of the calls. Tracebacks stay right because nothing in a prefix can panic or call; results
stay right because the prefix is pure.

If only one place of the prefix goes on into the rest, the function is split. `f` keeps the prefix, which needs neither
a frame nor a stack check, and tail-calls `f$body`, which starts where the prefix ends. Inlined prefixes call `f$body`
directly.

inline.py has copied small bodies whole before this pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from morestack.ir.flat import flat
from morestack.ir.module import Block, Function, Instr, Module, Operand, Reg
from morestack.ir.ops import Effect, Op
from morestack.ir.tidy import tidy_blocks

BUDGET = 12
"""Instructions a prefix may have."""
DEPTH = 3
"""Branches one path of a prefix may pass."""
BODY_SUFFIX = "$body"
"""Appended to the name of a function for its body: no Go name contains a dollar sign."""
GROWTH = 24
"""Call sites that a caller may have: with more, the code grows too much."""


def body_name(name: str) -> str:
    """The symbol of a function's body behind its prefix."""
    return name + BODY_SUFFIX


@dataclass(slots=True)
class _Exit:
    """The end of a prefix: a return of `results`, or, if that is None, a call; the body goes on at block `at`."""

    results: tuple[Operand, ...] | None
    at: Block | None = None


@dataclass(slots=True)
class _Step:
    """Pure instructions, then a branch. Without a condition, `then` always follows."""

    instrs: list[Instr]
    condition: Operand | None
    then: _Tree
    other: _Tree | None


_Tree: TypeAlias = _Step | _Exit


def _pure(i: Instr) -> bool:
    return i.op.effect == Effect.NONE and i.op is not Op.ADDR and all(flat(r.type) is not None for r in i.dst)


class _Prefix:
    """Builds the prefix tree of one function."""

    def __init__(self, f: Function) -> None:
        self.params = set(f.params)  # if one is written, the body cannot be called with it
        self.left = BUDGET
        self.returns = 0

    def tree(self, b: Block, depth: int) -> _Tree:
        """The prefix from block b on."""
        instrs: list[Instr] = []
        for i in b.instrs[:-1]:
            if not self.left or not _pure(i) or not self.params.isdisjoint(i.dst):
                return _Exit(None, b)
            self.left -= 1
            instrs.append(i)
        last = b.instrs[-1]
        match last.op:
            case Op.RETURN:
                self.returns += 1
                return _Step(instrs, None, _Exit(last.args), None)
            case Op.BRANCH if depth:
                then, other = (self.tree(t, depth - 1) for t in last.targets)
                if _calls(then) and _calls(other):
                    return _Exit(None, b)
                return _Step(instrs, last.args[0], then, other)
            case Op.JUMP if depth:
                return _Step(instrs, None, self.tree(last.targets[0], depth - 1), None)
            case _:
                return _Exit(None, b)


def _calls(t: _Tree) -> bool:
    """Whether the tree does nothing but call."""
    if isinstance(t, _Exit):
        return t.results is None
    return t.condition is None and _calls(t.then)


def _prefix(f: Function) -> _Tree | None:
    if not f.blocks or f.has_defer or f.context is not None:
        return None
    if any(flat(r.type) is None for r in f.params) or any(flat(t) is None for t in f.results):
        return None
    builder = _Prefix(f)
    tree = builder.tree(f.blocks[0], DEPTH)
    return None if not builder.returns or _calls(tree) or isinstance(tree, _Exit) else tree


def _slow_path(t: _Tree) -> list[tuple[list[Instr], Block]]:
    """For each place that calls, the pure instructions before it and the block that follows."""
    if isinstance(t, _Exit):
        return [([], t.at)] if t.results is None and t.at is not None else []
    parts = _slow_path(t.then) + (_slow_path(t.other) if t.other is not None else [])
    return [(t.instrs + more, at) for more, at in parts]


def _clone(f: Function) -> tuple[Function, dict[Block, Block]]:
    """A copy of f with its own blocks and terminators; it shares all other instructions."""
    g = replace(f, regs=list(f.regs), blocks=[])
    copies = {b: g.block() for b in f.blocks}
    for b, c in copies.items():
        c.instrs = [replace(i, targets=tuple(copies[t] for t in i.targets)) if i.targets else i for i in b.instrs]
    return g, copies


def _split(f: Function, t: _Tree) -> tuple[Function, Function] | None:
    """The prefix and the body as two functions, if exactly one place of the prefix goes on into the body."""
    slow = _slow_path(t)
    if len(slow) != 1:
        return None
    body, copies = _clone(f)
    instrs, at = slow[0]
    body.name, body.body_of = body_name(f.name), f.name
    start = Block(len(body.blocks), [*instrs, Instr(Op.JUMP, targets=(copies[at],), pos=f.pos)])
    body.blocks.insert(0, start)
    tidy_blocks(body)  # drops blocks that only the prefix reached
    prefix = replace(f, regs=list(f.regs), objects=[], blocks=[])
    _emit_prefix(prefix, t, prefix.block(), f)
    return prefix, body


def _emit_prefix(g: Function, t: _Tree, here: Block, f: Function) -> None:
    if isinstance(t, _Exit):
        if t.results is None:
            here.instrs.append(Instr(Op.TAIL_CALL, (), tuple(f.params), body_name(f.name), pos=f.pos))
        else:
            here.instrs.append(Instr(Op.RETURN, (), t.results, pos=f.pos))
        return
    here.instrs.extend(t.instrs)
    if t.condition is None or t.other is None:
        _emit_prefix(g, t.then, here, f)
        return
    targets = (g.block(), g.block())
    here.instrs.append(Instr(Op.BRANCH, (), (t.condition,), targets=targets, pos=f.pos))
    _emit_prefix(g, t.then, targets[0], f)
    _emit_prefix(g, t.other, targets[1], f)


class _Inliner:
    """Rewrites one caller."""

    def __init__(self, f: Function, trees: dict[str, tuple[Function, _Tree]], split: set[str]) -> None:
        self.trees = trees
        self.split = split
        self.f = replace(f, regs=list(f.regs), blocks=[])
        copies = {b: self.f.block() for b in f.blocks}
        for b in f.blocks:
            here = copies[b]
            for i in b.instrs:
                if i.targets:
                    i = replace(i, targets=tuple(copies[t] for t in i.targets))
                if i.op is Op.CALL and i.aux in trees:
                    here = self._site(here, i)
                else:
                    here.instrs.append(i)

    def _site(self, here: Block, call: Instr) -> Block:
        """Emit the prefix at the end of `here`, then the call; return the block where both meet."""
        callee, tree = self.trees[str(call.aux)]
        join = self.f.block()
        slow = self.f.block()
        target = body_name(callee.name) if callee.name in self.split else callee.name
        slow.instrs = [replace(call, aux=target), Instr(Op.JUMP, targets=(join,), pos=call.pos)]
        names: dict[int, Reg] = {}
        for p, a in zip(callee.params, call.args, strict=True):
            mine = names[p.id] = self.f.reg(p.type)
            here.instrs.append(Instr(Op.COPY, (mine,), (a,), pos=call.pos))
        self._emit(tree, here, names, call, slow, join)
        return join

    def _emit(self, t: _Tree, here: Block, names: dict[int, Reg], call: Instr, slow: Block, join: Block) -> None:
        if isinstance(t, _Exit):
            if t.results is None:
                here.instrs.append(Instr(Op.JUMP, targets=(slow,), pos=call.pos))
                return
            for r, v in zip(call.dst, t.results, strict=True):
                here.instrs.append(Instr(Op.COPY, (r,), (self._operand(v, names),), pos=call.pos))
            here.instrs.append(Instr(Op.JUMP, targets=(join,), pos=call.pos))
            return
        for i in t.instrs:
            args = tuple(self._operand(a, names) for a in i.args)
            dst = []
            for r in i.dst:
                if r.id not in names:
                    names[r.id] = self.f.reg(r.type)
                dst.append(names[r.id])
            here.instrs.append(Instr(i.op, tuple(dst), args, i.aux, pos=call.pos))
        if t.condition is None or t.other is None:
            self._emit(t.then, here, names, call, slow, join)
            return
        condition = self._operand(t.condition, names)
        targets = []
        for part in (t.then, t.other):
            if isinstance(part, _Exit) and part.results is None:
                targets.append(slow)
            else:
                b = self.f.block()
                self._emit(part, b, dict(names), call, slow, join)
                targets.append(b)
        here.instrs.append(Instr(Op.BRANCH, (), (condition,), targets=tuple(targets), pos=call.pos))

    def _operand(self, a: Operand, names: dict[int, Reg]) -> Operand:
        return names[a.id] if isinstance(a, Reg) else a


def inline_early_exits(module: Module) -> Module:
    """The module with prefixes inlined at direct calls of goroutine functions."""
    trees: dict[str, tuple[Function, _Tree]] = {}
    for name, f in module.functions.items():
        if f.leaf is None and (tree := _prefix(f)) is not None:
            trees[name] = (f, tree)
    if not trees:
        return module
    functions: dict[str, Function] = {}
    split: set[str] = set()
    sources: dict[str, Function] = {}
    for name, f in module.functions.items():
        sources[name] = f
        if name in trees and (parts := _split(*trees[name])) is not None:
            split.add(name)
            sources[name], sources[parts[1].name] = parts
    for name, f in sources.items():
        sites = sum(i.op is Op.CALL and i.aux in trees for b in f.blocks for i in b.instrs)
        functions[name] = _Inliner(f, trees, split).f if 0 < sites <= GROWTH else f
    return replace(module, functions=functions)
