"""Inference, constraints, instantiation cycles and names of instances, in whole programs."""

import pytest

from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file
from morestack.types.check.package import check_package
from morestack.types.core.info import CheckedPackage
from morestack.types.core.objects import TypeName, Var
from morestack.types.core.types import INT, Named, Struct
from morestack.types.core.under import under
from morestack.types.identity.subst import subst
from morestack.types.identity.typestring import link_string, runtime_string, type_string


def check(text: str) -> tuple[CheckedPackage, list[str]]:
    diagnostics = Diagnostics()
    tree = parse_file(SourceFile("x.go", f"package main\n{text}\nfunc main() {{}}\n".encode()), diagnostics)
    assert tree is not None, diagnostics.render()
    checked = check_package("main", [tree], diagnostics)
    return checked, ["\n\t".join((d.message, *d.notes)) for d in diagnostics.sorted()]


def type_of(text: str, name: str = "x") -> str:
    checked, errors = check(text)
    assert errors == []
    assert checked.pkg.scope is not None
    obj = checked.pkg.scope.names[name]
    assert isinstance(obj, Var)
    return type_string(obj.type, lambda pkg: "")


@pytest.mark.parametrize(
    ("decls", "expected"),
    [
        ("func f[T any](T) T { panic(0) }; var x = f(1)", "int"),
        ("func f[T any](...T) T { panic(0) }; var x = f(1, 2.5)", "float64"),
        ("func f[T any](...T) T { panic(0) }; var x = f('a', 1)", "rune"),
        ("func f[K comparable, V any](map[K]V) []K { panic(0) }; var m map[string]int; var x = f(m)", "[]string"),
        ("func f[S ~[]E, E any](S) E { panic(0) }; type L []bool; var l L; var x = f(l)", "bool"),
        ("func f[S ~[]E, E any](S) S { panic(0) }; type L []bool; var l L; var x = f(l)", "L"),
        ("func f[A, B any](A, func(A) B) B { panic(0) }; func g(int) string { panic(0) }; var x = f(1, g)", "string"),
        ("func f[A any](A, func(A)) A { panic(0) }; func g[T any](T) {}; var x = f(1, g)", "int"),
        ("type P[T any] struct{ a T }; func f[T any](P[T]) T { panic(0) }; var p P[int8]; var x = f(p)", "int8"),
        ("func f[T any, P interface{ *T; M() }]() P { panic(0) }; type S int; func (*S) M() {}; var x = f[S]()", "*S"),
        ("func f[T any](<-chan T) T { panic(0) }; var c chan int; var x = f(c)", "int"),
        ("type N[T any] struct { next *N[T]; v T }; var n N[bool]; var x = n.next.next.v", "bool"),
        ("type N[T any] struct{ v T }; func (n *N[U]) M() []U { panic(0) }; var n N[bool]; var x = n.M()", "[]bool"),
        ("type A[T any] = map[string]T; var a A[int]; var x = a[``]", "int"),
    ],
)
def test_inferred_types(decls: str, expected: str) -> None:
    assert type_of(decls) == expected


@pytest.mark.parametrize(
    ("decls", "message"),
    [
        ("func f[T any]() {}; var _ = func() { f() }", "in call to f, cannot infer T (declared at x.go:2:8)"),
        (
            "func f[T any](T, T) {}; var s string; var _ = func() { f(1, s); f(s, 1.5) }",
            "cannot use 1.5 (untyped float constant) as string value in argument to f",
        ),
        (
            "func f[T any](a, b T) {}; var s string; var i int; var _ = func() { f(s, i) }",
            "in call to f, type int of i does not match inferred type string for T",
        ),
        (
            "func f[T any]([]T) {}; var i int; var _ = func() { f(i) }",
            "in call to f, type int of i does not match []T (cannot infer T)",
        ),
        (
            "func f[T any](...T) {}; var _ = func() { f(1, ``) }",
            "mismatched types untyped int and untyped string (cannot infer T)",
        ),
        (
            "type I interface{ M() }; func f[T I](T) {}; var _ = func() { f(1) }",
            "int does not satisfy I (missing method M)",
        ),
        (
            "type C interface{ int | string }; type G[T C] struct{}; var _ G[bool]",
            "bool does not satisfy C (bool missing in int | string)",
        ),
        ("type G[T comparable] struct{}; var _ G[func()]", "func() does not satisfy comparable"),
    ],
)
def test_failures_explain(decls: str, message: str) -> None:
    _, errors = check(decls)
    assert any(message in e for e in errors), errors


def test_instantiation_cycles_are_found() -> None:
    _, errors = check("func f[T any](n int) { f[*T](n) }")
    assert errors == ["instantiation cycle:\n\tx.go:2:24: T instantiated as *T"]
    _, errors = check("func f[T any](n int) { type L struct{ t T }; f[L](n) }")
    assert len(errors) == 1
    assert errors[0].startswith("instantiation cycle:")
    _, errors = check("func f[T any](n int) { f[T](n); g[*T]() }; func g[T any]() {}")
    assert errors == []


def test_local_types_are_numbered_and_parameterized() -> None:
    checked, errors = check("func f[T any]() { type L struct{ t T }; var _ L }; func g() { type L int; var _ L }")
    assert errors == []
    names = [o for o in checked.info.defs.values() if isinstance(o, TypeName)]
    first = next(o.type for o in names if o.local_number == 1)
    assert isinstance(first, Named)
    assert len(first.outer_params) == 1
    instance = subst(first, {first.outer_params[0]: INT})
    u = under(instance)
    assert isinstance(u, Struct)
    assert u.fields[0].type is INT
    assert runtime_string(instance) == "main.L[int]"
    assert link_string(instance) == "main.L[int]·1"
