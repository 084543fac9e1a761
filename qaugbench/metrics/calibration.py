"""How far stated probabilities are from what happened: Brier score and log loss, both proper and both means of images.

Classes that exclude one another (``kind`` multiclass or ordinal): probabilities sum to 1 over the classes and each
image has one of them; an image's score is a sum over classes. Multilabel: each class is a problem of its own; an
image's score is the mean over classes. Lower is better.
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit, log_softmax

from qaugbench.errors import StatisticsError, first_offenders, near_names
from qaugbench.metrics.discrimination import LABEL_KINDS

SUM_TOLERANCE = 1e-3
"""Probabilities rounded to half precision, or printed with four decimals, sum to 1 within this."""


def brier_score(probabilities: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """Return the Brier score, lower is better: in [0, 2] for multiclass and ordinal, in [0, 1] for multilabel.

    ``probabilities`` [N, K] in [0, 1], ``labels`` [N, K] 0/1. The mean over images of the squared differences between
    the two, summed over classes (multiclass and ordinal; Brier 1950) or averaged over them (multilabel). Raises
    StatisticsError for NaN, shapes that differ, probabilities outside [0, 1] or that do not sum to 1, and labels that
    are not 0 or 1 or, unless multilabel, not one class per image.

    >>> probabilities, labels = np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([[1, 0], [0, 1]])
    >>> round(brier_score(probabilities, labels, "multiclass"), 12), round(brier_score(probabilities, labels, "multilabel"), 12)
    (0.2, 0.1)
    """
    return float(brier_per_image(probabilities, labels, kind).mean())


def brier_per_image(probabilities: np.ndarray, labels: np.ndarray, kind: str) -> np.ndarray:
    """Return each image's part [..., N] of the Brier score of ``probabilities`` [..., N, K]; errors as ``brier_score``."""
    probabilities, labels = _checked(probabilities, labels, kind)
    _refuse_impossible(probabilities, kind)
    squares = np.square(probabilities - labels)
    return squares.mean(axis=-1) if kind == "multilabel" else squares.sum(axis=-1)


def log_loss(logits: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """Return the log loss (cross-entropy) in nats, 0 or more, lower is better, exactly from logits.

    ``logits`` [N, K], ``labels`` [N, K] 0/1. Minus the logarithm of the probability given to what happened, the mean
    over images; for multilabel of the mean over classes. Nothing is rounded to a probability on the way, so a confident
    mistake costs what it costs. Raises StatisticsError for logits that are not finite, shapes that differ and labels
    as in ``brier_score``. Good 1952.

    >>> log_loss(np.array([[0.0, 1000.0]]), np.array([[1, 0]]), "multiclass")
    1000.0
    """
    return float(log_loss_per_image(logits, labels, kind).mean())


def log_loss_per_image(logits: np.ndarray, labels: np.ndarray, kind: str) -> np.ndarray:
    """Return each image's part [..., N] of the log loss of ``logits`` [..., N, K]; errors as ``log_loss``."""
    logits, labels = _checked(logits, labels, kind)
    _refuse_infinite(logits)
    happened = labels > 0
    if kind == "multilabel":
        return -log_expit(np.where(happened, logits, -logits)).mean(axis=-1)
    return -np.where(happened, log_softmax(logits, axis=-1), 0.0).sum(axis=-1)


def log_loss_of_probabilities(probabilities: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """Return the log loss in nats from ``probabilities`` [N, K] in [0, 1], for when there are no logits.

    Where what happened was given probability 0 the loss is infinite, and is refused rather than clipped: the number
    would only tell the clipping constant. Otherwise as ``log_loss``; errors as ``brier_score``.

    >>> round(log_loss_of_probabilities(np.array([[0.5, 0.5]]), np.array([[1, 0]]), "multiclass"), 6)
    0.693147
    """
    return float(log_loss_of_probabilities_per_image(probabilities, labels, kind).mean())


def log_loss_of_probabilities_per_image(probabilities: np.ndarray, labels: np.ndarray, kind: str) -> np.ndarray:
    """Return each image's part [..., N] of ``log_loss_of_probabilities``, of [..., N, K]; errors as there."""
    probabilities, labels = _checked(probabilities, labels, kind)
    _refuse_impossible(probabilities, kind)
    if kind == "multilabel":
        of_what_happened = np.where(labels > 0, probabilities, 1.0 - probabilities)
    else:
        of_what_happened = np.where(labels > 0, probabilities, 1.0)
    impossible = of_what_happened == 0
    if impossible.any():
        raise StatisticsError(
            f"Log loss is infinite: what happened was given probability 0 at images {_images(impossible)}. "
            "Give logits instead, which do not round to 0."
        )
    loss = -np.log(of_what_happened)
    return np.asarray(loss.mean(axis=-1) if kind == "multilabel" else loss.sum(axis=-1))


def _checked(predictions: np.ndarray, labels: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions [..., N, K] and labels [N, K] as float64, once they are known to fit together."""
    if kind not in LABEL_KINDS:
        raise StatisticsError(f"Unknown label kind {kind!r}.{near_names(kind, LABEL_KINDS)}")
    predictions, labels = np.asarray(predictions, dtype=np.float64), np.asarray(labels)
    if labels.ndim != 2 or labels.size == 0 or predictions.shape[-2:] != labels.shape:
        raise StatisticsError(
            f"Predictions [..., N, K] and labels [N, K] must agree; given {predictions.shape} and {labels.shape}."
        )
    if np.isnan(predictions).any():
        raise StatisticsError(f"Predictions are NaN at images {_images(np.isnan(predictions))}.")
    if not np.isin(labels, (0, 1)).all():
        raise StatisticsError(f"Labels must be 0 or 1; given {first_offenders(np.setdiff1d(labels, (0, 1)))}.")
    several = np.flatnonzero(labels.sum(axis=1) != 1)
    if kind != "multilabel" and several.size:
        raise StatisticsError(
            f"{kind.capitalize()} images have one class each; not so images {first_offenders(several)}. "
            "Leave them out, or take the labels as multilabel."
        )
    return predictions, labels.astype(np.float64)


def _refuse_impossible(probabilities: np.ndarray, kind: str) -> None:
    outside = (probabilities < 0) | (probabilities > 1)
    if outside.any():
        raise StatisticsError(f"Probabilities must be in [0, 1]; not so at images {_images(outside)}. Are they logits?")
    if kind == "multilabel":
        return
    not_one = np.abs(probabilities.sum(axis=-1, keepdims=True) - 1) > SUM_TOLERANCE
    if not_one.any():
        raise StatisticsError(f"Probabilities of an image must sum to 1; not so at images {_images(not_one)}.")


def _refuse_infinite(logits: np.ndarray) -> None:
    infinite = np.isinf(logits)
    if infinite.any():
        raise StatisticsError(f"Logits must be finite; not so at images {_images(infinite)}.")


def _images(wrong: np.ndarray) -> str:
    """Return the first of the images at which any entry of ``wrong`` [..., N, K] is true."""
    other_axes = tuple(axis for axis in range(wrong.ndim) if axis != wrong.ndim - 2)
    return first_offenders(np.flatnonzero(wrong.any(axis=other_axes)))
