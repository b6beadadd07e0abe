"""Programs that run: `cases/run/*.txtar`, each with what it must print and its exit code.

Sections: `main.go`; `stdout` and `stderr` (absent: empty), compared whole unless they end with `...`, which
stands for anything; `0x?` stands for any such number; `exit` (absent: 0). A case with the section `contiguous` is for
the default stack discipline only. `MORESTACK_DISCIPLINE=thread pytest tests/cases/test_run.py -k plain` runs all others
under another.
Every case also runs with the stack moved at every check and what was left poisoned, and collecting at every safe
point with what is freed poisoned, and some on one processor and on four (else there are as many as CPUs). A sample
runs with the order of locks checked and freed stacks out of reach.
"""

import os
import re
from pathlib import Path

import pytest

from morestack.engine.disciplines import VARIABLE
from tests.forked import run_one
from tests.txtar import parse

CASES = sorted((Path(__file__).parent / "run").glob("*.txtar"))
CHECKED = "gc,poison,checkescape"
MODES = {
    "plain": {},
    "movestack": {"STRESS": "movestack,poison,leaks"},
    "gc": {"STRESS": "gc,poison,leaks"},
    "procs": {"GOMAXPROCS": "4"},
    "one": {"GOMAXPROCS": "1"},
    "schedule": {"GOMAXPROCS": "2", "STRESS": "schedule,poison"},
    "protect": {"STRESS": "lockorder,protect,movestack"},
    "segmented": {"MORESTACK_DISCIPLINE": "segmented", "STRESS": "poison"},
    "segmented-gc": {"MORESTACK_DISCIPLINE": "segmented:8192", "STRESS": CHECKED, "GOMAXPROCS": "1"},
    "segmented-keep": {"MORESTACK_DISCIPLINE": "segmented-keep", "STRESS": "poison"},
    "segmented-keep-gc": {
        "MORESTACK_DISCIPLINE": "segmented-keep",
        "STRESS": CHECKED,
        "GOMAXPROCS": "1",
    },
    "reserve": {"MORESTACK_DISCIPLINE": "reserve", "STRESS": "poison"},
    "reserve-gc": {"MORESTACK_DISCIPLINE": "reserve", "STRESS": CHECKED, "GOMAXPROCS": "1"},
    "thread": {"MORESTACK_DISCIPLINE": "thread", "STRESS": "poison,leaks,lockorder"},
    "thread-gc": {"MORESTACK_DISCIPLINE": "thread", "STRESS": CHECKED, "GOMAXPROCS": "1"},
}
SAMPLED = {
    "protect": 5, "procs": 2, "one": 3, "schedule": 3,
    "segmented": 2, "segmented-keep": 2, "reserve": 2, "segmented-gc": 4, "segmented-keep-gc": 4, "reserve-gc": 4,
    "thread": 2, "thread-gc": 4,
}  # fmt: skip
"""Modes that only every so many-th case runs in."""
RUNS = [
    pytest.param(case, mode, id=f"{case.stem}-{mode}")
    for number, case in enumerate(CASES)
    for mode in MODES
    if number % SAMPLED.get(mode, 1) == 0
]


NUMBER = re.compile("0x[0-9a-f]+")


def agrees(want: str, got: bytes) -> bool:
    """Whether output is what a section says."""
    text = got.decode("utf-8", "replace")
    if "0x?" in want:
        text = NUMBER.sub("0x?", text)
    if want.endswith("...\n"):
        return text.startswith(want.removesuffix("...\n"))
    return text == want


@pytest.mark.parametrize("case,mode", RUNS)
def test_run(case: Path, mode: str, tmp_path: Path) -> None:
    _, sections = parse(case.read_text())
    env = MODES[mode]
    if "contiguous" in sections and VARIABLE in {**os.environ, **env}:
        pytest.skip("of contiguous stacks only")
    (tmp_path / "main.go").write_text(sections["main.go"])
    end = run_one(["run", "main.go"], tmp_path, env)
    shown = (end.stdout + b"\n--- stderr\n" + end.stderr).decode("utf-8", "replace")
    assert end.code == int(sections.get("exit", "0")), shown
    assert agrees(sections.get("stdout", ""), end.stdout), shown
    assert agrees(sections.get("stderr", ""), end.stderr), shown
