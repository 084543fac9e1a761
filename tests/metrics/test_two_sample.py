"""C2ST: what cannot be told apart, what can, patients that must not be on both sides, and the interval's coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from qaugbench.errors import StatisticsError
from qaugbench.metrics.discrimination import auroc
from qaugbench.metrics.two_sample import auroc_interval, detectability


def test_equal_distributions_cannot_be_told_apart() -> None:
    found = []
    for seed in range(10):
        real, synthetic = np.random.default_rng(seed).normal(size=(2, 60, 5))
        found.append(detectability(real, synthetic, np.random.default_rng(seed)))
    assert np.mean([one.auroc for one in found]) == pytest.approx(0.5, abs=0.05)
    assert sum(one.ci_low <= 0.5 <= one.ci_high for one in found) >= 8


def test_a_shift_is_found_as_well_as_it_can_be() -> None:
    real, synthetic = np.random.default_rng(0).normal(size=(2, 400, 4))
    found = detectability(real, synthetic + np.array([1.0, 0.0, 0.0, 0.0]), np.random.default_rng(1))
    assert found.auroc == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.04)
    assert found.ci_low < norm.cdf(1 / np.sqrt(2)) < found.ci_high
    assert found.ci_low > 0.5


def test_scales_of_the_features_do_not_matter() -> None:
    real, synthetic = np.random.default_rng(0).normal(size=(2, 50, 3)) + np.array([0.0, 0.5])[:, None, None]
    scales, shift = np.array([1e-3, 1.0, 1e3]), np.array([5.0, 0.0, -1e4])
    one = detectability(real, synthetic, np.random.default_rng(2))
    other = detectability(real * scales + shift, synthetic * scales + shift, np.random.default_rng(2))
    assert one.auroc == pytest.approx(other.auroc, abs=2e-3)


def test_patients_seen_in_training_are_not_tested() -> None:
    """Each patient has a look of their own, in 60 dimensions: known patients are recognised, new ones are not."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(25), 6)
    sides = [rng.normal(size=(25, 60))[groups] + 0.1 * rng.normal(size=(150, 60)) for _ in range(2)]
    leaky = detectability(*sides, np.random.default_rng(1))
    honest = detectability(*sides, np.random.default_rng(1), real_groups=groups, synthetic_groups=groups)
    assert leaky.auroc > 0.9
    assert honest.auroc < 0.75
    assert (honest.n_real, honest.n_synthetic) == (25, 25)
    assert honest.ci_high - honest.ci_low > leaky.ci_high - leaky.ci_low


@pytest.mark.parametrize("separation", [0.3, 1.2, 2.5])
def test_the_interval_covers_the_true_auroc(separation: float) -> None:
    rng = np.random.default_rng(0)
    true, labels, covered = norm.cdf(separation / np.sqrt(2)), np.repeat([0, 1], [25, 40]), 0
    for _ in range(400):
        low, high = auroc_interval(auroc(rng.normal(size=65) + separation * labels, labels), 40, 25)
        covered += low <= true <= high
    assert 0.92 <= covered / 400 <= 0.99


def test_the_interval_has_its_ends_where_the_equation_holds_and_mirrors() -> None:
    low, high = auroc_interval(0.8, 30, 50)
    for end in (low, high):
        q1, q2 = end / (2 - end), 2 * end**2 / (1 + end)
        n = (30 + 50) / 2  # method 5: Hanley and McNeil's equation at the mean number
        variance = (end * (1 - end) + (n - 1) * (q1 - end**2 + q2 - end**2)) / (30 * 50)
        assert abs(0.8 - end) == pytest.approx(norm.ppf(0.975) * np.sqrt(variance))
    assert auroc_interval(0.2, 30, 50) == pytest.approx((1 - high, 1 - low))


def test_unusable_sets_are_refused() -> None:
    rows, rng = np.random.default_rng(0).normal(size=(30, 3)), np.random.default_rng(0)
    with pytest.raises(StatisticsError, match="at least 10 synthetic images of different patients; given 9"):
        detectability(rows, rows[:9], rng)
    with pytest.raises(StatisticsError, match="at least 10 real images of different patients; given 3"):
        detectability(rows, rows, rng, real_groups=np.arange(30) % 3)
    with pytest.raises(StatisticsError, match=r"given 1.5 of 3 and 4"):
        auroc_interval(1.5, 3, 4)
