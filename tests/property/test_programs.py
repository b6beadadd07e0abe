"""Random programs do the same on the IR interpreter, natively, natively with stacks that move, and with real Go.

The interpreter also checks escape analysis as it runs: a store of a pointer to a frame object into the heap is an
error, and what a frame leaves is poisoned. `STRESS=movestack,poison` does the second for native code.

The suite runs a few seeds. The long form: `MORESTACK_SEEDS=1000:1500 pytest tests/property/test_programs.py` runs
these; failing seeds are shown with their programs.
"""

import os
from pathlib import Path

import pytest

from tests.go_sources import go_command
from tests.property.differential import differences
from tests.property.programs import program

FIRST, _, END = os.environ.get("MORESTACK_SEEDS", "0:4").partition(":")
SEEDS = range(int(FIRST), int(END))


def check(seed: int, directory: Path, go: str | None = None) -> None:
    text = program(seed)
    if found := differences(text, directory, go):
        numbered = "\n".join(f"{n:4} {line}" for n, line in enumerate(text.splitlines(), 1))
        pytest.fail(f"seed {seed}: " + "\n".join(found) + f"\n{numbered}", pytrace=False)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.slow
def test_interpreter_and_native(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.slow
def test_real_go(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path, go_command())
