"""Imports found by scanning, packages found by path, and the graph they make."""

import pytest

from morestack.build.finder import Finder, find_package
from morestack.build.graph import PackageGraph, imports_of
from morestack.source.diagnostics import CompileError
from morestack.source.span import SourceFile


def paths(text: str) -> list[str]:
    return [i.path for i in imports_of(SourceFile("x.go", text.encode()))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("package p", []),
        ('package p\nimport "a"\n', ["a"]),
        ('package p;import"a";import `b/c`\nfunc f() { import "no" }', ["a", "b/c"]),
        (
            '// import "no"\n/* import "no" */ package p // x\nimport ( // y\n\t"a"\n\tn "b"; . "c"\n\t_ "d"\n)',
            list("abcd"),
        ),
        ('package p\nimport ()\nimport "a"\nvar s = "b"', ["a"]),
        ('package p\nvar s = `\nimport "no"\n`', []),
        ('package p\nimport é "a"\n', ["a"]),
        ('package p\nimport "a\nimport "b"', []),
        ('import "no"\npackage p', []),
        ("", []),
        ('package p\nimport "unsafe" ; import x', ["unsafe"]),
    ],
)
def test_imports_are_found_without_parsing(text: str, found: list[str]) -> None:
    assert paths(text) == found


def test_imports_know_their_place() -> None:
    (found,) = imports_of(SourceFile("x.go", b'package p\n\nimport n "a/b"\n'))
    assert (str(found.span), found.span.text()) == ("x.go:3:10", '"a/b"')


def test_overlays_are_found_by_path() -> None:
    files = find_package("runtime")
    assert files is not None and "golib/runtime/error.go" in [f.path for f in files]
    for path in ("fmt", "", "..", "runtime/..", "/etc", "runtime\0", "a//b"):
        assert find_package(path) is None


def finder(**packages: str) -> Finder:
    """Packages of one file each, by the paths they import."""

    def find(path: str) -> tuple[SourceFile, ...] | None:
        if path not in packages:
            return None
        lines = [f'import "{i}"' for i in packages[path].split()]
        return (SourceFile(f"{path}/{path}.go", "\n".join([f"package {path}", *lines]).encode()),)

    return find


def graph(main: str, **packages: str) -> PackageGraph:
    lines = ["package main", *[f'import "{i}"' for i in main.split()]]
    return PackageGraph("main", [SourceFile("main.go", "\n".join(lines).encode())], finder(**packages))


def test_packages_are_ordered_by_their_imports_and_then_by_path() -> None:
    found = graph("c a", a="z", b="", c="b", z="", unused="")
    assert [p.path for p in found.order] == ["b", "c", "z", "a", "main"]
    assert [p.path for p in found.root.imports] == ["c", "a"]


def test_what_is_unknown_is_left_to_the_checker() -> None:
    assert [p.path for p in graph("unsafe nosuch a", a="unsafe nosuch").order] == ["a", "main"]


def test_a_package_is_loaded_once() -> None:
    found = graph("a b", a="c", b="c", c="")
    assert found.package("a").imports == found.package("b").imports  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("packages", "message"),
    [
        (
            {"a": "b", "b": "c", "c": "a"},
            "c/c.go:2:8: import cycle not allowed\n\tpackage main\n\timports a\n\timports b\n\timports c\n"
            "\timports a: import cycle not allowed",
        ),
        (
            {"a": "a"},
            "a/a.go:2:8: import cycle not allowed\n\tpackage main\n\timports a\n\timports a: import cycle not allowed",
        ),
    ],
)
def test_cycles_are_reported_with_the_way_round(packages: dict[str, str], message: str) -> None:
    with pytest.raises(CompileError) as raised:
        graph("a", **packages)
    assert str(raised.value) == message
