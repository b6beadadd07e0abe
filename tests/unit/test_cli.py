"""The command line: bad input gives one clear error each, programs' exit codes pass through, Ctrl-C ends with 130."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.forked import Ended, Job, run_jobs, run_one

MAIN = "package main\n\n"
EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def run(folder: Path, text: str | bytes, *options: str, command: str = "run") -> Ended[None]:
    """Run a program given as text."""
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "p.go").write_bytes(data)
    return run_one([command, *options, "p.go"], folder)


BAD = {
    "syntax": (MAIN + "func main() { x := }\n", "p.go:3:20: syntax error"),
    "two syntax errors": (MAIN + "func f( { }\n\nfunc main() { for { \n", "p.go:3:9: syntax error"),
    "undefined": (MAIN + "func main() { x() }\n", "p.go:3:15: undefined: x"),
    "mismatch": (
        MAIN + 'func main() { var x int = "a"; _ = x }\n',
        'p.go:3:27: cannot use "a" (untyped string constant)',
    ),
    "unused": (MAIN + "func main() { x := 1 }\n", "p.go:3:15: declared and not used: x"),
    "missing return": (MAIN + "func f() int { }\nfunc main() { f() }\n", "p.go:3:16: missing return"),
    "import": (MAIN + 'import "fmt"\n\nfunc main() { fmt.Println() }\n', "p.go:3:8: "),
    "huge literal": (MAIN + "var x = " + "9" * 100_000 + "\nfunc main() {}\n", "p.go:3:9: "),
    "huge shift": (MAIN + "var x = 1 << 1000000000\nfunc main() {}\n", "p.go:3:14: "),
    "huge exponent": (MAIN + "var x = 1e1000000000\nfunc main() { println(x) }\n", "p.go:3:9: "),
    "no main": (MAIN + "func f() {}\n", "function main is undeclared in the main package"),
    "empty": ("", "p.go:1:1: syntax error: package statement must be first"),
    "not Go": ("#include <stdio.h>\nint main(void) { return 0; }\n", "p.go:1:1: "),
    "binary": (bytes(range(256)) * 8, "p.go:1:1: "),
    "invalid UTF-8": (b'package main\n\nfunc main() { println("\xff\xfe") }\n', "p.go:3:24: invalid UTF-8 encoding"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_programs(name: str, tmp_path: Path) -> None:
    text, expected = BAD[name]
    end = run(tmp_path, text)
    shown = end.stderr.decode(errors="replace")
    assert end.code == 1, shown
    assert expected in shown
    assert "Traceback" not in shown and "internal error" not in shown
    assert end.stdout == b""


@pytest.mark.parametrize("depth", [1_000, 10_000, 100_000])
def test_deep_nesting_is_no_crash(depth: int, tmp_path: Path) -> None:
    end = run(tmp_path, f"{MAIN}func main() {{ println({'(' * depth}1{')' * depth}) }}\n")
    shown = end.stderr.decode()
    assert (end.code, shown) == (0, "1\n") or (end.code == 1 and shown.startswith("p.go:3:")), shown[-300:]


def test_files(tmp_path: Path) -> None:
    for arguments, expected in (
        (["missing.go"], "open missing.go: no such file or directory\n"),
        (["."], "no Go files in "),
        (["x.txt"], "x.txt"),
    ):
        end = run_one(["run", *arguments], tmp_path)
        assert end.code == 1
        assert expected in end.stderr.decode()
        assert "Traceback" not in end.stderr.decode()


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(MAIN)
    (tmp_path / "p.go").chmod(0)
    end = run_one(["run", "p.go"], tmp_path)
    assert (end.code, end.stderr) == (1, b"open p.go: permission denied\n")


def test_a_folder_is_a_program(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text(MAIN + "func main() { println(two()) }\n")
    (tmp_path / "b.go").write_text(MAIN + "func two() int { return 2 }\n")
    end = run_one(["run", "."], tmp_path)
    assert (end.code, end.stderr) == (0, b"2\n")


def test_report_as_json() -> None:
    end = run_one(["run", "--stacks", "--json", "tree.go"], EXAMPLES)
    first, _, rest = end.stderr.decode().partition("\n")
    assert first == "total 50666"
    report = json.loads(rest)
    assert report["goroutines_started"] == 6
    assert report["growths"] == sum(c["count"] for c in report["changes"] if c["kind"] == "grow")
    assert report["growths"] > 5
    assert report["largest_stack"] >= 1 << 20
    assert report["bytes_copied"] == sum(c["copied"] for c in report["changes"])
    assert sum(report["stacks_by_size"].values()) == sum(report["stacks_by_source"].values())


def test_report_of_switches(tmp_path: Path) -> None:
    text = """package main

import "syscall"

func main() {
	ping := make(chan int)
	go func() {
		for range 10_000 {
			ping <- 1
		}
		close(ping)
	}()
	for range ping {
	}
	for range 100 {
		syscall.Syscall(syscall.SYS_GETPID, 0, 0, 0)
	}
}
"""
    (tmp_path / "p.go").write_text(text)
    end = run_one(["run", "--stacks", "--json", "p.go"], tmp_path, {"GOMAXPROCS": "1"})
    done = json.loads(end.stderr)["switching"]
    assert done["goroutine_switches"] >= done["parks"] >= 10_000
    assert 100 <= done["system_calls"] < 200
    assert done["threads_created"] >= 1
    assert done["voluntary_context_switches"] < done["goroutine_switches"]  # the kernel has no part in them
    as_text = run_one(["run", "--stacks", "p.go"], tmp_path).stderr.decode()
    assert "goroutine switches" in as_text and "times to wait" in as_text


def test_report_as_text() -> None:
    end = run_one(["run", "--stacks", "tree.go"], EXAMPLES)
    text = end.stderr.decode()
    assert "main.(*tree).sum" in text and "tree.go:20" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("stage", ["ast", "types", "escape", "ir", "opt", "llvm", "asm"])
def test_show(stage: str) -> None:
    whole = run_one(["show", "--stage", stage, "fib.go"], EXAMPLES)
    assert whole.code == 0, whole.stderr
    assert whole.stdout.count(b"\n") >= 1 or stage == "escape"
    if stage != "escape":
        one = run_one(["show", "--stage", stage, "--func", "main.fib", "fib.go"], EXAMPLES)
        assert one.code == 0, one.stderr
        assert 0 < len(one.stdout) < len(whole.stdout)
        unknown = run_one(["show", "--stage", stage, "--func", "main.nothing", "fib.go"], EXAMPLES)
        assert unknown.code == 1 and b"no function main.nothing" in unknown.stderr


def test_show_after_one_pass() -> None:
    show = ["show", "--stage", "opt", "--func", "main.fib", "fib.go"]
    assert b"tailcall" in run_one(show, EXAMPLES).stdout
    early = run_one([*show, "--pass", "find_leaves"], EXAMPLES)
    assert b"call[@main.fib]" in early.stdout and b"tailcall" not in early.stdout
    unknown = run_one([*show, "--pass", "nothing"], EXAMPLES)
    assert unknown.code == 1 and b"the passes are drop_nilchecks, find_leaves" in unknown.stderr
    wrong = run_one(["show", "--stage", "ir", "--pass", "find_leaves", "fib.go"], EXAMPLES)
    assert wrong.code == 2 and b"--pass goes with --stage opt" in wrong.stderr


def test_show_names_the_function_that_was_meant() -> None:
    for short, name in (("sum", b"main.(*tree).sum"), ("tree.sum", b"main.(*tree).sum"), ("build", b"main.build")):
        end = run_one(["show", "--stage", "ir", "--func", short, "tree.go"], EXAMPLES)
        assert end.code == 1 and end.stderr.endswith(b"such as " + name + b"\n"), end.stderr


def test_unknown_stress_mode() -> None:
    end = run_one(["run", "fib.go"], EXAMPLES, {"STRESS": "movestack,shake"})
    assert end.code == 1 and b"no stress mode shake" in end.stderr


def test_python_runtime() -> None:
    end = run_one(["run", "--runtime=python", "--stacks", "escape.go"], EXAMPLES)
    assert end.code == 0, end.stderr
    assert end.stderr.startswith(b"3 3 6 8\n")


@pytest.mark.slow
def test_options_that_need_others() -> None:
    for option, other in (("--json", "--stacks"), ("--count-syscalls", "--stats")):
        end = run_one(["run", option, "fib.go"], EXAMPLES)
        assert end.code == 2 and f"{option} goes with {other}".encode() in end.stderr


def test_break() -> None:
    argv = ["run", "--break", "shrinkstack", "shrink.go"]
    job = Job(None, argv, EXAMPLES, typed=b"p g.at.stack_hi - g.at.stack_lo\nbreak copystack\ncontinue\nup\nquit\n")
    end = next(run_jobs([job]))
    shown = end.stdout.decode()
    assert "shrinkstack()" in shown and "(Pdb) 32768" in shown and "copystack()" in shown, shown
    assert end.code == 1 and end.stderr == b"4000\n"
    end = run_one(["run", "--break", "nosuch", "fib.go"], EXAMPLES)
    assert end.code == 1 and b"--break nosuch: the runtime has no function of that name" in end.stderr


def test_interrupt(tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(MAIN + "func main() { println(1); for { f() } }\n\nfunc f() { x++ }\n\nvar x int\n")
    command = [sys.executable, "-m", "morestack", "run", "p.go"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"1\n"
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=10)
        elapsed = time.monotonic() - started
        assert process.stderr.read() == b""
    assert code == 130
    print(f"ended {elapsed * 1000:.0f} ms after the signal")


def test_stats_are_flat_numbers(tmp_path: Path) -> None:
    end = run_one(["run", "--stats", str(tmp_path / "s.json"), "tree.go"], EXAMPLES)
    assert (end.code, end.stderr) == (0, b"total 50666\n")
    numbers = json.loads((tmp_path / "s.json").read_text())
    assert all(isinstance(n, int | float) for n in numbers.values())
    assert numbers["grows"] > 5 and numbers["goroutines"] == 6 and numbers["exit_code"] == 0
    assert numbers["seconds"] > 0 and numbers["minor_faults"] > 0


def test_starting_stack(tmp_path: Path) -> None:
    stats = str(tmp_path / "s.json")
    for size, code, grows in (("1048576", 0, 0), ("1000000", 1, None), ("1024", 1, None), ("x", 1, None)):
        end = run_one(["run", "--stats", stats, "tree.go"], EXAMPLES, {"MORESTACK_INITIAL": size})
        assert end.code == code, end.stderr
        if grows is not None:
            assert json.loads(Path(stats).read_text())["grows"] == grows
        else:
            assert end.stderr.decode().startswith(f"MORESTACK_INITIAL={size}: not a power of two")


@pytest.mark.slow
def test_compare(tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    end = run_one(["compare", "--repeat=1", "--html", str(page), "tree.go"], EXAMPLES, limit=300)
    assert end.code == 0, end.stderr
    text = end.stdout.decode()
    assert "contiguous" in text.splitlines()[0] and "growths" in text and "\x1b" not in text
    assert page.read_text().startswith("<!doctype html>")
    end = run_one(["compare", "--repeat=1", "--json", CONTIGUOUS, "tree.go"], EXAMPLES, limit=300)
    (result,) = json.loads(end.stdout)["results"]
    assert result["name"] == "contiguous" and result["numbers"]["grows"]["median"] > 5


@pytest.mark.slow
def test_compare_sweep(tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(MAIN + "const depth = 1\n\nfunc main() { println(f(depth)) }\n" + RECURSE)
    end = run_one(["compare", "--repeat=1", "--json", CONTIGUOUS, "--sweep=depth=1,1000", "p.go"], tmp_path, limit=300)
    assert end.code == 0, end.stderr
    points = json.loads(end.stdout)["points"]
    grows = [p["numbers"]["grows"]["median"] for p in points if p["name"] == "contiguous"]
    assert grows[0] == 0 < grows[1]
    end = run_one(["compare", "--repeat=1", "--sweep=initial=2048..4096", "p.go"], tmp_path, limit=300)
    assert end.code == 0, end.stderr
    assert "\n4,096 " in end.stdout.decode()
    for sweep, message in (("breadth=1..2", "declares no constant breadth"), ("depth", "write NAME=LOW..HIGH")):
        end = run_one(["compare", "--sweep", sweep, "p.go"], tmp_path)
        assert end.code == 1 and message in end.stderr.decode()


@pytest.mark.slow
def test_bench(tmp_path: Path) -> None:
    page = tmp_path / "bench.md"
    end = run_one(["bench", "--quick", "--json", "--markdown", str(page), "--own", "nqueens"], EXAMPLES, limit=300)
    assert end.code == 0, end.stderr
    (program,) = json.loads(end.stdout)["programs"]
    assert program["name"] == "nqueens" and program["results"][0]["numbers"]["cpu_seconds"]["median"] > 0
    assert page.read_text().startswith("# Stack disciplines")
    end = run_one(["bench", "nothing"], EXAMPLES)
    assert end.code == 1 and b"no benchmark nothing; there are: ack, " in end.stderr


CONTIGUOUS = "--discipline=contiguous"
RECURSE = "\nfunc f(n int) int {\n\tif n == 0 {\n\t\treturn 0\n\t}\n\treturn f(n-1) + n\n}\n"
