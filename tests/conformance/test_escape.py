"""Go's escape analysis annotations are met, but for the listed ones, which are not."""

from pathlib import Path

import pytest

from tests.conformance import corpus, known
from tests.conformance.errorcheck import annotations, compare
from tests.conformance.escape import LIST, check, discover

FOLDER = corpus.gotest_folder()
FILES = list(discover(FOLDER)) if FOLDER is not None else []


@pytest.mark.skipif(FOLDER is None, reason="Go's test directory is not here: python -m tests.conformance.corpus")
@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_annotations(path: Path) -> None:
    assert FOLDER is not None
    outcome = check(FOLDER, path)
    failing = {f.replace("#", "\\x23").strip() for f in outcome.failures}
    listed = {line for line in known.read(LIST) if line.split(" ")[0] == outcome.name}
    assert failing - listed == set(), "not listed as failing"
    assert listed - failing == set(), "listed as failing"


def test_annotations_are_read_as_gos_driver_does() -> None:
    text = 'package p\nf() // ERROR "a$" `b LINE+1`\n//// ERROR "c"\n'
    assert [str(w) for w in annotations(text)] == ["2 a$", "2 b 3"]


def test_every_annotation_needs_a_message_and_every_message_an_annotation() -> None:
    wanted = annotations('x // ERROR "moved to heap: x$" "leaking"\n')
    missing, extra = compare(wanted, [(1, "moved to heap: x"), (2, "y does not escape")])
    assert [w.pattern for w in missing] == ["leaking"]
    assert extra == [(2, "y does not escape")]
