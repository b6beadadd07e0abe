"""Go's tests that exercise stacks pass in every stress mode, but for the listed ones, which fail in all."""

from pathlib import Path

import pytest

from tests.conformance import corpus, known, stacks

LIST = "stacks_failures.txt"
SAMPLE = (("fixedbugs/issue51101", "movestack"), ("fixedbugs/issue10353", "protect"), ("fixedbugs/issue16760", "gc"))
PAIRS = [
    pytest.param(name, mode, id=f"{name}-{mode}", marks=[] if (name, mode) in SAMPLE else [pytest.mark.slow])
    for name in stacks.PROGRAMS
    for mode in stacks.MODES
]


@pytest.fixture(scope="module")
def folder() -> Path:
    """Go's test directory. Only what is at hand: the slow tests fetch it."""
    have = corpus.gotest_folder()
    if have is None:
        pytest.skip("Go's own tests are not here: python -m tests.conformance.corpus fetches them")
    return have


@pytest.mark.parametrize("name,mode", PAIRS)
def test_stress(name: str, mode: str, folder: Path) -> None:
    listed = f"{name}.go" in known.read(LIST)
    if listed and mode != "plain":
        pytest.skip("does not run in any mode")
    (test,) = [t for t in stacks.tests(folder) if t.name == f"{name}.go"]
    ((_, _, why),) = stacks.runs([test], [mode])
    assert bool(why) == listed, why or "listed as failing"


@pytest.mark.slow
def test_stacks_grow_where_go_grows_them(folder: Path) -> None:
    listed = known.read(LIST)
    for test in stacks.tests(folder):
        go = stacks.PROGRAMS[test.name.removesuffix(".go")]
        if test.name not in listed and go.grows:
            ours = stacks.counts(test)
            assert ours is not None and ours.grows, test.name
            assert not go.largest or (ours.largest or 0) * 4 >= go.largest, test.name
