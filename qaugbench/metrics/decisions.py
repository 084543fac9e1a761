"""How good decisions are, once scores have become classes, grades or calls: recalls, grade errors, and thresholds.

An image is called positive when its score is at or above the threshold.
"""

from __future__ import annotations

import math

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.metrics.discrimination import checked_grades


def balanced_accuracy(predicted: np.ndarray, true: np.ndarray, n_classes: int) -> float:
    """Return the mean over classes of recall, in [0, 1], higher is better; chance is 1 / n_classes.

    ``predicted`` [N] and ``true`` [N] are classes in 0..n_classes-1. Raises StatisticsError for a class without an
    image, a class out of range and shapes that differ. Brodersen et al. 2010.

    >>> balanced_accuracy(np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1]), 2)
    0.75
    """
    predicted, true = checked_grades(predicted, true, n_classes)
    images = np.bincount(true, minlength=n_classes)
    if (images == 0).any():
        raise StatisticsError(
            f"Recall is undefined for a class without an image: {first_offenders(np.flatnonzero(images == 0))}. "
            "Leave it out."
        )
    return float((np.bincount(true[predicted == true], minlength=n_classes) / images).mean())


def mean_absolute_error(predicted: np.ndarray, true: np.ndarray, n_grades: int) -> float:
    """Return by how many grades predictions are off on average, in [0, n_grades - 1], lower is better.

    ``predicted`` [N] and ``true`` [N] are integer grades in 0..n_grades-1. Errors as ``quadratic_weighted_kappa``.

    >>> mean_absolute_error(np.array([0, 3]), np.array([1, 1]), 5)
    1.5
    """
    predicted, true = checked_grades(predicted, true, n_grades)
    return float(np.abs(predicted - true).mean())


def sensitivity_at_specificity(
    scores: np.ndarray, labels: np.ndarray, *, specificity: float = 0.90, threshold: float | None = None
) -> float:
    """Return the share of positives called at a threshold of given specificity, in [0, 1], higher is better.

    ``scores`` [N], ``labels`` [N] (0/1). Without ``threshold`` it is ``threshold_at_specificity`` of these very images,
    which flatters; give the validation images' instead, and ``specificity`` is then not used. It jumps as a patient
    comes or goes and has no influence function: its interval comes from the bootstrap alone. Raises StatisticsError
    without both a positive and a negative, for NaN, shapes that differ, and a specificity outside (0, 1].

    >>> sensitivity_at_specificity(np.array([1.0, 2.0, 3.0, 3.0, 4.0]), np.array([0, 0, 0, 1, 1]), specificity=0.6)
    1.0
    >>> sensitivity_at_specificity(np.array([1.0, 2.0, 3.0, 3.0, 4.0]), np.array([0, 0, 0, 1, 1]), specificity=0.7)
    0.5
    """
    scores, positive = _checked(scores, labels)
    if threshold is None:
        threshold = threshold_at_specificity(scores, labels, specificity=specificity)
    if math.isnan(threshold):
        raise StatisticsError("The threshold is NaN; give a score, or None to choose it on these images.")
    return float((scores[positive] >= threshold).mean())


def threshold_at_specificity(scores: np.ndarray, labels: np.ndarray, *, specificity: float = 0.90) -> float:
    """Return the smallest score below which at least the share ``specificity`` of the negatives is.

    Scores that tie with the threshold are called, positives and negatives alike, so tied negatives are rejected
    together or not at all. Infinity, which calls nothing, when too many negatives share the highest score. Arguments
    and errors as ``sensitivity_at_specificity``.

    >>> threshold_at_specificity(np.array([1.0, 2.0, 3.0, 3.0, 4.0]), np.array([0, 0, 0, 1, 1]), specificity=0.6)
    3.0
    """
    scores, positive = _checked(scores, labels)
    if not 0 < specificity <= 1:
        raise StatisticsError(f"Specificity must be above 0 and at most 1; given {specificity}.")
    negatives = np.sort(scores[~positive])
    # The product may exceed a whole number by a rounding error, as .55 * 100 does.
    needed = math.ceil(specificity * negatives.size - 1e-9)
    above = scores[scores > negatives[needed - 1]]
    return float(above.min()) if above.size else math.inf


def youden_thresholds(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the thresholds [..., K] at which sensitivity + specificity of ``scores`` [..., N, K] is largest.

    ``labels`` [N, K] 0/1. Each is one of the scores; of several as good, the highest. Choose them on validation images,
    for each replicate of a model, and use them on test images. Raises StatisticsError for a class without a positive
    or a negative, NaN and shapes that differ. Youden 1950.

    >>> youden_thresholds(np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[0], [1], [0], [1]]))
    array([4.])
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    if labels.ndim != 2 or scores.shape[-2:] != labels.shape:
        raise StatisticsError(
            f"Scores [..., N, K] and labels [N, K] must agree; given {scores.shape} and {labels.shape}."
        )
    rows = scores.reshape(-1, *labels.shape)
    thresholds = np.empty((len(rows), labels.shape[1]))
    for k in range(labels.shape[1]):
        for row in range(len(rows)):
            column, positive = _checked(rows[row, :, k], labels[:, k], f"The threshold of class {k}")
            thresholds[row, k] = _youden_threshold(column, positive)
    return thresholds.reshape(*scores.shape[:-2], labels.shape[1])


def _youden_threshold(scores: np.ndarray, positive: np.ndarray) -> float:
    order = np.argsort(scores)[::-1]
    ordered, is_positive = scores[order], positive[order]
    called_positives = np.cumsum(is_positive)
    called_negatives = np.arange(1, order.size + 1) - called_positives
    n_positive = int(called_positives[-1])
    # Whole numbers, so that equally good thresholds are equal and not apart by rounding.
    gain = called_positives * (order.size - n_positive) - called_negatives * n_positive
    ends_tie = np.append(ordered[1:] != ordered[:-1], True)
    return float(ordered[ends_tie][gain[ends_tie].argmax()])


def _checked(scores: np.ndarray, labels: np.ndarray, what: str = "Sensitivity") -> tuple[np.ndarray, np.ndarray]:
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.shape != labels.shape or scores.ndim != 1:
        raise StatisticsError(f"{what} needs scores [N] and labels [N]; given {scores.shape} and {labels.shape}.")
    if np.isnan(scores).any():
        raise StatisticsError(f"Scores are NaN at images {first_offenders(np.flatnonzero(np.isnan(scores)))}.")
    positive = labels > 0
    if not positive.any() or positive.all():
        n_positive = int(positive.sum())
        raise StatisticsError(
            f"{what} needs positives and negatives; given {n_positive} positives and {labels.size - n_positive} negatives."
        )
    return scores, positive
