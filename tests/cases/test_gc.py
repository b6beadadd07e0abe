"""What a collector is for: memory stays small however much is allocated."""

import re
from pathlib import Path

import pytest

from tests.forked import run_one
from tests.txtar import parse

RUN = Path(__file__).parent / "run"
LINE = re.compile(r"gc \d+ @\d+\.\d{3}s \d+%: \d+\.\d{3} ms clock, (\d+)->\d+->(\d+) MB, \d+ MB goal, ")


def trace(case: str, folder: Path, **env: str) -> list[tuple[int, int]]:
    """(MB before, MB after) of each collection."""
    (folder / "main.go").write_text(parse((RUN / f"{case}.txtar").read_text())[1]["main.go"])
    end = run_one(["run", "main.go"], folder, {"GODEBUG": "gctrace=1", **env})
    assert end.code == 0, end.stderr
    return [(int(a), int(b)) for a, b in LINE.findall(end.stderr.decode())]


@pytest.mark.slow
def test_a_gigabyte_of_garbage_needs_a_few_megabytes(tmp_path: Path) -> None:
    sizes = trace("gc_garbage", tmp_path)
    assert len(sizes) > 100
    assert max(before for before, _ in sizes) < 16 and max(after for _, after in sizes) < 8


@pytest.mark.slow
def test_gogc(tmp_path: Path) -> None:
    assert not trace("gc_garbage", tmp_path, GOGC="off")
    few, many = trace("gc_garbage", tmp_path, GOGC="400"), trace("gc_garbage", tmp_path, GOGC="50")
    assert len(many) > 2 * len(few) > 0
