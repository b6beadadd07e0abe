"""A short form of `tests.real`: a program built by the suite's Go, live and as a core, beside its own dumps."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from morestack.process.errors import ProcessError
from morestack.process.program import open_core, open_process
from morestack.process.report import make_report, to_json
from morestack.process.snapshot import snapshot
from tests.real.make_core import write_core
from tests.real.mutate_cores import run
from tests.real.process import PROGRAM, check, compare, parked, wrappers
from tests.real.toolchains import build, suite

GO = suite()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(GO is None, reason="no Go: install the extra `std`")]


@pytest.fixture(scope="module", params=["plain", "stripped"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert GO is not None
    flags = ("-ldflags=-s -w",) if request.param == "stripped" else ()
    return build(GO, PROGRAM, tmp_path_factory.mktemp(request.param) / "parked", *flags)


def test_live_beside_the_programs_own_dumps(program: Path) -> None:
    result = check(program, 200)
    assert result.differences == []
    assert result.frames > 5000
    assert result.sizes > 3000


def test_stopped_running_goroutines_are_exact(program: Path) -> None:
    with parked(program, 20, spinners=2) as running:
        ready = open_process(running.process.pid)
        found = snapshot(ready, stop=True)
        spinning = [g for g in found.goroutines if g.start is not None and g.start.function == "main.spins"]
        assert len(spinning) == 2
        assert not any(g.approximate for g in found.goroutines)
        for g in spinning:
            assert [f.function for f in g.path if not f.function.startswith("runtime.")][:1] == ["main.spins"]
            assert not g.incomplete
        assert found.exact
        assert running.process.poll() is None
        loose = snapshot(ready)
        assert loose.approximate <= 2 + 1
        ready.close()


def test_a_core_says_what_the_live_process_says(program: Path, tmp_path: Path) -> None:
    core = tmp_path / "core"
    with parked(program, 50) as running:
        write_core(running.process.pid, core)
        ready = open_core(core, program)
        found = to_json(make_report(snapshot(ready)), each=True)
        assert compare(found, running, wrappers(ready.code)).differences == []


def test_mutants_of_a_core_end_in_a_result_or_one_clear_error(program: Path, tmp_path: Path) -> None:
    core = tmp_path / "core"
    with parked(program, 20, env={"GOMAXPROCS": "1"}) as running:
        write_core(running.process.pid, core)
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    outcome = run(core, program, 40, seed)
    assert outcome.failures == []
    assert outcome.read + outcome.refused == 40
    assert outcome.slowest < 5


def test_another_binary_is_refused(program: Path, tmp_path: Path) -> None:
    assert GO is not None
    source = tmp_path / "main.go"
    source.write_text("package main\n\nfunc main() { select {} }\n")
    other = build(GO, source, tmp_path / "other")
    core = tmp_path / "core"
    with parked(program, 5) as running:
        with pytest.raises(ProcessError, match="is not the binary that runs"):
            open_process(running.process.pid, other)
        write_core(running.process.pid, core)
    with pytest.raises(ProcessError, match=r"not the binary that runs there|not loaded where it should be"):
        open_core(core, other)


def test_the_commands(program: Path) -> None:
    def morestack(*args: str) -> str:
        command = [sys.executable, "-m", "morestack", *args]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=True)
        return done.stdout

    with parked(program, 100) as running:
        pid = str(running.process.pid)
        found = json.loads(morestack("stacks", pid, "--json"))
        assert found["goroutines"] == running.truth()["goroutines"]
        assert sum(g["stack_bytes"] for g in found["groups"]) == found["stack_bytes"]
        assert "main.worker" in morestack("stacks", pid, "--by", "start")
        lines = morestack("top", pid, "--count", "2", "--interval", "0.1", "--json").splitlines()
        assert [json.loads(line)["goroutines"] for line in lines] == [found["goroutines"]] * 2
        assert "a second:" in morestack("top", pid, "--once")


@pytest.fixture
def ended(program: Path) -> Iterator[object]:
    with parked(program, 5) as running:
        ready = open_process(running.process.pid)
        running.process.kill()
        running.process.wait()
        yield ready
        ready.close()


def test_a_process_that_ends_is_a_clear_error(ended: object) -> None:
    with pytest.raises(ProcessError, match="ended"):
        snapshot(ended)  # type: ignore[arg-type]
