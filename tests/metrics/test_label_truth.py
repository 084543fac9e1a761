"""Label truth: by hand, by permutation, and for generators whose labels mean nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.metrics.label_truth import consistency, judged_auroc, rate_of_class


def judged(labels: np.ndarray, right: float, rng: np.random.Generator) -> np.ndarray:
    """Return logits of a judge that is right at a rate and else says any class."""
    classes = labels.shape[1]
    said = np.where(rng.random(len(labels)) < right, labels.argmax(1), rng.integers(classes, size=len(labels)))
    return np.eye(classes)[said] * 3


def labels_of(n: int, shares: list[float], rng: np.random.Generator) -> np.ndarray:
    return np.eye(len(shares))[rng.choice(len(shares), size=n, p=shares)]


def test_by_hand_over_an_unequal_mix() -> None:
    requested = np.eye(2)[[0, 0, 0, 1]]
    logits = np.eye(2)[[0, 0, 1, 1]]  # three of four as asked for; judged half and half
    real_labels, real_logits = np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[0, 0, 1, 0]]  # right: 1 of class 0, 1/2 of class 1
    found = consistency(logits, requested, real_logits, real_labels)
    assert found.synthetic.rate == 0.75
    assert found.real == pytest.approx(0.75 * 1 + 0.25 * 0.5)
    assert found.chance == pytest.approx(0.75 * 0.5 + 0.25 * 0.5)
    assert found.real_chance == pytest.approx(0.75 * 0.875 + 0.25 * 0.125)
    assert found.skill == pytest.approx(0.25 / (0.875 - 0.6875))


def test_shuffled_labels_have_no_skill() -> None:
    rng = np.random.default_rng(3)
    real = labels_of(2000, [0.6, 0.3, 0.1], rng)
    drawn = labels_of(4000, [0.6, 0.3, 0.1], rng)
    shuffled = consistency(judged(rng.permutation(drawn), 0.8, rng), drawn, judged(real, 0.8, rng), real)
    honest = consistency(judged(drawn, 0.8, rng), drawn, judged(real, 0.8, rng), real)
    assert shuffled.skill is not None
    assert abs(shuffled.skill) < 4 * shuffled.standard_error
    assert abs(honest.skill - 1) < 0.1


def test_one_class_drawn_for_all_has_no_skill() -> None:
    rng = np.random.default_rng(4)
    real, drawn = labels_of(500, [0.5, 0.5], rng), labels_of(300, [0.7, 0.3], rng)
    collapsed = np.tile([5.0, 0.0], (300, 1))
    assert consistency(collapsed, drawn, real, real).skill == pytest.approx(0)


def test_a_judge_that_cannot_tell_gives_no_skill() -> None:
    real = np.eye(2)[[0, 1, 0, 1]]
    found = consistency(real, real, np.tile([1.0, 0.0], (4, 1)), real)
    assert (found.skill, found.standard_error) == (None, None)


def test_a_class_without_real_images_is_refused() -> None:
    eye = np.eye(2)
    with pytest.raises(StatisticsError, match=r"Classes \[1\]"):
        consistency(eye, eye, eye[[0, 0]], eye[[0, 0]])


def test_trts_is_the_mean_auroc_over_the_classes_that_have_both_kinds() -> None:
    rng = np.random.default_rng(5)
    requested = rng.integers(2, size=(200, 3))
    requested[:, 2] = 0
    logits = rng.normal(size=(200, 3)) + requested
    expected = np.mean([roc_auc_score(requested[:, k], logits[:, k]) for k in range(2)])
    assert judged_auroc(logits, requested, "multilabel") == pytest.approx(expected)
    assert judged_auroc(logits, np.zeros((200, 3)), "multilabel") is None


def test_the_rate_of_a_class_counts_those_asked_for() -> None:
    requested, logits = np.eye(2)[[0, 0, 0, 1]], np.eye(2)[[0, 0, 1, 0]]
    assert (rate_of_class(logits, requested, 0).count, rate_of_class(logits, requested, 0).n) == (2, 3)
