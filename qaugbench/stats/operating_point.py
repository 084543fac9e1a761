"""Sensitivity at a specificity, with the only interval it can have: the pigeonhole bootstrap's.

The threshold jumps from one negative's score to the next, so there is no influence function. Each draw reweighs images
that were sorted once, and costs two cumulative sums per replicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.stats.bootstrap import DRAWS, SEED, Bootstrap, resample
from qaugbench.stats.influence import Patients

THRESHOLD_FIXED = "threshold from validation, held fixed"
THRESHOLD_CHOSEN = "threshold chosen anew on each draw of these images"
# What counts as reaching a whole number of images, as in metrics.decisions.
ROUNDING = 1e-9


def sensitivity_at_specificity(
    scores: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    specificity: float = 0.90,
    thresholds: np.ndarray | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Bootstrap:
    """Return the Bootstrap of one arm's ``metrics.decisions.sensitivity_at_specificity``, the mean over replicates.

    ``scores`` [R, N] of one class, ``labels`` [N] (0/1), ``groups`` [N]. ``thresholds`` [R], one per replicate, were chosen
    on validation images and are held fixed; without them each draw chooses its own on the images drawn. Show both: the
    second flatters. A draw without a positive or without a negative is drawn again. Raises StatisticsError for NaN,
    shapes that differ, labels other than 0/1, no positive or no negative, a specificity outside (0, 1], and as
    ``pigeonhole_metric``.

    >>> scores, labels = np.arange(20.0)[None], np.arange(20) >= 8
    >>> found = sensitivity_at_specificity(scores, labels, np.arange(20))
    >>> found.estimate, found.se
    (1.0, 0.0)
    """
    curve = _Curve.of(scores, labels, groups, specificity=specificity, thresholds=thresholds)
    return _resample_curves([curve], [1.0], draws, seed)


def sensitivity_difference(
    scores: np.ndarray,
    against: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    specificity: float = 0.90,
    thresholds: np.ndarray | None = None,
    against_thresholds: np.ndarray | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Bootstrap:
    """Return the Bootstrap of one arm's sensitivity at a specificity minus another's, on the same patients and draws.

    ``scores`` and ``against`` [R, N], replicate by replicate paired; give thresholds for both arms or for neither.
    Otherwise as ``sensitivity_at_specificity``.

    >>> scores, labels = np.arange(20.0)[None], np.arange(20) >= 8
    >>> found = sensitivity_difference(scores, scores, labels, np.arange(20))
    >>> found.estimate, found.ci_low, found.ci_high
    (0.0, 0.0, 0.0)
    """
    if (thresholds is None) != (against_thresholds is None):
        raise StatisticsError("Give thresholds for both arms or for neither: they would not be comparable.")
    if np.shape(scores) != np.shape(against):
        raise StatisticsError(f"Arms must have the same shape [R, N]; given {np.shape(scores)}, {np.shape(against)}.")
    curves = [
        _Curve.of(arm, labels, groups, specificity=specificity, thresholds=chosen)
        for arm, chosen in ((scores, thresholds), (against, against_thresholds))
    ]
    return _resample_curves(curves, [1.0, -1.0], draws, seed)


@dataclass(frozen=True)
class _Curve:
    """One arm's images sorted by score in each replicate, so that a draw is two cumulative sums.

    Of each replicate: the ``negatives`` and ``positives`` [R, ...] as image numbers in the order of their scores, and
    how many positives are not called, ``missed``: at the fixed threshold, or with it at each negative.
    """

    patients: Patients
    specificity: float
    fixed: bool
    negatives: np.ndarray
    positives: np.ndarray
    missed: np.ndarray

    @classmethod
    def of(
        cls,
        scores: np.ndarray,
        labels: np.ndarray,
        groups: np.ndarray,
        *,
        specificity: float,
        thresholds: np.ndarray | None,
    ) -> _Curve:
        scores, labels = np.asarray(scores), np.asarray(labels)
        if scores.ndim != 2 or labels.shape != scores.shape[1:] or np.shape(groups) != labels.shape or not scores.size:
            raise StatisticsError(
                "Needed are scores [R, N], labels [N] and groups [N]; "
                f"given shapes {scores.shape}, {labels.shape} and {np.shape(groups)}."
            )
        if np.isnan(scores).any():
            offenders = first_offenders(np.flatnonzero(np.isnan(scores).any(axis=0)))
            raise StatisticsError(f"Scores are NaN at images {offenders}.")
        if not np.isin(labels, (0, 1)).all():
            raise StatisticsError(f"Labels must be 0 or 1; given {first_offenders(np.setdiff1d(labels, (0, 1)))}.")
        positive = labels > 0
        if not positive.any() or positive.all():
            raise StatisticsError(f"Sensitivity needs positives and negatives; given {int(positive.sum())} positives.")
        if not 0 < specificity <= 1:
            raise StatisticsError(f"Specificity must be above 0 and at most 1; given {specificity}.")
        if thresholds is not None and (np.shape(thresholds) != scores.shape[:1] or np.isnan(thresholds).any()):
            raise StatisticsError(f"Give one threshold for each of the {len(scores)} replicates, and none NaN.")
        order = np.argsort(scores, axis=1, kind="stable")
        negatives = np.stack([row[~positive[row]] for row in order])
        positives = np.stack([row[positive[row]] for row in order])
        missed = [
            np.searchsorted(row[up], row[down], side="right")
            if thresholds is None
            else np.searchsorted(row[up], thresholds[r], side="left")
            for r, (row, up, down) in enumerate(zip(scores, positives, negatives, strict=True))
        ]
        return cls(Patients.of(groups), specificity, thresholds is not None, negatives, positives, np.array(missed))

    def sensitivity(self, patient_weights: np.ndarray) -> np.ndarray:
        """Return the weighted sensitivity [B, R] for weights [B, C]; NaN without a positive or a negative."""
        # Images by draws, so that an image's weights in all draws are neighbours.
        weights = patient_weights.T.astype(np.int32)[self.patients.code]
        has_both = weights[self.positives[0]].any(axis=0) & weights[self.negatives[0]].any(axis=0)
        weights = weights[:, has_both]
        draw = np.arange(weights.shape[1])
        found = np.full((len(patient_weights), len(self.negatives)), np.nan)
        for replicate, missed in enumerate(self.missed):
            if not self.fixed:
                below = np.cumsum(weights[self.negatives[replicate]], axis=0, dtype=np.int32)
                missed = missed[(below < self.specificity * below[-1] - ROUNDING).sum(axis=0)]
            called = np.zeros((self.positives.shape[1] + 1, draw.size), dtype=np.int32)
            np.cumsum(weights[self.positives[replicate]], axis=0, out=called[1:])
            found[has_both, replicate] = (called[-1] - called[missed, draw]) / called[-1]
        return found


def _resample_curves(curves: Sequence[_Curve], signs: Sequence[float], draws: int, seed: int) -> Bootstrap:
    def values(patient_weights: np.ndarray) -> np.ndarray:
        arms = [sign * curve.sensitivity(patient_weights) for curve, sign in zip(curves, signs, strict=True)]
        return np.sum(arms, axis=0)

    patients = curves[0].patients
    return resample(
        values,
        values(np.ones((1, patients.n_groups)))[0],
        n_groups=patients.n_groups,
        n_images=patients.code.size,
        draws=draws,
        seed=seed,
        rule=THRESHOLD_FIXED if curves[0].fixed else THRESHOLD_CHOSEN,
    )
