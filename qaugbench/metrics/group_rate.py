"""How many images a judge takes for one of several classes, such as gradable photographs: good or usable ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError


@dataclass(frozen=True)
class GroupRate:
    """``count`` of ``n`` synthetic images; ``real`` is the share, in [0, 1], of real images over the same mix of classes.

    It is None where a class that was asked for has no real image.
    """

    count: int
    n: int
    real: float | None


def group_rate(
    logits: np.ndarray, requested: np.ndarray, real_logits: np.ndarray, real_labels: np.ndarray, classes: Sequence[int]
) -> GroupRate:
    """Return how many images a judge takes for one of ``classes``, whatever each was asked for.

    ``logits`` [N, K] and ``real_logits`` [M, K] are the judge's; ``requested`` [N, K] and ``real_labels`` [M, K] have one 1 per
    row. Raises StatisticsError without an image.

    >>> eye = np.eye(3)
    >>> group_rate(eye[[0, 1, 1, 2]], eye[[0, 1, 2, 2]], eye[[0, 0, 1, 2]], eye[[0, 1, 1, 2]], [0, 1])
    GroupRate(count=3, n=4, real=0.5)
    """
    if not len(logits):
        raise StatisticsError("A judge needs at least one image.")
    judged, real_judged = (np.isin(of.argmax(axis=1), list(classes)) for of in (logits, real_logits))
    mix, counts = requested.mean(axis=0, dtype=np.float64), real_labels.sum(axis=0)
    known = not ((mix > 0) & (counts == 0)).any()
    real = float((mix / np.maximum(counts, 1))[real_labels.argmax(axis=1)] @ real_judged)
    return GroupRate(int(judged.sum()), len(judged), min(real, 1.0) if known else None)
