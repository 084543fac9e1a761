"""Influence on balanced accuracy: by hand, against what leaving a patient out does, and with thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, recall_score

from qaugbench.errors import StatisticsError
from qaugbench.metrics.decisions import balanced_accuracy
from qaugbench.stats.influence import Patients
from qaugbench.stats.jackknife import jackknife_influence
from qaugbench.stats.recall import balanced_accuracy_influence, recall_influence, thresholded_influence


def _classes(n: int = 400, k: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    true = random.integers(0, k, n)
    return np.where(random.random(n) < 0.7, true, random.integers(0, k, n)), true, random.integers(0, n // 2, n)


def test_by_hand() -> None:
    # Class 0: images 0, 1, 2 with two correct; class 1: image 3, wrong. Patient 8 has images 0 and 3, patient 9 the rest.
    predicted, true = np.array([0, 0, 1, 0]), np.array([0, 0, 0, 1])
    value, influence = balanced_accuracy_influence(predicted, true, 2, np.array([8, 9, 9, 8]))
    assert value == pytest.approx(1 / 3)
    np.testing.assert_allclose(influence, [(1 / 3) / 3 / 2, (1 / 3 - 2 / 3) / 3 / 2], atol=1e-15)


def test_influence_is_close_to_what_leaving_a_patient_out_does() -> None:
    predicted, true, groups = _classes()
    value, influence = balanced_accuracy_influence(predicted, true, 3, groups)
    exact_value, exact = jackknife_influence(lambda kept: balanced_accuracy(predicted[kept], true[kept], 3), groups)
    assert value == exact_value == pytest.approx(balanced_accuracy_score(true, predicted), abs=1e-12)
    np.testing.assert_allclose(influence, exact, rtol=0, atol=0.06 * np.abs(exact).max())
    assert (influence**2).sum() == pytest.approx((exact**2).sum(), rel=0.03)


def test_one_recall_has_the_variance_of_a_share() -> None:
    predicted, true, _ = _classes()
    member = true == 1
    recall, influence = recall_influence((predicted == 1)[None], member, Patients.of(np.arange(400)))
    assert recall[0] == pytest.approx(recall_score(true, predicted, labels=[1], average=None)[0], abs=1e-15)
    assert (influence**2).sum() == pytest.approx(recall[0] * (1 - recall[0]) / member.sum(), rel=1e-12)


def test_thresholds_call_at_or_above() -> None:
    random = np.random.default_rng(4)
    labels = (random.random((150, 2)) < 0.3).astype(int)
    scores = random.integers(0, 6, (150, 2)) + labels
    value, influence = thresholded_influence(scores, labels, np.array([3, 4]), np.arange(150))
    one_by_one = [
        balanced_accuracy_influence((scores[:, k] >= 3 + k).astype(int), labels[:, k], 2, np.arange(150))
        for k in range(2)
    ]
    assert value == pytest.approx(np.mean([one for one, _ in one_by_one]), abs=1e-15)
    np.testing.assert_allclose(influence, np.mean([one for _, one in one_by_one], axis=0), atol=1e-15)


@pytest.mark.parametrize(
    ("thresholds", "labels", "message"),
    [
        (None, [[1], [0]], "choose them on validation with youden_thresholds"),
        (np.array([0.5, 0.5]), [[1], [0]], r"must be \[1\]; given shape \(2,\)"),
        (np.array([np.nan]), [[1], [0]], "NaN for classes 0: validation could not choose"),
        (np.array([0.5]), [[1], [1]], "Balanced accuracy is undefined for a class without a negative: 0"),
    ],
)
def test_refuses(thresholds: np.ndarray | None, labels: list[list[int]], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        thresholded_influence(np.array([[0.2], [0.9]]), np.array(labels), thresholds, np.arange(2))


def test_a_class_without_an_image_is_named() -> None:
    with pytest.raises(StatisticsError, match="class without an image: 2"):
        balanced_accuracy_influence(np.array([0, 1]), np.array([0, 1]), 3, np.arange(2))
    with pytest.raises(StatisticsError, match="leave it out"):
        recall_influence(np.ones((1, 2), dtype=bool), np.zeros(2, dtype=bool), Patients.of(np.arange(2)))
