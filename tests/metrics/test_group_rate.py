"""How many images a judge takes for a group of classes, beside real images over the same mix of classes."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.group_rate import group_rate

EYE = np.eye(3)


def test_the_rate_of_real_images_is_over_the_mix_that_was_asked_for() -> None:
    requested = EYE[[0] * 8 + [2] * 2]
    real_labels = EYE[[0] * 10 + [1] * 70 + [2] * 20]
    real_logits = EYE[[0] * 9 + [2] + [1] * 70 + [2] * 15 + [1] * 5]
    found = group_rate(EYE[[0, 1, 2, 2, 0, 0, 0, 0, 0, 1]], requested, real_logits, real_labels, [0, 1])
    assert (found.count, found.n) == (8, 10)
    assert found.real == pytest.approx(0.8 * 0.9 + 0.2 * 0.25)  # 9 of 10 of class 0, 5 of 20 of class 2


def test_a_class_without_real_images_leaves_their_rate_unknown() -> None:
    assert group_rate(EYE, EYE, EYE[:2], EYE[:2], [0]).real is None
    assert group_rate(EYE[:2], EYE[:2], EYE[:2], EYE[:2], [0]).real == pytest.approx(0.5)


def test_the_rate_of_real_images_is_never_above_one() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        labels = EYE[np.r_[:3, rng.integers(3, size=rng.integers(5, 60))]]
        real = group_rate(labels, labels, labels, EYE[rng.permutation(labels.argmax(axis=1))], [0, 1, 2]).real
        assert real == pytest.approx(1.0)
        assert real <= 1.0


def test_no_image_is_refused() -> None:
    with pytest.raises(StatisticsError, match="at least one image"):
        group_rate(EYE[:0], EYE[:0], EYE, EYE, [0])
