"""Samples inside morestack are blamed on their callers, and advice follows from the allocator's rules."""

import pytest

from morestack.process.model import Frame, Goroutine, Path, Snapshot
from morestack.profile.advise import Advised, advise
from morestack.profile.budget import check_growth, over
from morestack.profile.errors import ProfileError
from morestack.profile.growth import classify, growth
from morestack.profile.model import Profile, Sample, ValueType
from morestack.profile.report import advice_text

CPU = (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))
FULL = {"main.items": 6240, "main.logged": 1104}


def runtime(*names: str) -> Path:
    return tuple(Frame(f"runtime.{name}", frame_bytes=64) for name in names)


def caller(*frames: tuple[str, int]) -> Path:
    return (*(Frame(name, "s.go", 4, frame_bytes=size) for name, size in frames), ROOT)


ROOT = Frame("main.accept.gowrap1", "/src/server.go", 46, frame_bytes=56)
ITEMS = caller(("main.items", 8), ("main.timed", 160), ("main.logged", 1104), ("main.traced", 96))
LOGGED = caller(("main.logged", 8), ("main.traced", 96))


def sample(path: Path, ms: int) -> Sample:
    return Sample(path, (ms // 10, ms * 1_000_000))


def profile() -> Profile:
    """Of 1,000 ms: 150 in growing, 20 in shrinking, 30 in preemption."""
    return Profile(
        "cpu.pb.gz",
        CPU,
        [
            sample(runtime("memmove", "copystack", "newstack", "morestack") + ITEMS, 60),
            sample(runtime("adjustframe", "copystack", "newstack") + ITEMS, 40),
            sample(runtime("newstack") + LOGGED, 50),
            sample(runtime("copystack", "shrinkstack", "scanstack"), 20),
            sample(runtime("schedule", "gopreempt_m", "newstack") + LOGGED, 30),
            sample(ITEMS, 800),
        ],
    )


def test_time_is_blamed_on_who_grew() -> None:
    found = growth(profile(), FULL.get)
    assert (found.time, found.share(found.time)) == (150_000_000, 0.15)
    assert (found.shrinking, found.preempting) == (20_000_000, 30_000_000)
    assert found.callers == {"main.items": 100_000_000, "main.logged": 50_000_000}
    assert found.statements == {"main.accept server.go:46 (main.traced)": 150_000_000}
    assert found.parts == {"copy": 60_000_000, "other": 50_000_000, "adjust pointers": 40_000_000}
    assert [(e.function, e.old, e.new, e.used) for e in found.events] == [
        ("main.items", 4096, 16384, 1448),
        ("main.logged", 2048, 4096, 184),
    ]


def test_a_budget_holds_for_the_sizes_that_stacks_grew_to() -> None:
    found = growth(profile(), FULL.get)  # main.items grew to 16 KB, and no frame has more than 1,104 bytes
    assert check_growth(over(16384), found) == []
    (finding,) = check_growth(over(16383), found)
    assert (finding.rule, finding.value, finding.path) == ("stack", 16384, ITEMS)
    assert [(f.rule, f.value) for f in check_growth(over(1103), found)] == [("frame", 1104), ("stack", 16384)]


def test_other_profiles_are_refused() -> None:
    with pytest.raises(ProfileError, match="not a CPU profile: it counts inuse_space"):
        growth(Profile("heap", (ValueType("inuse_space", "bytes"),), []))


def test_a_program_that_calls_a_runtime_function_does_not_grow() -> None:
    assert classify(caller(("main.f", 8))) == ("", 0)
    assert classify(runtime("mallocgc") + caller(("main.f", 8))) == ("", 0)


def advised() -> Advised:
    deep = (Frame("main.items", "s.go", 9, frame_bytes=6240), *ITEMS[1:])
    idle = (Frame("main.idle", frame_bytes=200), Frame("main.main.gowrap1", "m.go", 4, frame_bytes=24))
    snapshot = Snapshot(
        "g",
        [
            Goroutine(None, "unknown", path=deep, count=40, used_bytes=7688),
            Goroutine(1, "", path=idle, count=2000, used_bytes=256),
        ],
    )
    return advise([snapshot], [growth(profile(), FULL.get)], FULL.get, lambda name: name.startswith("main."))


def test_each_remedy_has_its_figures() -> None:
    found = advised()
    assert (found.start, found.average, found.goroutines) == (2048, 401, 2040)
    assert (found.copies, found.stack_bytes) == (80, 40 * 16384 + 2000 * 2048)
    memory = {(a.kind, a.function): a.stack_bytes for a in found.advice}
    assert memory["frame", "main.items"] == 40 * (16384 - 4096)
    assert memory["pool", ""] == 0
    found = advise([], [growth(profile(), FULL.get)], FULL.get)
    assert [(a.kind, a.function, a.before, a.after, a.copies, round(a.time_share, 3)) for a in found.advice] == [
        ("pool", "", 1, 1, 2, 0.15),
        ("start", "", 2048, 16384, 1, 0.1),
        ("frame", "main.items", 6240, 1848, 1, 0.087),
        ("frame", "main.logged", 1104, 680, 1, 0.05),
    ]
    assert all(a.remedy.endswith(".") and "\n" not in a.remedy for a in found.advice)


def test_the_limit_of_a_frame_is_exact() -> None:
    found = next(a for a in advise([], [growth(profile(), FULL.get)], FULL.get).advice if a.function == "main.items")
    rest = profile()
    for size, grows in ((found.after, False), (found.after + 8, True)):
        outcome = growth(rest, {**FULL, "main.items": size}.get).events[0]
        assert (outcome.old, outcome.new is not None and outcome.new > 4096) == (4096, True)
        again = advise([], [growth(rest, {**FULL, "main.items": size}.get)], {**FULL, "main.items": size}.get)
        assert (again.copies == 2) is grows


def test_stacks_known_to_be_larger_count_their_growths() -> None:
    g = Goroutine(1, "waiting", path=(Frame("main.f", frame_bytes=64),), stack_lo=0, stack_hi=8192, used_bytes=96)
    found = advise([Snapshot("p", [g])], [])
    assert (found.copies, found.stack_bytes) == (2, 8192)


def test_real_stacks_are_told_beside_the_simulated() -> None:
    path = (Frame("main.f", frame_bytes=3000),)  # needs 4 KB, and was shrunk to 2 KB where it has not got there yet
    real = Goroutine(1, "waiting", path=path, stack_lo=0, stack_hi=2048, used_bytes=96, count=3)
    found = advise([Snapshot("p", [real])], [], adaptive=False)
    assert (found.real_bytes, found.stack_bytes) == (3 * 2048, 3 * 4096)
    assert "3 goroutines, 6 KB of stacks, 12 KB simulated; they start" in advice_text(found, 1)
    assert advise([Snapshot("p", [real, Goroutine(2, "", path=path)])], []).real_bytes is None
