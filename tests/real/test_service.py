"""What is said of a program built by Go's own compiler holds: beside its crash dumps, its stacks and pprof."""

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from morestack.process.model import Snapshot
from morestack.process.target import open_source
from morestack.profile.advise import advise
from morestack.profile.allocator import simulate, steps
from morestack.profile.errors import ProfileError
from morestack.profile.formats import FORMATS
from morestack.profile.growth import Growth, growth
from morestack.profile.paths import of_growth, of_snapshot
from morestack.profile.read import open_sizer, parse, read, read_cpu
from morestack.profile.sizes import Sizer
from morestack.profile.sources import changeable
from tests.real.service import find_go, service


@pytest.fixture(scope="module")
def folder() -> Path:
    return service()


@pytest.fixture(scope="module")
def sizer(folder: Path) -> Sizer:
    found = open_sizer(str(folder / "service"))
    assert found is not None
    return found


def goroutines(path: Path, sizer: Sizer | None) -> Snapshot:
    found = read(str(path), sizer=sizer)
    assert isinstance(found, Snapshot)
    return found


@pytest.fixture(scope="module")
def grown(folder: Path, sizer: Sizer) -> Growth:
    return growth(read_cpu(str(folder / "cpu.pb.gz"), sizer), sizer.full)


@pytest.fixture(scope="module")
def dump(folder: Path) -> bytes:
    """What SIGQUIT makes the program print: with GOTRACEBACK=crash, all frames with fp, sp and pc."""
    env = {**os.environ, "GOTRACEBACK": "crash"}
    command = ["./service", "-seconds", "100", "-idle", "300"]
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE) as running:
        time.sleep(0.5)
        running.send_signal(signal.SIGQUIT)
        return running.communicate(timeout=60)[1]


@pytest.mark.slow
def test_frames_are_those_that_a_crash_dump_prints(dump: bytes, sizer: Sizer) -> None:
    found = parse(dump, "dump")
    assert isinstance(found, Snapshot)
    sizer.calibrate([])
    compared = 0
    for g in found.goroutines:
        for i, frame in enumerate(g.path):
            if frame.inlined or not frame.pc or frame.function.startswith("runtime."):
                continue
            here = sizer.frames(frame.pc - (i > 0), frame.pc)
            assert (here[-1].function, here[-1].frame_bytes) == (frame.function, frame.frame_bytes), frame
            compared += 1
    assert compared > 300
    assert sum(g.start is not None and g.start.function == "main.main.gowrap1" for g in found.goroutines) == 300


@pytest.mark.slow
def test_simulated_stacks_are_those_of_the_running_program(folder: Path, sizer: Sizer) -> None:
    command = ["./service", "-seconds", "100", "-idle", "2000"]
    with subprocess.Popen(command, cwd=folder) as running:
        try:
            time.sleep(0.5)
            source = open_source(str(running.pid))
            found = source.snapshot(True)
            source.close()
        finally:
            running.kill()
    idle = served = 0
    for g in found.goroutines:
        path = steps(g.path)
        assert path is not None and g.stack_bytes is not None
        size = simulate(path).size
        assert size <= g.stack_bytes  # it may have been deeper than it is now
        functions = {f.function for f in g.path}
        if "main.idleConnection" in functions:
            idle += size == g.stack_bytes
        elif "main.items" in functions:
            served += size == g.stack_bytes == 16384
    assert idle == 2000 and served > 0


@pytest.mark.slow
def test_growing_is_blamed_on_the_right_functions(grown: Growth) -> None:
    assert 0.05 < grown.share(grown.time) < 0.8
    callers = list(grown.callers)
    assert set(callers[:2]) == {"main.items", "main.logged.func1"}
    assert next(iter(grown.statements)).startswith("main.(*server).accept server.go:")
    sizes = {(e.function, e.old, e.new) for e in grown.events if e.path[-1].function.endswith("accept.gowrap1")}
    assert {("main.items", 4096, 16384), ("main.logged.func1", 2048, 4096)} <= sizes


@pytest.mark.slow
def test_advice_comes_true(folder: Path, sizer: Sizer, grown: Growth) -> None:
    snapshot = goroutines(folder / "goroutines.pb.gz", sizer)
    found = advise([snapshot], [grown], sizer.full, changeable(sizer.binary))
    pool = next(a for a in found.advice if a.kind == "pool")
    assert found.advice[0] is pool and pool.time_share > 0.9 * found.time_share
    frame = next((a for a in found.advice if a.function == "main.items"), None)
    assert frame is None or frame.time_share < 0.02  # growing comes back in strconv: it was tried
    fixed = growth(read_cpu(str(folder / "pool-cpu.pb.gz"), sizer), sizer.full)
    assert fixed.share(fixed.time) < 0.02


@pytest.mark.slow
def test_all_forms_of_a_profile_agree(folder: Path, sizer: Sizer) -> None:
    listening = ["./service", "-seconds", "0.2", "-idle", "200", "-clients", "0", "-listen", "127.0.0.1:0"]
    listening[-1] = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(listening, cwd=folder) as running:
        try:
            time.sleep(1.0)
            url = f"http://{listening[-1]}/debug/pprof/goroutine?debug="
            found = {n: read(url + n, sizer=sizer) for n in ("0", "1", "2")}
        finally:
            running.kill()
    idle = {}
    for n, snapshot in found.items():
        assert isinstance(snapshot, Snapshot) and 203 <= snapshot.count <= 206
        at = [g for g in snapshot.goroutines if any(f.function == "main.idleConnection" for f in g.path)]
        assert sum(g.count for g in at) == 200
        idle[n] = at[0]
    functions = [(f.function, f.frame_bytes) for f in idle["0"].path]
    assert functions == [(f.function, f.frame_bytes) for f in idle["1"].path]
    assert (functions[-1], idle["0"].used_bytes) == (("main.main.gowrap1", 32), 256)
    assert idle["2"].creator is not None and idle["2"].creator.function == "main.main"
    assert [(f.function, f.frame_bytes) for f in idle["2"].path] == functions[-2:]


def free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.mark.slow
def test_go_tool_pprof_opens_what_is_written(folder: Path, sizer: Sizer, grown: Growth, tmp_path: Path) -> None:
    stacks = of_snapshot(goroutines(folder / "goroutines.pb.gz", sizer))
    for name, paths in (("stacks", stacks), ("growth", of_growth(grown))):
        file = tmp_path / f"{name}.pb.gz"
        file.write_bytes(FORMATS["pprof"](paths))
        for i, kind in enumerate(paths.types):
            command = [str(find_go()), "tool", "pprof", "-unit=B", f"-sample_index={kind.name}", "-top", str(file)]
            env = {**os.environ, "GOTOOLCHAIN": "local"}
            shown = subprocess.run(command, capture_output=True, text=True, check=True, env=env, cwd=tmp_path).stdout
            assert f"Type: {kind.name}" in shown
            if kind.unit == "bytes":
                total = re.search(r"of (\d+)B total", shown)
                assert total and int(total[1]) == sum(row[i] for row in paths.rows.values()), shown[:600]


@pytest.mark.slow
def test_a_profile_of_another_build_is_refused(folder: Path) -> None:
    other = open_sizer(str(go_binary()))
    assert other is not None
    with pytest.raises(ProfileError, match=r"is not of .*give the binary that it was taken from"):
        read(str(folder / "cpu.pb.gz"), sizer=other)


@pytest.mark.slow
def test_position_independent_binaries(folder: Path, tmp_path: Path) -> None:
    from tests.real.service import SOURCES

    binary = tmp_path / "pie"
    env = {**os.environ, "GOTOOLCHAIN": "local"}
    build = [str(find_go()), "build", "-trimpath", "-buildmode=pie", "-ldflags=-s -w", "-o", str(binary), "."]
    subprocess.run(build, cwd=SOURCES, check=True, env=env)
    run = [str(binary), "-seconds", "0.4", "-idle", "50", "-goroutines", "g.pb.gz"]
    subprocess.run(run, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    pie = open_sizer(str(binary))
    assert pie is not None
    found = goroutines(tmp_path / "g.pb.gz", pie)
    assert pie.bias > 0
    idle = [g for g in found.goroutines if any(f.function == "main.idleConnection" for f in g.path)]
    assert Counter({g.used_bytes: g.count for g in idle}) == Counter({256: 50})


@pytest.mark.slow
def test_json_says_what_docs_say(folder: Path) -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "json.md").read_text()
    from click.testing import CliRunner

    from morestack.cli.main import main

    for argv in (
        ["growth", str(folder / "cpu.pb.gz"), "--binary", str(folder / "service"), "--json"],
        ["advise", str(folder / "cpu.pb.gz"), "--binary", str(folder / "service"), "--json"],
    ):
        result = CliRunner().invoke(main, argv)
        assert result.exit_code == 0, result.output
        for key in keys(json.loads(result.stdout)):
            assert f"`{key}`" in page, key


def keys(value: object) -> set[str]:
    """All names of fields."""
    if isinstance(value, list):
        return set().union(*map(keys, value)) if value else set()
    if isinstance(value, dict):
        return set(value).union(*(keys(v) for v in value.values()))
    return set()


def go_binary() -> Path:
    """The executable of Go's own command, which is written in Go."""
    env = {**os.environ, "GOTOOLCHAIN": "local"}
    root = subprocess.run([str(find_go()), "env", "GOROOT"], capture_output=True, text=True, check=True, env=env).stdout
    return Path(root.strip()) / "bin" / "go"
