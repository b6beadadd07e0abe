"""Functions without a body: `//go:linkname` binds them to functions of the runtime or of another package.

`//go:linkname local runtime.name` above `func local(...)` turns a call of local into the runtime call `name` of
`ir/runtime_calls.py`: it becomes an `rt` instruction instead of a call, in any package. If the function is used as a
value, or run by `go` or `defer`, a wrapper around the instruction takes its place. Any other target is the symbol of
a Go function of another package. Without a target, as in Go's own packages, the function's own symbol is looked up
among those that Go's runtime would define (LINKNAMES).
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.runtime_calls import LINKNAMES, RUNTIME_CALLS
from morestack.irbuild.emit.method import finish, new_wrapper
from morestack.irbuild.emit.runtime import call_runtime
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.module import ModuleBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Func
from morestack.types.core.under import signature_of

_TARGETS = {f"runtime.{name}": name for name in RUNTIME_CALLS} | LINKNAMES
"""From symbols to the runtime calls they are bound to."""


def link_target(f: Func) -> str | None:
    """Return the symbol that a function without a body is bound to."""
    if f.decl is None or f.decl.body is not None:
        return None
    for pragma in f.decl.pragmas:
        match pragma.split():
            case ["go:linkname", local, target] if local == f.name:
                return target
    return bt.path_prefix(f.pkg) + f.name


def runtime_call(f: Func) -> str | None:
    """Return the runtime call that f is bound to, or None."""
    target = link_target(f)
    return None if target is None else _TARGETS.get(target)


def called_runtime(fb: FuncBuilder, fun: ast.Expr) -> str | None:
    """Return the runtime call that fun names, or None."""
    name = fun.sel if isinstance(fun, ast.Selector) else fun
    obj = fb.info.uses.get(name) if isinstance(name, ast.Name) else None
    return runtime_call(obj) if type(obj) is Func else None


def external_symbol(mod: ModuleBuilder, f: Func) -> str | None:
    """Return the symbol by which to call f: its target, or a wrapper around the runtime call; None if f has a body."""
    target = link_target(f)
    if target is None:
        return None
    name = runtime_call(f)
    if name is None:
        return target
    symbol = bt.path_prefix(f.pkg) + f.name
    mod.request(symbol, lambda: _wrapper(mod, f, name, symbol))
    return symbol


def _wrapper(mod: ModuleBuilder, f: Func, name: str, symbol: str) -> None:
    fb = new_wrapper(mod, symbol, signature_of(f), [])
    assert fb.f.pos is not None
    finish(fb, call_runtime(fb, name, list(fb.f.params), bt.results_of(signature_of(f)), fb.f.pos))


def check_externs(mod: ModuleBuilder) -> None:
    """Report functions without a body whose target does not exist or has another signature."""
    for file in mod.package.files:
        for d in file.decls:
            if not isinstance(d, ast.FuncDecl) or d.body is not None:
                continue
            f = mod.info.defs.get(d.name)
            if type(f) is not Func:
                continue
            target, name = link_target(f), runtime_call(f)
            if name is not None:
                if not _fits(f, name):
                    mod.unsupported(d.name.span, f"{f.name} declared so, linked to {target}, is")
            elif target is None or not mod.is_go_function(target):
                mod.unsupported(d.name.span, f"a function linked to {target} is")


def _fits(f: Func, name: str) -> bool:
    """Whether f has the signature of the runtime call."""
    call, s = RUNTIME_CALLS[name], signature_of(f)
    results = bt.results_of(s)
    whole = None if not results else results[0] if len(results) == 1 else ir.struct(*results)
    params = bt.params_of(s)
    return s.recv is None and params == call.params and whole == call.result
