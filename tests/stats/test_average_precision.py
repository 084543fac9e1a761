"""The jackknife of the average precision by counts against the one that computes it again, and its invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from qaugbench.errors import StatisticsError
from qaugbench.stats.average_precision import average_precision_influence, binary_ap_influence
from qaugbench.stats.influence import Patients
from qaugbench.stats.mrmc import interval


def _again(scores: np.ndarray, positive: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the influence [C], scikit-learn's AP computed again without each patient, and 0 without a positive."""
    value, n_groups = average_precision_score(positive, scores), code.max() + 1
    kept = [code != group for group in range(n_groups)]
    without = [average_precision_score(positive[k], scores[k]) if positive[k].any() else 0.0 for k in kept]
    return (n_groups - 1) / n_groups * (value - np.array(without))


@st.composite
def _clusters(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores [N] with ties, positives [N] and groups [N], some patients with very many images."""
    n = draw(st.integers(3, 60))
    positive = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    positive[:2] = True, False
    scores = draw(st.lists(st.integers(0, draw(st.sampled_from([1, 4, 1000]))), min_size=n, max_size=n))
    groups = draw(st.lists(st.integers(0, draw(st.sampled_from([1, 5, n]))), min_size=n, max_size=n))
    groups[0], groups[1] = 0, 1
    return np.array(scores, dtype=float), positive, np.array(groups)


@given(_clusters())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_counts_agree_with_computing_again(clusters: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    scores, positive, groups = clusters
    patients = Patients.of(groups)
    value, influence = binary_ap_influence(scores[None], positive, patients)
    assert value[0] == pytest.approx(average_precision_score(positive, scores), abs=1e-12)
    np.testing.assert_allclose(influence[0], _again(scores, positive, patients.code), rtol=0, atol=1e-12)


@pytest.mark.parametrize("distinct", [5, 50, 10**9])
@pytest.mark.parametrize("sizes", [[1] * 120, [120, 90, 3, 3] + [1] * 60, [100, 100], [2] * 60])
def test_patients_with_many_images(sizes: list[int], distinct: int) -> None:
    random = np.random.default_rng(distinct + len(sizes))
    groups = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    positive = random.random(groups.size) < 0.15
    scores = random.integers(0, distinct, (2, groups.size)) * (1 + positive)
    influence = binary_ap_influence(scores.astype(np.float32), positive, Patients.of(groups))[1]
    expected = [_again(row.astype(np.float32), positive, groups) for row in scores]
    np.testing.assert_allclose(influence, expected, rtol=0, atol=1e-12)


def test_macro_is_the_mean_over_classes() -> None:
    scores, labels, groups = _images()
    value, influence = average_precision_influence(scores, labels, groups)
    code = np.unique(groups, return_inverse=True)[1]
    assert value == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    expected = np.mean([_again(scores[:, k], labels[:, k] > 0, code) for k in range(3)], axis=0)
    np.testing.assert_allclose(influence, expected, rtol=0, atol=1e-12)


def test_permuting_images_and_transforming_scores_changes_nothing() -> None:
    scores, labels, groups = _images()
    order = np.random.default_rng(5).permutation(len(groups))
    value, influence = average_precision_influence(scores, labels, groups)
    moved_value, moved = average_precision_influence(np.exp(scores[order] / 7), labels[order], groups[order])
    assert moved_value == pytest.approx(value, abs=1e-15)
    np.testing.assert_allclose(moved, influence, rtol=0, atol=1e-15)


def test_constant_scores_rank_nothing_and_the_prevalence_alone_varies() -> None:
    positive = np.arange(50) < 10
    value, influence = binary_ap_influence(np.zeros((1, 50)), positive, Patients.of(np.arange(50)))
    assert value[0] == pytest.approx(0.2, abs=1e-15)
    np.testing.assert_allclose(influence[0], 49 / 50 * (0.2 - (10 - positive) / 49), rtol=0, atol=1e-15)


def test_one_patient_with_every_positive_gives_no_significance() -> None:
    random = np.random.default_rng(0)
    positive, groups = np.arange(60) < 6, np.maximum(np.arange(60) - 5, 0)
    value, influence = binary_ap_influence(random.normal(size=(2, 60)) + positive, positive, Patients.of(groups))
    np.testing.assert_allclose(influence[:, 0], 54 / 55 * value)
    found = interval(value[:1] - value[1:], influence[:1] - influence[1:])
    assert found.se >= 0.95 * abs(found.estimate)
    assert found.p_value > 0.2


def _images(n: int = 300, k: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = (random.random((n, k)) < np.linspace(0.1, 0.6, k)).astype(np.float32)
    scores = np.floor(random.random((n, k)) * 40).astype(np.float32) + 5 * labels
    return scores, labels, random.integers(100, 100 + n // 2, n)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, y, g: (s, np.where([0, 1, 0], 0, y), g), "AP is undefined for a class without a positive: edema"),
        (lambda s, y, g: (s, np.where([0, 0, 1], 1, y), g), "without a negative: mass"),
        (lambda s, y, g: (np.where(s == s[4, 0], np.nan, s), y, g), "NaN at images"),
        (lambda s, y, g: (s, y, np.zeros_like(g)), "at least two patients"),
        (lambda s, y, g: (s, y, np.where(g == g[7], np.nan, g)), "Groups are NaN at images .*7"),
        (lambda s, y, g: (s[:-1], y, g), r"given \(299, 3\) and \(300, 3\)"),
        (lambda s, y, g: (s, y, g[:-1]), r"N=300, one patient code per image; given \(299,\)"),
        (lambda s, y, g: (s, y * 2, g), "0 or 1; given 2"),
    ],
)
def test_refuses_what_has_no_influence(change, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        average_precision_influence(*change(*_images()), class_names=("nodule", "edema", "mass"))


def test_class_names_that_repeat_are_refused() -> None:
    with pytest.raises(StatisticsError, match="as many different class names"):
        average_precision_influence(*_images(), class_names=("nodule", "edema", "edema"))
