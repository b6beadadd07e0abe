"""`morestack show`: a program, or one of its functions, at one stage of compilation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from morestack.errors import UserError
from morestack.syntax import nodes as ast

if TYPE_CHECKING:
    from morestack.build.package import CompiledPackage
    from morestack.ir.module import Module


class UnknownFunction(UserError):
    """The program has no function with that name; the text is for the user."""


class UnknownPass(UserError):
    """No pass has that name; the text is for the user."""


def show_stage(package: CompiledPackage, stage: str, function: str | None, after: str | None = None) -> str:
    """Return the text of a stage. `function` is a name as tracebacks print it (`main.fib`, `main.(*T).M`); `after` is
    the pass after which stage opt stops."""
    lines = list(show_after(package, function, after) if after is not None else SHOW[stage](package, function))
    if function is not None and not lines:
        names = (declared_name(d) for file in package.ast for d in file.decls if isinstance(d, ast.FuncDecl))
        alike = [name for name in names if name.endswith("." + function.rpartition(".")[2])]
        names_are = f"names are as in tracebacks, such as {alike[0] if alike else 'main.main'}"
        raise UnknownFunction(f"no function {function} at stage {stage}; {names_are}")
    return "\n".join(lines) + "\n"


def declared_name(d: ast.FuncDecl, package: str = "main") -> str:
    """Return the name that tracebacks print for a declared function."""
    if d.recv is None:
        return f"{package}.{d.name.text}"
    t = d.recv.type
    while isinstance(t, ast.Paren):
        t = t.x
    pointer = isinstance(t, ast.Star)
    base = t.x if isinstance(t, ast.Star) else t
    base = base.x if isinstance(base, ast.Index) else base
    name = base.text if isinstance(base, ast.Name) else "?"
    return f"{package}.(*{name}).{d.name.text}" if pointer else f"{package}.{name}.{d.name.text}"


def chosen(package: CompiledPackage, function: str | None) -> Iterator[ast.File | ast.FuncDecl]:
    """Yield the files, or the declarations of one function in them."""
    for file in package.ast:
        if function is None:
            yield file
            continue
        for d in file.decls:
            if isinstance(d, ast.FuncDecl) and declared_name(d) == function:
                yield d


def show_ast(package: CompiledPackage, function: str | None) -> Iterator[str]:
    """Show the syntax tree."""
    from morestack.syntax.dump import dump

    for root in chosen(package, function):
        yield dump(root).rstrip("\n")


def show_types(package: CompiledPackage, function: str | None) -> Iterator[str]:
    """Show every expression with its place, mode, type and constant value."""
    from morestack.syntax.format import expr_string
    from morestack.syntax.walk import walk
    from morestack.types.const.text import to_text
    from morestack.types.core.info import Mode
    from morestack.types.identity.typestring import type_string

    types = package.checked.info.types
    for root in chosen(package, function):
        for node in walk(root):
            if isinstance(node, ast.File):
                continue
            fact = types.get(node)
            if fact is None or fact.mode is Mode.NO_VALUE or isinstance(node, ast.FuncLit):
                continue
            value = f" = {to_text(fact.value)}" if fact.value is not None else ""
            place = f"{node.span.line}:{node.span.col}"
            yield f"{place:>8}  {expr_string(node)}  {fact.mode.value} {type_string(fact.type)}{value}"  # type: ignore[arg-type]


def show_escape(package: CompiledPackage, function: str | None) -> Iterator[str]:
    """Show the decisions of escape analysis, with the flow that led to each escape."""
    from morestack.escape.report import report

    lines = report(package.escapes, explain=True).splitlines()
    if function is None:
        yield from lines
        return
    spans = [d.span for d in chosen(package, function) if isinstance(d, ast.FuncDecl)]
    ranges = [range(s.line, s.file.position(s.end)[0] + 1) for s in spans]
    inside = False
    none = True
    for line in lines:
        if found := re.match(r"\S+?\.go:(\d+):", line):  # the following lines explain this one
            inside = any(int(found[1]) in r for r in ranges)
        if inside:
            none = False
            yield line
    if spans and none:
        yield f"{function} allocates nothing and leaks no parameter"


def show_ir(package: CompiledPackage, function: str | None) -> Iterator[str]:
    """Show the IR text as built."""
    return show_module(package.ir, function)


def show_opt(package: CompiledPackage, function: str | None) -> Iterator[str]:
    """Show the IR text after all passes."""
    return show_module(package.optimized, function)


def show_after(package: CompiledPackage, function: str | None, after: str) -> Iterator[str]:
    """Show the IR text after one pass."""
    from morestack.opt.passes import PASSES, stages

    for p, _, module in stages(package.ir):
        if p.name == after:
            return show_module(module, function)
    raise UnknownPass(f"no pass {after}; the passes are {', '.join(p.name for p in PASSES)}")


def show_module(module: Module, function: str | None) -> Iterator[str]:
    """Show the IR text of a module, or of one function together with the body it was split from."""
    from morestack.ir.text import print_function, print_module

    if function is None:
        yield print_module(module).rstrip("\n")
    else:
        for f in module.functions.values():
            if function in (f.name, f.body_of):
                yield print_function(f).rstrip("\n")


def show_llvm(package: CompiledPackage, function: str | None) -> Iterator[str]:
    """Show the LLVM text; for one function, its frame, its entry and its continuations."""
    if function is None:
        yield package.llvm.rstrip("\n")
        return
    from morestack.codegen.show import describe

    if text := describe(package.optimized, function):
        yield text.rstrip("\n")


def belongs(symbol: str, function: str) -> bool:
    """Whether a symbol is a function itself, its native version as a leaf, its body, or one of its segments."""
    return symbol.partition("$")[0] == function  # no Go name contains a dollar sign


def show_asm(package: CompiledPackage, function: str | None) -> Iterator[str]:
    """Show the machine code."""
    text = package.assembly
    if function is None:
        yield text.rstrip("\n")
        return
    for part in re.split(r'\n(?=(?!\.L)[\w.$"])', text)[1:]:
        if belongs(part.split(":", 1)[0].strip('"'), function):
            yield re.split(r"\n\.?Lfunc_end|\n\s*\.section", part)[0].rstrip("\n")


SHOW = {
    "ast": show_ast,
    "types": show_types,
    "escape": show_escape,
    "ir": show_ir,
    "opt": show_opt,
    "llvm": show_llvm,
    "asm": show_asm,
}
