"""How much each patient contributes to the uncertainty gap, from which its interval follows as for every metric."""

from __future__ import annotations

import numpy as np

from qaugbench.metrics.uncertainty import require_both, statements
from qaugbench.stats.influence import Patients, delong_divisor


def uncertainty_gap_influence(
    logits: np.ndarray, labels: np.ndarray, groups: np.ndarray, kind: str
) -> tuple[float, np.ndarray]:
    """Return (gap in nats, influence [C] of each group in sorted order): ``metrics.uncertainty.uncertainty_gap``.

    ``logits`` [N, K], ``labels`` [N, K] 0/1, ``groups`` [N]. A difference of two means, so a wrong statement moves it by
    (its entropy - mean of the wrong ones) / number of wrong ones, and a right one against it, with DeLong's divisors.
    ``mrmc.interval`` and ``compare`` give intervals over replicates and patients. Raises StatisticsError as the gap does, and for
    fewer than two groups.

    >>> logits, labels = np.array([[0.0, 0.0], [0.0, 50.0], [50.0, 0.0]]), np.array([[0, 1], [0, 1], [0, 1]])
    >>> value, influence = uncertainty_gap_influence(logits, labels, np.arange(3), "multiclass")
    >>> round(value, 3), influence.round(3).tolist()
    (0.347, [0.2, 0.0, -0.2])
    """
    unsure, right = statements(logits, labels, kind)
    require_both(right)
    patients = Patients.of(np.repeat(np.asarray(groups), unsure.shape[1]))
    unsure, right = unsure.ravel(), right.ravel()
    of_wrong, of_right = unsure[~right].mean(), unsure[right].mean()
    moved = np.where(right, -(unsure - of_right) / right.sum(), (unsure - of_wrong) / (~right).sum())
    return float(of_wrong - of_right), patients.sums((moved * delong_divisor(right, patients))[None])[0]
