"""Sets of possible ranks: by hand, their coverage, and ties that stay ties."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.stats.ranks import rank_sets, ranks_of


def _arms(
    means: list[float], random: np.random.Generator, *, replicates: int = 5, groups: int = 60
) -> tuple[np.ndarray, np.ndarray]:
    """Return values and influence of arms whose true values are ``means``, se about .01."""
    arms = len(means)
    patient = 0.08 * (random.normal(size=(arms, groups)) + random.normal(size=groups))
    noise = 0.02 * random.normal(size=(arms, replicates))
    theta = np.array(means)[:, None] + patient.mean(axis=1)[:, None] + noise
    return theta, np.repeat(patient[:, None] / groups, replicates, axis=1)


def test_ranks_by_hand() -> None:
    # Pairs 01 02 03 12 13 23. Arm 0 beats 2 and 3, arm 1 beats 3; the rest is open.
    above = np.array([0, 1, 1, 0, 1, 0])
    ranks = ranks_of(np.array([4.0, 3.0, 2.0, 1.0]), above, np.zeros(6))
    assert list(zip(ranks.low.tolist(), ranks.high.tolist(), strict=True)) == [(1, 2), (1, 3), (2, 4), (3, 4)]
    assert ranks.order.tolist() == [0, 1, 2, 3]


def test_far_apart_arms_have_one_rank_each() -> None:
    theta, influence = _arms([0.5, 0.9, 0.7], np.random.default_rng(0))
    ranks = rank_sets(theta, influence, 60, draws=5000)
    assert ranks.low.tolist() == ranks.high.tolist() == [3, 1, 2]
    assert ranks.order.tolist() == [1, 2, 0]


def test_smaller_is_better_when_negated() -> None:
    theta, influence = _arms([0.5, 0.9, 0.7], np.random.default_rng(0))
    assert rank_sets(-theta, -influence, 60, draws=5000).low.tolist() == [1, 3, 2]


def test_identical_arms_share_their_places() -> None:
    theta, influence = _arms([0.5, 0.9], np.random.default_rng(0))
    again = [0, 1, 1]
    ranks = rank_sets(theta[again], influence[again], 60, draws=5000)
    assert (ranks.low.tolist(), ranks.high.tolist()) == ([3, 1, 1], [3, 2, 2])
    assert ranks.order.tolist() == [1, 2, 0]


def test_values_that_never_vary_are_not_ranked_apart() -> None:
    for values in ([0.5, 0.9], [0.9, 0.5]):
        ranks = rank_sets(np.repeat(np.array(values)[:, None], 2, axis=1), np.zeros((2, 2, 9)), 9)
        assert (ranks.low.tolist(), ranks.high.tolist()) == ([1, 1], [2, 2])


def test_a_smaller_difference_than_the_separable_one_separates_nothing() -> None:
    theta, influence = _arms([0.5, 0.5], np.random.default_rng(3))
    limit = rank_sets(theta, influence, 60, draws=5000).separable
    assert limit is not None
    level = theta - theta.mean(axis=1, keepdims=True)
    for difference, highest in ((0.99 * limit, 2), (1.01 * limit, 1)):
        ranks = rank_sets(level + np.array([[difference], [0.0]]), influence, 60, draws=5000)
        assert (ranks.high[0], ranks.separable) == (highest, pytest.approx(limit))


def test_one_arm_is_first() -> None:
    theta, influence = _arms([0.5], np.random.default_rng(0))
    ranks = rank_sets(theta, influence, 60)
    assert (ranks.low.tolist(), ranks.high.tolist(), ranks.order.tolist()) == ([1], [1], [0])


def test_all_true_ranks_are_covered_together() -> None:
    # Arms 0 and 1 are truly tied for the first place, and 3 is behind by twice the standard error of a difference.
    random = np.random.default_rng(7)
    truly_low, truly_high = np.array([1, 1, 3, 4]), np.array([2, 2, 3, 4])
    held = 0
    for _ in range(300):
        theta, influence = _arms([0.80, 0.80, 0.79, 0.77], random)
        ranks = rank_sets(theta, influence, 60, draws=2000)
        held += bool(((ranks.low <= truly_low) & (truly_high <= ranks.high)).all())
    assert held / 300 >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 300)


def test_order_of_arms_does_not_matter() -> None:
    theta, influence = _arms([0.80, 0.74, 0.70, 0.79], np.random.default_rng(1))
    turn = np.array([2, 0, 3, 1])
    there, back = rank_sets(theta, influence, 60), rank_sets(theta[turn], influence[turn], 60)
    assert there.low[turn].tolist() == back.low.tolist()
    assert there.high[turn].tolist() == back.high.tolist()
    assert turn[back.order].tolist() == there.order.tolist()


def test_gains_over_one_common_reference_rank_as_the_arms_do() -> None:
    theta, influence = _arms([0.80, 0.74, 0.70, 0.79], np.random.default_rng(1))
    same = rank_sets(theta - theta[2], influence - influence[2], 60)
    plain = rank_sets(theta, influence, 60)
    assert (same.low.tolist(), same.high.tolist()) == (plain.low.tolist(), plain.high.tolist())


def test_gains_over_different_references_are_ranked_by_what_was_gained() -> None:
    # Arm 0 is the best, but its reference is as good; arm 1 gained .2 over a poor one.
    theta, influence = _arms([0.90, 0.80, 0.90, 0.60], np.random.default_rng(1))
    ranks = rank_sets(theta[:2] - theta[2:], influence[:2] - influence[2:], 60)
    assert ranks.order.tolist() == [1, 0]
    assert ranks.low.tolist() == ranks.high.tolist() == [2, 1]


def test_refuses() -> None:
    theta, influence = _arms([0.8, 0.7], np.random.default_rng(0))
    with pytest.raises(StatisticsError, match="theta"):
        rank_sets(theta[0], influence, 60)
    with pytest.raises(StatisticsError, match="2 arms have 1 pairs"):
        ranks_of(np.array([1.0, 2.0]), np.zeros(2), np.zeros(2))
