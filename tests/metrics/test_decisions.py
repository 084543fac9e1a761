"""Recalls, grade errors and thresholds against scikit-learn, by hand and by search over every threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_curve
from sklearn.metrics import mean_absolute_error as sklearn_absolute_error

from qaugbench.errors import StatisticsError
from qaugbench.metrics.decisions import (
    balanced_accuracy,
    mean_absolute_error,
    sensitivity_at_specificity,
    threshold_at_specificity,
    youden_thresholds,
)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_decisions_agree_with_scikit_learn(n_classes: int) -> None:
    random = np.random.default_rng(n_classes)
    true = random.integers(0, n_classes, 300)
    predicted = np.clip(true + random.integers(-1, 2, 300), 0, n_classes - 1)
    assert balanced_accuracy(predicted, true, n_classes) == pytest.approx(
        balanced_accuracy_score(true, predicted), abs=1e-12
    )
    assert mean_absolute_error(predicted, true, n_classes) == pytest.approx(
        sklearn_absolute_error(true, predicted), abs=1e-12
    )


def test_a_class_without_an_image_has_no_recall() -> None:
    with pytest.raises(StatisticsError, match=r"without an image: 1, 3. Leave it out"):
        balanced_accuracy(np.array([0, 1, 2]), np.array([0, 0, 2]), 4)
    with pytest.raises(StatisticsError, match=r"true grade is not in 0..2 at images 2"):
        mean_absolute_error(np.array([0, 1, 2]), np.array([0, 0, 3]), 3)
    with pytest.raises(StatisticsError, match=r"given \(2,\) and \(3,\)"):
        balanced_accuracy(np.array([0, 1]), np.array([0, 0, 1]), 2)


def _scores(seed: int, distinct: int = 12) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.random(80) < 0.3
    return random.integers(0, distinct, 80) + 2.0 * labels, labels.astype(int)


@pytest.mark.parametrize("specificity", [0.5, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("distinct", [3, 12, 10**6])
def test_sensitivity_is_the_best_that_the_curve_has_at_that_specificity(distinct: int, specificity: float) -> None:
    for seed in range(10):
        scores, labels = _scores(seed, distinct)
        false_positives, sensitivity, _ = roc_curve(labels, scores, drop_intermediate=False)
        expected = sensitivity[1 - false_positives >= specificity - 1e-12].max()
        assert sensitivity_at_specificity(scores, labels, specificity=specificity) == pytest.approx(expected, abs=1e-15)


def test_a_specificity_that_is_a_whole_number_of_negatives_is_met_exactly() -> None:
    # .55 * 100 is 55.00000000000001 in binary: 55 negatives, not 56, must lie below.
    scores, labels = np.append(np.arange(100.0), 200.0), np.arange(101) == 100
    assert threshold_at_specificity(scores, labels, specificity=0.55) == 55.0


def test_tied_negatives_are_rejected_together_or_not_at_all() -> None:
    scores, labels = np.array([1.0, 2.0, 2.0, 2.0, 3.0]), np.array([0, 0, 0, 1, 1])
    assert threshold_at_specificity(scores, labels, specificity=0.5) == 3.0
    assert sensitivity_at_specificity(scores, labels, specificity=0.5) == 0.5
    assert sensitivity_at_specificity(scores, labels, specificity=0.3) == 1.0
    assert threshold_at_specificity(np.zeros(5), labels) == math.inf
    assert sensitivity_at_specificity(np.zeros(5), labels) == 0.0


def test_a_threshold_from_elsewhere_is_used_as_it_is() -> None:
    scores, labels = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 1, 1, 1])
    assert sensitivity_at_specificity(scores, labels, threshold=3.0) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("scores", "labels", "options", "message"),
    [
        ([1.0, 2.0], [0, 0], {}, "given 0 positives and 2 negatives"),
        ([1.0, 2.0], [1, 1], {}, "given 2 positives and 0 negatives"),
        ([1.0, np.nan], [0, 1], {}, "NaN at images 1"),
        ([1.0, 2.0], [0, 1, 1], {}, r"given \(2,\) and \(3,\)"),
        ([1.0, 2.0], [0, 1], {"specificity": 90}, "at most 1; given 90"),
        ([1.0, 2.0], [0, 1], {"threshold": math.nan}, "threshold is NaN"),
    ],
)
def test_sensitivity_refuses(scores: list[float], labels: list[int], options: dict, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        sensitivity_at_specificity(np.array(scores), np.array(labels), **options)


@pytest.mark.parametrize("distinct", [2, 12, 10**6])
def test_youden_threshold_is_the_best_of_all(distinct: int) -> None:
    for seed in range(20):
        scores, labels = _scores(seed, distinct)
        gains = {
            threshold: (scores[labels == 1] >= threshold).mean() - (scores[labels == 0] >= threshold).mean()
            for threshold in np.unique(scores)
        }
        best = max(gains.values())
        expected = max(threshold for threshold, gain in gains.items() if gain > best - 1e-12)
        assert youden_thresholds(scores[:, None], labels[:, None]).tolist() == [expected]


def test_youden_thresholds_are_each_replicates_and_each_classes_own() -> None:
    (first, labels), (second, other_labels) = _scores(1), _scores(2)
    scores, both = np.stack([first, second], axis=1), np.stack([labels, other_labels], axis=1)
    found = youden_thresholds(np.stack([scores, 3 * scores + 1]), both)
    one = np.append(youden_thresholds(first[:, None], labels[:, None]), youden_thresholds(second[:, None], both[:, 1:]))
    np.testing.assert_array_equal(found, [one, 3 * one + 1])


def test_youden_threshold_of_a_class_that_validation_cannot_decide() -> None:
    scores, labels = np.arange(8.0).reshape(4, 2), np.array([[0, 0], [0, 0], [1, 0], [1, 0]])
    with pytest.raises(StatisticsError, match="threshold of class 1 needs positives and negatives; given 0 positives"):
        youden_thresholds(scores, labels)
    with pytest.raises(StatisticsError, match="must agree"):
        youden_thresholds(scores, labels[:-1])
