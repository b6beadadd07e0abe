"""What codegen makes of one function, for people: its frame, its segments, what each suspension keeps alive.

`describe` gives the text of `morestack show --stage llvm --func F`: a drawn frame in comments, then the LLVM
text of every segment, in the order they are emitted.
"""

from __future__ import annotations

from collections.abc import Iterator

from morestack.codegen.context import ModuleContext
from morestack.codegen.emit.goroutine import SegmentBody, segment_symbol
from morestack.codegen.emit.leaf import emit_entry, emit_leaf
from morestack.codegen.frame.layout import Layout, plan
from morestack.codegen.module import taken_addresses
from morestack.ir.flat import flat
from morestack.ir.module import Instr, Module


def describe(module: Module, name: str) -> str:
    """Frame and LLVM text of the function; empty when the module has none of that name."""
    return "".join(line + "\n" for line in _lines(module, name))


def _lines(module: Module, name: str) -> Iterator[str]:
    ctx = ModuleContext(module)
    for f in module.functions.values():
        if name not in (f.name, f.body_of) or not f.blocks:
            continue
        if f.leaf is not None:
            yield f"; {f.name}: a leaf, at most {f.leaf.frame} bytes of the thread's stack"
            yield from emit_leaf(ctx, f, f.leaf)
            if f.name in taken_addresses(module):
                yield from emit_entry(ctx, f, f.leaf)
            continue
        lay = plan(f, module)
        ctx.objects[f.name] = lay.object_ranges()
        yield from _frame(lay)
        for seg in lay.segments:
            yield from SegmentBody(ctx, lay, seg).build()


def _frame(lay: Layout) -> Iterator[str]:
    """The frame as comments, highest address first."""
    f = lay.function
    yield f"; {f.name}: a goroutine function, frame of {lay.frame} bytes, {len(lay.segments)} segments"
    rows: list[tuple[int, str]] = []
    for o in f.objects:
        rows.append((lay.objects[o.id], f"{o!r}: {o.type!r}" + ("  (cleared on entry)" if o.id in lay.clear else "")))
    rows += [(at, f"record of a deferred call{_line(i)}") for i, at in lay.defers.items()]
    by_slot: dict[int, list[str]] = {}
    for r in f.regs:
        for k, at in enumerate(lay.slots.get(r.id, ())):
            several = len(flat(r.type) or ()) > 1
            by_slot.setdefault(at, []).append(f"{r!r}.{k}" if several else repr(r))
        if r.id in lay.memory and r.id not in lay.incoming:
            by_slot.setdefault(lay.memory[r.id], []).append(f"{r!r}: {r.type!r}")
    rows += [(at, " or ".join(names)) for at, names in by_slot.items()]
    for at, what in sorted(rows, reverse=True):
        yield f";   SP+{at:<5} {what}"
    if lay.area:
        yield f";   SP+0     outgoing area of {lay.area} bytes"
    for seg in lay.segments:
        if not seg.is_continuation:
            continue
        node = lay.suspended[seg.head]
        bits = lay.bitmap(node)
        words = [str(8 * k) for k in range(lay.frame // 8) if bits >> k & 1]
        assert node.suspend is not None
        held = "pointers at SP+" + ", +".join(words) if words else "no pointers"
        yield f"; {segment_symbol(f, seg)} follows {_call(node.suspend)}: {held}"


def _call(i: Instr) -> str:
    return f"{i.op.value.mnemonic} {i.aux if isinstance(i.aux, str) else ''}".rstrip() + _line(i)


def _line(i: Instr) -> str:
    return f" in line {i.pos.line}" if i.pos else ""
