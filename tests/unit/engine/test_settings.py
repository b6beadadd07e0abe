"""What a run takes from the environment, and the page that describes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from morestack.engine.disciplines import VARIABLE
from morestack.engine.settings import (
    NO_LIMIT,
    STRESS,
    VARIABLES,
    SettingError,
    Settings,
    StressError,
    memory_limit,
    stress_flags,
)

ROOT = Path(__file__).parent.parent.parent.parent
READ = re.compile(r'(?:environ(?:\.get\(|\[)|\bvalue\()"([A-Z_]+)"(?!\] =)')
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.M)


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
def test_collector(gogc: str, godebug: str, want: tuple[int, int, int]) -> None:
    s = Settings.read(False, {"GOGC": gogc, "GODEBUG": godebug})
    assert (s.gc_percent, s.gc_trace, s.adaptive) == want and s.memory_limit == NO_LIMIT


@pytest.mark.parametrize(
    ("text", "want"),
    [("off", NO_LIMIT), ("5000000", 5_000_000), ("17B", 17), ("3KiB", 3072), ("2GiB", 2 << 30), ("1TiB", 1 << 40)],
)
def test_memory_limit(text: str, want: int) -> None:
    assert memory_limit(text) == want


@pytest.mark.parametrize("text", ["x", "-1", "5MB", "²", "1 GiB", "99999999999TiB"])
def test_memory_limits_that_are_refused(text: str) -> None:
    with pytest.raises(SettingError, match="GOMEMLIMIT="):
        memory_limit(text)


def test_a_starting_size_turns_the_adaptive_one_off() -> None:
    s = Settings.read(False, {"MORESTACK_INITIAL": "4096"})
    assert (s.initial_stack, s.adaptive) == (4096, 0)
    with pytest.raises(SettingError, match="MORESTACK_INITIAL=3000: not a power of two"):
        Settings.read(False, {"MORESTACK_INITIAL": "3000"})


@pytest.mark.parametrize(
    ("text", "want"), [("", 1), ("none", 0), ("all", 5), ("crash", 14), ("2", 6), ("9", 6), ("what", 4)]
)
def test_traceback_levels(text: str, want: int) -> None:
    assert Settings.read(False, {"GOTRACEBACK": text}).traceback == want


def test_processors() -> None:
    assert Settings.read(False, {"GOMAXPROCS": "3"}).processors == 3
    assert Settings.read(True, {"GOMAXPROCS": "0"}).processors == 1
    assert Settings.read(False, {}).processors >= 1


def test_stress() -> None:
    assert stress_flags("gc,poison") == stress_flags("poison") | stress_flags("gc")
    with pytest.raises(StressError, match="no stress mode x"):
        stress_flags("gc,x")
    s = Settings.read(False, {"STRESS": "leaks,schedule", "STRESS_SEED": "7"})
    assert s.stresses("leaks") and not s.stresses("gc") and s.stress_seed == 7
    with pytest.raises(SettingError, match="STRESS_SEED=-1"):
        Settings.read(False, {"STRESS_SEED": "-1"})


def test_the_table_has_what_the_source_reads() -> None:
    read = {name for path in (ROOT / "src").rglob("*.py") for name in READ.findall(path.read_text())}
    assert read | {VARIABLE} == set(VARIABLES)


def test_the_page_describes_every_variable_and_mode_and_no_other() -> None:
    page = (ROOT / "docs" / "environment.md").read_text()
    rows = [name for cell in ROW.findall(page) for name in re.findall(r"\w+", cell)]
    tests = {name for path in (ROOT / "tests").rglob("*.py") for name in READ.findall(path.read_text())}
    assert sorted(rows) == sorted({*VARIABLES, *STRESS, *tests})
