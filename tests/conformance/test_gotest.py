"""Go's own `// run` tests that import only what programs can import pass, but for the listed ones, which fail."""

import os

import pytest

from tests.conformance import corpus, gotest, known
from tests.conformance.__main__ import LIST


@pytest.mark.slow
def test_programs() -> None:
    try:
        folder = corpus.fetch()
    except RuntimeError as reason:
        pytest.skip(str(reason))
    tests = gotest.supported(folder)
    outcomes = list(gotest.run_all(tests, os.cpu_count() or 1))
    failing = {o.test.name: o.reason for o in outcomes if o.reason}
    listed = known.read(LIST) & {t.name for t in tests}
    assert {n: r for n, r in failing.items() if n not in listed} == {}, "not listed as failing"
    assert listed - failing.keys() == set(), "listed as failing"
