"""Influence arrays against hand-computed values, direct placements, brute-force jackknives and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.stats.influence import (
    Patients,
    auroc_influence,
    auroc_influence_many,
    auroc_influence_per_class,
    binary_image_influence,
    delong_divisor,
    qwk_influence,
)


def _images(n: int = 300, k: int = 3, seed: int = 0, distinct: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return tied scores [n, k], labels [n, k] and groups [n] of one to several images."""
    random = np.random.default_rng(seed)
    labels = (random.random((n, k)) < np.linspace(0.1, 0.6, k)).astype(np.float32)
    scores = np.floor(random.random((n, k)) * distinct).astype(np.float32) + 5 * labels
    return scores, labels, random.integers(100, 100 + n // 2, n)


def test_tiny_example_by_hand() -> None:
    # Positives 2, 2 and negatives 1, 2: placements of the positives 3/4, 3/4; of the negatives 1 and 1/2; AUROC 3/4.
    # Influence: positives (3/4 - 3/4)/2; negatives (1 - 3/4)/2 and (1/2 - 3/4)/2, times sqrt(2/1 * 2/3) for two of three
    # patients on each side. Patient 7 has images one and three.
    scores, labels = np.array([[1.0], [2.0], [2.0], [2.0]]), np.array([[0], [0], [1], [1]])
    value, influence = auroc_influence(scores, labels, np.array([7, 3, 7, 9]))
    assert value == 0.75
    np.testing.assert_allclose(influence, np.sqrt(4 / 3) * np.array([-0.125, 0.125, 0.0]), rtol=1e-15)


@pytest.mark.parametrize("distinct", [1, 2, 40, 10**6])
def test_value_agrees_with_scikit_learn(distinct: int) -> None:
    scores, labels, groups = _images(distinct=distinct)
    values, _ = auroc_influence_per_class(scores, labels, groups)
    np.testing.assert_allclose(values, roc_auc_score(labels, scores, average=None), atol=1e-12)
    assert auroc_influence(scores, labels, groups)[0] == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def _delong_covariance(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Return the covariance [B, B] of the AUROCs of ``scores`` [B, N], every pair of images compared."""
    won = np.sign(scores[:, positive][:, :, None] - scores[:, ~positive][:, None, :]) / 2 + 0.5
    of_positives, of_negatives = won.mean(axis=2), won.mean(axis=1)
    return np.cov(of_positives) / of_positives.shape[1] + np.cov(of_negatives) / of_negatives.shape[1]


def test_influence_gives_delongs_covariance() -> None:
    random = np.random.default_rng(3)
    positive = np.arange(120) < 35
    scores = np.round(random.normal(size=(2, 120)) + positive, 1)
    labels = positive[:, None].astype(int)
    psi = np.stack([auroc_influence(row[:, None], labels, np.arange(120))[1] for row in scores])
    np.testing.assert_allclose(120 / 119 * psi @ psi.T, _delong_covariance(scores, positive), rtol=1e-12)


def test_influence_sums_over_the_images_of_a_patient_in_sorted_order() -> None:
    scores, labels, groups = _images()
    of_image = np.zeros(len(groups))
    for k in range(labels.shape[1]):
        positive = labels[:, k] > 0
        _, (alone,) = binary_image_influence(scores[None, :, k], positive)
        of_image += alone * delong_divisor(positive, Patients.of(groups)) / labels.shape[1]
    expected = [of_image[groups == group].sum() for group in sorted(set(groups.tolist()))]
    np.testing.assert_allclose(auroc_influence(scores, labels, groups)[1], expected, atol=1e-15)


def test_divisor_counts_the_patients_of_each_side() -> None:
    # Five patients: 1, 2, 3 have positives, 3, 4, 5 negatives; and a side of one patient is left as it is.
    groups = np.array([1, 1, 2, 3, 3, 4, 5])
    positive = np.array([True, True, True, True, False, False, False])
    np.testing.assert_allclose(delong_divisor(positive, Patients.of(groups)), np.sqrt(3 / 2 * 4 / 5))
    alone = np.array([True, True, False, False, False, False, False])
    np.testing.assert_allclose(delong_divisor(alone, Patients.of(groups))[[0, 2]], [1, np.sqrt(4 / 3 * 4 / 5)])


def test_permuting_images_and_transforming_scores_changes_nothing() -> None:
    scores, labels, groups = _images()
    order = np.random.default_rng(5).permutation(len(groups))
    value, influence = auroc_influence(scores, labels, groups)
    moved_value, moved = auroc_influence(np.exp(scores[order] / 7), labels[order], groups[order])
    assert moved_value == value
    np.testing.assert_allclose(moved, influence, atol=1e-15)


def test_many_is_one_at_a_time() -> None:
    scores, labels, groups = _images()
    random = np.random.default_rng(6)
    many = scores + random.integers(0, 9, (2, 3, *scores.shape)).astype(np.float32)
    values, influence = auroc_influence_many(many, labels, groups)
    for arm in range(2):
        for replicate in range(3):
            value, one = auroc_influence(many[arm, replicate], labels, groups)
            assert values[arm, replicate] == pytest.approx(value, abs=1e-15)
            np.testing.assert_allclose(influence[arm, replicate], one, atol=1e-15)


def test_influence_predicts_what_leaving_a_patient_out_does() -> None:
    scores, labels, groups = _images(n=600, k=1, distinct=10**6)
    value, influence = auroc_influence(scores, labels, groups)
    kept = groups != np.unique(groups)[11]
    without, _ = auroc_influence(scores[kept], labels[kept], groups[kept])
    assert value - without == pytest.approx(influence[11], abs=0.02 * np.abs(influence).max())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, y, g: (s, np.where([0, 1, 0], 0, y), g), "without a positive: edema"),
        (lambda s, y, g: (s, np.where([0, 0, 1], 1, y), g), "without a negative: mass"),
        (lambda s, y, g: (np.where(s == s[4, 0], np.nan, s), y, g), "NaN in arm 0, replicate 0, at images"),
        (lambda s, y, g: (s, y, np.zeros_like(g)), "at least two patients"),
        (lambda s, y, g: (s[:-1], y, g), "must agree"),
        (lambda s, y, g: (s, y, g[:-1]), r"Groups must be \[N\]"),
        (lambda s, y, g: (s, y * 2, g), "0 or 1; given 2"),
    ],
)
def test_refuses_what_has_no_influence(change, message: str) -> None:
    scores, labels, groups = change(*_images())
    with pytest.raises(StatisticsError, match=message):
        auroc_influence(scores, labels, groups, class_names=("nodule", "edema", "mass"))


def test_constant_scores_are_chance() -> None:
    _, labels, groups = _images()
    value, influence = auroc_influence(np.zeros(labels.shape), labels, groups)
    assert value == 0.5
    assert not influence.any()


def _grades(n: int = 80, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    true = random.integers(0, 5, n)
    return np.clip(true + random.integers(-2, 3, n), 0, 4), true, random.integers(0, n // 2, n)


def test_kappa_jackknife_is_the_brute_force_one() -> None:
    predicted, true, groups = _grades()
    kappa, influence = qwk_influence(predicted, true, 5, groups)
    unique = np.unique(groups)
    without = [
        cohen_kappa_score(true[groups != group], predicted[groups != group], weights="quadratic") for group in unique
    ]
    assert kappa == pytest.approx(cohen_kappa_score(true, predicted, weights="quadratic"), abs=1e-12)
    np.testing.assert_allclose(influence, (unique.size - 1) / unique.size * (kappa - np.array(without)), atol=1e-12)


def test_kappa_influence_where_one_patient_holds_all_variation() -> None:
    kappa, influence = qwk_influence(np.array([0, 0, 0, 0]), np.array([0, 0, 0, 1]), 2, np.array([1, 2, 3, 4]))
    assert kappa == 0.0
    assert np.isfinite(influence).all()


@pytest.mark.parametrize(
    ("true", "groups", "message"),
    [
        ([1, 1, 1], [0, 1, 2], "all 3 images have grade 1"),
        ([0, 1, 7], [0, 1, 2], "not in 0..4 at images 2"),
        ([0, 1, 2], [4, 4, 4], "at least two patients"),
        ([0, 1, 2], [4, 5], "one group per image"),
    ],
)
def test_kappa_influence_refuses(true: list[int], groups: list[int], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        qwk_influence(np.array([0, 1, 2]), np.array(true), 5, np.array(groups))
