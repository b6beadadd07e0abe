"""The answers the IR builder asks for: which key stands for which allocation."""

import pytest

from morestack.escape.analyze import analyze
from morestack.escape.explain import sentences
from morestack.escape.program import children
from morestack.escape.report import report, to_json
from morestack.escape.result import EscapeResult
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax import nodes as ast
from morestack.syntax.convert import parse_file
from morestack.types.check.package import check_package


class Analysed:
    """A program's decisions, found by the text of its expressions."""

    def __init__(self, body: str) -> None:
        text = f"package main\n{body}\nfunc main() {{}}\n"
        diagnostics = Diagnostics()
        file = parse_file(SourceFile("main.go", text.encode()), diagnostics)
        assert file is not None and not diagnostics, diagnostics.render()
        checked = check_package("main", (file,), diagnostics)
        assert not diagnostics, diagnostics.render()
        self.result: EscapeResult = analyze(checked)
        self.nodes: dict[str, ast.Node] = {}
        stack: list[ast.Node] = list(file.decls)
        while stack:
            node = stack.pop()
            if not isinstance(node, ast.ExprStmt):
                self.nodes.setdefault(node.span.text(), node)
            stack.extend(children(node))
        self.vars = {v.name: v for v in self.result.stack_vars | self.result.heap_vars}

    def __getitem__(self, text: str) -> ast.Node:
        return self.nodes[text]


SINKS = "var sink any\nvar psink *int\nfunc take(a ...any) {}\nfunc leak(a ...any) { sink = a }\n"


def test_what_was_never_seen_escapes() -> None:
    a = Analysed("func f() { if false { _ = new(int) } }")
    assert a.result.node_escapes(a["new(int)"])


def test_literals_have_a_key_for_the_pointer_and_one_for_the_array() -> None:
    a = Analysed("type S []*int\nvar keep *S\nfunc f() { keep = &S{nil}\n p := &S{}\n _ = p }")
    lit, local = a["S{nil}"], a["S{}"]
    assert isinstance(lit, ast.CompositeLit) and isinstance(local, ast.CompositeLit)
    assert a.result.pointer_escapes(lit)
    assert a.result.node_escapes(lit)
    assert not a.result.pointer_escapes(local)
    assert not a.result.node_escapes(local)


def test_elided_pointers_are_keyed_by_the_literal() -> None:
    a = Analysed("type T struct{ p *int }\nfunc f() { x := []*T{{nil}}\n _ = x }")
    lit = a["{nil}"]
    assert isinstance(lit, ast.CompositeLit)
    assert not a.result.pointer_escapes(lit)
    assert not a.result.node_escapes(a["[]*T{{nil}}"])


@pytest.mark.parametrize("operand", ["n", "(n)", "n+1"])
def test_boxes_are_keyed_by_the_operand(operand: str) -> None:
    a = Analysed(SINKS + f"func f(n int) {{ take({operand}) }}\nfunc g(n int) {{ leak({operand}) }}")
    node = a[f"take({operand})"]
    leaking = a[f"leak({operand})"]
    assert isinstance(node, ast.Call) and isinstance(leaking, ast.Call)
    assert not a.result.box_escapes(node.args[0])
    assert not a.result.variadic_escapes(node)
    assert a.result.box_escapes(leaking.args[0])
    assert a.result.variadic_escapes(leaking)


def test_the_inside_of_parentheses_answers_too() -> None:
    a = Analysed(SINKS + "func f(n int) { take((n)) }")
    operand = a["(n)"]
    assert isinstance(operand, ast.Paren)
    assert not a.result.box_escapes(operand.x)


def test_capture_by_value() -> None:
    a = Analysed("func f() func() int {\n a, b := 1, 2\n b++\n g := func() int { b = 3\n return a + b }\n return g }")
    assert a.vars["a"] in a.result.by_value
    assert a.vars["b"] not in a.result.by_value
    assert a.result.var_escapes(a.vars["b"])
    assert not a.result.var_escapes(a.vars["a"])


def test_what_go_evaluates_shares_its_closures_fate() -> None:
    """gc says `... argument does not escape`, as it makes that slice in the new goroutine; we may not."""
    a = Analysed(SINKS + "func f(n int) { go take(n) }")
    call = a["take(n)"]
    assert isinstance(call, ast.Call)
    assert "... argument does not escape" in report(a.result)
    assert a.result.variadic_escapes(call)
    assert a.result.node_escapes(a["go take(n)"])


def test_a_defer_outside_loops_stays() -> None:
    a = Analysed(SINKS + "func f(n int) { defer take(n)\n for { defer leak() } }")
    assert not a.result.node_escapes(a["defer take(n)"])
    assert a.result.node_escapes(a["defer leak()"])


def test_values_boxed_by_a_range_go_to_the_heap_with_what_they_hold() -> None:
    a = Analysed(
        "type T struct{ p, q *int }\nvar i any\nfunc f() { x := 1\n s := []T{{&x, nil}}\n for _, i = range s {} }"
    )
    assert a.result.var_escapes(a.vars["x"])


def test_zero_copy() -> None:
    a = Analysed("func f(s string) int { n := 0\n for _, c := range []byte(s) { n += int(c) }\n return n }")
    assert a["[]byte(s)"] in a.result.zero_copy


def test_loop_variables_are_renewed() -> None:
    a = Analysed("var keep []*int\nfunc f() { for i := 0; i < 3; i++ { keep = append(keep, &i) } }")
    assert a.result.var_escapes(a.vars["i"])


def test_bodies_of_ranges_over_functions_are_closures() -> None:
    a = Analysed(
        "func each(yield func(int) bool) { yield(1) }\nvar any2 func(func(int) bool)\n"
        "func f() (r int) { for i := range each { r += i }\n return }\n"
        "func g() int { n := 0\n for i := range any2 { n += i }\n return n }"
    )
    assert not a.result.node_escapes(a["for i := range each { r += i }"])
    assert a.result.node_escapes(a["for i := range any2 { n += i }"])
    assert not a.result.var_escapes(a.vars["r"])
    assert a.result.var_escapes(a.vars["n"])
    assert a.vars["n"] not in a.result.by_value


def test_reasons_name_the_path() -> None:
    a = Analysed("var keep *int\nfunc f() { x := 1\n p := &x\n keep = p }")
    reason = a.result.reasons[a.vars["x"]]
    assert [s.derefs for s in reason.steps] == [-1, 0]
    assert sentences(reason)[1] == "  p gets the address of x"
    assert '"path"' in to_json(a.result)


def test_parameter_tags() -> None:
    a = Analysed("var keep *int\nfunc f(p, q *int, r **int) *int { keep = p\n keep = *r\n return q }")
    tags = next(tags for func, tags in a.result.params.items() if func.name == "f")
    assert tags[0] is None
    assert tags[1] is not None and tags[1].results[0] == 0
    assert tags[2] is not None and tags[2].heap == 1


@pytest.mark.slow
def test_long_and_deep_expressions() -> None:
    sums = "+".join(["n"] * 3000)
    texts = "+".join(["s"] * 3000)
    deep = "(" * 500 + "n" + ")" * 500
    calls = "id(" * 300 + "n" + ")" * 300
    a = Analysed(
        f"func id(n int) int {{ return n }}\nfunc f(n int, s string) (int, string, int, any) {{ return {sums}, {texts},"
        f" {calls}, {deep} }}"
    )
    assert a.result.messages
