"""Sensitivity at a specificity: the weighted, vectorised one is the plain one of images repeated."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics import decisions
from qaugbench.stats.bootstrap import PATIENTS_ALONE, pigeonhole_metric
from qaugbench.stats.operating_point import (
    THRESHOLD_CHOSEN,
    THRESHOLD_FIXED,
    sensitivity_at_specificity,
    sensitivity_difference,
)


def _arm(
    *, replicates: int = 3, images: int = 120, decimals: int = 8, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = (np.arange(images) % 4 == 0).astype(int)
    scores = labels + random.normal(size=(replicates, images)) + random.normal(size=images)
    return scores.round(decimals), labels, np.arange(images) // 2


@pytest.mark.parametrize("decimals", [8, 1, 0])
@pytest.mark.parametrize("specificity", [0.5, 0.9, 0.95, 1.0])
def test_estimate_is_the_plain_metric(decimals: int, specificity: float) -> None:
    scores, labels, groups = _arm(decimals=decimals)
    plain = [decisions.sensitivity_at_specificity(row, labels, specificity=specificity) for row in scores]
    found = sensitivity_at_specificity(scores, labels, groups, specificity=specificity, draws=100)
    assert found.estimate == pytest.approx(np.mean(plain), abs=1e-15)
    thresholds = scores[:, 5]
    pairs = zip(scores, thresholds, strict=True)
    plain = [decisions.sensitivity_at_specificity(row, labels, threshold=at) for row, at in pairs]
    found = sensitivity_at_specificity(scores, labels, groups, thresholds=thresholds, draws=100)
    assert found.estimate == pytest.approx(np.mean(plain), abs=1e-15)


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("decimals", [8, 0])
def test_each_draw_is_the_plain_metric_of_the_images_repeated(decimals: int, fixed: bool) -> None:
    scores, labels, groups = _arm(decimals=decimals)
    thresholds = np.array([0.5, 1.0, 1.5]) if fixed else None

    def plain(replicate: int, weights: np.ndarray) -> float:
        times = weights.astype(int)
        at = None if thresholds is None else thresholds[replicate]
        repeated = np.repeat(scores[replicate], times), np.repeat(labels, times)
        return decisions.sensitivity_at_specificity(*repeated, specificity=0.9, threshold=at)

    ours = sensitivity_at_specificity(scores, labels, groups, thresholds=thresholds, draws=300)
    theirs = pigeonhole_metric(plain, groups, 3, draws=300)
    assert (ours.estimate, ours.se, ours.ci_low, ours.ci_high) == pytest.approx(
        (theirs.estimate, theirs.se, theirs.ci_low, theirs.ci_high), abs=1e-14
    )


def test_difference_is_paired() -> None:
    scores, labels, groups = _arm()
    same = sensitivity_difference(scores, scores, labels, groups, draws=200)
    assert (same.estimate, same.se, same.ci_low, same.ci_high) == (0.0, 0.0, 0.0, 0.0)
    better = scores + 0.5 * labels
    there = sensitivity_difference(better, scores, labels, groups, draws=500)
    back = sensitivity_difference(scores, better, labels, groups, draws=500)
    one, other = (sensitivity_at_specificity(arm, labels, groups, draws=500) for arm in (better, scores))
    assert there.estimate == pytest.approx(one.estimate - other.estimate)
    assert (there.estimate, there.ci_low) == pytest.approx((-back.estimate, -back.ci_high))
    assert there.se < np.hypot(one.se, other.se)


def test_a_strictly_increasing_transform_of_scores_changes_nothing() -> None:
    scores, labels, groups = _arm()
    assert sensitivity_at_specificity(np.exp(scores), labels, groups, draws=200) == sensitivity_at_specificity(
        scores, labels, groups, draws=200
    )


def test_one_replicate_and_the_rule_for_the_threshold_are_named() -> None:
    scores, labels, groups = _arm(replicates=1)
    chosen = sensitivity_at_specificity(scores, labels, groups, draws=100)
    fixed = sensitivity_at_specificity(scores, labels, groups, thresholds=np.array([0.5]), draws=100)
    assert chosen.method == f"{PATIENTS_ALONE}; {THRESHOLD_CHOSEN}"
    assert fixed.method == f"{PATIENTS_ALONE}; {THRESHOLD_FIXED}"


def test_draws_without_a_positive_are_drawn_again() -> None:
    scores, _, _ = _arm(images=40)
    labels = np.zeros(40, dtype=int)
    labels[:2] = 1
    found = sensitivity_at_specificity(scores, labels, np.arange(40), draws=500)
    # (38/40)^40 = .129 of all draws have none of the two positives.
    assert found.redrawn / (500 + found.redrawn) == pytest.approx(0.129, abs=0.05)
    assert np.isfinite([found.estimate, found.se, found.ci_low, found.ci_high]).all()


def test_refuses() -> None:
    scores, labels, groups = _arm()
    missing = scores.copy()
    missing[1, 7] = np.nan
    for arguments, settings, message in (
        ((scores[0], labels, groups), {}, "Needed are"),
        ((scores, labels[1:], groups), {}, "Needed are"),
        ((scores, labels, groups[1:]), {}, "Needed are"),
        ((missing, labels, groups), {}, "NaN at images 7"),
        ((scores, 2 * labels, groups), {}, "must be 0 or 1"),
        ((scores, 0 * labels, groups), {}, "positives and negatives"),
        ((scores, labels, 0 * groups), {}, "two patients"),
        ((scores, labels, groups), {"specificity": 0.0}, "Specificity"),
        ((scores, labels, groups), {"thresholds": np.zeros(2)}, "one threshold"),
        ((scores, labels, groups), {"thresholds": np.full(3, np.nan)}, "one threshold"),
    ):
        with pytest.raises(StatisticsError, match=message):
            sensitivity_at_specificity(*arguments, **settings)
    with pytest.raises(StatisticsError, match="both arms"):
        sensitivity_difference(scores, scores, labels, groups, thresholds=np.zeros(3))
    with pytest.raises(StatisticsError, match="same shape"):
        sensitivity_difference(scores, scores[:2], labels, groups)
