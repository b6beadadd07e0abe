"""Grouping goroutines, and the JSON of a report."""

from __future__ import annotations

import pytest

from morestack.process.group import BY, group, path_text, shrunk, size_text, sizes
from morestack.process.model import Frame, Goroutine, Loss, Place, Snapshot
from morestack.process.report import make_report, plain, to_json, warnings

GOPARK = Frame("runtime.gopark", "/go/proc.go", 474, 1, 32)
DEEP = Frame("main.deep", "/src/a.go", 12, 2, 296)
INLINED = Frame("main.worker", "/src/a.go", 20, 3, 0, True)
GOEXIT = Frame("runtime.goexit", "/go/asm.s", 1, 4, 8)
SHORT = (GOPARK, DEEP, INLINED, GOEXIT)
LONG = (GOPARK, DEEP, DEEP, DEEP, INLINED, GOEXIT)
GO = Place("main.main", "/src/a.go", 28)


def goroutine(number: int, size: int, used: int, path: tuple[Frame, ...] = SHORT, **more: object) -> Goroutine:
    made = Goroutine(number, "waiting", "chan receive", creator=GO, start=Place("main.worker"), path=path)
    made.stack_lo, made.stack_hi, made.used_bytes = 1 << 20, (1 << 20) + size, used
    for name, value in more.items():
        setattr(made, name, value)
    return made


ALL = [
    goroutine(1, 4096, 500, creator=None, start=Place("runtime.main")),
    goroutine(7, 2048, 400),
    goroutine(8, 8192, 1000, LONG),
    goroutine(9, 65536, 100, LONG),
]


@pytest.mark.parametrize("by", [by for by in BY if by != "frame"])
def test_groups_add_up(by: str) -> None:
    groups = group(ALL, by)
    assert sum(g.goroutines for g in groups) == 4
    assert sum(g.stack_bytes for g in groups) == 4096 + 2048 + 8192 + 65536
    assert sum(g.used_bytes for g in groups) == 2000


def test_by_creator_names_the_statement_and_the_main_goroutine() -> None:
    first, second = group(ALL, "creator")
    assert (first.key, first.goroutines, first.largest, first.example) == ("main.main /src/a.go:28", 3, 65536, 9)
    assert second.key == "(main goroutine)"


def test_by_function_skips_the_runtime() -> None:
    assert [g.key for g in group(ALL, "function")] == ["main.deep /src/a.go:12"]


def test_by_frame_counts_each_frame_and_each_goroutine_once() -> None:
    deep = next(g for g in group(ALL, "frame") if g.key == "main.deep")
    assert (deep.goroutines, deep.stack_bytes, deep.largest) == (4, 296 * 8, 296)


def test_equal_paths_that_are_different_objects_are_one_group() -> None:
    twins = [goroutine(1, 2048, 1, tuple(list(SHORT))), goroutine(2, 2048, 1, tuple(list(SHORT)))]
    assert len(group(twins, "path")) == 1


def test_counted_goroutines() -> None:
    found = group([goroutine(1, 2048, 100, count=50)], "size")
    assert (found[0].goroutines, found[0].stack_bytes, found[0].used_bytes) == (50, 50 * 2048, 5000)


@pytest.mark.parametrize(
    ("size", "used", "status", "once", "end"),
    [
        (2048, 10, "waiting", 2048, 2048),
        (4096, 200, "waiting", 2048, 2048),
        (4096, 300, "waiting", 4096, 4096),  # 300 + 800 is more than a quarter
        (65536, 100, "waiting", 32768, 2048),
        (65536, 100, "syscall", 65536, 65536),
        (65536, 15584, "waiting", 65536, 65536),
        (65536, 15583, "waiting", 32768, 32768),
    ],
)
def test_shrinking_is_the_collectors(size: int, used: int, status: str, once: int, end: int) -> None:
    assert shrunk(size, used, status) == (once, end)


def test_sizes_are_in_order() -> None:
    assert [g.key for g in sizes(ALL)] == ["2 KB", "4 KB", "8 KB", "64 KB"]


def test_size_texts() -> None:
    assert [size_text(n) for n in (0, 999, 2048, 3584, 587 << 20, 3 << 30)] == [
        "0 B", "999 B", "2 KB", "3.5 KB", "587 MB", "3 GB",
    ]  # fmt: skip


def test_a_run_of_one_function_is_written_once() -> None:
    assert path_text(LONG) == "runtime.gopark:474 < main.deep:12 x3 < main.worker:20 < runtime.goexit:1"


def snapshot() -> Snapshot:
    system = goroutine(3, 2048, 100, start=Place("runtime.bgsweep"), system=True)
    return Snapshot("process 1 (x)", [*ALL, system], dead=2, dead_stack_bytes=4096, losses=[Loss("gone", 3)])


def test_json_has_what_it_promises() -> None:
    found = to_json(make_report(snapshot()), each=True)
    assert found["schema"] == "morestack.stacks/1"
    assert (found["goroutines"], found["stack_bytes"], found["used_bytes"]) == (4, 79872, 2000)
    assert found["system_goroutines"]["goroutines"] == 1
    assert found["dead_goroutines"] == {"goroutines": 2, "stack_bytes": 4096}
    assert found["lost"] == [{"reason": "gone", "goroutines": 3}]
    assert {"key", "function", "line", "goroutines", "stack_bytes", "used_bytes"} <= found["groups"][0].keys()
    assert len(found["each"]) == 5
    assert found["each"][1]["path"][2] == {
        "function": "main.worker", "file": "/src/a.go", "line": 20, "frame_bytes": 0, "inlined": True,
    }  # fmt: skip


def test_limit_keeps_the_largest_and_says_how_many_there_are() -> None:
    found = to_json(make_report(snapshot()), limit=1)
    assert (len(found["groups"]), found["groups_total"]) == (1, 2)


def test_stacks_that_are_not_known_are_null_not_zero() -> None:
    found = to_json(make_report(Snapshot("a profile", [Goroutine(None, "unknown", path=SHORT, count=5)])))
    assert (found["goroutines"], found["stack_bytes"], found["used_bytes"]) == (5, None, None)
    assert found["taken"] is None
    for name in ("shrink", "system_goroutines", "dead_goroutines", "thread_stacks"):
        assert set(found[name].values()) == {None}
    assert found["groups"][0]["shrink"] == {"next_collection": None, "in_the_end": None}


def test_only_a_process_is_told_of_stopping() -> None:
    moving = Snapshot("core", [goroutine(1, 2048, 1, approximate=True)])
    assert "--stop" not in warnings(make_report(moving))[0]
    moving.pid = 7
    assert warnings(make_report(moving))[0].endswith("(--stop reads exactly)")


def test_text_is_plain_columns() -> None:
    report = make_report(snapshot())
    lines = plain(report, report.groups, 0)
    assert lines[1] == "4 goroutines: 78 KB of stack, 2.0 KB used (3 %), largest 64 KB"
    assert "note: 3 lost: gone" in lines
    assert any(line.endswith("main.main /src/a.go:28") for line in lines)
