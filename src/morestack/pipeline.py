"""From files to an object: the stages in order, each with the reason for its place.

A `Compilation` computes stages on demand and keeps them, so `show --stage types` never touches LLVM. The
first stage that finds errors in the program raises CompileError. Stages import their modules when they run: a
program found in the cache loads none of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from morestack.dialect.link import host
from morestack.engine import cache

if TYPE_CHECKING:
    from morestack.escape.result import EscapeResult
    from morestack.ir.module import Module
    from morestack.source.diagnostics import Diagnostics
    from morestack.source.span import SourceFile
    from morestack.syntax.nodes import File
    from morestack.types.info import CheckedPackage


class Stage(NamedTuple):
    """One step of compilation; `after` names earlier stages with the reason for the order."""

    name: str
    doc: str
    after: dict[str, str]


STAGES = (
    Stage("ast", "syntax trees", {}),
    Stage("types", "what every expression means", {"ast": "types are computed on syntax"}),
    Stage("escape", "stack or heap for every allocation", {"types": "flows follow types and resolved names"}),
    Stage("ir", "typed control-flow graphs", {"escape": "the builder allocates where escape analysis decided"}),
    Stage("llvm", "LLVM text", {"ir": "codegen reads IR only"}),
    Stage("asm", "machine code as text", {"llvm": "LLVM writes it"}),
)


@dataclass(eq=False)
class Compilation:
    """One program on its way from source to object."""

    sources: Sequence[SourceFile]
    package: str = "main"
    progress: Callable[[str], None] = field(default=lambda stage: None)

    @cached_property
    def diagnostics(self) -> Diagnostics:
        from morestack.source.diagnostics import Diagnostics

        return Diagnostics()

    def _check(self) -> None:
        if self.diagnostics:
            from morestack.source.diagnostics import CompileError

            raise CompileError(self.diagnostics)

    @cached_property
    def ast(self) -> tuple[File, ...]:
        """The syntax trees."""
        from morestack.syntax.convert import RECURSION_LIMIT, parse_file

        self.progress("parsing")
        sys.setrecursionlimit(RECURSION_LIMIT)  # every later stage recurses over these trees
        parsed = [parse_file(source, self.diagnostics) for source in self.sources]
        self._check()
        files = tuple(f for f in parsed if f is not None)
        self._check_clauses(files)
        return files

    def _check_clauses(self, files: tuple[File, ...]) -> None:
        """The package clauses agree, and say main."""
        from morestack.source.codes import Code

        first = files[0].package
        for file in files:
            if file.package.text != first.text:
                names = f"{first.text} ({files[0].source.path}) and {file.package.text} ({file.source.path})"
                self.diagnostics.report(Code.MIXED_PACKAGES, file.package.span, f"found packages {names}")
            elif first.text != self.package:
                self.diagnostics.report(Code.NOT_MAIN, first.span, f"package {first.text} is not a main package")
        self._check()

    @cached_property
    def checked(self) -> CheckedPackage:
        """The checked package."""
        from morestack.source.codes import Code
        from morestack.types.checker import check_package

        files = self.ast
        self.progress("checking")
        checked = check_package(self.package, files, self.diagnostics)
        self._check()
        plain = {f.name for f in checked.funcs if f.decl is not None and f.decl.recv is None}
        if self.package == "main" and "main" not in plain:
            text = "function main is undeclared in the main package"
            self.diagnostics.report(Code.NO_MAIN_FUNCTION, files[0].package.span, text)
            self._check()
        return checked

    @cached_property
    def escapes(self) -> EscapeResult:
        """Escape analysis's decisions."""
        from morestack.escape.analyze import analyze

        checked = self.checked
        self.progress("analysing escapes")
        return analyze(checked)

    @cached_property
    def ir(self) -> Module:
        """The IR, verified."""
        from morestack.ir.build import build_package
        from morestack.ir.verify import verify_module

        escapes = self.escapes
        self.progress("building IR")
        module = build_package(self.checked, escapes)
        verify_module(module)
        return module

    @cached_property
    def llvm(self) -> str:
        """LLVM text, not yet optimised."""
        from morestack.codegen.emit_module import emit_module

        module = self.ir
        self.progress("generating code")
        return emit_module(module)

    @cached_property
    def object(self) -> bytes:
        """The object file, from the cache when this program has been compiled before."""
        key = self.key
        found = cache.load(key)
        if found is None:
            from morestack.codegen.objects import optimize_and_emit

            text = self.llvm
            self.progress("optimising")
            found = optimize_and_emit(text)
            cache.store(key, found)
        return found

    @cached_property
    def assembly(self) -> str:
        """Machine code as text."""
        from morestack.codegen.objects import assembly

        text = self.llvm
        self.progress("optimising")
        return assembly(text)

    @cached_property
    def key(self) -> str:
        """Content key of the object: the compiler, the texts and the paths that tracebacks show."""
        parts: list[bytes | str] = ["program", cache.fingerprint(), host(), self.package]
        for source in self.sources:
            parts += [source.path, source.text]
        return cache.digest(*parts)
