"""A short form of `python -m tests.soak`, and its generator."""

from pathlib import Path

import pytest

from tests import soak
from tests.go_sources import go_command
from tests.property import concurrent
from tests.property.differential import with_go


@pytest.mark.slow
def test_twenty_seconds() -> None:
    told: list[str] = []
    assert soak.soak(20, 1, tell=told.append) == 0, "\n".join(told)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_expectations_are_go_s(seed: int, tmp_path: Path) -> None:
    text, expected = concurrent.program(seed)
    (tmp_path / "main.go").write_text(text)
    assert with_go(tmp_path / "main.go", go_command()) == (expected.rstrip("\n"), 0)
