"""How much each patient contributes to a metric that is a mean over images: Brier score, log loss, grades off."""

from __future__ import annotations

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.calibration import brier_per_image, log_loss_of_probabilities_per_image, log_loss_per_image
from qaugbench.metrics.discrimination import checked_grades
from qaugbench.stats.arrays import checked_patients
from qaugbench.stats.influence import Patients


def mean_influence(per_image: np.ndarray, patients: Patients) -> tuple[np.ndarray, np.ndarray]:
    """Return (mean [B], influence [B, C]) of what each image adds, ``per_image`` [B, N].

    The mean is a ratio of two sums over patients, of what their images add and of how many there are; its influence is
    the sum over a patient's images of (image - mean) / N (Cochran 1977, ch. 2).

    >>> value, influence = mean_influence(np.array([[0.0, 2.0, 4.0]]), Patients.of(np.array([7, 7, 9])))
    >>> value.tolist(), influence.round(4).tolist()
    ([2.0], [[-0.6667, 0.6667]])
    """
    per_image = np.asarray(per_image, dtype=np.float64)
    if per_image.ndim != 2 or per_image.shape[1] != patients.code.size:
        raise StatisticsError(f"Needed is one number per image, [B, {patients.code.size}]; given {per_image.shape}.")
    value = per_image.mean(axis=1)
    return value, patients.sums((per_image - value[:, None]) / per_image.shape[1])


def brier_influence(
    probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray, kind: str
) -> tuple[float, np.ndarray]:
    """Return (Brier score, influence [C] of each group in sorted order); arguments and errors as ``brier_score``.

    ``groups`` [N]; raises StatisticsError for fewer than two.

    >>> probabilities, labels = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[1, 0], [1, 0]])
    >>> value, influence = brier_influence(probabilities, labels, np.array([1, 2]), "multiclass")
    >>> value, influence.tolist()
    (0.25, [0.125, -0.125])
    """
    return _one_row(brier_per_image(probabilities, labels, kind), groups)


def log_loss_influence(
    logits: np.ndarray, labels: np.ndarray, groups: np.ndarray, kind: str
) -> tuple[float, np.ndarray]:
    """Return (log loss in nats, influence [C] of each group in sorted order); arguments and errors as ``log_loss``.

    ``groups`` [N]; raises StatisticsError for fewer than two.

    >>> value, influence = log_loss_influence(np.zeros((2, 2)), np.array([[1, 0], [0, 1]]), np.arange(2), "multiclass")
    >>> round(value, 6), influence.tolist()
    (0.693147, [0.0, 0.0])
    """
    return _one_row(log_loss_per_image(logits, labels, kind), groups)


def log_loss_of_probabilities_influence(
    probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray, kind: str
) -> tuple[float, np.ndarray]:
    """Return (log loss in nats, influence [C]) from probabilities; arguments and errors as ``log_loss_of_probabilities``.

    ``groups`` [N]; raises StatisticsError for fewer than two.

    >>> probabilities = np.array([[0.5, 0.5], [0.5, 0.5]])
    >>> value, _ = log_loss_of_probabilities_influence(probabilities, np.array([[1, 0], [0, 1]]), np.arange(2), "multiclass")
    >>> round(value, 6)
    0.693147
    """
    return _one_row(log_loss_of_probabilities_per_image(probabilities, labels, kind), groups)


def absolute_error_influence(
    predicted: np.ndarray, true: np.ndarray, n_grades: int, groups: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return (mean absolute error in grades, influence [C] of each group in sorted order).

    ``predicted`` [N] and ``true`` [N] are grades in 0..n_grades-1, ``groups`` [N]. Errors as ``mean_absolute_error``,
    and for fewer than two groups.

    >>> value, influence = absolute_error_influence(np.array([0, 3]), np.array([1, 1]), 5, np.array([1, 2]))
    >>> value, influence.tolist()
    (1.5, [-0.25, 0.25])
    """
    predicted, true = checked_grades(predicted, true, n_grades)
    return _one_row(np.abs(predicted - true), groups)


def _one_row(per_image: np.ndarray, groups: np.ndarray) -> tuple[float, np.ndarray]:
    if per_image.ndim != 1:
        raise StatisticsError(f"One model's predictions are needed, [N, K]; given several, {per_image.shape[:-1]}.")
    value, influence = mean_influence(per_image[None], checked_patients(groups, per_image.size))
    return float(value[0]), influence[0]
