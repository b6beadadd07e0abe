"""The stages of a package's compilation: one table, which the pipeline, `morestack show` and the docs read.

A `Stage` names the stages whose results it reads, each with the reason; `CompiledPackage.result` runs those first, so
the table decides the order. A test runs every stage and checks that it reads exactly the results it names.

Each stage imports its modules when it runs, because importing the compiler takes longer than the whole start of a
program that is found in the object cache.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from morestack.build.package import CompiledPackage
    from morestack.escape.result import EscapeResult
    from morestack.ir.module import Module
    from morestack.syntax.nodes import File
    from morestack.types.core.info import CheckedPackage

T = TypeVar("T")


class Stage(Generic[T]):
    """One step of compilation. `after` holds the stages whose results it reads, with the reason for the order.

    `name` is what `show --stage` takes, `doc` what the stage gives, `doing` what the progress line says meanwhile.
    (A plain class: making a dataclass costs every cached start a millisecond.)
    """

    __slots__ = ("after", "doc", "doing", "name", "run")

    def __init__(
        self,
        name: str,
        doc: str,
        doing: str,
        run: Callable[[CompiledPackage], T],
        after: Mapping[Stage[Any], str],
    ) -> None:
        self.name = name
        self.doc = doc
        self.doing = doing
        self.run = run
        self.after = after


def _parse(package: CompiledPackage) -> tuple[File, ...]:
    """Parse the files; their package clauses agree, and the program's own package is main."""
    from morestack.source.codes import Code
    from morestack.syntax.convert import RECURSION_LIMIT, parse_file

    sys.setrecursionlimit(RECURSION_LIMIT)  # every later stage recurses over these trees
    parsed = [parse_file(source, package.diagnostics) for source in package.sources]
    package.raise_errors()
    files = tuple(f for f in parsed if f is not None)
    first = files[0].package
    for file in files:
        if file.package.text != first.text:
            names = f"{first.text} ({files[0].source.path}) and {file.package.text} ({file.source.path})"
            package.diagnostics.report(Code.MIXED_PACKAGES, file.package.span, f"found packages {names}")
        elif package.path == "main" and first.text != "main":
            package.diagnostics.report(Code.NOT_MAIN, first.span, f"package {first.text} is not a main package")
    return files


def _check(package: CompiledPackage) -> CheckedPackage:
    """Check the types of a package, which has a function main if it is the program's own."""
    from morestack.build.importer import importer
    from morestack.source.codes import Code
    from morestack.types.check.package import check_package

    files = package.ast
    checked = check_package(package.path, files, package.diagnostics, importer(package.imported_types))
    package.raise_errors()
    plain = {f.name for f in checked.funcs if f.decl is not None and f.decl.recv is None}
    if package.path == "main" and "main" not in plain:
        text = "function main is undeclared in the main package"
        package.diagnostics.report(Code.NO_MAIN_FUNCTION, files[0].package.span, text)
    return checked


def _analyze_escapes(package: CompiledPackage) -> EscapeResult:
    from morestack.escape.analyze import analyze

    return analyze(package.checked, package.imported_leaks)


def _build_ir(package: CompiledPackage) -> Module:
    from morestack.ir.verify import verify_module
    from morestack.irbuild.build import build_package

    module = build_package(package.checked, package.escapes, package.imported_home, package.initialized_first)
    verify_module(module)
    return module


def _optimize(package: CompiledPackage) -> Module:
    from morestack.opt.passes import optimize

    return optimize(package.ir)


def _emit_llvm(package: CompiledPackage) -> str:
    from morestack.codegen.module import emit_module
    from morestack.golib import error_table

    return emit_module(package.optimized) + (error_table() if package.path == "runtime" else "")


def _assemble(package: CompiledPackage) -> str:
    from morestack.llvm.objects import assembly

    return assembly(package.llvm)


def _emit_object(package: CompiledPackage) -> bytes:
    from morestack.llvm.objects import emit_object

    return emit_object(package.llvm)


AST = Stage("ast", "syntax trees", "parsing", _parse, {})
TYPES = Stage("types", "what every expression means", "checking", _check, {AST: "types are computed on syntax"})
ESCAPE = Stage(
    "escape",
    "stack or heap for every allocation",
    "analysing escapes",
    _analyze_escapes,
    {TYPES: "flows follow types and resolved names"},
)
IR = Stage(
    "ir",
    "typed control-flow graphs",
    "building IR",
    _build_ir,
    {
        TYPES: "operations follow the types of their operands",
        ESCAPE: "the builder allocates where escape analysis decided",
    },
)
OPT = Stage("opt", "the IR after all passes", "optimising IR", _optimize, {IR: "the passes are on IR"})
LLVM = Stage(
    "llvm", "LLVM text", "generating code", _emit_llvm, {OPT: "code is generated for what the passes have left"}
)
ASM = Stage("asm", "machine code as text", "optimising", _assemble, {LLVM: "LLVM writes it"})
OBJECT = Stage("object", "the object file", "optimising", _emit_object, {LLVM: "LLVM writes it"})

STAGES: tuple[Stage[Any], ...] = (AST, TYPES, ESCAPE, IR, OPT, LLVM, ASM, OBJECT)
"""All stages, each behind those it reads. `morestack show` shows all but the object file."""
