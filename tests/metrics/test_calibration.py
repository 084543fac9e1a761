"""Brier score and log loss against scikit-learn, by hand, and where probabilities run out of digits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from qaugbench.errors import StatisticsError
from qaugbench.metrics.calibration import (
    brier_per_image,
    brier_score,
    log_loss,
    log_loss_of_probabilities,
    log_loss_per_image,
)


def _multiclass(n: int = 200, k: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(k)
    true = random.integers(0, k, n)
    return 2 * random.normal(size=(n, k)), np.eye(k, dtype=int)[true], true


def _multilabel(n: int = 200, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(k)
    return 2 * random.normal(size=(n, k)), (random.random((n, k)) < 0.3).astype(int)


@pytest.mark.parametrize("kind", ["multiclass", "ordinal"])
def test_classes_that_exclude_one_another_agree_with_scikit_learn(kind: str) -> None:
    logits, labels, true = _multiclass()
    chances = softmax(logits, axis=1)
    assert brier_score(chances, labels, kind) == pytest.approx(
        brier_score_loss(true, chances, scale_by_half=False), abs=1e-12
    )
    expected = sklearn_log_loss(true, chances)
    assert log_loss(logits, labels, kind) == pytest.approx(expected, abs=1e-12)
    assert log_loss_of_probabilities(chances, labels, kind) == pytest.approx(expected, abs=1e-12)


def test_multilabel_is_the_mean_of_scikit_learns_classes() -> None:
    logits, labels = _multilabel()
    chances = expit(logits)
    brier = np.mean([brier_score_loss(labels[:, k], chances[:, k]) for k in range(3)])
    loss = np.mean([sklearn_log_loss(labels[:, k], chances[:, k]) for k in range(3)])
    assert brier_score(chances, labels, "multilabel") == pytest.approx(brier, abs=1e-12)
    assert log_loss(logits, labels, "multilabel") == pytest.approx(loss, abs=1e-12)
    assert log_loss_of_probabilities(chances, labels, "multilabel") == pytest.approx(loss, abs=1e-12)


def test_by_hand_and_at_the_ends_of_the_range() -> None:
    labels = np.array([[1, 0, 0], [0, 0, 1]])
    # (1-.5)^2 + .25^2 + .25^2 = .375 and .1^2 + .1^2 + (1-.8)^2 = .06.
    chances = np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    assert brier_score(chances, labels, "multiclass") == pytest.approx((0.375 + 0.06) / 2)
    assert brier_score(labels, labels, "multiclass") == 0
    assert brier_score(np.roll(labels, 1, axis=1), labels, "multiclass") == 2
    assert brier_score(1 - labels, labels, "multilabel") == 1
    assert log_loss_of_probabilities(labels, labels, "multiclass") == 0


def test_a_confident_mistake_costs_what_it_costs() -> None:
    assert log_loss(np.array([[-900.0, 900.0]]), np.array([[1, 0]]), "multilabel") == 900
    assert log_loss(np.array([[0.0, 5000.0]]), np.array([[1, 0]]), "ordinal") == 5000
    with pytest.raises(StatisticsError, match=r"infinite.*probability 0 at images 0. Give logits"):
        log_loss_of_probabilities(np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([[1, 0], [1, 0]]), "multiclass")


def test_several_models_at_once_are_each_scored() -> None:
    logits, labels, _ = _multiclass()
    stacked = np.stack([logits, -logits])
    for of_images, values in ((log_loss_per_image, stacked), (brier_per_image, softmax(stacked, axis=-1))):
        found = of_images(values, labels, "multiclass")
        assert found.shape == (2, 200)
        np.testing.assert_array_equal(found[1], of_images(values[1], labels, "multiclass"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, y: (np.where(p == p[3, 0], np.nan, p), y, "multiclass"), "NaN at images 3"),
        (lambda p, y: (p[:-1], y, "multiclass"), r"given \(199, 4\) and \(200, 4\)"),
        (lambda p, y: (p, y * 2, "multiclass"), "0 or 1; given 2"),
        (lambda p, y: (p, np.ones_like(y), "ordinal"), "Ordinal images have one class each; not so images 0, 1"),
        (lambda p, y: (p * 3, y, "multilabel"), r"in \[0, 1\]; not so at images .*logits"),
        (lambda p, y: (p / 2, y, "multiclass"), "must sum to 1; not so at images 0, 1"),
        (lambda p, y: (p, y, "multi-label"), "Did you mean 'multilabel'"),
        (lambda p, y: (p[:0], y[:0], "multiclass"), "must agree"),
    ],
)
def test_probabilities_that_are_none_are_refused(change, message: str) -> None:
    logits, labels, _ = _multiclass()
    arguments = change(softmax(logits, axis=1), labels)
    for metric in (brier_score, log_loss_of_probabilities):
        with pytest.raises(StatisticsError, match=message):
            metric(*arguments)


def test_infinite_logits_are_refused() -> None:
    with pytest.raises(StatisticsError, match="finite; not so at images 1"):
        log_loss(np.array([[0.0, 1.0], [np.inf, 0.0]]), np.array([[1, 0], [1, 0]]), "multiclass")
