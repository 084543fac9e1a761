"""How much each patient contributes to balanced accuracy, recall by recall."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.metrics.decisions import balanced_accuracy
from qaugbench.stats.arrays import checked_patients, checked_scores
from qaugbench.stats.influence import Patients


def recall_influence(correct: np.ndarray, member: np.ndarray, patients: Patients) -> tuple[np.ndarray, np.ndarray]:
    """Return (recall [B], influence [B, C]): the share that is ``correct`` [B, N] of the images ``member`` [N] (bool).

    The influence is the sum over a patient's members of (correct - recall) / (number of members).

    >>> patients = Patients.of(np.arange(3))
    >>> recall, influence = recall_influence(np.array([[True, False, True]]), np.array([True, True, False]), patients)
    >>> recall.tolist(), influence.tolist()
    ([0.5], [[0.25, -0.25, 0.0]])
    """
    n_members = int(member.sum())
    if n_members == 0:
        raise StatisticsError("Recall is undefined for a class without an image; leave it out.")
    recall = (correct & member).sum(axis=1) / n_members
    return recall, patients.sums(np.where(member, correct - recall[:, None], 0.0) / n_members)


def balanced_accuracy_influence(
    predicted: np.ndarray, true: np.ndarray, n_classes: int, groups: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return (mean over classes of recall in [0, 1], influence [C] of each group in sorted order).

    ``predicted`` [N] and ``true`` [N] are classes in 0..n_classes-1, ``groups`` [N]. Errors as ``balanced_accuracy``,
    and for fewer than two groups.

    >>> value, influence = balanced_accuracy_influence(np.array([0, 1, 1]), np.array([0, 0, 1]), 2, np.arange(3))
    >>> value, influence.tolist()
    (0.75, [0.125, -0.125, 0.0])
    """
    value = balanced_accuracy(predicted, true, n_classes)
    predicted, true = np.asarray(predicted), np.asarray(true)
    patients = checked_patients(groups, true.size)
    recalls = [recall_influence((predicted == k)[None], true == k, patients)[1][0] for k in range(n_classes)]
    return value, np.mean(recalls, axis=0)


def called_influence(called: np.ndarray, positive: np.ndarray, patients: Patients) -> tuple[np.ndarray, np.ndarray]:
    """Return ((sensitivity + specificity) / 2 [B], influence [B, C]) of calls [B, N] (bool), ``positive`` [N] (bool).

    >>> called, positive = np.array([[True, False, True, False]]), np.array([True, True, False, False])
    >>> value, influence = called_influence(called, positive, Patients.of(np.arange(4)))
    >>> value.tolist(), influence.tolist()
    ([0.5], [[0.125, -0.125, -0.125, 0.125]])
    """
    sensitivity, of_positives = recall_influence(called, positive, patients)
    specificity, of_negatives = recall_influence(~called, ~positive, patients)
    return (sensitivity + specificity) / 2, (of_positives + of_negatives) / 2


def thresholded_influence(
    scores: np.ndarray,
    labels: np.ndarray,
    thresholds: np.ndarray,
    groups: np.ndarray,
    *,
    class_names: Sequence[str] | None = None,
) -> tuple[float, np.ndarray]:
    """Return (mean over classes of (sensitivity + specificity) / 2 in [0, 1], influence [C] of each group, sorted).

    ``scores`` [N, K], ``labels`` [N, K] 0/1, ``thresholds`` [K] at or above which a class is called, ``groups`` [N].
    The thresholds are taken as given, so choose them on other images: ``youden_thresholds`` on validation. Raises
    StatisticsError for NaN, a class without a positive or a negative, fewer than two groups and shapes that differ.

    >>> scores, labels = np.array([[1.0], [3.0], [2.0], [4.0]]), np.array([[0], [0], [1], [1]])
    >>> thresholded_influence(scores, labels, np.array([2.5]), np.arange(4))[0]
    0.5
    """
    metric = "Balanced accuracy"
    scores, positive, patients = checked_scores(scores, labels, groups, metric=metric, class_names=class_names)
    thresholds = checked_thresholds(thresholds, (scores.shape[1],), range(scores.shape[1]))
    columns = [
        called_influence((scores[:, k] >= thresholds[k])[None], positive[:, k], patients)
        for k in range(scores.shape[1])
    ]
    return float(np.mean([value for value, _ in columns])), np.mean([influence[0] for _, influence in columns], axis=0)


def checked_thresholds(thresholds: np.ndarray | None, shape: tuple[int, ...], classes: Sequence[int]) -> np.ndarray:
    """Return thresholds [..., K]; raise StatisticsError for none, another shape, and NaN for one of ``classes``."""
    if thresholds is None:
        raise StatisticsError(
            "Recall and balanced accuracy of multilabel scores need thresholds; choose them on validation with youden_thresholds."
        )
    thresholds = np.asarray(thresholds)
    if thresholds.shape != shape:
        raise StatisticsError(f"Thresholds must be {list(shape)}; given shape {thresholds.shape}.")
    unknown = [k for k in classes if np.isnan(thresholds[..., k]).any()]
    if unknown:
        raise StatisticsError(
            f"Thresholds are NaN for classes {first_offenders(unknown)}: validation could not choose them. Leave these out."
        )
    return thresholds
