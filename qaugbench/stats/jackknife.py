"""How much each patient contributes to any metric at all, by computing it again without each of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from qaugbench.errors import QaugbenchError, StatisticsError
from qaugbench.stats.arrays import checked_patients


def jackknife_influence(metric: Callable[[np.ndarray], float], groups: np.ndarray) -> tuple[float, np.ndarray]:
    """Return (value, influence [C] of each group in sorted order) of ``metric``: the exact delete-one-group jackknife.

    ``metric`` is given the positions of the images to use, ascending, and returns a finite number; ``groups`` [N].
    Influence is (C-1)/C (value - value without the group); with it ``compare`` has the jackknife variance (Efron & Stein
    1981), which is right for metrics that change smoothly as one patient comes or goes and wrong for medians and fixed
    thresholds. It computes the metric C + 1 times: the fast forms of the metrics that this package knows agree with it.
    Raises StatisticsError, naming the group, where the metric without it is refused or not finite.

    >>> ages = np.array([30.0, 40.0, 80.0])
    >>> value, influence = jackknife_influence(lambda kept: float(ages[kept].mean()), np.arange(3))
    >>> value, influence.round(4).tolist()
    (50.0, [-6.6667, -3.3333, 10.0])
    """
    groups = np.asarray(groups)
    patients = checked_patients(groups, groups.size)
    value = _asked(metric, np.arange(groups.size), "on all images")
    without = np.empty(patients.n_groups)
    for code, group in enumerate(np.unique(groups)):
        without[code] = _asked(metric, np.flatnonzero(patients.code != code), f"without group {group}")
    return value, (patients.n_groups - 1) / patients.n_groups * (value - without)


def _asked(metric: Callable[[np.ndarray], float], kept: np.ndarray, where: str) -> float:
    try:
        value = float(metric(kept))
    except QaugbenchError as error:
        raise StatisticsError(f"The metric is undefined {where}, so it has no jackknife: {error}") from error
    if not math.isfinite(value):
        raise StatisticsError(f"The metric is {value} {where}; leave out what it cannot decide.")
    return value
