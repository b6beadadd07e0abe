"""Tables, numbers with units, and measuring real processes."""

import json
import sys
from mmap import mmap
from pathlib import Path

import pytest

from morestack.bench.compare.page import page
from morestack.bench.compare.report import interval, shown, to_json, to_text
from morestack.bench.draw.plot import letters_of
from morestack.bench.estimate import estimate
from morestack.bench.failures import MeasureError
from morestack.bench.measure import Measured, Variant, kernel_stack_size, measure, run_once
from morestack.observe.usage import Usage


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "s", "-"),
        (0.0, "s", "0 ns"),
        (2.5e-9, "s", "2.5 ns"),
        (0.0123, "s", "12.3 ms"),
        (123.4, "s", "123 s"),
        (0, "B", "0 B"),
        (2048, "B", "2 KB"),
        (1.5 * 2**30, "B", "1.5 GB"),
        (1234567, "", "1,234,567"),
    ],
)
def test_units(value: float | None, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def results() -> list[Measured]:
    fast = Measured(Variant("contiguous", (), True), [{"seconds": s, "grows": 3} for s in (0.9, 1, 1.1)])
    slow = Measured(
        Variant("segmented", (), True),
        [{"seconds": s, "segment_overflows": 7, "segment_crossings": 13} for s in (2, 2.1, 2.2)],
    )
    slow.once["system_calls"] = 12
    return [fast, slow, Measured(Variant("thread", (), True), failure="thread: exit code 2: fatal error: no")]


def test_table() -> None:
    lines = to_text(results()).splitlines()
    assert lines[0].split() == ["contiguous", "segmented"]
    assert lines[1].split() == ["time", "1", "s", "*", "2.1", "s"]
    row = {line[:18].strip(): line.split()[-2:] for line in lines}
    assert row["growths"] == ["3", "-"]
    assert row["segment overflows"] == ["-", "7"]
    assert row["segment crossings"] == ["-", "13"]
    assert row["system calls"] == ["-", "12"]
    assert lines[-1] == "thread: exit code 2: fatal error: no"
    assert interval(estimate([0.9, 1, 1.2])) == "-10 +20 %"


def test_json() -> None:
    data = json.loads(to_json(results()))["results"]
    assert data[0]["numbers"]["seconds"] == {"median": 1, "low": 0.9, "high": 1.1, "coverage": 0.75, "count": 3}
    assert data[2]["failure"].endswith("fatal error: no") and data[2]["numbers"] == {}


def test_page_is_whole() -> None:
    text = page("a <b>", "func main() { a < b }", results(), (), "", "")
    assert "a &lt;b&gt;" in text and "a &lt; b" in text and "<script" not in text
    assert "http" not in text and text.count("<svg") == text.count("</svg>") > 2


def test_letters_are_different() -> None:
    names = ["segmented", "segmented-keep", "contiguous", "thread", "reserve", "s"]
    assert len(set(letters_of(names))) == len(names)


def python(code: str, **env: str) -> Variant:
    return Variant("python", (sys.executable, "-S", "-c", code), False, env)


def test_a_foreign_process() -> None:
    numbers, printed = run_once(python("import time; x = bytes(30 << 20); time.sleep(0.01); print('done')"))
    assert printed == b"done\n"
    assert numbers["seconds"] > 0.01 and numbers["threads"] == 1
    assert numbers["peak_memory"] > 20 << 20
    assert numbers["kernel_stack_bytes"] == (kernel_stack_size() or 0)


def test_failures_say_why() -> None:
    with pytest.raises(MeasureError, match="python: exit code 3: fatal error: boom"):
        run_once(python("import sys; print('x\\nfatal error: boom\\nmore'); sys.exit(3)"))
    with pytest.raises(MeasureError, match="killed by SIGKILL"):
        run_once(python("import os; os.kill(os.getpid(), 9)"))
    with pytest.raises(MeasureError, match="took longer than"):
        run_once(python("import time; time.sleep(10)"), limit=0.1)


def test_rounds_are_interleaved(tmp_path: Path) -> None:
    log = tmp_path / "log"
    variants = [
        Variant(n, (sys.executable, "-S", "-c", f"open({str(log)!r}, 'a').write({n!r})"), False) for n in ("a", "b")
    ]
    broken = python("raise SystemExit('no such thing')")
    a, b, bad = measure([*variants, broken], 10, repeat=2)
    assert log.read_text() == "ab" * 3
    assert len(a.runs) == len(b.runs) == 2
    assert bad.failure == "python: exit code 1: no such thing" and not bad.runs


def test_usage_is_of_the_run_alone() -> None:
    usage = Usage()
    with usage, mmap(-1, 8 << 20) as block:  # fresh pages: what the allocator has may have been used before
        for page in range(0, 8 << 20, 4096):
            block[page] = 1
    assert usage.numbers["seconds"] > 0
    assert usage.numbers["minor_faults"] > 0
    assert usage.numbers.get("peak_memory", 8 << 20) >= 7 << 20


def test_kernel_stacks_are_pages() -> None:
    size = kernel_stack_size()
    assert size is None or size % 4096 == 0
