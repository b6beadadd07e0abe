"""The graph of a program's packages, found without parsing.

`imports_of` reads the import declarations at the head of a file by scanning tokens, so a program in the object cache
knows what it links with before any compiler is loaded. `PackageGraph` loads what a program reaches, dependencies
first, and finds cycles.

Invariants: each package is loaded once. A package that the finder does not know is left out of the graph; the type
checker reports it where it is imported. Rejected: reading imports from syntax trees, which costs a cached start the
parser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from morestack.build.finder import Finder, find_package
from morestack.source.codes import Code
from morestack.source.diagnostics import CompileError, Diagnostics
from morestack.source.span import SourceFile, Span

_TOKEN = re.compile(
    rb"""(?P<space>[ \t\r\n;]+|//[^\n]*|/\*.*?\*/)
       | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
       | (?P<word>[A-Za-z_\x80-\xff][\w\x80-\xff]*|\.)
       | (?P<paren>[()])""",
    re.VERBOSE | re.DOTALL,
)


class Import(NamedTuple):
    """One import declaration: its path and where it is written."""

    path: str
    span: Span


def imports_of(source: SourceFile) -> list[Import]:
    """The imports at the head of a file, in order. Scanning stops at the first token that does not belong to an
    import."""
    text = source.text
    found: list[Import] = []
    at, state = 0, "start"  # start -> package -> top <-> import <-> group
    while True:
        token = _TOKEN.match(text, at)
        if token is None:
            return found
        start, at = at, token.end()
        kind = token.lastgroup
        if kind == "space":
            continue
        word = token[0]
        if kind == "string" and state in ("import", "group"):
            found.append(Import(_unquoted(word), Span(source, start, at)))
            state = "top" if state == "import" else "group"
        elif state == "start" and word == b"package":
            state = "package"
        elif state == "package" and kind == "word":
            state = "top"
        elif state == "top" and word == b"import":
            state = "import"
        elif state == "import" and word == b"(":
            state = "group"
        elif state == "group" and word == b")":
            state = "top"
        elif kind != "word" or state not in ("import", "group"):  # a name before the path
            return found


def _unquoted(literal: bytes) -> str:
    """The path in a string literal. Escapes are kept: no path that can be found has one."""
    return literal[1:-1].decode("utf-8", "replace")


@dataclass(eq=False)
class PackageFiles:
    """A package of the graph: its files, and those of its imports that are packages of the graph."""

    path: str
    files: Sequence[SourceFile]
    imports: list[PackageFiles] = field(default_factory=list)


class PackageGraph:
    """What a program reaches from its main package; `order` has each package after those it imports.

    Raises CompileError when packages import each other in a cycle.
    """

    def __init__(self, path: str, files: Sequence[SourceFile], find: Finder = find_package) -> None:
        self._find = find
        self._known: dict[str, PackageFiles | None] = {}
        self.order: list[PackageFiles] = []
        """Packages in the order they are initialized: of those whose imports are all done, the least path first."""
        self.root = PackageFiles(path, files)
        self._load(self.root, [])
        self._sort()

    def package(self, path: str) -> PackageFiles | None:
        """A package by its import path."""
        return self._known.get(path)

    def _load(self, package: PackageFiles, chain: list[tuple[PackageFiles, Import]]) -> None:
        for source in package.files:
            for imported in imports_of(source):
                self._check_cycle(package, imported, chain)
                target = self._target(imported, package, chain)
                if target is not None and target not in package.imports:
                    package.imports.append(target)

    def _target(
        self, imported: Import, package: PackageFiles, chain: list[tuple[PackageFiles, Import]]
    ) -> PackageFiles | None:
        path = imported.path
        if path in self._known:
            return self._known[path]
        files = None if path == "unsafe" else self._find(path)
        if files is None:
            self._known[path] = None
            return None
        found = self._known[path] = PackageFiles(path, files)
        self._load(found, [*chain, (package, imported)])
        return found

    def _check_cycle(self, package: PackageFiles, imported: Import, chain: list[tuple[PackageFiles, Import]]) -> None:
        """Report an import of a package that is being loaded, as the go command words it."""
        names = [p.path for p, _ in chain] + [package.path]
        if imported.path not in names[1:] and (imported.path != names[0] or names[0] == "main"):
            return
        steps = [f"imports {name}" for name in names[1:]]
        notes = (f"package {names[0]}", *steps, f"imports {imported.path}: import cycle not allowed")
        diagnostics = Diagnostics()
        diagnostics.report(Code.IMPORT_CYCLE, imported.span, "import cycle not allowed", *notes)
        raise CompileError(diagnostics)

    def _sort(self) -> None:
        """The spec's order: sorted by path, repeatedly the first whose imports are initialized; the root is last."""
        waiting = sorted((p for p in self._known.values() if p is not None), key=lambda p: p.path)
        done: set[PackageFiles] = set()
        while waiting:
            ready = next(p for p in waiting if all(i in done for i in p.imports))
            waiting.remove(ready)
            done.add(ready)
            self.order.append(ready)
        self.order.append(self.root)
