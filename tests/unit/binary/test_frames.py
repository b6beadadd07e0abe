"""`morestack frames`: rows, locals, changes, the cache, and the command."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from morestack.binary import open_binary
from morestack.binary.diff import compare
from morestack.binary.frames import Frames
from morestack.binary.locals import locals_of
from morestack.cli.main import main
from tests.unit.binary.conftest import Builder


def test_largest_first_and_equal_ones_by_name(plain: Path) -> None:
    rows = Frames(open_binary(plain)).functions()
    assert [(-row.frame_bytes, row.name) for row in rows] == sorted((-row.frame_bytes, row.name) for row in rows)
    few = Frames(open_binary(plain)).functions(limit=30)
    assert few == rows[:30]
    assert len(rows) == len(open_binary(plain).pclntab)


def test_families_of_assembly_can_be_left_out(plain: Path) -> None:
    frames = Frames(open_binary(plain))
    assert frames.functions(limit=1)[0].name == "runtime.call1073741824"
    assert not any("Call" in row.name or ".call" in row.name for row in frames.functions(limit=5, families=False))


def test_locals_have_names_types_and_places(plain: Path) -> None:
    binary = open_binary(plain)
    (row,) = Frames(binary).functions(r"^main\.deep$")
    (block,) = locals_of(binary, row.function)
    assert (block.name, block.type, block.bytes) == ("b", "main.block", 3000)
    assert block.offset is not None and -block.offset <= row.frame_bytes + 8


def test_a_stripped_binary_has_the_places_of_what_holds_pointers(stripped: Path) -> None:
    binary = open_binary(stripped)
    rows = Frames(binary).functions(limit=200)
    found = [local for row in rows for local in locals_of(binary, row.function)]
    assert found and all(not local.name and local.bytes > 0 for local in found)


def test_a_second_look_is_the_same_from_the_cache(plain: Path, tmp_path: Path) -> None:
    first = Frames(open_binary(plain)).statements()
    (kept,) = (tmp_path / "cache" / "morestack" / "binary").glob("*.npz")
    assert Frames(open_binary(plain)).statements() == first
    kept.write_bytes(b"damaged")
    assert Frames(open_binary(plain)).statements() == first


def larger(builder: Builder) -> Path:
    """The program with a larger frame."""
    source = (builder.folder / "main.go").read_text()
    (builder.folder / "main.go").write_text(source.replace("[3000]byte", "[7000]byte").replace("n%3000", "n%7000"))
    try:
        return builder.build("larger")
    finally:
        (builder.folder / "main.go").write_text(source)


def test_changes_between_builds(builder: Builder, plain: Path) -> None:
    found = compare(Frames(open_binary(plain)), Frames(open_binary(larger(builder))), r"^main\.")
    assert [(row.name, row.change) for row in found.frames] == [("main.deep", 4000)]
    worker = next(row for row in found.statements if row.key == "main.main -> main.main.gowrap1")
    assert worker.change == 4000 and worker.crosses
    assert worker.old is not None and worker.new is not None
    assert (worker.old.own_stack_size, worker.new.own_stack_size) == (4096, 16384 // 2)


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["frames", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_the_command_prints_frames_locals_and_paths(plain: Path) -> None:
    text = run(plain, "--function", r"^main\.", "--limit", 3)
    assert "3,024     4 KB  main.deep" in text
    assert "3,000  b main.block" in text
    assert "unbounded: recursion through main.recurse -> main.recurse" in text
    assert "starts a func value from elsewhere" in run(plain, "--function", r"^main\.", "--limit", 0)


def test_the_command_as_json(plain: Path) -> None:
    found = json.loads(run(plain, "--json"))
    assert found["schema"] == "morestack.frames/1"
    frames = {row["name"]: row["frame_bytes"] for row in found["functions"]}
    assert frames["main.deep"] == 3024
    assert len(found["functions"]) == found["binary"]["functions"]
    row = next(row for row in found["statements"] if row["start"] == "main.main.gowrap1")
    assert row["own_bytes"] == row["path"][-1]["used"] + row["path"][-1]["frame_bytes"]
    assert row["own_stack_size"] == 4096 and not row["bounded"] and row["indirect_calls"] >= 1


def test_the_command_compares(plain: Path, stripped: Path) -> None:
    assert "0 grew, 0 shrank" in run(stripped, "--diff", plain)
    assert json.loads(run(stripped, "--diff", plain, "--json"))["functions"] == []


def test_the_command_keeps_budgets(plain: Path) -> None:
    run(plain, "--function", r"^main\.leaf$", "--fail-over", 100)
    text = run(plain, "--function", r"^main\.deep$", "--fail-over", 1000, code=1)
    assert "main.deep has a frame of 3,024 bytes" in text


def test_the_command_tells_what_is_wrong(tmp_path: Path, plain: Path) -> None:
    (tmp_path / "text").write_text("no program at all\n" * 10)
    assert "not an ELF, Mach-O or PE executable" in run(tmp_path / "text", code=1)
    assert "not a regular expression" in run(plain, "--function", "(", code=2)


@pytest.mark.parametrize("format", ["pprof", "folded", "speedscope", "html"])
def test_other_formats(plain: Path, tmp_path: Path, format: str) -> None:
    run(plain, "--function", r"^main\.", "--format", format, "-o", tmp_path / "out")
    assert (tmp_path / "out").stat().st_size > 100


def test_the_page_shows_what_is_printed(builder: Builder, plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[3] / "docs" / "frames.md").read_text()
    shown = page.partition("$ morestack frames larger --diff plain --function '^main\\.'\n")[2].partition("```")[0]
    version = open_binary(plain).go_version
    if f"plain: {version} " not in shown:
        pytest.skip(f"the page was written with another release than {version}")
    larger(builder)
    monkeypatch.chdir(builder.folder)
    printed = run("larger", "--diff", "plain", "--function", r"^main\.")
    assert printed.replace(f"{builder.folder}/", "") == shown


def test_a_pattern_that_matches_nothing_or_is_none_says_so(plain: Path) -> None:
    result = CliRunner().invoke(main, ["frames", str(plain), "--function", "nosuch"])
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "no function matches 'nosuch'\n")
    result = CliRunner().invoke(main, ["frames", str(plain), "--function", "("])
    assert result.exit_code == 2
    assert "'(' is not a regular expression: missing )" in result.stderr
