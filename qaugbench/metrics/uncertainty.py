"""How unsure predictions are, and whether they are surer where they are right: predictive entropy and its gap."""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from qaugbench.errors import StatisticsError
from qaugbench.metrics.discrimination import probabilities


def statements(logits: np.ndarray, labels: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (entropy in nats [N, S], whether it is right [N, S]) of each statement that ``logits`` [N, K] make.

    Of classes that exclude one another (``kind`` multiclass or ordinal), an image gets one statement, the most probable class (the
    first of equals), and its entropy is that of all probabilities. Multilabel: a statement per finding, present above one half.
    ``labels`` [N, K] 0/1. Raises StatisticsError for shapes that differ and for logits that are not finite.

    >>> unsure, right = statements(np.array([[0.0, 0.0], [0.0, 50.0]]), np.array([[0, 1], [0, 1]]), "multiclass")
    >>> unsure.round(3).tolist(), right.tolist()
    ([[0.693], [0.0]], [[False], [True]])
    """
    logits, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if logits.ndim != 2 or logits.shape != labels.shape:
        raise StatisticsError(f"Logits [N, K] and labels [N, K] must agree; given {logits.shape} and {labels.shape}.")
    if not np.isfinite(logits).all():
        raise StatisticsError("Logits are not finite, so no entropy can be computed; leave the arm out.")
    chances = probabilities(logits, kind)
    if kind == "multilabel":
        return entr(chances) + entr(1 - chances), (chances > 0.5) == (labels > 0)
    right = chances.argmax(axis=1) == labels.argmax(axis=1)
    return entr(chances).sum(axis=1, keepdims=True), right[:, None]


def uncertainty_gap(logits: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """Return the mean entropy of wrong statements minus that of right ones, in nats; above 0 where doubt is where mistakes are.

    ``logits`` [N, K], ``labels`` [N, K] 0/1. Raises StatisticsError where no statement is wrong, or none is right, and as
    ``statements`` does. Its interval over patients and replicates: ``stats.uncertainty_gap``.

    >>> logits, labels = np.array([[0.0, 0.0], [0.0, 50.0]]), np.array([[0, 1], [0, 1]])
    >>> round(uncertainty_gap(logits, labels, "multiclass"), 3)
    0.693
    """
    unsure, right = statements(logits, labels, kind)
    require_both(right)
    return float(unsure[~right].mean() - unsure[right].mean())


def has_both(right: np.ndarray) -> bool:
    """Return whether some statements are right and some are wrong."""
    return bool(right.any() and not right.all())


def require_both(right: np.ndarray) -> None:
    """Raise StatisticsError unless some statements are right and some are wrong."""
    if not has_both(right):
        raise StatisticsError(
            f"An uncertainty gap needs right and wrong statements; given {int(right.sum())} right of {right.size}."
        )
