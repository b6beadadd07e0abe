"""Find leaf functions: they become ordinary native functions instead of goroutine functions.

A leaf function directly calls leaf functions and runtime functions that do not park, and nothing else. It does not
recurse, defer or recover, and its native frames, including its callees', stay below `FRAME_LIMIT` bytes. None of its
loops allocates, because a collection cannot begin in a leaf function. Its results are flat values. A parameter of a
memory type is passed by address; nobody writes there while the leaf function runs.

Only direct calls profit, so a function that is only reached through its address stays a goroutine function, and so
does a function that the runtime starts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from morestack.ir.flat import flat
from morestack.ir.loops import back_edges, may_allocate
from morestack.ir.module import Function, FunctionKind, Leaf, Module
from morestack.ir.ops import Effect, Op

FRAME_LIMIT = 4096
OWN_LIMIT = 1024
DEPTH_LIMIT = 24
ENTRIES = (FunctionKind.ENTRY, FunctionKind.MAIN, FunctionKind.INIT)
"""Functions that start the program: the runtime jumps to the first, and tracebacks show main.main."""
INLINE_SIZE = 40
NOINLINE = "go:noinline"


class _Candidate(NamedTuple):
    """Facts about a function's own body, without its callees."""

    callees: set[str]
    calls: int
    panics: bool
    frame: int
    size: int
    allocates: bool


def _candidate(f: Function) -> _Candidate | None:
    """The facts about a body that may be a leaf function's; None if it cannot be one."""
    if f.has_defer or f.kind in ENTRIES or f.context is not None:
        return None
    if any(flat(t) is None for t in f.results):
        return None
    if sum(len(flat(t) or ()) for t in f.results) > 6:
        return None
    frame = 64 + sum(-(-o.type.size // 8) * 8 for o in f.objects)
    frame += sum(-(-r.type.size // 8) * 8 for r in f.regs if flat(r.type) is None)
    if frame > OWN_LIMIT:
        return None
    callees: list[str] = []
    panics = allocates = False
    size = 0
    for i in f.instructions():
        size += 1
        if i.op is Op.CALL:
            callees.append(i.callee)
        elif i.op is Op.RT:
            call = i.runtime_call
            if call.effect & Effect.PARK or not call.in_leaves:
                return None
            panics = panics or bool(call.effect & Effect.PANIC)
            allocates = allocates or call.allocates
            size += 3
        elif i.op.effect & Effect.CALL or i.op is Op.DEFER:
            return None
        elif i.op.effect & Effect.PANIC:
            panics = True
            size += 2
    if _waits_in_loop(f) or (allocates and _allocates_in_loop(f, {})):
        return None
    return _Candidate(set(callees), len(callees), panics, frame, size, allocates)


def _waits_in_loop(f: Function) -> bool:
    """Whether a loop of f has atomic operations: it may wait for another goroutine, and a leaf cannot be preempted."""
    atomic = {b for b in f.blocks if any(i.op is Op.RT and i.runtime_call.atomic for i in b.instrs)}
    return bool(atomic) and any(not atomic.isdisjoint(e.body) for e in back_edges(f))


def _allocates_in_loop(f: Function, found: dict[str, Leaf]) -> bool:
    """Whether a loop of f allocates, itself or in a leaf: leaf functions have no safe point for a collection."""
    return any(
        may_allocate(i, lambda name: name in found and found[name].allocates)
        for e in back_edges(f)
        for b in e.body
        for i in b.instrs
    )


def find_leaves(module: Module) -> Module:
    """The module, with `leaf` set in each leaf function."""
    bodies: dict[str, _Candidate] = {}
    called: set[str] = set()
    for name, f in module.functions.items():
        called.update(i.callee for i in f.instructions() if i.op is Op.CALL)
        if f.blocks and (body := _candidate(f)) is not None:
            bodies[name] = body
    found = _solve(module, {name: body for name, body in bodies.items() if name in called})
    functions = {n: f if f.leaf == found.get(n) else replace(f, leaf=found.get(n)) for n, f in module.functions.items()}
    same = all(a is b for a, b in zip(functions.values(), module.functions.values(), strict=True))
    return module if same else replace(module, functions=functions)


def _solve(module: Module, bodies: dict[str, _Candidate]) -> dict[str, Leaf]:
    """The leaf functions among the candidates, callees first. A candidate that waits for itself, in a recursion, or for
    a goroutine function is never reached."""
    found: dict[str, Leaf] = {}
    callers: dict[str, list[str]] = {}
    waiting: dict[str, int] = {}
    for name, body in bodies.items():
        waiting[name] = len(body.callees)
        for callee in body.callees:
            callers.setdefault(callee, []).append(name)
    ready = [name for name, body in bodies.items() if not body.callees]
    while ready:
        name = ready.pop()
        body = bodies[name]
        inner = [found[c] for c in body.callees]
        allocates = any(c.allocates for c in inner)
        if allocates and _allocates_in_loop(module.functions[name], found):
            continue
        frame = body.frame + max((c.frame for c in inner), default=0)
        depth = 1 + max((c.depth for c in inner), default=0)
        if frame > FRAME_LIMIT or depth > DEPTH_LIMIT:
            continue
        found[name] = Leaf(
            can_panic=body.panics or any(c.can_panic for c in inner),
            inline=body.size + 4 * body.calls <= INLINE_SIZE and NOINLINE not in module.functions[name].pragmas,
            allocates=body.allocates or allocates,
            frame=frame,
            depth=depth,
        )
        for caller in callers.get(name, ()):
            waiting[caller] -= 1
            if not waiting[caller]:
                ready.append(caller)
    return found
