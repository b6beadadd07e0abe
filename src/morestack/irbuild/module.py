"""`ModuleBuilder`: the emitter of a module, with the typed syntax of the package it builds.

The builders of instances, and of generic functions of other packages, are *views* of it: copies that read other
tables and add their functions to the same module.
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from morestack.escape.result import EscapeResult
from morestack.ir.module import Operand, Pos
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.module import ModuleEmitter
from morestack.source.codes import Code
from morestack.source.diagnostics import Diagnostics, InternalError
from morestack.source.span import SourceFile, Span
from morestack.syntax import nodes as ast
from morestack.types.core.info import CheckedPackage
from morestack.types.core.objects import Func, Package, Var, same_package
from morestack.types.core.under import signature_of

if TYPE_CHECKING:
    from morestack.irbuild.func import FuncBuilder


class Home(NamedTuple):
    """The facts about another package that are needed to build its generic functions here."""

    package: CheckedPackage
    escapes: EscapeResult


HomeOf: TypeAlias = Callable[[str], "Home | None"]
"""Returns an imported package by its path."""


def _alone(_: str) -> Home | None:
    return None


class Syntax(NamedTuple):
    """The dispatcher and the builder of literal bodies, so that the constructs can recurse without importing either."""

    expr: Callable[[FuncBuilder, ast.Expr], Operand]
    """Builds the value of an expression."""
    loc: Callable[[FuncBuilder, ast.Expr], Loc]
    """Builds an expression as a place, if it is already in memory."""
    into: Callable[[FuncBuilder, ast.Expr, Mem], None]
    """Builds a value that is too large for registers at its destination."""
    stmt: Callable[[FuncBuilder, ast.Stmt], None]
    literal: Callable[[ModuleBuilder, ast.FuncLit, str], None]
    """Builds the code of a function literal, with the given name."""


class ModuleBuilder(ModuleEmitter):
    """One package being built."""

    def __init__(
        self, package: CheckedPackage, escapes: EscapeResult, syntax: Syntax, home_of: HomeOf | None = None
    ) -> None:
        super().__init__(package.pkg)
        self.package = package
        self.home_of = home_of or _alone
        self.info = package.info
        self.escapes = escapes
        self.syntax = syntax
        self.diagnostics = Diagnostics()
        self.by_ref = captured_by_reference(package, escapes)
        self._literal_names: dict[ast.FuncLit, str] = {}
        self._file: SourceFile | None = None
        self._starts: list[int] = []
        self.instances: dict[tuple[object, ...], Func] = {}
        """Instances of generic functions, by function and type arguments."""
        self._views: dict[str, ModuleBuilder] = {}

    # -- other packages --

    def at_home(self, pkg: Package | None) -> ModuleBuilder:
        """Return this builder with the tables of the package that contains a declaration."""
        if pkg is None or same_package(pkg, self.package.pkg):
            return self
        view = self._views.get(pkg.path)
        if view is None:
            home = self.home_of(pkg.path)
            if home is None:
                raise InternalError("ir.build", f"nothing is known about package {pkg.path}")
            view = self._views[pkg.path] = copy.copy(self)
            view.package, view.escapes = home
            view.home = home.package.pkg
            view.info = home.package.info
            view.by_ref = captured_by_reference(*home)
        return view

    def is_go_function(self, symbol: str) -> bool:
        """Whether this is the symbol of a function that an imported package declares."""
        path, _, name = symbol.rpartition(".")
        home = self.home_of(path)
        return home is not None and any(f.name == name and signature_of(f).recv is None for f in home.package.funcs)

    # -- places --

    def pos(self, span: Span, offset: int | None = None) -> Pos:
        """Return the position of the start of a span, or of an offset in its file."""
        file = span.file
        if file is not self._file:
            self._file = file
            self._starts = file.line_starts()
        at = span.start if offset is None else offset
        starts = self._starts
        line = bisect_right(starts, at)
        return Pos(file.path, line, at - starts[line - 1] + 1)

    def unsupported(self, span: Span, what: str) -> None:
        """Report a Go feature that is not supported yet."""
        self.diagnostics.report(Code.NOT_SUPPORTED_YET, span, f"{what} not supported yet")

    # -- literals --

    def forget_literals(self) -> None:
        """Restart the numbering of literals, because another instance of a function that was built before follows."""
        self._literal_names = {}

    def literal_name(self, lit: ast.FuncLit, outer: str, nested: bool) -> str:
        """Return gc's name of a function literal: `f.func1`, or `f.func1.1` inside another literal."""
        known = self._literal_names.get(lit)
        if known is None:
            known = self._literal_names[lit] = self.fresh_name(outer, "." if nested else ".func")
        return known


def captured_by_reference(package: CheckedPackage, escapes: EscapeResult) -> set[Var]:
    """Return the variables of a package that closures and bodies of ranges over functions capture by address."""
    by_value = escapes.by_value
    found = {v for vs in package.info.captures.values() for v in vs if v not in by_value}
    found.update(v for vs in escapes.range_captures.values() for v in vs if v not in by_value)
    return found
