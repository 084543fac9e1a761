"""AUROCs of a few score vectors on the same images, with their covariance: DeLong's, exactly, and of an ensemble.

Both are companions of the comparison over replicates and patients, and decide nothing: one run says nothing about the
next, and an ensemble of R models is another product than any one of them.

DeLong, DeLong & Clarke-Pearson 1988 take the sample variance on each side, m / (m-1) times the sum of squares over the m
positives and n / (n-1) over the n negatives. The influence arrays know patients, who may have images on both sides, and
carry the same divisors (``influence.delong_divisor``): with one image per patient both are equal to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.metrics.discrimination import class_scores
from qaugbench.stats.influence import auroc_influence, binary_image_influence
from qaugbench.stats.mrmc import NO_VARIATION, ROUNDING, SINGLE_RUN, Comparison, interval

ENSEMBLE = "ensemble of {} models, their logits averaged: single-run DeLong over patients, not what one model does"


@dataclass(frozen=True)
class DeLong:
    """AUROC ``values`` [A] of A score vectors on the same images and their ``covariance`` [A, A]."""

    values: np.ndarray
    covariance: np.ndarray


def delong(scores: np.ndarray, labels: np.ndarray) -> DeLong:
    """Return the AUROCs and their covariance: DeLong, DeLong & Clarke-Pearson 1988, one image one unit.

    ``scores`` [A, N] or [N], ``labels`` [N] 0/1. Ties count one half, and the covariance has the divisors m (m-1) and
    n (n-1) of the original. O(A N log N + A^2 N). For patients with several images use ``auroc_influence``. Raises
    StatisticsError for fewer than two positives or negatives, NaN, labels other than 0/1 and shapes that differ.

    >>> found = delong(np.array([[1.0, 3.0, 2.0, 4.0], [1.0, 2.0, 3.0, 4.0]]), np.array([0, 0, 1, 1]))
    >>> found.values.tolist(), found.covariance.tolist()
    ([0.75, 1.0], [[0.125, 0.0], [0.0, 0.0]])
    """
    scores, positive = _checked(np.atleast_2d(np.asarray(scores)), np.asarray(labels))
    values, influence = binary_image_influence(scores, positive)
    return DeLong(values, _covariance(influence, positive))


def delong_test(scores: np.ndarray, other_scores: np.ndarray, labels: np.ndarray) -> Comparison:
    """Return the Comparison of two AUROCs on the same images, ``scores`` [N] minus ``other_scores`` [N].

    The paired z-test, which speaks of these two models and no others: its ``method`` is the single run's. Identical
    rankings give estimate 0, se 0 and p 1. Arguments and errors as ``delong``.

    >>> found = delong_test(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0]), np.array([0, 0, 1, 1]))
    >>> found.estimate, round(found.se, 4), round(found.p_value, 4)
    (0.25, 0.3536, 0.4795)
    """
    scores, other_scores = np.asarray(scores), np.asarray(other_scores)
    if scores.ndim != 1 or scores.shape != other_scores.shape:
        raise StatisticsError(
            f"Two score vectors of the same images are compared, [N] each; given {scores.shape} and {other_scores.shape}."
        )
    both, positive = _checked(np.stack([scores, other_scores]), np.asarray(labels))
    values, influence = binary_image_influence(both, positive)
    estimate = float(values[0] - values[1])
    # From the difference, not from the covariances: equal rankings then differ by exactly nothing.
    variance = float(_covariance(influence[:1] - influence[1:], positive)[0, 0])
    if variance < ROUNDING**2:
        method = NO_VARIATION if abs(estimate) > ROUNDING else SINGLE_RUN
        return Comparison(estimate, 0.0, math.inf, estimate, estimate, 1.0, 0.0, method, 1, scores.size)
    se, reach = math.sqrt(variance), float(stats.norm.ppf(0.975))
    return Comparison(
        estimate=estimate,
        se=se,
        df=math.inf,
        ci_low=estimate - reach * se,
        ci_high=estimate + reach * se,
        p_value=float(2 * stats.norm.sf(abs(estimate) / se)),
        mde=(reach + float(stats.norm.ppf(0.80))) * se,
        method=SINGLE_RUN,
        n_replicates=1,
        n_groups=scores.size,
    )


def ensemble(
    logits: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    kind: str,
    *,
    against: np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
) -> Comparison:
    """Return the macro-AUROC of an ensemble, or its difference to the ensemble ``against``, with a 95 % interval.

    ``logits`` [R, N, K], ``against`` [S, N, K], ``labels`` [N, K] 0/1, ``groups`` [N], ``kind`` of labels. The logits
    are averaged over the replicates in float64 and scored as one model's. That is what a hospital running all R models
    would get, and more than the mean of the models' AUROCs: it answers a question of its own. The interval is over
    patients alone (z, clustered) and says nothing of another R models; ``method`` says so. Raises StatisticsError for
    logits that are not [R, N, K] and finite, and as ``auroc_influence``.

    >>> random = np.random.RandomState(0)
    >>> labels = np.repeat([[0], [1]], 20, axis=0)
    >>> found = ensemble(labels + random.normal(size=(5, 40, 1)), labels, np.arange(40), "multilabel")
    >>> round(found.estimate, 3), found.n_replicates
    (0.935, 5)
    """
    value, influence = _ensemble_influence(logits, labels, groups, kind, class_names)
    n_models = str(len(logits))
    if against is not None:
        other_value, other_influence = _ensemble_influence(against, labels, groups, kind, class_names)
        value, influence = value - other_value, influence - other_influence
        n_models = n_models if len(against) == len(logits) else f"{len(logits)} and {len(against)}"
    found = interval(np.array([value]), influence[None])
    method = NO_VARIATION if found.method == NO_VARIATION else ENSEMBLE.format(n_models)
    return replace(found, method=method, n_replicates=len(logits))


def _ensemble_influence(
    logits: np.ndarray, labels: np.ndarray, groups: np.ndarray, kind: str, class_names: Sequence[str] | None
) -> tuple[float, np.ndarray]:
    logits = np.asarray(logits)
    if logits.ndim != 3 or len(logits) == 0:
        raise StatisticsError(f"An ensemble needs logits [R, N, K] of at least one model; given shape {logits.shape}.")
    unusable = np.flatnonzero(~np.isfinite(logits).all(axis=(1, 2)))
    if unusable.size:
        raise StatisticsError(f"Logits are not finite in replicates {first_offenders(unusable)}; leave these out.")
    scores = class_scores(logits.mean(axis=0, dtype=np.float64), kind)
    return auroc_influence(scores, labels, groups, class_names=class_names)


def _covariance(influence: np.ndarray, positive: np.ndarray) -> np.ndarray:
    covariance = np.zeros((len(influence), len(influence)))
    for side in (positive, ~positive):
        n_images = int(side.sum())
        covariance += n_images / (n_images - 1) * (influence[:, side] @ influence[:, side].T)
    return covariance


def _checked(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if scores.ndim != 2 or labels.shape != scores.shape[1:]:
        raise StatisticsError(f"DeLong needs scores [A, N] and labels [N]; given {scores.shape} and {labels.shape}.")
    for row, missing in enumerate(np.isnan(scores)):
        if missing.any():
            images = first_offenders(np.flatnonzero(missing))
            raise StatisticsError(f"Scores are NaN in score vector {row} at images {images}.")
    if not np.isin(labels, (0, 1)).all():
        raise StatisticsError(f"Labels must be 0 or 1; given {first_offenders(np.setdiff1d(labels, (0, 1)))}.")
    positive = labels > 0
    n_positive = int(positive.sum())
    if min(n_positive, positive.size - n_positive) < 2:
        raise StatisticsError(
            "DeLong needs at least two positives and two negatives; "
            f"given {n_positive} positives and {positive.size - n_positive} negatives."
        )
    return scores, positive
