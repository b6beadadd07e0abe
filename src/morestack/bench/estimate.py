"""Medians with confidence intervals, for few measurements of an unknown distribution.

The interval is by order statistics: the i-th smallest and the i-th largest of n measurements enclose the true median
with a probability that follows from the binomial distribution, whatever the distribution of the measurements. With
fewer than six measurements no pair reaches 95 %. Then the interval spans all of them, and `coverage` gives its
probability (75 % for three).

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
