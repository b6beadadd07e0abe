"""A program: its packages, in the order they are initialized, and their object files.

There is one object a package. Its key in the object cache covers the package's content and that of everything it
imports, so a package that is found there is checked again only when a package that imports it is compiled.

Invariant: packages are compiled on demand; asking for the objects of a program that is in the cache loads neither the
parser nor any later stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from morestack.build import store
from morestack.build.finder import Finder, find_package
from morestack.build.graph import PackageGraph
from morestack.build.package import CompiledPackage
from morestack.build.stages import OBJECT
from morestack.llvm.target import host

if TYPE_CHECKING:
    from morestack.source.span import SourceFile

RUNTIME = "runtime"
"""The package that every program has, imported or not."""


class Program:
    """The packages that a root package reaches: `root` is main, unless a package is compiled for its own sake."""

    def __init__(
        self,
        sources: Sequence[SourceFile],
        path: str = "main",
        progress: Callable[[str], None] = lambda doing: None,
        find: Finder = find_package,
    ) -> None:
        self.sources = sources
        self.progress = progress
        self.find = find
        self.root = CompiledPackage(self, path, sources)
        self._packages: dict[str, CompiledPackage] = {}
        self._keys: dict[str, str] = {}

    @cached_property
    def graph(self) -> PackageGraph:
        """What the root imports, directly or not. Raises CompileError when packages import each other in a cycle."""
        return PackageGraph(self.root.path, self.sources, self.find)

    def package(self, path: str) -> CompiledPackage | None:
        """The package of an import path; None when the program has none of that path."""
        found = self._packages.get(path)
        if found is None:
            files = self.graph.package(path)
            if files is None:
                return None
            found = self._packages[path] = CompiledPackage(self, path, files.files)
        return found

    @cached_property
    def packages(self) -> tuple[CompiledPackage, ...]:
        """All packages, in the order they are initialized; the root is last."""
        others = [self.package(p.path) for p in self.graph.order[:-1]]
        return (*(p for p in others if p is not None), self.root)

    @property
    def objects(self) -> dict[str, bytes]:
        """The object files by import path, package runtime's among them."""
        found = {p.path: store.kept(self.key(p), partial(p.result, OBJECT)) for p in self.packages}
        if RUNTIME in found:
            return found
        alone = Program(self.find(RUNTIME) or (), RUNTIME, self.progress, self.find)
        return {**alone.objects, **found}

    def key(self, package: CompiledPackage) -> str:
        """Content key of a package's object: the compiler, the texts, the paths that tracebacks show, and the keys of
        the packages it imports."""
        known = self._keys.get(package.path)
        if known is not None:
            return known
        files = self.graph.root if package is self.root else self.graph.package(package.path)
        assert files is not None
        parts: list[bytes | str] = ["package", store.compiler(), host(), package.path]
        for source in package.sources:
            parts += [source.path, source.text]
        for needed in files.imports:
            found = self.package(needed.path)
            assert found is not None
            parts += [needed.path, self.key(found)]
        if package.path == "main":
            parts += [p.path for p in self.graph.order]  # the program's entry initializes them
        key = self._keys[package.path] = store.digest(*parts)
        return key
