"""Calls found in code, what go statements start, and the stack that direct calls need."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from morestack.binary import amd64, open_binary
from morestack.binary.depth import Depths
from morestack.binary.frames import Frames
from morestack.binary.graph import CallGraph, call_graph
from morestack.binary.pclntab import ASSEMBLY
from morestack.binary.sites import CALL, Sites
from tests.unit.binary.conftest import Builder


def test_sites_are_those_that_iced_finds_one_by_one(plain: Path) -> None:
    binary = open_binary(plain)
    entries = np.array(binary.pclntab.entries, np.int64)
    text = binary.image.view(binary.text_start, binary.text_end - binary.text_start)
    found = amd64.find_sites(text, binary.text_start, entries[:-1], entries[1:])
    each = [amd64._decode(binary.read(f.entry, f.end - f.entry), f.entry) for f in binary.pclntab.functions]
    one_by_one = Sites.of(each)
    assert np.array_equal(found.place, one_by_one.place)
    assert np.array_equal(found.kind, one_by_one.kind)
    assert np.array_equal(found.target, one_by_one.target)
    assert (found.kind == CALL).sum() > 10_000


def test_compiled_functions_call_with_their_whole_frame(plain: Path) -> None:
    binary = open_binary(plain)
    tab = binary.pclntab
    for function in tab.functions:
        if function.flags & ASSEMBLY:
            continue
        places, kinds, targets = amd64._decode(
            binary.read(function.entry, function.end - function.entry), function.entry
        )
        for place, kind, target in zip(places.tolist(), kinds.tolist(), targets.tolist(), strict=True):
            called = tab.find(target)
            if kind == CALL and called is not None and "morestack" not in called.name:
                assert function.sp_delta(place) == function.frame_bytes, (function.name, hex(place))


def graph(count: int, edges: list[tuple[int, int, int]], splits: list[int]) -> CallGraph:
    """A graph of so many functions."""
    edges = sorted(edges)
    first = [sum(edge[0] < index for edge in edges) for index in range(count + 1)]
    none = np.zeros(0, np.int64)
    checks = np.array([index in splits for index in range(count)])
    return CallGraph(
        np.array(first, np.int64),
        np.array([edge[1] for edge in edges], np.int64),
        np.array([edge[2] for edge in edges], np.int64),
        checks,
        none,
        none,
        none,
    )


class Table:
    """As much of a function table as depths are made from."""

    def __init__(self, frames: list[int]) -> None:
        self.frame_bytes = np.array(frames, np.int64)


def depths(frames: list[int], edges: list[tuple[int, int, int]], root: int = 0) -> Depths:
    return Depths(Table(frames), graph(len(frames), edges, list(range(len(frames)))), [root])  # type: ignore[arg-type]


def test_the_deepest_path_wins() -> None:
    found = depths([100, 500, 40, 300], [(0, 1, 108), (0, 2, 108), (2, 3, 900)])
    assert found.known[0] == 108 + 900 + 300
    assert [(step.index, step.used) for step in found.path(0, 40)] == [(0, 40), (2, 148), (3, 1048)]
    assert not found.recursive


def test_a_recursion_counts_once_and_is_told() -> None:
    found = depths([10, 20, 30, 1000], [(0, 1, 18), (1, 2, 28), (2, 1, 38), (2, 3, 38)])
    assert found.known[0] == 18 + 28 + 38 + 1000
    assert found.recursive == {0, 1, 2}
    assert found.cycle(found.component[1], 1) == [1, 2]


def test_a_function_that_calls_itself() -> None:
    found = depths([10], [(0, 0, 18)])
    assert found.known[0] == 10
    assert found.cycle(found.component[0], 0) == [0]


def test_the_stack_doubles_until_the_frame_fits() -> None:
    assert depths([100], []).stack_size(0, 40) == 2048
    assert depths([5000], []).stack_size(0, 40) == 8192
    assert depths([1207], []).stack_size(0, 40) == 2048  # 40 + 1207 - 128 + 928 is below 2048
    assert depths([1208], []).stack_size(0, 40) == 4096


def test_what_go_statements_start(plain: Path) -> None:
    rows = {row.line: row for row in Frames(open_binary(plain)).statements() if row.function == "main.main"}
    text = (plain.parent / "main.go").read_text().splitlines()
    by_source = {text[line - 1].strip(): row for line, row in rows.items() if not row.is_main}
    starts = {source: row.start for source, row in by_source.items()}
    assert starts == {
        "go worker(ch, &wg)": "main.main.gowrap1",
        "go func() {": "main.main.func1",
        "go plain()": "main.plain",
        "go f()": None,
    }
    assert [step.name for step in by_source["go worker(ch, &wg)"].path][:3] == [
        "main.main.gowrap1",
        "main.worker",
        "main.deep",
    ]
    assert by_source["go func() {"].recursion == ("main.recurse",)
    assert by_source["go plain()"].bounded


@pytest.mark.slow
def test_what_go_statements_start_on_arm64(builder: Builder) -> None:
    rows = Frames(open_binary(builder.build("arm64", GOARCH="arm64"))).statements()
    starts = {row.start for row in rows if row.function == "main.main" and not row.is_main}
    assert starts == {"main.main.gowrap1", "main.main.func1", "main.plain", None}


def test_the_graph_knows_which_functions_check_their_stack(plain: Path) -> None:
    binary = open_binary(plain)
    found = call_graph(binary)
    tab = binary.pclntab
    names = {name: bool(found.splits[tab.by_name[name][0]]) for name in ("main.deep", "main.leaf", "runtime.futex")}
    assert names == {"main.deep": True, "main.leaf": False, "runtime.futex": False}


PARKED = """package main

import (
	"fmt"
	"runtime"
)

type block struct{ buf [%d]byte }

var held = make(chan int)

//go:noinline
func touch(b *block) { b.buf[0]++ }

//go:noinline
func deep() { var b block; touch(&b) }

//go:noinline
func hold(ready chan int) { deep(); ready <- 1; <-held }

func main() {
	const count = 2000
	ready := make(chan int, count)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < count; i++ {
		go hold(ready)
	}
	for i := 0; i < count; i++ {
		<-ready
	}
	runtime.ReadMemStats(&after)
	fmt.Println((after.StackInuse - before.StackInuse) / count)
}
"""


@pytest.mark.parametrize(("size", "stack"), [(1000, 2048), (1200, 4096), (3000, 4096), (3300, 8192), (20000, 32768)])
def test_stack_sizes_are_those_of_parked_goroutines(tmp_path: Path, size: int, stack: int) -> None:
    build = Builder(tmp_path)
    (tmp_path / "main.go").write_text(PARKED % size)
    path = build.build("parked")
    measured = int(subprocess.run([path], check=True, capture_output=True, text=True).stdout)
    (row,) = [row for row in Frames(open_binary(path)).statements("main.main") if not row.is_main]
    assert row.own_stack_size == stack <= row.worst_stack_size
    assert stack * 0.97 < measured < stack * 1.1
