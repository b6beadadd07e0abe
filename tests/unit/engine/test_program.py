"""Settings that a program takes from the environment."""

from __future__ import annotations

import resource

import pytest

from morestack.engine.disciplines import UNLIMITED_STACK, Discipline, DisciplineError, choose, disciplines, thread_stack
from morestack.engine.program import NO_LIMIT, SettingError, StressError, gc_settings, memory_limit, stress_flags


@pytest.mark.parametrize(
    ("gogc", "godebug", "want"),
    [
        ("", "", (100, 0, 1)),
        ("off", "", (-1, 0, 1)),
        ("-1", "", (-1, 0, 1)),
        ("0", "", (0, 0, 1)),
        ("²", "", (100, 0, 1)),
        ("50", "gctrace=1", (50, 1, 1)),
        ("x", "gctrace=0,adaptivestackstart=0", (100, 0, 0)),
    ],
)
def test_gc_settings(gogc: str, godebug: str, want: tuple[int, int, int]) -> None:
    percent, limit, trace, adaptive = gc_settings(gogc, "", godebug)
    assert (percent, trace, adaptive) == want and limit == NO_LIMIT


@pytest.mark.parametrize(
    ("text", "want"),
    [("off", NO_LIMIT), ("5000000", 5_000_000), ("17B", 17), ("3KiB", 3072), ("2GiB", 2 << 30), ("1TiB", 1 << 40)],
)
def test_memory_limit(text: str, want: int) -> None:
    assert memory_limit(text) == want


@pytest.mark.parametrize("text", ["x", "-1", "5MB", "²", "1 GiB", "99999999999TiB"])
def test_memory_limits_that_are_none(text: str) -> None:
    with pytest.raises(SettingError, match="GOMEMLIMIT="):
        memory_limit(text)


def test_stress_names() -> None:
    assert stress_flags("gc,poison") == stress_flags("poison") | stress_flags("gc")
    with pytest.raises(StressError, match="no stress mode x"):
        stress_flags("gc,x")


def test_disciplines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MORESTACK_DISCIPLINE", raising=False)
    assert choose() == Discipline("contiguous") and choose("segmented") == Discipline("segmented", 4096)
    monkeypatch.setenv("MORESTACK_DISCIPLINE", "segmented-keep:8192")
    assert choose() == Discipline("segmented-keep", 8192) and choose("reserve").name == "reserve"
    assert len({Discipline(name).number for name in disciplines()}) == len(disciplines())


@pytest.mark.parametrize(
    ("soft", "want"), [(8 << 20, 8 << 20), (65536, 65536), (resource.RLIM_INFINITY, UNLIMITED_STACK)]
)
def test_threads_have_the_systems_stack(soft: int, want: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, resource.RLIM_INFINITY))
    assert thread_stack() == want


@pytest.mark.parametrize(
    ("name", "segment", "text"),
    [
        ("split", None, "no stack discipline split"),
        ("reserve", 4096, "is for segmented"),
        ("segmented", 5000, "not 5000"),
    ],
)
def test_disciplines_that_cannot_be_had(name: str, segment: int | None, text: str) -> None:
    with pytest.raises(DisciplineError, match=text):
        choose(name, segment)


def test_stacks_that_do_not_move_are_not_stressed_by_moving() -> None:
    Discipline("contiguous").check_stress("movestack,shrink")
    Discipline("segmented").check_stress("gc,poison")
    for name in disciplines()[1:]:
        with pytest.raises(DisciplineError, match="movestack moves stacks"):
            Discipline(name).check_stress("gc,movestack")
