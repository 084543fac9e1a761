"""The temperature by which logits are divided so that their probabilities fit what happened (Guo et al. 2017, arXiv 1706.04599)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from qaugbench.metrics.calibration import log_loss

LIMITS = (0.05, 20.0)


def fitted_temperature(logits: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """Return the temperature in [0.05, 20] at which ``logits`` [N, K] / temperature has the least log loss on ``labels`` [N, K].

    Above 1 where the logits are too confident. Raises StatisticsError as ``log_loss`` does.

    >>> logits, labels = np.array([[8.0, 0.0]] * 4), np.array([[1, 0]] * 3 + [[0, 1]])
    >>> round(fitted_temperature(logits, labels, "multiclass"), 2)  # three of four are right: odds of 3 = exp(8 / 7.28)
    7.28
    """

    def loss(log_temperature: float) -> float:
        return log_loss(logits / np.exp(log_temperature), labels, kind)

    low, high = np.log(LIMITS)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-5})
    return float(np.exp(found.x))
