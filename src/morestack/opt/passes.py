"""The passes on IR, in the order they run, and why each stands where it does.

`PASSES` is what `optimize` runs, `morestack show --stage opt` shows and docs/ir.md lists; a test checks that every
place has its reasons and that no pass is missing. A pass leaves its input as it was and returns a new module, or the
same one when it has nothing to change. After every pass the IR is well-formed: with MORESTACK_VERIFY set, as in the
tests, it is verified each time.

A pass that others make worth while runs again after them, on what they changed. Rejected: running all passes until
nothing changes, since inlining would never end; and passes that call each other, which hides their order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from morestack.ir.module import Function, Module
from morestack.ir.verify import verify_module
from morestack.opt.early_exits import inline_early_exits
from morestack.opt.inline import inline_calls, inline_literals
from morestack.opt.leaves import find_leaves
from morestack.opt.loop_checks import insert_loop_checks
from morestack.opt.nil_checks import drop_nilchecks

OnModule: TypeAlias = Callable[[Module], Module]
OnFunction: TypeAlias = Callable[[Function], Function]


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass: on the module, or on each function by itself. `after` names passes that must have run, and the reason;
    `again` is the pass whose changes it runs for, when it has run before."""

    module: OnModule | None = None
    function: OnFunction | None = None
    after: Mapping[OnModule | OnFunction, str] = field(default_factory=dict)
    again: OnModule | None = None

    @property
    def run(self) -> OnModule | OnFunction:
        found = self.module or self.function
        assert found is not None
        return found

    @property
    def name(self) -> str:
        """What `show --pass` knows it by; of a pass that runs again, with the pass it runs for behind a colon."""
        return self.run.__name__ + (f":{self.again.__name__}" if self.again is not None else "")


PASSES = (
    Pass(function=drop_nilchecks),
    Pass(find_leaves, after={drop_nilchecks: "a function is a better leaf when it cannot panic"}),
    Pass(
        inline_literals,
        after={
            find_leaves: "leaves are not copied: LLVM inlines them",
            drop_nilchecks: "a body is small enough to copy or not by what is left of it",
        },
    ),
    Pass(
        function=drop_nilchecks,
        after={inline_literals: "a copied body checks what its new surroundings know"},
        again=inline_literals,
    ),
    Pass(
        find_leaves,
        after={
            inline_literals: "a function that called nothing but literals may be a leaf now, and is not copied then",
            drop_nilchecks: "it may not panic any more",
        },
        again=inline_literals,
    ),
    Pass(
        inline_calls,
        after={
            find_leaves: "leaves are not copied: LLVM inlines them",
            inline_literals: "it leaves literals where they are called, which need a larger budget",
        },
    ),
    Pass(
        function=drop_nilchecks,
        after={inline_calls: "a copied body checks what its new surroundings know"},
        again=inline_calls,
    ),
    Pass(
        find_leaves,
        after={
            inline_calls: "a function that calls nothing but leaves now is one itself",
            drop_nilchecks: "it may not panic any more",
        },
        again=inline_calls,
    ),
    Pass(
        inline_early_exits,
        after={
            find_leaves: "only goroutine functions gain: a leaf is called without a frame already",
            inline_calls: "bodies that are small enough have been copied whole",
            drop_nilchecks: "a check ends a prefix, since it may panic",
        },
    ),
    Pass(
        insert_loop_checks,
        after={
            find_leaves: "a leaf has no check: it has no frame to stop in",
            inline_calls: "a loop that calls a goroutine function needs none, and that call may be gone",
            inline_early_exits: "a call in a loop may now be passed by",
        },
    ),
)
"""In the order they run."""


def optimize(module: Module) -> Module:
    """The module after all passes."""
    out = module
    for _, _, after in stages(module):
        out = after
    return out


def stages(module: Module) -> Iterator[tuple[Pass, bool, Module]]:
    """Each pass, whether it ran and changed something, and the module after it."""
    verify = bool(os.environ.get("MORESTACK_VERIFY"))
    changed: set[OnModule | OnFunction] = set()
    settled: dict[OnFunction, dict[str, Function]] = {}
    for p in PASSES:
        before = module
        if p.again is not None and p.again not in changed:
            pass  # nothing for it to do
        elif p.module is not None:
            module = p.module(module)
        elif p.function is not None:
            module = _each(p.function, module, settled.setdefault(p.function, {}))
        if module is not before:
            changed.add(p.run)
            if verify:
                verify_module(module)
        yield p, module is not before, module


def _each(run: OnFunction, module: Module, settled: dict[str, Function]) -> Module:
    """Run a pass on the functions that have changed since it ran before."""
    functions: dict[str, Function] = {}
    for name, f in module.functions.items():
        known = settled.get(name)
        functions[name] = settled[name] = f if known is not None and known.blocks is f.blocks else run(f)
    same = all(a is b for a, b in zip(functions.values(), module.functions.values(), strict=True))
    return module if same else replace(module, functions=functions)
