"""Which functions are leaves: ordinary native functions instead of goroutine functions.

A leaf calls only leaves and non-parking runtime functions, directly; it does not recurse, defer or recover,
and its native frames, callees' included, stay under `FRAME_LIMIT` bytes. No loop of it allocates: a collection cannot
begin in a leaf. It gives flat values only; a parameter of a memory type is passed by its address, where nobody writes
as long as the leaf runs. Being a leaf pays when somebody calls it directly, so functions that are only reached through
their address are compiled as goroutine functions. Entries the runtime jumps to must be goroutine functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from morestack.ir.flat import leaves as leaves_of
from morestack.ir.loops import back_edges, may_allocate, takes_memory
from morestack.ir.module import Function, Instr, Module
from morestack.ir.ops import Effect, Op
from morestack.ir.runtime_calls import ATOMICS, RUNTIME_CALLS

FRAME_LIMIT = 4096
OWN_LIMIT = 1024
DEPTH_LIMIT = 24
ENTRIES = ("runtime.main", "main.main", "main.init")
NOT_IN_LEAVES = ("gorecover", "exit", "block", "goexit", "gofatal", "panicrangestate")
INLINE_SIZE = 40


@dataclass(slots=True)
class LeafInfo:
    """A leaf: whether it may panic, and what its calls take at most."""

    function: Function
    can_panic: bool
    frame: int
    depth: int
    inline: bool
    allocates: bool


def instructions(f: Function) -> Iterator[Instr]:
    for b in f.blocks:
        yield from b.instrs


def _candidate(f: Function) -> tuple[list[str], bool, int, int] | None:
    """(callees, may panic itself, frame bytes, size), or None when the body rules it out."""
    if f.has_defer or f.name in ENTRIES or f.context is not None:
        return None
    if any(leaves_of(t) is None for t in f.results):
        return None
    if sum(len(leaves_of(t) or ()) for t in f.results) > 6:
        return None
    frame = 64 + sum(-(-o.type.size // 8) * 8 for o in f.objects)
    frame += sum(-(-r.type.size // 8) * 8 for r in f.regs if leaves_of(r.type) is None)
    if frame > OWN_LIMIT:
        return None
    callees: list[str] = []
    panics = False
    size = 0
    for i in instructions(f):
        size += 1
        if i.op is Op.CALL:
            assert isinstance(i.aux, str)
            callees.append(i.aux)
        elif i.op is Op.RT:
            call = RUNTIME_CALLS.get(str(i.aux))
            if call is None or call.effect & Effect.PARK or i.aux in NOT_IN_LEAVES:
                return None
            panics = panics or bool(call.effect & Effect.PANIC)
            size += 3
        elif i.op.effect & Effect.CALL or i.op is Op.DEFER:
            return None
        elif i.op.effect & Effect.PANIC:
            panics = True
            size += 2
    if takes_memory(f) and _calls_allocator_in_loop(f, {}):
        return None
    if _waits_in_loop(f):
        return None
    return callees, panics, frame, size


def _waits_in_loop(f: Function) -> bool:
    """Whether a loop of f does something atomic: it may wait for another goroutine, and nobody could stop a leaf."""
    return any(i.op is Op.RT and i.aux in ATOMICS for e in back_edges(f) for b in e.body for i in b.instrs)


def _calls_allocator_in_loop(f: Function, found: dict[str, LeafInfo]) -> bool:
    """Whether a loop of f takes memory, itself or in a leaf: there is no safe point in a leaf to collect at."""
    return any(
        may_allocate(i, lambda name: name in found and found[name].allocates)
        for e in back_edges(f)
        for b in e.body
        for i in b.instrs
    )


def find_leaves(module: Module) -> dict[str, LeafInfo]:
    """The leaves of the module, by name, callees before callers."""
    bodies = {name: b for name, f in module.functions.items() if f.blocks and (b := _candidate(f)) is not None}
    called = {str(i.aux) for f in module.functions.values() for i in instructions(f) if i.op is Op.CALL}
    found: dict[str, LeafInfo] = {}
    # Callees first; what waits on itself (recursion) or on a goroutine function never gets there.
    callers: dict[str, list[str]] = {}
    waiting: dict[str, int] = {}
    ready: list[str] = []
    for name, (callees, _, _, _) in bodies.items():
        if name not in called:
            continue
        unique = set(callees)
        waiting[name] = len(unique)
        for callee in unique:
            callers.setdefault(callee, []).append(name)
        if not unique:
            ready.append(name)
    while ready:
        name = ready.pop()
        callees, panics, frame, size = bodies[name]
        inner = [found[c] for c in set(callees)]
        if any(c.allocates for c in inner) and _calls_allocator_in_loop(module.functions[name], found):
            continue
        total = frame + max((c.frame for c in inner), default=0)
        depth = 1 + max((c.depth for c in inner), default=0)
        if total > FRAME_LIMIT or depth > DEPTH_LIMIT:
            continue
        panics = panics or any(c.can_panic for c in inner)
        pragmas = module.functions[name].pragmas
        inline = size + 4 * len(callees) <= INLINE_SIZE and "go:noinline" not in pragmas
        allocates = any(c.allocates for c in inner) or takes_memory(module.functions[name])
        found[name] = LeafInfo(module.functions[name], panics, total, depth, inline, allocates)
        for caller in callers.get(name, ()):
            waiting[caller] -= 1
            if not waiting[caller]:
                ready.append(caller)
    return found
