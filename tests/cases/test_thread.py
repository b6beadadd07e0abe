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
SPAWN = """package main

import "syscall"

// threads is how many the process has.
func threads() int {
	buf := make([]byte, 4096)
	fd, err := syscall.Open("/proc/self/status", 0, 0)
	if err != nil {
		return -1
	}
	n, _ := syscall.Read(fd, buf)
	syscall.Close(fd)
	const name = "Threads:\\t"
	for i := range n - len(name) {
		if string(buf[i:i+len(name)]) == name {
			count := 0
			for _, c := range buf[i+len(name) : n] {
				if c < '0' || c > '9' {
					return count
				}
				count = count*10 + int(c-'0')
			}
		}
	}
	return -1
}

func main() {
	done := make(chan int)
	sum, most := 0, 0
	for i := range 5000 {
		go func() { done <- i & 1 }()
		sum += <-done
		if i%50 == 0 {
			most = max(most, threads())
		}
	}
	println(sum, most)
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
    end = run(tmp_path, MANY, 16 << 40)  # the system does not give many of these, if any
    said = end.stderr.decode()
    assert end.code == 2, said
    assert said.startswith("runtime: failed to create new OS thread (have ") and "errno=11)" in said
    assert "runtime: or kernel.pid_max, kernel.threads-max, vm.max_map_count: each goroutine is a thread\n" in said
    assert said.endswith("fatal error: newosproc\n")


def test_threads_end_as_fast_as_they_start(tmp_path: Path) -> None:
    end = run(tmp_path, SPAWN, 8 << 20)
    total, most = map(int, end.stderr.split())
    assert (end.code, total) == (0, 2500) and 3 < most < 30


def test_ten_thousand_threads_start_and_end(tmp_path: Path) -> None:
    end = run(tmp_path, MANY.replace("1000", "10_000"), 1 << 20)
    assert (end.code, end.stderr) == (0, b"all started\n")
