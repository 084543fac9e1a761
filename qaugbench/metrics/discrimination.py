"""How well scores separate classes: AUROC, average precision and quadratic weighted kappa, and the scores they rank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit as sigmoid
from scipy.special import log_expit, logsumexp, softmax
from scipy.stats import rankdata

from qaugbench.errors import StatisticsError, first_offenders, near_names

LABEL_KINDS = ("multilabel", "multiclass", "ordinal")


def probabilities(logits: np.ndarray, kind: str) -> np.ndarray:
    """Return class probabilities, float64 in [0, 1] and shaped like ``logits`` [..., K].

    Multilabel: a sigmoid per class. Multiclass and ordinal: a softmax, so each row sums to 1.
    """
    _check_kind(kind)
    logits = np.asarray(logits, dtype=np.float64)
    return sigmoid(logits) if kind == "multilabel" else softmax(logits, axis=-1)


def class_scores(logits: np.ndarray, kind: str) -> np.ndarray:
    """Return one-versus-rest scores, shaped like ``logits`` [..., K], that rank as the probabilities do.

    Probabilities of confident models round to 0 or 1 and tie; these do not. Multilabel: the logits, as given.
    Multiclass and ordinal: the log-odds of the softmax, ``logit_k - logsumexp(logits of the others)``, float64.

    >>> class_scores(np.array([[0.0, 100.0]]), "multiclass")
    array([[-100.,  100.]])
    """
    _check_kind(kind)
    logits = np.asarray(logits)
    if kind == "multilabel":
        return logits
    n_classes = logits.shape[-1]
    return np.stack([any_of_scores(logits, kind, (k,)) for k in range(n_classes)], axis=-1)


def any_of_scores(logits: np.ndarray, kind: str, classes: Sequence[int]) -> np.ndarray:
    """Return scores [...] from ``logits`` [..., K] that rank images by the summed probability of ``classes``.

    Multiclass and ordinal: the log-odds of that sum. Multilabel: the logit of a single class, and for several, where
    the sum of sigmoids is no probability, its logarithm.
    """
    _check_kind(kind)
    logits = np.asarray(logits)
    chosen = list(classes)
    if kind == "multilabel":
        if len(chosen) == 1:
            return logits[..., chosen[0]]
        return _log_sum_exp(log_expit(logits[..., chosen].astype(np.float64)))
    others = [k for k in range(logits.shape[-1]) if k not in chosen]
    if not chosen or not others:
        raise StatisticsError(f"A score needs classes on both sides; given classes {chosen} out of {logits.shape[-1]}.")
    logits = logits.astype(np.float64)
    return _log_sum_exp(logits[..., chosen]) - _log_sum_exp(logits[..., others])


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the area under the ROC curve, in [0, 1], higher is better; ties count one half.

    ``scores`` [N] and ``labels`` [N] (0/1). Raises StatisticsError without both a positive and a negative, on NaN
    scores and on shapes that differ. Mann & Whitney 1947; Hanley & McNeil 1982.

    >>> auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    0.75
    """
    return _auroc(*_checked_binary(scores, labels, "AUROC"))


def macro_auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the unweighted mean over the K classes of AUROC, in [0, 1]; ``scores`` and ``labels`` are [N, K]."""
    columns = _checked_columns(scores, labels, "AUROC")
    return float(np.mean([_auroc(*column) for column in columns]))


def average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the average precision, in [0, 1], higher is better; chance is the share of positives.

    ``scores`` [N] and ``labels`` [N] (0/1). The precision among the images that score at least as high as a positive,
    averaged over the positives: the step definition, without interpolation, as scikit-learn's; images that tie are
    taken in together. Raises StatisticsError without both a positive and a negative (without a negative it is 1
    whatever the scores), on NaN scores and on shapes that differ. Boyd, Eng & Page 2013 study it beside others.

    >>> round(average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])), 4)
    0.8333
    """
    return _average_precision(*_checked_binary(scores, labels, "AP"))


def macro_average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the unweighted mean over the K classes of AP, in [0, 1]; ``scores`` and ``labels`` are [N, K].

    Errors as ``average_precision``, with the class that it concerns.

    >>> scores, labels = np.array([[3.0, 1.0], [2.0, 3.0], [1.0, 2.0]]), np.array([[1, 0], [0, 0], [0, 1]])
    >>> macro_average_precision(scores, labels)
    0.75
    """
    columns = _checked_columns(scores, labels, "AP")
    return float(np.mean([_average_precision(*column) for column in columns]))


def quadratic_weighted_kappa(predicted: np.ndarray, true: np.ndarray, n_grades: int) -> float:
    """Return Cohen's kappa with quadratic weights, in [-1, 1], higher is better.

    ``predicted`` [N] and ``true`` [N] are integer grades in 0..n_grades-1. Raises StatisticsError where it is 0/0:
    every grade, predicted and true, is the same. Cohen 1968.
    """
    predicted, true = checked_grades(predicted, true, n_grades)
    agreement, expected = kappa_terms(*kappa_sums(predicted, true).sum(axis=1))
    if expected == 0:
        raise StatisticsError(f"Kappa is undefined: all {true.size} images have, and are given, grade {true[0]}.")
    return float(agreement / expected)


def kappa_sums(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the counts [6, N], one row each of 1, p, t, pp, tt, pt, whose sums over images determine kappa."""
    return np.stack([np.ones_like(true), predicted, true, predicted**2, true**2, predicted * true])


def kappa_terms(n: np.ndarray, p: np.ndarray, t: np.ndarray, pp: np.ndarray, tt: np.ndarray, pt: np.ndarray) -> tuple:
    """Return (numerator, denominator) of kappa from sums of counts, exact in int64.

    With weights (a-b)^2 kappa is ``1 - mean((p-t)^2) / mean over all pairs (p_i-t_j)^2``, which the six sums
    determine.
    """
    return 2 * (n * pt - p * t), n * (pp + tt) - 2 * p * t


def checked_grades(predicted: np.ndarray, true: np.ndarray, n_grades: int) -> tuple[np.ndarray, np.ndarray]:
    """Return both as int64 [N]; raise StatisticsError for shapes that differ or a grade outside 0..n_grades-1."""
    predicted, true = np.asarray(predicted), np.asarray(true)
    if predicted.shape != true.shape or true.ndim != 1 or true.size == 0:
        raise StatisticsError(
            f"Predicted and true grades must be [N], one per image; given {predicted.shape} and {true.shape}."
        )
    for name, grades in (("predicted", predicted), ("true", true)):
        outside = np.flatnonzero(~np.isin(grades, np.arange(n_grades)))
        if outside.size:
            raise StatisticsError(f"A {name} grade is not in 0..{n_grades - 1} at images {first_offenders(outside)}.")
    return predicted.astype(np.int64), true.astype(np.int64)


def _auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    pairs_won = rankdata(scores)[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(pairs_won / (n_positive * n_negative))


def _average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    threshold = np.sort(scores[positive])
    positives_above = threshold.size - np.searchsorted(threshold, threshold, side="left")
    images_above = scores.size - np.searchsorted(np.sort(scores), threshold, side="left")
    return float(np.mean(positives_above / images_above))


def _checked_columns(scores: np.ndarray, labels: np.ndarray, metric: str) -> list[tuple[np.ndarray, np.ndarray]]:
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.shape != labels.shape or scores.ndim != 2:
        raise StatisticsError(
            f"Macro-{metric} needs scores and labels [N, K]; given {scores.shape} and {labels.shape}."
        )
    return [_checked_binary(scores[:, k], labels[:, k], f"{metric} of class {k}") for k in range(scores.shape[1])]


def _checked_binary(scores: np.ndarray, labels: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return scores [N] and whether each image is positive [N]; raise StatisticsError where ``metric`` is undefined."""
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.shape != labels.shape or scores.ndim != 1:
        raise StatisticsError(f"{metric} needs scores [N] and labels [N]; given {scores.shape} and {labels.shape}.")
    if np.isnan(scores).any():
        raise StatisticsError(f"Scores are NaN at images {first_offenders(np.flatnonzero(np.isnan(scores)))}.")
    positive = labels > 0
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0:
        raise StatisticsError(
            f"{metric} needs positives and negatives; given {n_positive} positives and {n_negative} negatives."
        )
    return scores, positive


def _log_sum_exp(values: np.ndarray) -> np.ndarray:
    return values[..., 0] if values.shape[-1] == 1 else logsumexp(values, axis=-1)


def _check_kind(kind: str) -> None:
    if kind not in LABEL_KINDS:
        raise StatisticsError(f"Unknown label kind {kind!r}.{near_names(kind, LABEL_KINDS)}")
