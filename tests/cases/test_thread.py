"""The discipline `thread`: where its stacks end, and where threads do. RLIMIT_STACK is set for each run."""

import resource
from pathlib import Path

import pytest

from tests.forked import Ended, Job, run_jobs

THREAD = {"MORESTACK_DISCIPLINE": "thread"}
RECURSE = """package main

func f(n int) int { return f(n+1) + 1 }

func wait(ready chan int) {
	ready <- 1
	select {}
}

func main() {
	ready := make(chan int)
	for range 20 {
		go wait(ready)
	}
	for range 20 {
		<-ready
	}
	go func() { println(f(0)) }()
	select {}
}
"""
DEEP = """package main

func f(n int) int {
	if n == 0 {
		return 0
	}
	return f(n-1) + 1
}

func main() {
	done := make(chan int)
	for range 3 {
		go func() { done <- f(50_000) }()
	}
	println(<-done+<-done+<-done, f(50_000))
}
"""
MANY = """package main

func main() {
	c := make(chan int)
	for range 1000 {
		go func() { <-c }()
	}
	println("all started")
}
"""


def run(folder: Path, text: str, stack: int) -> Ended[None]:
    (folder / "p.go").write_text(text)
    return next(run_jobs([Job(None, ["run", "p.go"], folder, THREAD, stack=stack)]))


@pytest.mark.parametrize(
    ("stack", "limit"), [(256 << 10, 256 << 10), (10_000_000, 9_998_336), (resource.RLIM_INFINITY, 2 << 20)]
)
def test_a_stack_that_overflows_is_reported(stack: int, limit: int, tmp_path: Path) -> None:
    end = run(tmp_path, RECURSE, stack)
    said = end.stderr.decode()
    assert end.code == 2, said
    first, place, cycle, error, *rest = said.splitlines()
    assert first == f"runtime: goroutine stack exceeds {limit}-byte limit" and place.startswith("runtime: sp=0x")
    assert (cycle, error) == ("runtime: repeating cycle of 1 frame: main.f:3", "fatal error: stack overflow")
    assert rest[1].endswith(" [running]:") and any(line.endswith(" frames elided...") for line in rest)
    assert rest.count("main.wait(...)") == 20, "the others' stacks are still there"


def test_a_stack_of_any_size_is_used_to_its_end(tmp_path: Path) -> None:
    end = run(tmp_path, DEEP, 5 << 20)
    assert (end.code, end.stderr) == (0, b"150000 50000\n")


def test_no_more_threads_is_an_error(tmp_path: Path) -> None:
    end = run(tmp_path, MANY, 16 << 40)  # eight of these fill all addresses there are
    said = end.stderr.decode()
    assert end.code == 2, said
    assert said.startswith("runtime: failed to create new OS thread (have ") and "errno=11)" in said
    assert "runtime: or kernel.pid_max, kernel.threads-max, vm.max_map_count: each goroutine is a thread\n" in said
    assert said.endswith("fatal error: newosproc\n")


def test_ten_thousand_threads_start_and_end(tmp_path: Path) -> None:
    end = run(tmp_path, MANY.replace("1000", "10_000"), 1 << 20)
    assert (end.code, end.stderr) == (0, b"all started\n")
