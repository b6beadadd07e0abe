"""Programs of several packages: what their keys depend on, and what a cached program does without."""

import subprocess
import sys

import pytest

from morestack.build.finder import Finder
from morestack.build.program import Program
from morestack.source.diagnostics import CompileError
from morestack.source.span import SourceFile


def finder(packages: dict[str, str]) -> Finder:
    def find(path: str) -> tuple[SourceFile, ...] | None:
        return (SourceFile(f"{path}.go", packages[path].encode()),) if path in packages else None

    return find


def program(main: str, **packages: str) -> Program:
    return Program([SourceFile("main.go", main.encode())], find=finder(packages))


MAIN = 'package main\nimport "a"\nfunc main() { a.F() }\n'
A = 'package a\nimport "b"\nfunc F() { b.G() }\n'
B = "package b\nfunc G() {}\n"


def test_a_key_depends_on_all_that_is_imported() -> None:
    one = program(MAIN, a=A, b=B)
    same = program(MAIN, a=A, b=B)
    other = program(MAIN, a=A, b=B + "func H() {}\n")
    assert one.key(one.root) == same.key(same.root)
    assert one.key(one.root) != other.key(other.root)
    assert one.key(one.package("a")) != other.key(other.package("a"))  # type: ignore[arg-type]
    unrelated = program(MAIN + "// more", a=A, b=B)
    assert one.key(one.root) != unrelated.key(unrelated.root)
    assert one.key(one.package("a")) == unrelated.key(unrelated.package("a"))  # type: ignore[arg-type]


def test_an_error_in_an_imported_package_is_its_own() -> None:
    with pytest.raises(CompileError, match=r"^b\.go:2:12: undefined: nothing$"):
        _ = program(MAIN, a=A, b="package b\nfunc G() { nothing() }\n").root.checked


def test_functions_without_body_are_bound_or_refused() -> None:
    linked = 'package main\nimport _ "unsafe"\n//go:linkname f {}\nfunc f({})\nfunc main() {{ f({}) }}\n'
    assert program(linked.format("runtime.gosched", "", "")).root.ir.functions
    with pytest.raises(CompileError, match=r"4:6: a function linked to runtime.nosuch is not supported yet"):
        _ = program(linked.format("runtime.nosuch", "", "")).root.ir
    with pytest.raises(CompileError, match=r"4:6: f declared so, linked to runtime.gosched, is not supported yet"):
        _ = program(linked.format("runtime.gosched", "int", "1")).root.ir


def test_arguments_of_other_packages_stay_on_the_stack() -> None:
    a = "package a\ntype T struct{ x int }\nfunc Get(t *T) int { return t.x }\nvar g *T\nfunc Keep(t *T) { g = t }\n"
    main = 'package main\nimport "a"\nfunc main() { println(a.Get(&a.T{})); a.Keep(new(a.T)) }\n'
    messages = [str(m) for m in program(main, a=a).root.escapes.messages]
    assert messages == [
        "main.go:3:29: &a.T{} does not escape",
        "main.go:3:49: new(a.T) escapes to heap",
    ]


@pytest.mark.slow
def test_a_cached_program_needs_no_compiler() -> None:
    code = """
import sys
from morestack.build.program import Program
from morestack.source.span import SourceFile
for _ in range(2):
    c = Program([SourceFile("m.go", b'package main\\nimport "runtime"\\nfunc main() { runtime.Gosched() }')])
    before = set(sys.modules)
    c.objects
added = {m.split(".")[1] for m in set(sys.modules) - before if m.startswith("morestack.")}
assert not added, added
assert c.root.computed == []
"""
    subprocess.run([sys.executable, "-c", code], check=True)
