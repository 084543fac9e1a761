"""A share of images over the replicates of a run, and the difference of two: of models, not of the images of one fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.metrics.shares import Share, share
from qaugbench.stats.decide import INTERVAL_REPLICATES

OVER_REPLICATES = "over replicates, each with a fit of its own"
OVER_IMAGES = "over images alone: conditional on these fits"
Counts = Sequence[tuple[int, int]]
"""(count, n) of each replicate."""


@dataclass(frozen=True)
class Rate:
    """A share, or a difference of shares, with its 95 % interval, and what this is over."""

    value: float
    ci_low: float
    ci_high: float
    n_replicates: int
    n_images: int
    method: str


def rate(counts: Counts) -> Rate:
    """Return the mean share over replicates.

    From three replicates on its interval is Student's over these, and at least as wide as that over all images; with fewer it is
    Wilson's over all images. Raises StatisticsError without a replicate.

    >>> found = rate([(8, 10), (9, 10), (10, 10)])
    >>> round(found.value, 3), round(found.ci_low, 3), found.ci_high
    (0.9, 0.652, 1.0)
    """
    pooled = _pooled(counts)
    values = np.array([count / n for count, n in counts])
    low, high = _widest(values, pooled.ci_low, pooled.ci_high)
    return Rate(float(values.mean()), max(low, 0.0), min(high, 1.0), len(values), pooled.n, _method(len(values)))


def rate_difference(counts: Counts, other: Counts) -> Rate:
    """Return the mean difference of shares, replicate by replicate, ``counts`` minus ``other``.

    The interval is as in ``rate``; that over images is the hybrid score interval of independent shares (Newcombe 1998, method
    10), too wide rather than too narrow where both were drawn for the same labels. Raises StatisticsError for different numbers
    of replicates.
    """
    if len(counts) != len(other):
        raise StatisticsError(f"Rates over {len(counts)} and {len(other)} replicates cannot be compared one by one.")
    one, two = _pooled(counts), _pooled(other)
    values = np.array([count / n for count, n in counts]) - np.array([count / n for count, n in other])
    apart = one.rate - two.rate
    low = apart - float(np.hypot(one.rate - one.ci_low, two.ci_high - two.rate))
    high = apart + float(np.hypot(one.ci_high - one.rate, two.rate - two.ci_low))
    low, high = _widest(values, low, high)
    return Rate(float(values.mean()), max(low, -1.0), min(high, 1.0), len(values), one.n + two.n, _method(len(values)))


def _pooled(counts: Counts) -> Share:
    if not counts:
        raise StatisticsError("A rate needs at least one replicate.")
    return share(sum(count for count, _ in counts), sum(n for _, n in counts))


def _widest(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Return the limits of Student's interval over replicates, no nearer than ``low`` and ``high``; these where R is too small."""
    if values.size < INTERVAL_REPLICATES:
        return low, high
    reach = float(stats.t.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size))
    return min(float(values.mean()) - reach, low), max(float(values.mean()) + reach, high)


def _method(n_replicates: int) -> str:
    return OVER_REPLICATES if n_replicates >= INTERVAL_REPLICATES else OVER_IMAGES
