"""Which disciplines there are, and what can be asked of them."""

from __future__ import annotations

import resource

import pytest

from morestack.engine.disciplines import UNLIMITED_STACK, Discipline, DisciplineError, choose, disciplines, thread_stack


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
