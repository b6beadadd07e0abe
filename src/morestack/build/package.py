"""One package on its way from source files to an object file.

A `CompiledPackage` computes the stages of `build/stages.py` on demand and keeps their results, so
`show --stage types` never touches LLVM. What it needs of the packages it imports it gets from the program it belongs
to. The first stage that finds errors raises CompileError.

Invariant: Python's cyclic collector is off while a stage runs (See Note [No collector while compiling]).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from morestack.build import stages
from morestack.build.stages import Stage

if TYPE_CHECKING:
    from morestack.build.program import Program
    from morestack.escape.result import EscapeResult, Leaks
    from morestack.ir.module import Module
    from morestack.irbuild.module import Home
    from morestack.source.diagnostics import Diagnostics
    from morestack.source.span import SourceFile
    from morestack.syntax.nodes import File
    from morestack.types.core.info import CheckedPackage
    from morestack.types.core.objects import Func, Package

T = TypeVar("T")

# Note [No collector while compiling]
#
# Syntax trees, side tables and IR live until the package is compiled, so every collection in between walks all of them
# and finds next to nothing. That took a twentieth of the processor time of compiling a 100-line program. Afterwards
# everything that was allocated is moved to the oldest generation, because otherwise the first collection of the young
# generation would walk it once more. freeze and unfreeze do that without looking at the objects.


@contextmanager
def without_collector() -> Iterator[None]:
    """Python's cyclic collector is off while the block runs, and as it was before afterwards."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # what the user has frozen stays frozen
            gc.freeze()
            gc.unfreeze()
        gc.enable()


class CompiledPackage:
    """A package of a program, with the results of the stages that were asked for."""

    def __init__(self, program: Program, path: str, sources: Sequence[SourceFile]) -> None:
        self.program = program
        self.path = path
        self.sources = sources
        self._results: dict[Stage[Any], object] = {}

    # -- stages ------------------------------------------------------------------------------------

    def result(self, stage: Stage[T]) -> T:
        """The result of a stage, computed once, after the stages it reads."""
        if stage not in self._results:
            for needed in stage.after:
                self.result(needed)
            self.program.progress(stage.doing)
            with without_collector():
                found = stage.run(self)
            self.raise_errors()
            self._results[stage] = found
        return cast("T", self._results[stage])

    @property
    def computed(self) -> list[str]:
        """The names of the stages that have run, in the order they ended."""
        return [stage.name for stage in self._results]

    @cached_property
    def diagnostics(self) -> Diagnostics:
        """The errors found so far."""
        from morestack.source.diagnostics import Diagnostics  # a cached program has none

        return Diagnostics()

    def raise_errors(self) -> None:
        """Raise CompileError if errors were found."""
        if self.diagnostics:
            from morestack.source.diagnostics import CompileError

            raise CompileError(self.diagnostics)

    @property
    def ast(self) -> tuple[File, ...]:
        """The syntax trees."""
        return self.result(stages.AST)

    @property
    def checked(self) -> CheckedPackage:
        """The package with the types of its expressions."""
        return self.result(stages.TYPES)

    @property
    def escapes(self) -> EscapeResult:
        """The decisions of escape analysis."""
        return self.result(stages.ESCAPE)

    @property
    def ir(self) -> Module:
        """The IR as it is built, verified."""
        return self.result(stages.IR)

    @property
    def optimized(self) -> Module:
        """The IR after all passes of opt/."""
        return self.result(stages.OPT)

    @property
    def llvm(self) -> str:
        """LLVM text, before LLVM's optimizer."""
        return self.result(stages.LLVM)

    @property
    def assembly(self) -> str:
        """Machine code as text."""
        return self.result(stages.ASM)

    # -- what the stages ask of imported packages -----------------------------------------------------

    @property
    def initialized_first(self) -> list[str]:
        """For the program's main package, the paths of all others, in the order they are initialized."""
        return [p.path for p in self.program.graph.order[:-1]] if self is self.program.root else []

    def imported_types(self, path: str) -> Package | None:
        """An imported package as the type checker wants it; None if there is no such package."""
        found = self.program.package(path)
        return found.checked.pkg if found is not None else None

    def imported_leaks(self, f: Func) -> list[Leaks | None] | None:
        """Where the parameters of an imported function flow."""
        while f.origin is not None:
            f = f.origin
        home = self.program.package(f.pkg.path) if f.pkg is not None else None
        return home.escapes.params.get(f) if home is not None else None

    def imported_home(self, path: str) -> Home | None:
        """An imported package as the IR builder wants it."""
        from morestack.irbuild.module import Home

        found = self.program.package(path)
        return Home(found.checked, found.escapes) if found is not None else None
