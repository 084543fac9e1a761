"""A share of images with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from qaugbench.errors import StatisticsError


@dataclass(frozen=True)
class Share:
    """``count`` of ``n`` images: ``rate`` in [0, 1] with its interval."""

    rate: float
    ci_low: float
    ci_high: float
    count: int
    n: int


def share(count: int, n: int, level: float = 0.95) -> Share:
    """Return ``count`` of ``n`` as a share with its Wilson score interval (Wilson 1927); StatisticsError where it is none.

    >>> found = share(9, 10)
    >>> found.rate, round(found.ci_low, 3), round(found.ci_high, 3)
    (0.9, 0.596, 0.982)
    """
    if n < 1 or not 0 <= count <= n:
        raise StatisticsError(
            f"{count} of {n} is no share: give at least one image, and no more of them than there are."
        )
    return Share(count / n, *wilson_interval(count / n, n, level), int(count), int(n))


def wilson_interval(rate: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's limits (low, high) of a ``rate`` in [0, 1] among ``n`` images, or an effective number of them (Kish 1965).

    >>> [round(limit, 3) for limit in wilson_interval(0.9, 10.0)]
    [0.596, 0.982]
    """
    z2 = float(norm.ppf(0.5 + level / 2)) ** 2
    centre, half = rate + z2 / (2 * n), np.sqrt(z2 * (rate * (1 - rate) + z2 / (4 * n)) / n)
    low, high = (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)
    return float(max(low, 0.0)), float(min(high, 1.0))
