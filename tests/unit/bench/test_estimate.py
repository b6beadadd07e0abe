"""Medians, their intervals, and what those are worth."""

import random

import pytest

from morestack.bench.estimate import COVERAGE, coverage, estimate, geometric_mean


@pytest.mark.parametrize(
    ("values", "median", "low", "high", "covered"),
    [
        ([5.0], 5, 5, 5, 0.0),
        ([1.0, 3.0], 2, 1, 3, 0.5),
        ([3.0, 1.0, 2.0], 2, 1, 3, 0.75),
        ([1.0, 2, 3, 4, 5, 6], 3.5, 1, 6, 0.96875),
        ([float(n) for n in range(1, 10)], 5, 2, 8, 0.9609375),
        ([7.0, 7.0, 7.0], 7, 7, 7, 1.0),
    ],
)
def test_known_intervals(values: list[float], median: float, low: float, high: float, covered: float) -> None:
    e = estimate(values)
    assert (e.median, e.low, e.high, e.coverage, e.count) == (median, low, high, covered, len(values))


@pytest.mark.parametrize("count", range(1, 40))
def test_the_median_is_within(count: int) -> None:
    chance = random.Random(count)
    values = [chance.choice((0.0, chance.random(), chance.random() * 1e9)) for _ in range(count)]
    e = estimate(values)
    assert min(values) <= e.low <= e.median <= e.high <= max(values)
    assert count < 6 or e.coverage >= COVERAGE


def test_coverage_is_what_it_says() -> None:
    chance = random.Random(1)
    hits = 0
    for _ in range(4000):
        e = estimate([chance.lognormvariate(0, 1) for _ in range(9)])
        hits += e.low <= 1.0 <= e.high
    assert abs(hits / 4000 - coverage(9, 2)) < 0.015


def test_overlap() -> None:
    assert estimate([1.0, 2, 3]).differs(estimate([4.0, 5, 6]))
    assert not estimate([1.0, 2, 4]).differs(estimate([4.0, 5, 6]))
    assert estimate([9.0, 10, 11]).spread == 0.1


def test_geometric_mean() -> None:
    assert geometric_mean([0.5, 2.0]) == pytest.approx(1.0)
