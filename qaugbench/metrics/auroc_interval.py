"""The interval of an AUROC that few images deserve, one of exactly 1 included."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from qaugbench.errors import StatisticsError

TINY = 1e-12
"""Off the ends of [0, 1], where the equation of the interval has a second solution."""


def auroc_interval(value: float, n_positive: int, n_negative: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval (low, high) of an AUROC ``value`` in [0, 1], which never leaves [0, 1] and has a width even at 1.

    All t with |value - t| <= z s(t), s(t) the standard error of Hanley & McNeil 1982 at a true AUROC of t with both sides'
    mean number of images (Newcombe 2006, method 5). Raises StatisticsError for a value outside [0, 1] or an empty side.

    >>> [round(end, 3) for end in auroc_interval(1.0, 20, 20)]
    [0.899, 1.0]
    """
    if not 0 <= value <= 1 or min(n_positive, n_negative) < 1:
        raise StatisticsError(
            f"An AUROC is in [0, 1], of images on both sides; given {value} of {n_positive} and {n_negative}."
        )
    z = float(norm.ppf((1 + level) / 2))

    def beyond(true: float) -> float:
        return abs(value - true) - z * _standard_error(true, n_positive, n_negative)

    low = 0.0 if value == 0 else brentq(beyond, 0.0, min(value, 1 - TINY))
    high = 1.0 if value == 1 else brentq(beyond, max(value, TINY), 1.0)
    return float(low), float(high)


def _standard_error(true: float, n_positive: int, n_negative: int) -> float:
    others = (n_positive + n_negative) / 2 - 1
    spread = 1 + others * ((1 - true) / (2 - true) + true / (1 + true))
    return float(np.sqrt(true * (1 - true) * spread / (n_positive * n_negative)))
