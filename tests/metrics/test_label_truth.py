"""Label truth: by hand, by permutation, and for generators whose labels mean nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.metrics.label_truth import (
    Consistency,
    Seen,
    Skill,
    consistency,
    judged_auroc,
    label_skill,
    rate_of_class,
)
from qaugbench.metrics.shares import wilson_interval


def judged(labels: np.ndarray, right: float, rng: np.random.Generator) -> np.ndarray:
    """Return logits of a judge that is right at a rate and else says any class."""
    classes = labels.shape[1]
    said = np.where(rng.random(len(labels)) < right, labels.argmax(1), rng.integers(classes, size=len(labels)))
    return np.eye(classes)[said] * 3


def labels_of(n: int, shares: list[float], rng: np.random.Generator) -> np.ndarray:
    return np.eye(len(shares))[rng.choice(len(shares), size=n, p=shares)]


def skill_of(found: Consistency) -> Skill:
    skill = label_skill(found.synthetic, found.real)
    assert skill is not None
    return skill


def test_by_hand_over_an_unequal_mix() -> None:
    requested = np.eye(2)[[0, 0, 0, 1]]
    logits = np.eye(2)[[0, 0, 1, 1]]  # three of four as asked for; judged half and half
    real_labels, real_logits = np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[0, 0, 1, 0]]  # right: 1 of class 0, 1/2 of class 1
    found = consistency(logits, requested, real_logits, real_labels)
    assert found.synthetic.value == 0.75
    assert found.real.value == pytest.approx(0.75 * 1 + 0.25 * 0.5)
    assert found.synthetic.chance == pytest.approx(0.75 * 0.5 + 0.25 * 0.5)
    assert found.real.chance == pytest.approx(0.75 * 0.875 + 0.25 * 0.125)
    assert (found.real.ci_low, found.real.ci_high) == wilson_interval(0.875, 1 / (2 * 0.375**2 + 2 * 0.125**2))
    assert skill_of(found).value == pytest.approx(0.25 / (0.875 - 0.6875))


def test_shuffled_labels_have_no_skill() -> None:
    rng = np.random.default_rng(3)
    real = labels_of(2000, [0.6, 0.3, 0.1], rng)
    drawn = labels_of(4000, [0.6, 0.3, 0.1], rng)
    shuffled = skill_of(consistency(judged(rng.permutation(drawn), 0.8, rng), drawn, judged(real, 0.8, rng), real))
    honest = skill_of(consistency(judged(drawn, 0.8, rng), drawn, judged(real, 0.8, rng), real))
    assert shuffled.ci_low < 0 < shuffled.ci_high < 0.1
    assert honest.ci_low < 1 < honest.ci_high
    assert abs(honest.value - 1) < 0.1


def test_intervals_of_the_skill_hold_the_truth_with_few_real_images() -> None:
    rng, held = np.random.default_rng(6), 0
    for _ in range(400):
        real, drawn = labels_of(80, [0.6, 0.4], rng), labels_of(100, [0.6, 0.4], rng)
        found = skill_of(consistency(judged(drawn, 0.6, rng), drawn, judged(real, 0.6, rng), real))
        held += found.ci_low <= 1 <= found.ci_high
    assert held > 0.92 * 400


def test_a_judge_within_its_own_error_of_chance_gives_no_limits() -> None:
    doubtful = label_skill(Seen(0.6, 0.55, 0.65, 0.5), Seen(0.6, 0.45, 0.75, 0.5))
    assert doubtful.value == pytest.approx(1)
    assert (doubtful.ci_low, doubtful.ci_high) == (None, None)


def test_one_class_drawn_for_all_has_no_skill() -> None:
    rng = np.random.default_rng(4)
    real, drawn = labels_of(500, [0.5, 0.5], rng), labels_of(300, [0.7, 0.3], rng)
    collapsed = np.tile([5.0, 0.0], (300, 1))
    assert skill_of(consistency(collapsed, drawn, real, real)).value == pytest.approx(0)


def test_a_judge_that_cannot_tell_gives_no_skill() -> None:
    real = np.eye(2)[[0, 1, 0, 1]]
    found = consistency(real, real, np.tile([1.0, 0.0], (4, 1)), real)
    assert label_skill(found.synthetic, found.real) is None


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
    found = judged_auroc(logits, requested, "multilabel")
    assert found.value == pytest.approx(expected)
    assert found.ci_low < found.value < found.ci_high
    assert judged_auroc(logits, np.zeros((200, 3)), "multilabel") is None


def test_the_rate_of_a_class_counts_those_asked_for() -> None:
    requested, logits = np.eye(2)[[0, 0, 0, 1]], np.eye(2)[[0, 0, 1, 0]]
    assert (rate_of_class(logits, requested, 0).count, rate_of_class(logits, requested, 0).n) == (2, 3)
