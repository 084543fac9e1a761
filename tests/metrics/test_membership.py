"""Membership inference by hand, against plain loops, and on sets that give nothing or everything away."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.auroc_interval import auroc_interval
from qaugbench.metrics.membership import membership_inference


def test_a_copycat_gives_every_training_image_away() -> None:
    rng = np.random.default_rng(1)
    training, held_out = rng.normal(size=(40, 8)), rng.normal(size=(200, 8))
    found = membership_inference(training + 1e-3, training, held_out)
    assert (found.auc, found.ci_high, found.called.rate) == (1.0, 1.0, 1.0)
    assert 0.9 < found.ci_low < 1.0
    assert found.false_positives <= 0.01


def test_scores_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(2)
    training, held_out = rng.normal(size=(45, 4)), rng.normal(size=(150, 4))
    synthetic = np.concatenate([training[:10] + 0.01, rng.normal(size=(30, 4))])
    distance = [[min(np.linalg.norm(s - x) for s in synthetic) for x in of] for of in (training, held_out)]
    pairs = [(a < b) + 0.5 * (a == b) for a in distance[0] for b in distance[1]]
    found = membership_inference(synthetic, training, held_out)
    assert found.auc == pytest.approx(np.mean(pairs))
    reached = sorted(distance[1])[1]  # at most one of 150 may be called: the second must be beyond the threshold
    assert found.called.count == sum(d < reached for d in distance[0])
    assert found.false_positives <= 1 / 150
    assert (found.n_training, found.n_held_out) == (45, 150)


def test_an_honest_set_gives_nothing_away() -> None:
    rng = np.random.default_rng(3)
    covered, called = 0, []
    for _ in range(100):
        found = membership_inference(*(rng.normal(size=(n, 6)) for n in (60, 50, 120)))
        covered += found.ci_low <= 0.5 <= found.ci_high
        called.append(found.called.rate)
    assert covered >= 88
    assert np.mean(called) < 0.03


def test_limits_at_one_half_are_where_mann_and_whitney_s_test_rejects() -> None:
    standard_error = np.sqrt((30 + 50 + 1) / (12 * 30 * 50))
    low, _ = auroc_interval(0.5 + 1.959964 * standard_error, 30, 50)
    assert low == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("auc", "n", "m"), [(0.0, 20, 30), (0.3, 20, 30), (0.5, 500, 20), (0.97, 40, 40), (1.0, 20, 20)]
)
def test_intervals_are_mirrored_and_hold_the_estimate(auc: float, n: int, m: int) -> None:
    low, high = auroc_interval(auc, n, m)
    assert 0 <= low <= auc <= high <= 1
    assert low < high
    assert auroc_interval(1 - auc, n, m) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_intervals_cover_the_truth_of_two_normal_sets() -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(300):
        positive, negative = rng.normal(1.0, 1.0, 40), rng.normal(0.0, 1.0, 60)
        low, high = auroc_interval(float((positive[:, None] > negative).mean()), 40, 60)
        covered += low <= 0.7602499 <= high  # the normal distribution function at 1 / sqrt(2)
    assert covered >= 275


def test_too_few_images_are_named() -> None:
    with pytest.raises(StatisticsError, match="at least 20 training images; given 19"):
        membership_inference(np.zeros((20, 2)), np.zeros((19, 2)), np.zeros((20, 2)))
