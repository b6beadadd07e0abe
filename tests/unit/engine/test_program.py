"""Settings that a program takes from the environment."""

from __future__ import annotations

import pytest

from morestack.engine.program import StressError, gc_settings, stress_flags


@pytest.mark.parametrize(
    ("gogc", "godebug", "want"),
    [
        ("", "", (100, 0, 0)),
        ("off", "", (0, 0, 0)),
        ("-1", "", (0, 0, 0)),
        ("0", "", (1, 0, 0)),
        ("²", "", (100, 0, 0)),
        ("50", "gctrace=1", (50, 1, 0)),
        ("x", "gctrace=0,adaptivestackstart=1", (100, 0, 1)),
    ],
)
def test_gc_settings(gogc: str, godebug: str, want: tuple[int, int, int]) -> None:
    assert gc_settings(gogc, godebug) == want


def test_stress_names() -> None:
    assert stress_flags("gc,poison") == stress_flags("poison") | stress_flags("gc")
    with pytest.raises(StressError, match="no stress mode x"):
        stress_flags("gc,x")
