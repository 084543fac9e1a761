"""The uncertainty gap and its influence, against values by hand, Welch's interval and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import entropy

from qaugbench.errors import StatisticsError
from qaugbench.metrics.uncertainty import statements, uncertainty_gap
from qaugbench.seeds import numpy_generator
from qaugbench.stats.mrmc import interval
from qaugbench.stats.uncertainty_gap import uncertainty_gap_influence

CHANCES = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.4, 0.35, 0.25]])
LABELS = np.array([[0, 1, 0], [0, 1, 0], [1, 0, 0]])


def test_entropy_and_rightness_of_classes_that_exclude_one_another() -> None:
    unsure, right = statements(np.log(CHANCES), LABELS, "multiclass")
    np.testing.assert_allclose(unsure[:, 0], entropy(CHANCES, axis=1))
    assert right[:, 0].tolist() == [False, True, True]


def test_findings_are_statements_of_their_own() -> None:
    unsure, right = statements(logit(np.array([[0.9, 0.4]])), np.array([[1, 1]]), "multilabel")
    np.testing.assert_allclose(unsure[0], [entropy([0.9, 0.1]), entropy([0.4, 0.6])])
    assert right.tolist() == [[True, False]]


def test_the_gap_is_a_difference_of_means() -> None:
    wrong, *right = entropy(CHANCES, axis=1)
    assert uncertainty_gap(np.log(CHANCES), LABELS, "multiclass") == pytest.approx(wrong - np.mean(right))


def random_predictions(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = numpy_generator(seed)
    labels = np.eye(3)[random.integers(0, 3, n)]
    return random.normal(size=(n, 3)) + labels, labels


def test_influence_gives_the_variance_of_two_independent_means() -> None:
    """With one image a patient: s_wrong^2 / n_wrong + s_right^2 / n_right."""
    logits, labels = random_predictions(200, 1)
    unsure, right = (found[:, 0] for found in statements(logits, labels, "multiclass"))
    value, influence = uncertainty_gap_influence(logits, labels, np.arange(200), "multiclass")
    assert value == pytest.approx(uncertainty_gap(logits, labels, "multiclass"))
    expected = unsure[~right].var(ddof=1) / (~right).sum() + unsure[right].var(ddof=1) / right.sum()
    assert interval(np.array([value]), influence[None]).se == pytest.approx(np.sqrt(expected))


def test_images_of_a_patient_are_summed_in_the_order_of_groups() -> None:
    logits, labels = random_predictions(6, 2)
    groups = np.array([5, 3, 5, 9, 3, 9])
    alone = uncertainty_gap_influence(logits, labels, np.arange(6), "multiclass")[1]
    together = uncertainty_gap_influence(logits, labels, groups, "multiclass")[1]
    assert together.shape == (3,)
    order = np.array([4, 0, 3, 2, 5, 1])
    moved = uncertainty_gap_influence(logits[order], labels[order], groups[order], "multiclass")[1]
    np.testing.assert_allclose(moved, together)
    assert float(alone.sum()) == pytest.approx(0, abs=1e-12)


def test_predictions_that_are_all_right_have_no_gap() -> None:
    with pytest.raises(StatisticsError, match="given 2 right of 2"):
        uncertainty_gap(np.array([[2.0, 0.0], [0.0, 2.0]]), np.eye(2), "multiclass")
    with pytest.raises(StatisticsError, match="must agree"):
        uncertainty_gap(np.zeros((2, 3)), np.eye(2), "multiclass")
