"""From files to objects: the stages in order, each with the reason for its place.

A `Compilation` takes one package through them. It computes stages on demand and keeps them, so `show --stage types`
never touches LLVM. The first stage that finds errors in the program raises CompileError. Stages import their modules
when they run: a program found in the cache loads none of them.

The packages a program imports have compilations of their own, made by its main package's: there is one object a
package, cached by the package's content and that of all it imports. A package whose object is cached is checked
again only when a package that imports it is compiled.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from morestack.build import store as cache
from morestack.build.finder import Finder, PackageFiles, PackageGraph, find_package
from morestack.llvm.linking import host

if TYPE_CHECKING:
    from morestack.escape.result import EscapeResult, Leaks
    from morestack.ir.module import Module
    from morestack.irbuild.module import Home
    from morestack.source.diagnostics import Diagnostics
    from morestack.source.span import SourceFile
    from morestack.syntax.nodes import File
    from morestack.types.core.info import CheckedPackage
    from morestack.types.core.objects import Func, Package


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
    find: Finder = find_package
    root: Compilation | None = None
    """The compilation of the package that the program begins with; None: this one."""
    _imported: dict[str, Compilation] = field(default_factory=dict)

    # -- packages ----------------------------------------------------------------------------------

    @cached_property
    def graph(self) -> PackageGraph:
        """What this package imports, directly or not."""
        if self.root is not None:
            return self.root.graph
        return PackageGraph(self.package, self.sources, self.find)

    @property
    def files(self) -> PackageFiles:
        """This package in the graph."""
        found = self.graph.root if self.root is None else self.graph.package(self.package)
        assert found is not None
        return found

    def imported(self, path: str) -> Compilation | None:
        """The compilation of a package of this program."""
        root = self.root or self
        known = root._imported.get(path)
        if known is None:
            files = root.graph.package(path)
            if files is None:
                return None
            known = root._imported[path] = Compilation(files.files, path, self.progress, self.find, root)
        return known

    @cached_property
    def packages(self) -> tuple[Compilation, ...]:
        """All packages of the program, in the order they are initialized; this one is last."""
        others = [self.imported(p.path) for p in self.graph.order if p is not self.files]
        return (*[c for c in others if c is not None], self)

    # -- stages ------------------------------------------------------------------------------------

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
            elif self.package == "main" and first.text != "main":
                self.diagnostics.report(Code.NOT_MAIN, first.span, f"package {first.text} is not a main package")
        self._check()

    @cached_property
    def checked(self) -> CheckedPackage:
        """The checked package."""
        self.graph  # noqa: B018  # an import cycle is an error of its own
        from morestack.source.codes import Code
        from morestack.types.check.package import check_package

        files = self.ast
        self.progress("checking")
        checked = check_package(self.package, files, self.diagnostics, self._import)
        self._check()
        plain = {f.name for f in checked.funcs if f.decl is not None and f.decl.recv is None}
        if self.package == "main" and "main" not in plain:
            text = "function main is undeclared in the main package"
            self.diagnostics.report(Code.NO_MAIN_FUNCTION, files[0].package.span, text)
            self._check()
        return checked

    def _import(self, path: str) -> Package | None:
        found = self.imported(path)
        return found.checked.pkg if found is not None else None

    @cached_property
    def escapes(self) -> EscapeResult:
        """Escape analysis's decisions."""
        from morestack.escape.analyze import analyze

        checked = self.checked
        self.progress("analysing escapes")
        return analyze(checked, self._tags)

    def _tags(self, f: Func) -> list[Leaks | None] | None:
        """Where the parameters of an imported function flow."""
        while f.origin is not None:
            f = f.origin
        home = self.imported(f.pkg.path) if f.pkg is not None else None
        return home.escapes.params.get(f) if home is not None else None

    def _home(self, path: str) -> Home | None:
        """An imported package as the IR builder wants it."""
        from morestack.irbuild.module import Home

        found = self.imported(path)
        return Home(found.checked, found.escapes) if found is not None else None

    @cached_property
    def ir(self) -> Module:
        """The IR, verified."""
        from morestack.ir.verify import verify_module
        from morestack.irbuild.build import build_package

        escapes = self.escapes
        self.progress("building IR")
        others = [c.package for c in self.packages[:-1]] if self.root is None else []
        module = build_package(self.checked, escapes, self._home, others)
        verify_module(module)
        return module

    @cached_property
    def llvm(self) -> str:
        """LLVM text, not yet optimised."""
        from morestack.codegen.module import emit_module
        from morestack.golib import error_table

        module = self.ir
        self.progress("generating code")
        return emit_module(module) + (error_table() if self.package == "runtime" else "")

    @cached_property
    def object(self) -> bytes:
        """This package's object file, from the cache when it has been compiled before."""
        key = self.key
        found = cache.load(key)
        if found is None:
            from morestack.llvm.objects import optimize_and_emit

            text = self.llvm
            self.progress("optimising")
            found = optimize_and_emit(text)
            cache.store(key, found)
        return found

    @property
    def objects(self) -> dict[str, bytes]:
        """The object files of the program, by import path. All programs have package runtime, imported or not."""
        imported = {c.package: c.object for c in self.packages}
        if "runtime" in imported:
            return imported
        alone = Compilation(self.find("runtime") or (), "runtime", self.progress, self.find)
        return {"runtime": alone.object, **imported}

    @cached_property
    def assembly(self) -> str:
        """Machine code as text."""
        from morestack.llvm.objects import assembly

        text = self.llvm
        self.progress("optimising")
        return assembly(text)

    @cached_property
    def key(self) -> str:
        """Content key of the object: the compiler, the texts, the paths that tracebacks show, and the imports' keys."""
        parts: list[bytes | str] = ["package", cache.compiler(), host(), self.package]
        for source in self.sources:
            parts += [source.path, source.text]
        for needed in self.files.imports:
            found = self.imported(needed.path)
            assert found is not None
            parts += [needed.path, found.key]
        if self.package == "main":
            parts += [p.path for p in self.graph.order]  # the program's entry initializes them
        return cache.digest(*parts)
