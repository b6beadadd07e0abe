"""The passes on IR, in the order they run, and the reason for each position.

`optimize` runs this table, `morestack show --stage opt` shows its results, and a test checks that every position has
its reasons and that no pass is missing. A pass does not modify its input: it returns a new module, or the same one if
there is nothing to change. The IR is well-formed after every pass. If MORESTACK_VERIFY is set, as it is in the tests,
it is verified each time.

Some passes run again after a pass that makes new work for them, on the functions it changed. Rejected: repeating all
passes until nothing changes, since inlining would never end; passes that call each other, which hides their order.
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
    """A pass, on the whole module or on one function at a time. `after` maps the passes that must have run to the
    reason. A pass that has run before has `again`: the pass whose changes it works on."""

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
            drop_nilchecks: "the size of a body decides whether it is copied",
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
            inline_literals: "a function that called only literals may be a leaf now, which is not copied",
            drop_nilchecks: "it may not panic any more",
        },
        again=inline_literals,
    ),
    Pass(
        inline_calls,
        after={
            find_leaves: "leaves are not copied: LLVM inlines them",
            inline_literals: "functions that are given literals need a larger budget, so they go first",
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
            find_leaves: "only goroutine functions gain: a call of a leaf needs no frame anyway",
            inline_calls: "bodies that are small enough have been copied whole",
            drop_nilchecks: "a check ends a prefix, since it may panic",
        },
    ),
    Pass(
        insert_loop_checks,
        after={
            find_leaves: "a leaf function has no frame to stop in, so it gets no checks",
            inline_calls: "a loop that calls a goroutine function needs no check, and inlining may remove that call",
            inline_early_exits: "an early exit may bypass the call that made a check unnecessary",
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
