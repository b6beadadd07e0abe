"""Emit a module of IR as LLVM text: the public entry of the code generator.

Leaves become native functions; everything else becomes goroutine functions. A leaf whose address is taken
(in instructions, data, itabs or methods) also gets a goroutine-function entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from morestack.codegen.context import ModuleContext
from morestack.codegen.data.descriptors import TypeEmitter, equal_function, equal_name
from morestack.codegen.data.globals import emit_globals, emit_roots
from morestack.codegen.emit.goroutine import emit_goroutine
from morestack.codegen.emit.leaf import emit_entry, emit_leaf
from morestack.codegen.unsupported import check_supported
from morestack.ir.module import Function, Instr, Module, Sym
from morestack.ir.ops import Effect, Op
from morestack.ir.runtime_calls import RUNTIME_CALLS
from morestack.opt.early_exits import partial_inline
from morestack.opt.inline import inline
from morestack.opt.leaves import LeafInfo, find_leaves, instructions
from morestack.opt.loop_checks import insert_loop_checks
from morestack.opt.nil_checks import drop_nilchecks

TRIPLE = 'target triple = "x86_64-unknown-linux-gnu"'
LAYOUT = 'target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"'


def suspends_with(leaf: dict[str, LeafInfo]) -> Callable[[Instr], bool]:
    """The predicate for suspension points, given the leaves."""

    def suspends(i: Instr) -> bool:
        if i.op is Op.RT:
            effect = RUNTIME_CALLS[str(i.aux)].effect
            return bool(effect & Effect.PARK) and not effect & Effect.NORETURN
        if i.op is Op.CALL:
            return i.aux not in leaf
        return bool(i.op.effect & Effect.CALL)

    return suspends


def taken_addresses(module: Module) -> set[str]:
    """Symbols whose address the module holds somewhere."""
    taken: set[str] = set()
    for f in module.functions.values():
        for i in instructions(f):
            for a in i.args:
                if isinstance(a, Sym):
                    taken.add(a.name)
    for g in module.globals.values():
        taken.update(s.name for _, s in g.relocs)
    for entries in module.methods.values():
        taken.update(m.code for m in entries)
    return taken


def _linkage(f: Function, lines: list[str]) -> list[str]:
    """The text of a function; of a local one, no other object sees the entry."""
    return [line.replace("define hidden ", "define internal ", 1) for line in lines] if f.local else lines


def prepare(module: Module) -> tuple[Module, dict[str, LeafInfo]]:
    """The module with calls inlined, and its leaves. What was inlined may make a leaf of its caller: literals first, so
    that a function that then is a leaf is not inlined itself."""
    module = replace(module, functions={n: drop_nilchecks(f) for n, f in module.functions.items()})
    leaf = find_leaves(module)
    for literals in (True, False):
        if changed := inline(module, leaf, literals):
            module = replace(module, functions=module.functions | {n: drop_nilchecks(f) for n, f in changed.items()})
            leaf = find_leaves(module)
    return partial_inline(module, frozenset(leaf)), leaf


def emit_module(module: Module) -> str:
    """LLVM IR text of the module. Raises CompileError for what is not supported yet."""
    check_supported(module)
    if module.go_types or module.itabs:
        functions = {**module.functions, equal_name(module.name): equal_function(module.name)}
        module = replace(module, functions=functions)
    module, leaf = prepare(module)
    ctx = ModuleContext(module, leaf)
    suspends = suspends_with(leaf)
    taken = taken_addresses(module)
    if module.name != "main":  # other packages call what this one declares
        taken |= {name for name, f in module.functions.items() if not f.local}
    checks = frozenset(n for n, f in module.functions.items() if f.blocks and n not in leaf).__contains__
    harmless = frozenset(n for n, info in leaf.items() if not info.allocates)

    def allocates(name: str) -> bool:  # a function of another package may be a leaf that does
        return name not in harmless and not checks(name)

    lines: list[str] = [LAYOUT, TRIPLE]
    for name, f in module.functions.items():
        if not f.blocks:
            continue
        if name in leaf:
            lines += emit_leaf(ctx, leaf[name])
            if name in taken:
                ctx.defined.add(name)
                lines += _linkage(f, emit_entry(ctx, leaf[name]))
            continue
        ctx.defined.add(name)
        lines += _linkage(f, emit_goroutine(ctx, insert_loop_checks(f, checks, allocates), suspends))
    lines += emit_globals(ctx)
    lines += emit_roots(ctx)
    lines += TypeEmitter(ctx).run()
    lines += ctx.trailer()
    return "\n".join(lines) + "\n"
