"""The pigeonhole bootstrap: the variance that theory says, never narrower than the engine, same numbers each time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.stats.bootstrap import PATIENTS_ALONE, PIGEONHOLE, pigeonhole, pigeonhole_metric
from qaugbench.stats.influence import auroc_influence
from qaugbench.stats.mrmc import interval


def _difference(random: np.random.Generator, *, replicates: int = 6, groups: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Return a null difference: patients' own part, a part by replicate and patient, and replicates' own."""
    cells = 0.1 * random.normal(size=(1, groups)) + 0.1 * random.normal(size=(replicates, groups))
    theta = 0.01 * random.normal(size=replicates) + cells.mean(axis=1)
    return theta, (cells - cells.mean(axis=1, keepdims=True)) / groups


def test_standard_error_is_the_pigeonholes_exact_variance() -> None:
    # Multinomial weights have variance 1 and covariance -1/n, which gives the variance of a draw in closed form.
    theta, influence = _difference(np.random.default_rng(0))
    n_replicates, n_groups = influence.shape
    cells = theta[:, None] / n_groups + influence
    deviation = cells - cells.mean(axis=0)
    of_replicates = ((theta - theta.mean()) ** 2).sum() / n_replicates**2
    mean = influence.mean(axis=0)
    of_patients = ((mean - mean.mean()) ** 2).sum()
    both = (deviation - deviation.mean(axis=1, keepdims=True)) ** 2
    exact = math.sqrt(of_replicates + of_patients + both.sum() / n_replicates**2)
    assert pigeonhole(theta, influence, draws=20_000).se == pytest.approx(exact, rel=0.02)


def test_it_is_at_least_as_wide_as_the_engine() -> None:
    random = np.random.default_rng(1)
    pairs = [_difference(random) for _ in range(40)]
    ratios = [pigeonhole(*pair, draws=500).se / interval(*pair).se for pair in pairs]
    assert np.mean(ratios) > 1.0


def test_intervals_cover_the_truth() -> None:
    random = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        found = pigeonhole(*_difference(random, replicates=10), draws=400)
        held += found.ci_low <= 0.0 <= found.ci_high
    assert held / 300 >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 300)


def test_same_seed_same_bits() -> None:
    theta, influence = _difference(np.random.default_rng(3))
    assert pigeonhole(theta, influence) == pigeonhole(theta, influence)
    assert pigeonhole(theta, influence, seed=1).ci_low != pigeonhole(theta, influence, seed=2).ci_low


def test_one_replicate_resamples_patients_alone_and_says_so() -> None:
    theta, influence = _difference(np.random.default_rng(4), replicates=1)
    found = pigeonhole(theta, influence, draws=20_000)
    assert found.se == pytest.approx(math.sqrt((influence**2).sum()), rel=0.02)
    assert found.method == PATIENTS_ALONE
    assert found.estimate == theta[0]


def test_a_weighted_mean_recomputed_is_the_linearised_one_exactly() -> None:
    random = np.random.default_rng(5)
    scores, groups = random.normal(size=(4, 30)), np.arange(30)
    exact = pigeonhole_metric(lambda r, weights: float(np.average(scores[r], weights=weights)), groups, 4, draws=300)
    influence = (scores - scores.mean(axis=1, keepdims=True)) / 30
    linear = pigeonhole(scores.mean(axis=1), influence, draws=300)
    assert (exact.estimate, exact.se, exact.ci_low) == pytest.approx((linear.estimate, linear.se, linear.ci_low))
    assert (exact.method, exact.redrawn) == (PIGEONHOLE, 0)


def test_an_auroc_recomputed_is_close_to_the_linearised_one() -> None:
    random = np.random.default_rng(6)
    labels, groups = np.repeat([0, 1], [120, 60]), np.repeat(np.arange(90), 2)
    scores = labels + random.normal(size=(3, 180)) + random.normal(size=180)

    def weighted_auroc(replicate: int, weights: np.ndarray) -> float:
        up, down = scores[replicate][labels == 1], scores[replicate][labels == 0]
        wins = (up[:, None] > down) @ weights[labels == 0]
        return float(wins @ weights[labels == 1] / (weights[labels == 1].sum() * weights[labels == 0].sum()))

    pairs = [auroc_influence(row[:, None], labels[:, None], groups) for row in scores]
    linear = pigeonhole(np.array([value for value, _ in pairs]), np.stack([influence for _, influence in pairs]))
    exact = pigeonhole_metric(weighted_auroc, groups, 3)
    assert exact.estimate == pytest.approx(linear.estimate)
    assert exact.se == pytest.approx(linear.se, rel=0.05)


def test_draws_without_a_value_are_drawn_again_and_counted() -> None:
    def share(replicate: int, weights: np.ndarray) -> float:
        return math.nan if weights[0] == 0 else float(weights[0])

    found = pigeonhole_metric(share, np.arange(20), 1, draws=1000)
    # A given patient is missed with probability (19/20)^20 = .358; redrawn / (redrawn + 1000) estimates it.
    assert found.redrawn / (found.redrawn + 1000) == pytest.approx(0.358, abs=0.04)
    assert found.ci_low == 1.0


def test_refuses_a_metric_that_too_few_patients_decide() -> None:
    def all_but_all(replicate: int, weights: np.ndarray) -> float:
        return 1.0 if (weights > 0).sum() >= 19 else math.nan

    with pytest.raises(StatisticsError, match="too few patients"):
        pigeonhole_metric(all_but_all, np.arange(20), 2, draws=200)


@pytest.mark.parametrize(
    ("theta", "influence", "message"),
    [
        (np.zeros(2), np.zeros((3, 9)), "given"),
        (np.zeros(0), np.zeros((0, 9)), "given"),
        (np.zeros(2), np.zeros((2, 1)), "two patients"),
        (np.array([0.0, np.nan]), np.zeros((2, 9)), "not finite"),
    ],
)
def test_refuses(theta: np.ndarray, influence: np.ndarray, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        pigeonhole(theta, influence)


def test_refuses_a_metric_without_value_groups_replicates_or_draws() -> None:
    with pytest.raises(StatisticsError, match="as they are, in replicates 1"):
        pigeonhole_metric(lambda r, weights: math.nan if r else 1.0, np.arange(9), 2)
    with pytest.raises(StatisticsError, match="two patients"):
        pigeonhole_metric(lambda r, weights: 1.0, np.zeros(9), 2)
    with pytest.raises(StatisticsError, match="at least one replicate"):
        pigeonhole_metric(lambda r, weights: 1.0, np.arange(9), 0)
    with pytest.raises(StatisticsError, match="too few for an interval"):
        pigeonhole(np.zeros(2), np.zeros((2, 9)), draws=50)
