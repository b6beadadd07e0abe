"""What a program prints when it dies depends on $GOTRACEBACK; SIGQUIT shows all goroutines. Texts are Go's."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import run_one

PANIC = """package main

import "runtime"

func wait(c chan int) { <-c }

func main() {
	c := make(chan int)
	go wait(c)
	runtime.Gosched()
	panic("x")
}
"""
ME = """
goroutine 1 [running]:
main.main()
	main.go:11
"""
OTHER = """
goroutine 2 [chan receive]:
main.wait(...)
	main.go:5
created by main.main in goroutine 1
	main.go:9
"""
FATAL = "fatal error: all goroutines are asleep - deadlock!\n"

LOOP = """package main

func wait(c chan int) { <-c }

func main() {
	go wait(make(chan int))
	println("ready")
	for n := 27; n != 0; {
		n = next(n)
	}
}

func next(n int) int {
	defer func() {}()
	return n + 1
}
"""
PARKED = """package main

import "time"

func wait(c chan int) { <-c }

func main() {
	go wait(make(chan int))
	time.Sleep(time.Millisecond)
	println("ready")
	time.Sleep(time.Hour)
}
"""


@pytest.mark.parametrize(
    ("level", "want"),
    [("", ME), ("single", ME), ("all", ME + OTHER), ("1", ME + OTHER), ("none", ""), ("0", ""), ("other", "")],
)
def test_a_panic(level: str, want: str, tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(PANIC)
    end = run_one(["run", "main.go"], tmp_path, {"GOTRACEBACK": level})
    assert (end.code, end.stderr.decode()) == (2, "panic: x\n" + want)


def test_system_shows_the_runtimes_frames(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(PANIC)
    text = run_one(["run", "main.go"], tmp_path, {"GOTRACEBACK": "system"}).stderr.decode()
    assert "main.main()\n\tmain.go:11\nruntime.main()\n\t" in text and "\nmain.main.gowrap1()\n" in text


@pytest.mark.parametrize("failure", ['panic("x")', "<-c", "syscall.Exit(2)"])
def test_crash_ends_by_sigabrt(failure: str, tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(
        f'package main\n\nimport "syscall"\n\nfunc main() {{\n\tc := make(chan int, syscall.O_EXCL)\n\t{failure}\n'
        "\tc <- 1\n}\n"
    )
    end = run_one(["run", "main.go"], tmp_path, {"GOTRACEBACK": "crash"})
    assert end.code == (2 if "Exit" in failure else -signal.SIGABRT), end.stderr
    assert (b"\nruntime.main()\n" in end.stderr) == ("Exit" not in failure)


def test_a_deadlock_shows_all_unless_none(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(PANIC.replace('panic("x")', "c = nil\n\t<-c"))
    mine = ME.replace("running", "chan receive (nil chan)").replace("11", "12")
    for level, want in (("", mine + OTHER), ("none", "")):
        end = run_one(["run", "main.go"], tmp_path, {"GOTRACEBACK": level})
        assert (end.code, end.stderr.decode()) == (2, FATAL + want)


def interrupted(program: str, folder: Path) -> str:
    """What a program prints after SIGQUIT came when it was ready."""
    (folder / "main.go").write_text(program)
    source = Path(__file__).parent.parent.parent / "src"
    argv = [sys.executable, "-m", "morestack", "run", "main.go"]
    env = {**os.environ, "PYTHONPATH": str(source)}
    process = subprocess.Popen(argv, cwd=folder, env=env, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None and process.stderr.readline() == "ready\n"
    process.send_signal(signal.SIGQUIT)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 2, text
    assert text.startswith("SIGQUIT: quit\nPC=0x")
    return text


@pytest.mark.slow
def test_sigquit_in_a_loop(tmp_path: Path) -> None:
    text = interrupted(LOOP, tmp_path)
    # Its time slice may just have been used.
    assert re.search(r"sigcode=0\n\ngoroutine 1 \[(running|runnable)\]:\nmain\.", text), text
    assert "\ngoroutine 2 [" in text and "created by main.main in goroutine 1\n\tmain.go:6\n" in text


@pytest.mark.slow
def test_sigquit_with_all_parked(tmp_path: Path) -> None:
    text = interrupted(PARKED, tmp_path)
    assert "\ngoroutine 1 [sleep]:\n" in text
    assert "\ngoroutine 2 [chan receive]:\nmain.wait(...)\n\tmain.go:5\ncreated by main.main in goroutine 1\n" in text
