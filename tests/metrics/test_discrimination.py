"""AUROC, kappa and the scores that they rank, against scikit-learn, hand-computed values and properties."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import average_precision_score, cohen_kappa_score, roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.metrics.discrimination import (
    any_of_scores,
    auroc,
    average_precision,
    class_scores,
    macro_auroc,
    macro_average_precision,
    probabilities,
    quadratic_weighted_kappa,
)


@pytest.mark.parametrize("distinct", [2, 7, 10**9])
def test_auroc_agrees_with_scikit_learn_whatever_the_ties(distinct: int) -> None:
    random = np.random.default_rng(distinct)
    scores = random.integers(0, distinct, (500, 4)).astype(np.float32)
    labels = random.random((500, 4)) < [0.02, 0.2, 0.5, 0.97]
    assert macro_auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_auroc_by_hand() -> None:
    # Positives 2 and 3; of the four pairs 2>1, 2=2 (one half), 3>1 and 3>2 are won.
    assert auroc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([0, 0, 1, 1])) == 3.5 / 4
    assert auroc(np.zeros(5), np.array([0, 1, 0, 1, 0])) == 0.5


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1, 0.2], [0, 0], "0 positives and 2 negatives"),
        ([0.1, np.nan, np.nan], [0, 1, 1], "NaN at images 1, 2"),
        ([0.1, 0.2], [0, 1, 1], r"given \(2,\) and \(3,\)"),
    ],
)
def test_auroc_refuses(scores: list[float], labels: list[int], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        auroc(np.array(scores), np.array(labels))


@pytest.mark.parametrize("distinct", [2, 7, 10**9])
def test_average_precision_agrees_with_scikit_learn_whatever_the_ties(distinct: int) -> None:
    random = np.random.default_rng(distinct)
    scores = random.integers(0, distinct, (500, 4)).astype(np.float32)
    labels = random.random((500, 4)) < [0.02, 0.2, 0.5, 0.97]
    expected = average_precision_score(labels, scores)
    assert macro_average_precision(scores, labels) == pytest.approx(expected, abs=1e-12)


def test_average_precision_by_hand() -> None:
    # Positive 3 leads: precision 1. Positive 2 ties with a negative: two positives among three images.
    assert average_precision(np.array([1.0, 2.0, 2.0, 3.0]), np.array([0, 0, 1, 1])) == (1 + 2 / 3) / 2
    assert average_precision(np.zeros(5), np.array([0, 1, 0, 1, 0])) == 0.4


def test_monotone_transforms_leave_average_precision() -> None:
    random = np.random.default_rng(8)
    scores, labels = random.normal(size=90).round(1), random.random(90) < 0.2
    there = average_precision(scores, labels)
    assert average_precision(np.exp(scores / 3), labels) == there
    assert average_precision(np.tile(scores, 3), np.tile(labels, 3)) == pytest.approx(there, abs=1e-15)


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1, 0.2], [0, 0], "AP needs positives and negatives; given 0 positives and 2"),
        ([0.1, 0.2], [1, 1], "given 2 positives and 0 negatives"),
        ([0.1, np.nan, np.nan], [0, 1, 1], "NaN at images 1, 2"),
        ([0.1, 0.2], [0, 1, 1], r"given \(2,\) and \(3,\)"),
    ],
)
def test_average_precision_refuses(scores: list[float], labels: list[int], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        average_precision(np.array(scores), np.array(labels))


def test_macro_metrics_name_the_class_that_is_undefined() -> None:
    labels = np.array([[1, 0], [0, 0], [1, 0]])
    for metric in (macro_auroc, macro_average_precision):
        with pytest.raises(StatisticsError, match="of class 1 needs positives and negatives"):
            metric(np.zeros((3, 2)), labels)


@pytest.mark.parametrize("n_grades", [2, 3, 5])
def test_kappa_agrees_with_scikit_learn(n_grades: int) -> None:
    random = np.random.default_rng(n_grades)
    true = random.integers(0, n_grades, 300)
    predicted = np.clip(true + random.integers(-1, 2, 300), 0, n_grades - 1)
    expected = cohen_kappa_score(true, predicted, weights="quadratic")
    assert quadratic_weighted_kappa(predicted, true, n_grades) == pytest.approx(expected, abs=1e-12)


def test_kappa_of_one_guess_is_zero_and_undefined_without_any_variation() -> None:
    assert quadratic_weighted_kappa(np.full(4, 2), np.array([0, 1, 2, 3]), 4) == 0.0
    with pytest.raises(StatisticsError, match="grade 2"):
        quadratic_weighted_kappa(np.full(4, 2), np.full(4, 2), 4)


def test_kappa_names_the_images_with_impossible_grades() -> None:
    with pytest.raises(StatisticsError, match=r"predicted grade is not in 0..4 at images 1, 3"):
        quadratic_weighted_kappa(np.array([0, 5, 1, -1]), np.array([0, 4, 1, 2]), 5)


def test_class_scores_rank_where_probabilities_saturate() -> None:
    logits = np.array([[0.0, 800.0, 1.0], [0.0, 900.0, 1.0]])
    assert probabilities(logits, "multiclass")[0, 1] == probabilities(logits, "multiclass")[1, 1] == 1.0
    scores = class_scores(logits, "multiclass")
    assert scores[0, 1] < scores[1, 1]
    assert scores[0, 0] > scores[1, 0]


def test_class_scores_are_the_log_odds_of_the_softmax() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 4))
    expected = softmax(logits, axis=1)
    np.testing.assert_allclose(class_scores(logits, "ordinal"), np.log(expected / (1 - expected)), atol=1e-12)


def test_any_of_scores_are_the_log_odds_of_the_summed_probability() -> None:
    logits = np.random.default_rng(1).normal(size=(50, 5))
    summed = softmax(logits, axis=1)[:, [1, 3]].sum(axis=1)
    np.testing.assert_allclose(any_of_scores(logits, "multiclass", [1, 3]), np.log(summed / (1 - summed)), atol=1e-12)


def test_multilabel_scores_are_the_logits_and_rank_by_the_sum_of_sigmoids() -> None:
    logits = np.random.default_rng(2).normal(size=(50, 3)).astype(np.float32)
    assert class_scores(logits, "multilabel") is logits
    summed = probabilities(logits, "multilabel")[:, :2].sum(axis=1)
    np.testing.assert_array_equal(np.argsort(any_of_scores(logits, "multilabel", [0, 1])), np.argsort(summed))


def test_unknown_label_kind_lists_the_near_ones() -> None:
    with pytest.raises(StatisticsError, match="Did you mean 'multilabel'"):
        class_scores(np.zeros((2, 2)), "multi-label")


def test_a_score_needs_classes_on_both_sides() -> None:
    with pytest.raises(StatisticsError, match="both sides"):
        any_of_scores(np.zeros((2, 2)), "multiclass", [0, 1])
