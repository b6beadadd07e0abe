"""Medians with confidence intervals, from few measurements of unknown distribution.

The interval is by order statistics: the i-th smallest and the i-th largest of n measurements enclose the true median
with a probability that only the binomial distribution decides, whatever the measurements are like. Below six
measurements no pair reaches 95 %; then the interval is all of them, and `coverage` says what it is worth (three: 75 %).

Rejected: mean and standard deviation (one interrupted run moves both); the bootstrap (of five measurements it
resamples the same five, and claims a coverage it does not have).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, exp, log

COVERAGE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """The median of `count` measurements; the true one is in [low, high] with probability `coverage`."""

    median: float
    low: float
    high: float
    coverage: float
    count: int

    @property
    def spread(self) -> float:
        """Half the interval's width as a share of the median."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0

    def differs(self, other: Estimate) -> bool:
        """Whether the intervals are apart."""
        return self.low > other.high or self.high < other.low


def coverage(count: int, rank: int) -> float:
    """The probability that the true median lies between the rank-th smallest and rank-th largest of `count` values."""
    return 1.0 - 2 * sum(comb(count, k) for k in range(rank)) / float(2**count)


def estimate(values: Sequence[float]) -> Estimate:
    """The median and the narrowest interval of order statistics that has `COVERAGE`, or else all values."""
    ordered = sorted(values)
    n = len(ordered)
    rank = max((r for r in range(1, n // 2 + 1) if coverage(n, r) >= COVERAGE), default=1)
    certain = ordered[0] == ordered[-1] or n == 1
    covered = 1.0 if certain and n > 1 else 0.0 if n == 1 else coverage(n, rank)
    return Estimate(statistics.median(ordered), ordered[rank - 1], ordered[n - rank], covered, n)


def geometric_mean(ratios: Sequence[float]) -> float:
    """The mean for ratios: half and double cancel out."""
    return exp(sum(log(r) for r in ratios) / len(ratios))
