"""What the checker records: final types, uses, selections, captures, initialization order."""

from collections.abc import Callable

import pytest

from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax import nodes as ast
from morestack.syntax.convert import parse_file
from morestack.syntax.format import expr_string
from morestack.syntax.walk import walk
from morestack.types.check.package import check_package
from morestack.types.core.info import CheckedPackage, Mode, SelectionKind
from morestack.types.core.objects import Var
from morestack.types.identity.typestring import relative_to, type_string


def check(body: str) -> CheckedPackage:
    """Check a correct program."""
    diagnostics = Diagnostics()
    file = parse_file(SourceFile("main.go", f"package main\n{body}\n".encode()), diagnostics)
    assert file is not None
    checked = check_package("main", [file], diagnostics)
    assert not diagnostics, diagnostics.render()
    return checked


def nodes(checked: CheckedPackage, wanted: Callable[[ast.Node], bool]) -> list[ast.Node]:
    """The package's nodes that are wanted, in source order."""
    return [n for f in checked.files for n in walk(f) if not isinstance(n, ast.File) and wanted(n)]


def type_of(checked: CheckedPackage, text: str) -> str:
    """The recorded type of the first expression spelled so."""
    for n, known in checked.info.types.items():
        if isinstance(n, ast.Expr.__args__) and expr_string(n) == text:  # type: ignore[attr-defined]
            return type_string(known.type, relative_to(checked.pkg))
    raise AssertionError(f"{text} has no type")


@pytest.mark.parametrize(
    ("body", "expression", "expected"),
    [
        ("var f float64 = 1", "1", "float64"),
        ("var x any = 1", "1", "int"),
        ("var x any = 'a'", "'a'", "rune"),
        ("var s uint; var f = 2 << s", "2", "int"),
        ("var s uint; var f int64 = 2 << s", "2", "int64"),
        ("var x int8; var y = x << 3", "3", "uint"),
        ("var x int; var b = x == 7", "7", "int"),
        ("var p *int; var b = p == nil", "nil", "*int"),
        ('var m map[string]int; func main() { v, ok := m["a"]; _, _ = v, ok }', 'm["a"]', "(int, bool)"),
        ("func main() { println(1.0) }", "1.0", "float64"),
        ("type B bool; var x, y int; var b B = x < y", "x < y", "B"),
        ('func f() (int, string) { return 1, "" }; var a, b = f()', "f()", "(int, string)"),
        ("var x = []struct{ a int }{{1}}", "{…}", "struct{a int}"),
        ("var x = []*struct{ a int }{{1}}", "{…}", "*struct{a int}"),
        ("var c complex64; var d = c + 2", "2", "complex64"),
        ("func g[T any](x T) T { return x }; var y = g(1)", "g", "func(x int) int"),
    ],
)
def test_final_types(body: str, expression: str, expected: str) -> None:
    assert type_of(check(body), expression) == expected


def test_constants_keep_their_values() -> None:
    checked = check("const big = 1 << 100; var x = big >> 98")
    known = next(k for n, k in checked.info.types.items() if isinstance(n, ast.Binary) and n.op is ast.BinaryOp.SHR)
    assert (known.mode, known.value) == (Mode.CONSTANT, 4)


def test_selections_through_embedding() -> None:
    checked = check(
        """
        type A struct{ x int }
        func (*A) m() {}
        type B struct { y int; *A }
        func main() { var b B; b.x = 1; b.m(); _ = (*A).m; f := b.m; f() }
        """
    )
    found = [(s.kind, s.index, s.indirect) for s in checked.info.selections.values()]
    assert found == [
        (SelectionKind.FIELD, (1, 0), True),
        (SelectionKind.METHOD, (1, 0), True),
        (SelectionKind.METHOD_EXPR, (0,), True),
        (SelectionKind.METHOD, (1, 0), True),
    ]


def names(variables: set[Var]) -> set[str]:
    return {v.name for v in variables}


def test_captured_reassigned_addressed() -> None:
    checked = check(
        """
        type T struct { a int; b [2]int }
        func (t *T) m() {}
        var global int
        func main() {
            a, b, c, d, e, g := 1, 2, 3, T{}, T{}, [3]int{}
            p := &d
            f := func(q int) func() int {
                b = 2
                return func() int { return a + b + q + global }
            }
            c++
            p.a = 1
            e.b[1] = 3
            _ = g[:]
            h := T{}
            h.m()
            for i := 0; i < 3; i++ {
                _ = i
            }
            _, _, _ = f, c, e
        }
        """
    )
    captured = [[v.name for v in vs] for vs in checked.info.captures.values()]
    assert captured == [["b", "a"], ["a", "b", "q"]]
    assert names(checked.info.reassigned) == {"b", "c", "e", "i"}
    assert names(checked.info.addressed) == {"d", "g", "h"}


def test_initialization_order() -> None:
    checked = check(
        """
        var a = b + f()
        var b = 1
        var c, d = pair()
        func f() int { return c }
        func pair() (int, int) { return e, e }
        var e = 2
        func main() {}
        """
    )
    assert [[v.name for v in i.lhs] for i in checked.info.init_order] == [["b"], ["e"], ["c", "d"], ["a"]]


def test_branch_targets() -> None:
    checked = check(
        """
        func main() {
        L:
            for {
                switch {
                default:
                    continue L
                }
                select {
                default:
                    break
                }
                if true { goto M }
                break L
            }
        M:
        }
        """
    )
    kinds = [(b.kind.value, type(target).__name__) for b, target in checked.info.branch_targets.items()]
    assert sorted(kinds) == [("break", "For"), ("break", "Select"), ("continue", "For"), ("goto", "Labeled")]


def test_functions_with_bodies_in_source_order() -> None:
    checked = check("func init() {}\ntype T int\nfunc (T) m() {}\nfunc init() {}\nfunc main() {}")
    assert [f.name for f in checked.funcs] == ["init", "m", "init", "main"]
    for f in checked.funcs:
        assert f.decl is not None and checked.info.signatures[f.decl] is f.type


def test_parameters_are_the_signature_s() -> None:
    checked = check("func f(a, b int, _ string) (c int) { return }\nfunc g(int) {}")
    sig = next(s for d, s in checked.info.signatures.items() if isinstance(d, ast.FuncDecl) and d.name.text == "f")
    defined = [o for n, o in checked.info.defs.items() if n.text in ("a", "b", "_", "c")]
    assert defined == [*sig.params.vars, *sig.results.vars]
    assert all(v.owner is not None for v in sig.params.vars)
    unnamed = [o for n, o in checked.info.implicits.items() if isinstance(n, ast.Param)]
    assert len(unnamed) == 1  # g's


def test_type_switch_variables() -> None:
    checked = check(
        """
        func f(x any) {
            switch v := x.(type) {
            case int: _ = v
            case string, bool: _ = v
            default: _ = v
            }
        }
        """
    )
    clauses = nodes(checked, lambda n: isinstance(n, ast.CaseClause))
    variables = [checked.info.implicits[c] for c in clauses]
    assert [type_string(v.type) for v in variables if isinstance(v, Var)] == ["int", "any", "any"]


def test_every_expression_of_a_program_is_typed() -> None:
    checked = check(
        """
        type P struct { x, y int; next *P }
        func (p *P) sum(k ...int) (t int) { for _, v := range k { t += v }; return t + p.x }
        func main() {
            m := map[string][]P{"a": {{1, 2, nil}, {x: 3}}}
            for k, v := range m { println(k, len(v), v[0].sum(1, 2, v[1].x<<2)) }
            var f func(int) any = func(i int) any { return i }
            switch g := f(3).(type) { case int: println(g + 1); case error: panic(g) }
            c := make(chan int, 1)
            go func() { c <- -1 }()
            select { case v, ok := <-c: println(v, ok); default: }
        }
        """
    )
    skipped: set[ast.Node] = set()
    for n in nodes(checked, lambda n: True):
        if isinstance(n, ast.Selector):
            skipped.add(n.sel)
        if isinstance(n, ast.CompositeLit):
            for element in n.elements:
                if isinstance(element, ast.KeyValue):
                    skipped.add(element)
                    if element.key in checked.info.uses and element.key not in checked.info.types:
                        skipped.add(element.key)
    expressions = (
        ast.CompositeLit | ast.Binary | ast.Call | ast.Selector | ast.Index | ast.Unary | ast.Receive | ast.BasicLit
    )
    missing = nodes(checked, lambda n: isinstance(n, expressions) and n not in skipped and n not in checked.info.types)
    assert missing == []


@pytest.mark.parametrize(
    "body",
    [
        "var x = " + "-+" * 1000 + "y\nvar y int",
        "var y int\nvar x = y" + "+y" * 2000,
        "func f() int { " + "{" * 2000 + "return 1" + "}" * 2000 + " }",
    ],
    ids=["unary", "sum", "blocks"],
)
def test_deep_programs(body: str) -> None:
    check(body)
