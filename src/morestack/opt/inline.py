"""Inline small goroutine functions, and the function literals that are passed to them.

        around(c, func(near cell) { ... })        the body of `around`, in which `f(n)` is the literal's body

A copy of the callee's body replaces the call. The positions of its instructions say where they come from (`Inlined`),
so a traceback shows the same lines as without inlining (docs/abi.md, site records). A call through a closure is
replaced if only one function can be in the closure: if it is a static closure, or an object into which this function
has stored one code address. The builder stores code addresses into closures only, and one address into each.

The pass copies callees as they were before it. It inlines a function that calls itself into itself once, and likewise
each function of a cycle, as gc does. It keeps calls of leaf functions, which LLVM inlines. A function that calls
only leaf functions afterwards is a leaf function itself. `recover` asks for its caller's frame, so a function that
calls it keeps its own.

Budgets are small because a frame grows by what an inlined function keeps alive, and every copy of the stack pays for
that; memory values (arrays, large structs) take room in the frame even where the function is not called. A
callee that is given a function literal may be larger, may loop, and may call more than once, because inlining it also
removes an indirect call.

docs/adr/0005-inlining.md has the measurements behind the budgets.
"""

from __future__ import annotations

from dataclasses import replace

from morestack.ir.flat import flat
from morestack.ir.loops import back_edges
from morestack.ir.module import Block, Function, Inlined, Instr, Module, Object, Operand, Pos, Reg, Sym
from morestack.ir.ops import Effect, Op
from morestack.ir.tidy import tidy_blocks
from morestack.opt.leaves import ENTRIES, NOINLINE

BUDGET = 25
"""Instructions that a callee may have."""
LITERAL_BUDGET = 45
"""The same for a callee that is a function literal or is given one."""
GROWTH = 300
"""Instructions that a caller may grow by."""
FRAME = 128
"""Bytes of objects and memory values that a callee may have: every frame of the caller would hold them."""
ROUNDS = 3
"""How deep inlined bodies may nest."""


def size(f: Function) -> int:
    """The cost of a copy of the body."""
    total = 0
    for i in f.instructions():
        if i.op not in (Op.COPY, Op.JUMP, Op.ADDR):
            total += 4 if i.op.effect & Effect.CALL or i.op is Op.RT else 1
    return total


def memory(f: Function) -> int:
    """Bytes that the body keeps in memory: objects, and values too large for LLVM registers."""
    wide = sum(r.type.size for r in f.regs if flat(r.type) is None)
    return wide + sum(o.type.size for o in f.objects)


def is_leaf(module: Module, name: str) -> bool:
    """Whether a name is that of a leaf of the module."""
    f = module.functions.get(name)
    return f is not None and f.leaf is not None


def calls(f: Function, module: Module) -> int:
    """How many calls of goroutine functions the body has."""
    return sum(
        bool(i.op.effect & Effect.CALL) and not (i.op is Op.CALL and is_leaf(module, i.callee))
        for i in f.instructions()
    )


def _may_be_copied(f: Function) -> bool:
    if not f.blocks or f.has_defer or f.kind.is_wrapper or f.kind in ENTRIES:
        return False
    if NOINLINE in f.pragmas or memory(f) > FRAME:
        return False
    return not any(i.op is Op.DEFER or (i.op is Op.RT and i.runtime_call.wants_frame) for i in f.instructions())


class _Closures:
    """Which function each closure value of f holds, as far as f itself tells."""

    def __init__(self, f: Function, module: Module) -> None:
        self.module = module
        self.defs: dict[int, Instr | None] = {r.id: None for r in f.params}
        if f.context is not None:
            self.defs[f.context.id] = None
        for i in f.instructions():
            for r in i.dst:
                self.defs[r.id] = None if r.id in self.defs else i
        self.codes: dict[object, set[str]] = {}
        for i in f.instructions():
            if i.op is Op.STORE and isinstance(i.args[1], Sym) and i.args[1].name in module.functions:
                self.codes.setdefault(self._origin(i.args[0]), set()).add(i.args[1].name)

    def _origin(self, a: Operand) -> object:
        """Where the address comes from: a frame object, an allocation, or a symbol."""
        while isinstance(a, Reg):
            made = self.defs.get(a.id)
            if made is None:
                return None
            if made.op is not Op.COPY:
                return made.aux if made.op is Op.ADDR else made
            a = made.args[0]
        return a

    def code(self, a: Operand) -> str | None:
        """The function in a closure, if there can be only one."""
        origin = self._origin(a)
        if isinstance(origin, Sym):
            g = self.module.globals.get(origin.name)
            if g is None or not g.readonly or len(g.relocs) != 1 or g.relocs[0][0] != 0:
                return None
            name = g.relocs[0][1].name
            return name if name in self.module.functions else None
        found = self.codes.get(origin, set()) if origin is not None else set()
        return next(iter(found)) if len(found) == 1 else None


class _Candidates:
    """Which functions may be copied, and how large each is."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._known: dict[str, tuple[int, bool] | None] = {}

    def get(self, name: str) -> tuple[int, bool] | None:
        """The size, and whether the body is free of loops and calls at most once; None if it must not be copied."""
        if name not in self._known:
            f = self.module.functions.get(name)
            if f is None or not _may_be_copied(f):
                self._known[name] = None
            else:
                self._known[name] = size(f), calls(f, self.module) <= 1 and not back_edges(f)
        return self._known[name]


class _Caller:
    """Rewrites one function, a round at a time."""

    def __init__(self, f: Function, known: _Candidates, literals: bool) -> None:
        self.f = f
        self.known = known
        self.literals = literals
        self.left = GROWTH

    def run(self) -> Function:
        for _ in range(ROUNDS):
            sites = self._sites()
            if not sites:
                break
            self.f = self._rewrite(sites)
        return self.f

    def _sites(self) -> dict[Instr, Function]:
        calls = [i for i in self.f.instructions() if i.op in (Op.CALL, Op.CALL_CLOSURE)]
        if not calls:
            return {}
        closures: _Closures | None = None
        sites: dict[Instr, Function] = {}
        for i in calls:
            direct = i.op is Op.CALL
            if direct and (is_leaf(self.known.module, i.callee) or self.known.get(i.callee) is None):
                continue
            closures = closures or _Closures(self.f, self.known.module)
            name = i.callee if direct else closures.code(i.args[0])
            found = self.known.get(name) if name is not None else None
            if name is None or found is None or name in self._within(i.pos):
                continue
            instrs, plain = found
            literal = not direct or any(closures.code(a) for a in i.args)
            if self.literals and not literal:
                continue
            if instrs > (LITERAL_BUDGET if literal else BUDGET) or not (plain or literal) or instrs > self.left:
                continue
            self.left -= instrs
            sites[i] = self.known.module.functions[name]
        return sites

    def _within(self, pos: Pos | None) -> set[str]:
        """The functions that a position was inlined from, and the caller itself if there are any."""
        names: set[str] = set()
        while pos is not None and pos.inlined is not None:
            names |= {pos.inlined.function, self.f.name}
            pos = pos.inlined.call
        return names

    def _rewrite(self, sites: dict[Instr, Function]) -> Function:
        out = replace(self.f, regs=list(self.f.regs), objects=list(self.f.objects), blocks=[])
        copies = {b: out.block() for b in self.f.blocks}
        for b in self.f.blocks:
            here = copies[b]
            for i in b.instrs:
                callee = sites.get(i)
                if callee is not None:
                    here = _copy_body(out, here, i, callee)
                else:
                    here.instrs.append(replace(i, targets=tuple(copies[t] for t in i.targets)) if i.targets else i)
        tidy_blocks(out)
        return out


def _copy_body(out: Function, here: Block, call: Instr, callee: Function) -> Block:
    """Append the callee's body to `here` in place of a call; return the block that follows."""
    regs: dict[int, Reg] = {r.id: out.reg(r.type, r.name) for r in callee.regs}
    objects: dict[int, Object] = {o.id: out.object(o.type, o.name) for o in callee.objects}
    args = call.args
    if call.op is Op.CALL_CLOSURE:
        if callee.context is not None:
            here.instrs.append(Instr(Op.COPY, (regs[callee.context.id],), (args[0],), pos=call.pos))
        args = args[1:]
    for p, a in zip(callee.params, args, strict=True):
        here.instrs.append(Instr(Op.COPY, (regs[p.id],), (a,), pos=call.pos))
    join = out.block()
    blocks = {b: out.block() for b in callee.blocks}
    here.instrs.append(Instr(Op.JUMP, targets=(blocks[callee.blocks[0]],), pos=call.pos))
    at = call.pos or out.pos or Pos("", 0, 0)

    def place(pos: Pos | None) -> Pos:
        own = pos or callee.pos or at
        return Pos(own.file, own.line, own.col, Inlined(callee.name, at))

    for b in callee.blocks:
        to = blocks[b].instrs
        for i in b.instrs:
            values = tuple(regs[a.id] if isinstance(a, Reg) else a for a in i.args)
            if i.op is Op.RETURN:
                to += [Instr(Op.COPY, (r,), (v,), pos=place(i.pos)) for r, v in zip(call.dst, values, strict=True)]
                to.append(Instr(Op.JUMP, targets=(join,), pos=place(i.pos)))
                continue
            aux = objects[i.aux.id] if isinstance(i.aux, Object) else i.aux
            targets = tuple(blocks[t] for t in i.targets)
            to.append(Instr(i.op, tuple(regs[r.id] for r in i.dst), values, aux, targets, place(i.pos)))
    return join


def inline_literals(module: Module) -> Module:
    """Inline function literals where they are called, and the functions that they are passed to."""
    return _inline(module, literals=True)


def inline_calls(module: Module) -> Module:
    """Inline small functions that are not leaves."""
    return _inline(module, literals=False)


def _inline(module: Module, literals: bool) -> Module:
    known = _Candidates(module)
    callers = [f for f in module.functions.values() if f.blocks and f.leaf is None]
    changed = {f.name: made for f in callers if (made := _Caller(f, known, literals).run()) is not f}
    return replace(module, functions=module.functions | changed) if changed else module
