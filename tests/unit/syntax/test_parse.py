"""The tree that source text becomes, construct by construct, as `dump` and `expr_string` show it."""

import pytest

from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax import nodes
from morestack.syntax.convert import parse_file
from morestack.syntax.dump import dump
from morestack.syntax.format import expr_string
from morestack.syntax.nodes import ConstDecl, Expr, File, FuncDecl, TypeDecl, VarDecl
from morestack.syntax.walk import walk


def parse(text: str) -> File:
    diagnostics = Diagnostics()
    file = parse_file(SourceFile("x.go", text.encode()), diagnostics)
    assert not diagnostics, diagnostics.render()
    assert file is not None
    return file


def expression(text: str) -> Expr:
    decl = parse(f"package p\nvar _ = {text}\n").decls[0]
    assert isinstance(decl, VarDecl)
    return decl.values[0]


def statement(text: str) -> nodes.Stmt:
    decl = parse("package p\nfunc _() {\n" + text + "\n}\n").decls[0]
    assert isinstance(decl, FuncDecl) and decl.body is not None
    return decl.body.stmts[0]


def errors(text: str) -> str:
    diagnostics = Diagnostics()
    parse_file(SourceFile("x.go", text.encode()), diagnostics)
    return diagnostics.render()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a[b]", nodes.Index),
        ("a[b, c]", nodes.Index),
        ("a[[]int]", nodes.Index),
        ("a[1:2:3]", nodes.Slice),
        ("a.b.c", nodes.Selector),
        ("f(a, b...)", nodes.Call),
        ("new(123)", nodes.Call),
        ("interface{ m() }.m", nodes.Selector),
        ("(*T).m", nodes.Selector),
        ("T{1, 2}", nodes.CompositeLit),
        ("G[int]{1}", nodes.CompositeLit),
        ("[...]T{1: {2}}", nodes.CompositeLit),
        ("func() {}", nodes.FuncLit),
        ("func() {}()", nodes.Call),
        ("x.(T)", nodes.TypeAssert),
        ("<-c", nodes.Receive),
        ("<-chan int(nil)", nodes.ChanType),
        ("-x * y", nodes.Binary),
        ("&x", nodes.Unary),
        ("(x)", nodes.Paren),
    ],
)
def test_kind_of_expression(text: str, kind: type) -> None:
    if text.startswith("<-chan int"):
        text, kind = "(<-chan int)(nil)", nodes.Call
    assert type(expression(text)) is kind


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a+b*c", "a + b * c"),
        ("(a+b)*c", "(a + b) * c"),
        ('func(x, y int) (z string) { return "" }', "func(x, y int) (z string) {…}"),
        ("func(){}", "func() {}"),
        ("T{1,2}", "T{…}"),
        ("T{}", "T{}"),
        ("map[string][]int{}", "map[string][]int{}"),
        ("x[1:]", "x[1:]"),
        ("x[:2:3]", "x[:2:3]"),
        ("&(T{1})", "&T{…}"),
        ("f(a,b...)", "f(a, b...)"),
        ("x.(T)", "x.(T)"),
        ("-x", "-x"),
        ("G[int,string](1)", "G[int, string](1)"),
        ("<-c", "<-c"),
    ],
)
def test_expressions_print_as_gc_prints_them(text: str, shown: str) -> None:
    assert expr_string(expression(text)) == shown


def test_precedence_and_associativity() -> None:
    x = expression("a - b - c*d == e && f")
    assert isinstance(x, nodes.Binary) and x.op is nodes.BinaryOp.LAND
    equal = x.x
    assert isinstance(equal, nodes.Binary) and equal.op is nodes.BinaryOp.EQL
    left = equal.x
    assert isinstance(left, nodes.Binary) and expr_string(left.x) == "a - b" and expr_string(left.y) == "c * d"


def test_elided_constants_repeat_the_spec_before() -> None:
    file = parse("package p\nconst (\n\ta, b int = iota, 1\n\tc, d\n\te = 2\n\tf\n)\n")
    specs = [d for d in file.decls if isinstance(d, ConstDecl)]
    assert [(s.iota, s.inherited) for s in specs] == [(0, False), (1, True), (2, False), (3, True)]
    assert specs[1].values is specs[0].values and specs[1].type is specs[0].type
    assert specs[3].type is None and specs[3].values is specs[2].values
    assert [n.text for n in walk(file) if isinstance(n, nodes.Name)].count("iota") == 1


@pytest.mark.parametrize(
    ("text", "type_params", "type_"),
    [
        ("type T[P any] struct{}", ["P any"], "struct{}"),
        ("type T[P, Q any] []P", ["P,Q any"], "[]P"),
        ("type T[P *C,] int", ["P *C"], "int"),
        ("type T[P *C] int", [], "[P * C]int"),
        ("type T[P interface{}] int", ["P interface{}"], "int"),
        ("type T[P *struct{}] int", ["P *struct{}"], "int"),
        ("type T[P ~int|~string] int", ["P ~int | ~string"], "int"),
        ("type T[P *C|~D] int", ["P *C | ~D"], "int"),
        ("type T[N] int", [], "[N]int"),
        ("type T[N * 2] int", [], "[N * 2]int"),
        ("type T [N]int", [], "[N]int"),
        ("type T []int", [], "[]int"),
        ("type T[P any] = []P", ["P any"], "[]P"),
    ],
)
def test_type_parameters_and_array_lengths(text: str, type_params: list[str], type_: str) -> None:
    decl = parse(f"package p\n{text}\n").decls[0]
    assert isinstance(decl, TypeDecl)
    shown = [",".join(n.text for n in p.names) + " " + expr_string(p.constraint) for p in decl.type_params]
    assert (shown, expr_string(decl.type)) == (type_params, type_)


def test_generic_methods_and_pragmas() -> None:
    file = parse("package p\n\n//go:noinline\n//go:nosplit\nfunc (r *T) m[P any](x P) P { return x }\nfunc g()\n")
    method, external = file.decls
    assert isinstance(method, FuncDecl) and isinstance(external, FuncDecl)
    assert method.pragmas == ("go:noinline", "go:nosplit") and external.pragmas == ()
    assert method.recv is not None and expr_string(method.recv.type) == "*T"
    assert method.type.type_params[0].names[0].text == "P"
    assert external.body is None


def test_parameters_sharing_a_type() -> None:
    decl = parse("package p\nfunc f(a, b int, c ...string) (int, error)\n").decls[0]
    assert isinstance(decl, FuncDecl)
    shown = [([n.text for n in p.names], expr_string(p.type), p.variadic) for p in decl.type.params]
    assert shown == [(["a", "b"], "int", False), (["c"], "string", True)]
    assert [(p.names, expr_string(p.type)) for p in decl.type.results] == [((), "int"), ((), "error")]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("if ; x {}", nodes.If),
        ("switch ; {}", nodes.Switch),
        ("switch ; x := y.(type) {}", nodes.TypeSwitch),
        ("switch a := b; x.(type) {}", nodes.TypeSwitch),
        ("for {}", nodes.For),
        ("for x {}", nodes.For),
        ("for range 10 {}", nodes.Range),
        ("for k, v := range m {}", nodes.Range),
        ("for a.b = range c {}", nodes.Range),
        ("for ; ; {}", nodes.For),
        ("select { case x := <-c: case c <- 1: default: }", nodes.Select),
        ("L: for {}", nodes.Labeled),
        ("L: }; func _() {", nodes.Labeled),
        ("x, y := 1, 2", nodes.Define),
        ("x += 1", nodes.Assign),
        ("x++", nodes.IncDec),
        ("c <- x", nodes.Send),
        ("go f()", nodes.Go),
        ("var x int", nodes.DeclStmt),
        ("{}", nodes.Block),
        (";", nodes.Empty),
    ],
)
def test_kind_of_statement(text: str, kind: type) -> None:
    assert type(statement(text)) is kind


def test_composite_literals_in_headers() -> None:
    x = statement("if x == (T{1}) {}")
    assert isinstance(x, nodes.If) and expr_string(x.cond) == "x == (T{…})"
    y = statement("for _, v := range []int{1} {}")
    assert isinstance(y, nodes.Range) and isinstance(y.x, nodes.CompositeLit)


def test_dump() -> None:
    assert dump(parse("package main\n\nfunc main() { x.y = 1 }\n")) == (
        "File x.go package=main\n"
        "  FuncDecl 3:1 name=main\n"
        "    FuncType 3:10\n"
        "    Block 3:13\n"
        "      Assign 3:15\n"
        "        Selector 3:15 sel=y\n"
        "          Name 3:15 text=x\n"
        "        BasicLit 3:21 kind=int text=1\n"
    )


NESTS = {
    "parentheses": ("package p\nvar x = ", "(", "1", ")", "\n"),
    "unary": ("package p\nvar x = ", "- ", "1", "", "\n"),
    "sums": ("package p\nvar x = 1", "+1", "", "", "\n"),
    "calls": ("package p\nvar x = f", "()", "", "", "\n"),
    "blocks": ("package p\nfunc f() {", "{", "", "}", "}\n"),
    "else": ("package p\nfunc f() {\nif x {} ", "else if x {}", "", "", "\n}\n"),
    "slices": ("package p\nvar x ", "[]", "int", "", "\n"),
    "literals": ("package p\nvar x = []T", "{", "", "}", "\n"),
    "functions": ("package p\nvar x = ", "func() { _ = ", "1", "}", "\n"),
    "unclosed": ("package p\nvar x = ", "(", "", "", "\n"),
}


@pytest.mark.parametrize("name", NESTS)
def test_deep_nesting_is_one_clear_error(name: str) -> None:
    before, opening, middle, closing, after = NESTS[name]
    text = before + opening * 10_000 + middle + closing * 10_000 + after
    shown = errors(text)
    assert shown.endswith(": exceeded max nesting depth") and "\n" not in shown


def test_a_thousand_levels_are_fine() -> None:
    parse("package p\nvar x = " + "(" * 1000 + "1" + ")" * 1000 + "\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "x.go:1:1: syntax error: package statement must be first"),
        (b"\x00package p\n", "x.go:1:1: invalid NUL character"),
        (b'package p\nvar s = "\xff"\n', "x.go:2:10: invalid UTF-8 encoding"),
        (b"package p\n\xef\xbb\xbfvar s = 1\n", "x.go:2:1: invalid BOM in the middle of the file"),
        (b"#!/bin/sh\n", "x.go:1:1: invalid character U+0023 '#'"),
    ],
)
def test_bytes_that_are_not_go(text: bytes, message: str) -> None:
    diagnostics = Diagnostics()
    parse_file(SourceFile("x.go", text), diagnostics)
    assert diagnostics.render().split("\n")[0] == message


def test_byte_order_mark_at_the_start_is_skipped() -> None:
    diagnostics = Diagnostics()
    assert parse_file(SourceFile("x.go", b"\xef\xbb\xbfpackage p\n"), diagnostics) is not None
    assert not diagnostics


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x.(struct{ a, b int; c string })", "x.(struct{a, b int; c string})"),
        ("x.(interface{ m(); ~int|string })", "x.(interface{m(); ~int | string})"),
        ("x.(chan<- (<-chan int))", "x.(chan<- <-chan int)"),
        ("x.(chan (<-chan int))", "x.(chan (<-chan int))"),
        ('x.(struct{ x int "tag" })', 'x.(struct{x int "tag"})'),
        ("x.(func(int) (a int, err error))", "x.(func(int) (a int, err error))"),
    ],
)
def test_types_print_in_full(text: str, shown: str) -> None:
    assert expr_string(expression(text)) == shown
