"""Emit a module of IR as LLVM text: the public entry of the code generator.

The module is normally what the passes of opt/ have made of it. Leaves become native functions; everything else becomes
goroutine functions. A leaf whose address is taken (in instructions, data, itabs or methods) also gets a
goroutine-function entry.
"""

from __future__ import annotations

from dataclasses import replace

from morestack.codegen.context import ModuleContext
from morestack.codegen.data.descriptors import TypeEmitter, equal_function, equal_name
from morestack.codegen.data.globals import emit_globals, emit_roots
from morestack.codegen.emit.goroutine import emit_goroutine
from morestack.codegen.emit.leaf import emit_entry, emit_leaf
from morestack.ir.module import Module, Sym
from morestack.llvm.target import HEADER


def taken_addresses(module: Module) -> set[str]:
    """Symbols whose address the module holds somewhere."""
    taken: set[str] = set()
    for f in module.functions.values():
        for i in f.instructions():
            for a in i.args:
                if type(a) is Sym:
                    taken.add(a.name)
    for g in module.globals.values():
        taken.update(s.name for _, s in g.relocs)
    for entries in module.methods.values():
        taken.update(m.code for m in entries)
    return taken


def emit_module(module: Module) -> str:
    """LLVM IR text of the module."""
    if module.go_types or module.itabs:
        functions = {**module.functions, equal_name(module.name): equal_function(module.name)}
        module = replace(module, functions=functions)
    ctx = ModuleContext(module)
    taken = taken_addresses(module)
    if module.name != "main":  # other packages call what this one declares
        taken |= {name for name, f in module.functions.items() if not f.local}
    lines: list[str] = [*HEADER]
    for name, f in module.functions.items():
        if not f.blocks:
            continue
        if f.leaf is not None:
            lines += emit_leaf(ctx, f, f.leaf)
            if name in taken:
                ctx.defined.add(name)
                lines += emit_entry(ctx, f, f.leaf)
            continue
        ctx.defined.add(name)
        lines += emit_goroutine(ctx, f)
    lines += emit_globals(ctx)
    lines += emit_roots(ctx)
    lines += TypeEmitter(ctx).run()
    lines += ctx.trailer()
    return "\n".join(lines) + "\n"
