"""Damaged binaries end in an answer or in one clear line (tests/real/mutants.py is the long form)."""

import random
from pathlib import Path

import pytest

from tests.real.mutants import mutate, one, weak_places


@pytest.mark.parametrize("seed", range(0, 16, 4))
def test_mutants(plain: Path, tmp_path: Path, seed: int) -> None:
    places = weak_places(plain)
    for number in range(seed, seed + 4):
        path = tmp_path / "mutant"
        path.write_bytes(mutate(bytearray(plain.read_bytes()), places, random.Random(number)))
        assert one(path, number) in ("answer", "error"), f"seed {number}"
