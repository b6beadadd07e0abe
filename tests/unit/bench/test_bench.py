"""The benchmark suite: its programs, its table and its page."""

import json
from pathlib import Path

import pytest

from morestack.bench.failures import MeasureError
from morestack.bench.measure import Measured, Variant
from morestack.bench.peers import find_gccgo, first_line
from morestack.bench.rows.command import copies
from morestack.bench.suite.command import Row, Table, agree, chosen, to_json, to_text
from morestack.bench.suite.page import to_markdown
from morestack.bench.suite.programs import FOLDER, LEFT_OUT, PAPER_GROUPS, STACKS, SUITE
from morestack.build.files import read_program
from morestack.build.program import Program
from morestack.engine.disciplines import disciplines
from morestack.source.span import SourceFile

ROOT = Path(__file__).parent.parent.parent.parent


def test_every_program_is_in_the_suite() -> None:
    names = [b.name for b in SUITE]
    assert len(set(names)) == len(names)
    assert {p.stem for p in FOLDER.glob("*.go")} == {*names, "switch", "gosched"}
    assert {b.group for b in SUITE} == {*PAPER_GROUPS, STACKS}
    assert not {n for left, _ in LEFT_OUT for n in left} & set(names)


@pytest.mark.parametrize("name", sorted(p.stem for p in FOLDER.glob("*.go")))
def test_programs_are_go(name: str) -> None:
    Program(read_program([str(FOLDER / f"{name}.go")])).root.checked  # noqa: B018


def measured(column: str, seconds: float, **more: float) -> Measured:
    runs = [{"cpu_seconds": seconds * f, **more} for f in (0.9, 1.0, 1.1)]
    return Measured(Variant(column, (), column != "Go"), runs, output=b"1\n")


def table() -> Table:
    made = Table(["contiguous", "Go"], {"Go": "go1.27"}, ["gccgo: not installed"])
    for benchmark, ours, theirs in zip(chosen(["ack", "mcray", "storm"]), (1, 3, 1), (2, 2, 4), strict=True):
        cells = [measured("contiguous", ours, grows=9), measured("Go", theirs)]
        made.rows.append(Row(benchmark, {c.variant.name: c for c in cells}))
    return made


def test_text() -> None:
    lines = to_text(table()).splitlines()
    assert lines[0].split() == ["contiguous", "Go", "ratio"]
    assert lines[2].split() == ["ack", "1", "s", "2", "s", "0.50"]
    assert "the paper's programs: contiguous is faster than Go in 1 of 2 (50 %), geometric mean 0.87" in lines
    assert lines[-1] == "gccgo: not installed"


def test_json() -> None:
    data = json.loads(to_json(table()))
    assert [p["ratio"] for p in data["programs"]] == [0.5, 1.5, 0.25]


def test_markdown() -> None:
    text = to_markdown(table())
    assert "| ack | 1 s (10) | 2 s (10) | 0.50 |" in text
    assert "- `mcray` (1.50): " in text and "`ack` (0.50)" not in text
    assert "| growths | 9 |" in text
    assert "gccgo: not installed." in text


def test_what_was_learnt_is_measured() -> None:
    made = table()
    made.rows.append(Row(chosen(["spawn"])[0], {n: measured(n, s) for n, s in (("contiguous", 2), ("thread", 50))}))
    made.rows[0].results["thread"] = Measured(Variant("thread", (), True), [], failure="thread: exit code 2: too deep")
    text = to_markdown(made)
    assert "`spawn` takes 25 times as long under `thread`." in text and "`pingpong`" not in text
    assert "Not measured: gccgo: not installed; `ack` under thread: exit code 2: too deep." in text


def test_unknown_names() -> None:
    assert [b.name for b in chosen(["fib", "ack", "fib"])] == ["fib", "ack"]
    with pytest.raises(MeasureError, match="no benchmark fob; there are: ack, "):
        chosen(["fob"])


def test_outputs_must_agree() -> None:
    one, other = measured("contiguous", 1), measured("Go", 1)
    agree(SUITE[0], [one, other])
    other.output = b"2\n"
    with pytest.raises(MeasureError, match="ack does not print the same everywhere: contiguous: 1; Go: 2"):
        agree(SUITE[0], [one, other])
    other.failure = "Go: exit code 1: no"
    agree(SUITE[0], [one, other])


def test_the_newest_gccgo_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_gccgo() is None
    for name in ("gccgo-9", "gccgo-12", "gccgo-x"):
        (tmp_path / name).write_text("#!/bin/sh\necho gccgo 12\necho more\n")
        (tmp_path / name).chmod(0o755)
    assert find_gccgo() == str(tmp_path / "gccgo-12")
    assert first_line([str(tmp_path / "gccgo-12")]) == "gccgo 12"


def test_contiguous_is_the_default() -> None:
    assert disciplines()[0] == "contiguous"


def test_the_large_program_is_one() -> None:
    text = (ROOT / "benchmarks" / "programs" / "hundred.go").read_text()
    package = Program([SourceFile("large.go", copies(text, 3).encode())]).root
    assert {"main", "main_0", "main_2"} <= {f.name for f in package.checked.funcs}
