"""Settings that a program takes from the environment."""

from __future__ import annotations

import pytest

from morestack.engine.program import NO_LIMIT, SettingError, StressError, gc_settings, memory_limit, stress_flags


@pytest.mark.parametrize(
    ("gogc", "godebug", "want"),
    [
        ("", "", (100, 0, 0)),
        ("off", "", (-1, 0, 0)),
        ("-1", "", (-1, 0, 0)),
        ("0", "", (0, 0, 0)),
        ("²", "", (100, 0, 0)),
        ("50", "gctrace=1", (50, 1, 0)),
        ("x", "gctrace=0,adaptivestackstart=1", (100, 0, 1)),
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
