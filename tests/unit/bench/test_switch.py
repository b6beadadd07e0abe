"""What a switch changes and costs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from morestack.bench.suite.programs import FOLDER
from morestack.bench.switch.command import Costs, cost, greenlets, native_loops, tasks, to_json, to_text
from morestack.bench.switch.record import Registers, Switch, interesting, to_lines
from morestack.observe.events import Place
from morestack.observe.usage import Usage
from tests.forked import run_one


def registers(goid: int, sp: int = 0x17C0) -> Registers:
    return Registers(goid, 0x400010, sp, sp + 16, 0x1000, 0x1800, Place("main.f", "a/p.go", 7), "chan send")


def test_the_switch_shown_is_between_two_that_ran() -> None:
    fresh = Switch(1, registers(1), registers(2, 0x1800))
    back = Switch(2, registers(2), registers(1))
    assert interesting([fresh, back]) is back
    assert interesting([fresh]) is fresh


def test_lines() -> None:
    text = "\n".join(to_lines(Switch(2, registers(2), registers(1))))
    assert "goroutine 2 stops (chan send)" in text and "goroutine 1 goes on" in text
    assert "main.f p.go:7" in text and "64 below the top" in text and "2 KB" in text
    assert registers(1).stack_place(0x1800) == "the top"
    assert registers(1).stack_place(0x1808) == "outside its stack"


def test_costs() -> None:
    runs = [
        {"seconds": 9.0, "system_calls": 30, "voluntary_switches": 99, "involuntary_switches": 9},
        {"seconds": 1.0, "voluntary_switches": 2, "involuntary_switches": 1},
        {"seconds": 3.0, "voluntary_switches": 4, "involuntary_switches": 0},
        {"seconds": 2.0, "voluntary_switches": 3, "involuntary_switches": 5},
    ]
    row = cost("x", 1000, runs)
    assert (row.seconds, row.voluntary, row.involuntary, row.system_calls) == (0.002, 3, 1, 30)
    costs = Costs([row, cost("y", 10, [{"seconds": 1.0}, {"seconds": 1.0}])], ["z: not installed"])
    lines = to_text(Switch(2, registers(2), registers(1)), costs).splitlines()
    assert lines[-3].split() == ["x", "2", "ms", "1.0", "1,000", "4", "30"]
    assert lines[-2].split() == ["y", "100", "ms", "50.0", "10", "-", "-"]
    assert json.loads(to_json(Switch(2, registers(2), registers(1)), costs))["switch"]["stopped"]["goid"] == 2


def test_threads_that_take_turns_are_switched_by_the_kernel() -> None:
    loops = native_loops(0.001)
    calls, getpids = loops["system call (getpid)"]
    usage = Usage(count_syscalls=True)
    with usage:
        getpids()
    assert usage.numbers.get("system_calls", calls) >= calls
    turns, take = loops["kernel thread switch (futex)"]
    with usage:
        take()
    assert usage.numbers["voluntary_switches"] >= turns // 2


def test_python_loops_end() -> None:
    tasks(10)
    pytest.importorskip("greenlet")
    greenlets(10)


@pytest.mark.slow
def test_a_real_switch() -> None:
    code = "from morestack.bench.switch.record import record\nimport json, sys, dataclasses\n"
    code += "json.dump([dataclasses.asdict(s) for s in record(sys.argv[1:])], sys.stdout)"
    end = subprocess.run([sys.executable, "-c", code, FOLDER / "switch.go"], capture_output=True, text=True)
    switches = json.loads(end.stdout)
    assert len(switches) > 10
    names = {s[side]["place"][0] for s in switches for side in ("stopped", "goes_on")}
    assert {"main.main", "main.echo"} <= names
    for s in switches:
        for r in (s["stopped"], s["goes_on"]):
            assert r["lo"] <= r["sp"] <= r["hi"]
        assert s["stopped"]["goid"] != s["goes_on"]["goid"]


@pytest.mark.slow
def test_a_program_without_switches(tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text("package main\n\nfunc main() { println(1) }\n")
    end = run_one(["switch", "p.go"], tmp_path)
    assert end.code == 1
    assert b"never switched from one goroutine to another" in end.stderr
