"""Values of a sweep, constants and where curves cross."""

from pathlib import Path

import pytest

from morestack.bench.compare.sweep import Curve, crossovers, parse_sweep, replaced, to_text, with_constant
from morestack.bench.failures import SweepError
from morestack.bench.measure import Measured, Variant
from morestack.build.package import CompiledPackage
from morestack.build.program import Program
from morestack.source.span import SourceFile


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n=1..64", (1, 2, 3, 6, 11, 20, 35, 64)),
        ("n=1..3", (1, 2, 3)),
        ("n=0..70", (0, 10, 20, 30, 40, 50, 60, 70)),
        ("n=-2..5+3", (-2, 1, 4)),
        ("n=5,1, 3,5", (1, 3, 5)),
        ("initial=2048..20000", (2048, 4096, 8192, 16384)),
    ],
)
def test_values(text: str, values: tuple[int, ...]) -> None:
    assert parse_sweep(text).values == values


@pytest.mark.parametrize("text", ["n", "n=", "=1..2", "n=5..1", "n=1..9+0", "n=1..", "n=1;2", "2n=1..2", "n=0..9999+1"])
def test_nonsense(text: str) -> None:
    with pytest.raises(SweepError):
        parse_sweep(text)


def program(body: str) -> CompiledPackage:
    return Program([SourceFile("p.go", f"package main\n\n{body}\n\nfunc main() {{}}\n".encode())]).root


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("const depth = 8", "const depth = 17"),
        ("const (\n\ta = 1\n\tdepth, b = 2 + 2, 3\n)", "const (\n\ta = 1\n\tdepth, b = 17, 3\n)"),
        ("const depth uint8 = '\\x05' // depth = 5", "const depth uint8 = 17 // depth = 5"),
        (
            "func f() int {\n\tconst depth = -(3)\n\treturn depth\n}",
            "func f() int {\n\tconst depth = 17\n\treturn depth\n}",
        ),
    ],
)
def test_a_constant_is_replaced(body: str, expected: str, tmp_path: Path) -> None:
    package = program(body)
    place = replaced(package, "depth")
    (path,) = with_constant(package.sources, place, 17, tmp_path)
    text = Path(path).read_text()
    assert text == f"package main\n\n{expected}\n\nfunc main() {{}}\n"
    Program([SourceFile("p.go", text.encode())]).root.checked  # noqa: B018  (it is still a program)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("var depth = 8", "declares no constant depth"),
        ("const depth = 1.5", "p.go:3: constant depth is not an integer"),
        ('const depth = "x"', "p.go:3: constant depth is not an integer"),
        ("const depth = int8(5)", "p.go:3: write the type of constant depth on the left of its ="),
        ("const (\n\ta = iota\n\tdepth\n)", "p.go:5: constant depth has no value of its own"),
        ("const depth = 1\n\nfunc f() {\n\tconst depth = 2\n}", "declares 2 constants depth: p.go:3, p.go:6"),
    ],
)
def test_what_cannot_be_replaced(body: str, message: str) -> None:
    package = program(body)
    with pytest.raises(SweepError, match=message.replace("(", r"\(")):
        replaced(package, "depth")


def curve(name: str, seconds: dict[int, float]) -> Curve:
    made = Curve(name)
    for x, t in seconds.items():
        runs = [{"seconds": t * f} for f in (0.99, 1.0, 1.01)]
        made.points.append((x, Measured(Variant(name, (), True), runs)))
    return made


def test_crossovers() -> None:
    a = curve("a", {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0})
    b = curve("b", {1: 2.5, 2: 2.5, 3: 2.99, 4: 2.5})
    assert crossovers([a, b]) == ["b overtakes a between 2 and 4"]
    assert crossovers([a, a]) == []


def test_text_has_plot_and_table() -> None:
    text = to_text([curve("aa", {1: 0.001, 100: 0.02}), curve("ab", {1: 0.01, 100: 0.002})], "depth")
    assert "a aa  b ab" in text and "depth (logarithmic)" in text
    assert "ab overtakes aa between 1 and 100" in text
    assert "20 ms" in text and "\x1b" not in text
