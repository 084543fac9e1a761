"""Distances between distributions of factors by hand, and on samples whose distance is known."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.known_factors import category_distance, number_distance


def test_a_shift_is_its_size_in_standard_deviations() -> None:
    true = np.random.default_rng(1).normal(5.0, 3.0, 200)
    found = number_distance(true + 1.2, true, np.random.default_rng(2))
    assert found.distance == pytest.approx(1.2 / true.std(ddof=1))
    assert found.ci_low < found.distance < found.ci_high


def test_units_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    drawn, true = rng.normal(0.5, 1, 60), rng.normal(0, 1, 80)
    found, scaled = (number_distance(s * drawn, s * true, np.random.default_rng(4)) for s in (1.0, 1024.0))
    assert found == scaled


def test_total_variation_by_hand_with_a_category_that_is_not_true() -> None:
    drawn, true = np.repeat(["0", "1", "9"], [20, 10, 10]), np.repeat(["0", "1", "2", "3"], [10, 10, 10, 10])
    found = category_distance(drawn, true, np.random.default_rng(5))
    assert found.distance == pytest.approx((0.25 + 0 + 0.25 + 0.25 + 0.25) / 2)
    assert (found.modes_reached, found.n_modes) == (0.5, 4)
    assert found.modes_expected == pytest.approx(1 - 0.75**40)


def test_equal_samples_are_at_distance_zero_and_disjoint_ones_at_one() -> None:
    labels = np.repeat([0, 1, 2], [10, 20, 30])
    same = category_distance(labels, labels, np.random.default_rng(6))
    assert (same.distance, same.ci_low, same.modes_reached) == (0.0, 0.0, 1.0)
    other = category_distance(labels + 3, labels, np.random.default_rng(6))
    assert (other.distance, other.ci_high, other.modes_reached) == (1.0, 1.0, 0.0)


def test_an_honest_sample_is_at_its_floor() -> None:
    rng = np.random.default_rng(7)
    numbers = [number_distance(rng.normal(size=40), rng.normal(size=80), rng) for _ in range(15)]
    categories = [category_distance(rng.integers(0, 6, 40), rng.integers(0, 6, 80), rng) for _ in range(100)]
    for found, few in ((numbers, 13), (categories, 90)):
        assert sum(of.ci_low == 0 for of in found) >= few
        assert np.mean([of.distance for of in found]) == pytest.approx(np.mean([of.floor for of in found]), rel=0.3)
    assert np.mean([of.modes_reached for of in categories]) == pytest.approx(
        np.mean([of.modes_expected for of in categories]), abs=0.01
    )


def test_intervals_hold_the_true_distance() -> None:
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(200):
        found = category_distance(
            rng.choice(4, 60, p=[0.5, 0.25, 0.15, 0.1]), rng.choice(4, 150, p=[0.25, 0.25, 0.25, 0.25]), rng
        )
        covered += found.ci_low <= 0.25 <= found.ci_high
    assert covered >= 186


def test_a_collapsed_factor_is_far_and_reaches_one_mode() -> None:
    true = np.random.default_rng(9).normal(size=500)
    found = number_distance(np.full(100, 0.1), true, np.random.default_rng(10))
    assert found.ci_low > 0.5
    assert (found.modes_reached, found.n_modes) == (0.1, 10)
    assert found.modes_expected > 0.99


def test_a_number_with_few_values_has_as_many_modes_as_ranges() -> None:
    true = np.repeat([1.0, 2.0, 3.0], 30)
    found = number_distance(true, true, np.random.default_rng(11))
    assert (found.distance, found.modes_reached, found.n_modes) == (0.0, 1.0, 3)


def test_weights_stand_for_repeated_values() -> None:
    rng = np.random.default_rng(12)
    drawn, true = rng.normal(0.3, 1, 50), rng.normal(size=60)
    weights = np.where(np.arange(60) < 30, 3.0, 1.0)
    repeated = np.repeat(true, weights.astype(int))
    found = number_distance(drawn, true, np.random.default_rng(1), weights)
    once = number_distance(drawn, repeated, np.random.default_rng(1))
    assert found.distance * np.sqrt(48 / 47) == pytest.approx(once.distance * np.sqrt(120 / 119))
    assert (found.modes_reached, found.n_modes) == (once.modes_reached, once.n_modes)
    assert found.modes_expected == pytest.approx(once.modes_expected)
    assert (found.n_true, once.n_true) == (48, 120)
    kinds = (np.sign(drawn), np.sign(true), np.sign(repeated))
    ours = category_distance(kinds[0], kinds[1], np.random.default_rng(1), weights)
    assert ours.distance == pytest.approx(category_distance(kinds[0], kinds[2], np.random.default_rng(1)).distance)


def test_matched_weights_leave_an_honest_sample_of_another_mix_at_its_floor() -> None:
    rng = np.random.default_rng(13)
    kinds, drawn_kinds = rng.choice(2, 600, p=[0.9, 0.1]), rng.choice(2, 300, p=[0.5, 0.5])
    true, drawn = rng.normal(2.0 * kinds), rng.normal(2.0 * drawn_kinds)
    weights = np.where(kinds == 1, 0.5 / 0.1, 0.5 / 0.9)
    matched, plain = number_distance(drawn, true, rng, weights), number_distance(drawn, true, rng)
    assert matched.ci_low == 0 < plain.ci_low
    assert matched.distance < 3 * matched.floor


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (np.ones(39), "as many"),
        (-np.ones(40), "0 or more"),
        (np.r_[np.ones(15), np.zeros(25)], "15 true values in effect"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights: np.ndarray, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        number_distance(np.arange(40.0), np.arange(40.0), np.random.default_rng(1), weights)


@pytest.mark.parametrize(
    ("drawn", "true", "says"),
    [
        (np.arange(19.0), np.arange(20.0), r"at least 20 drawn values \[N\]; given \(19,\)"),
        (np.arange(20.0), np.full(20, 2.0), "All true values of the factor are 2.0"),
        (np.append(np.arange(20.0), np.nan), np.arange(20.0), "not so at drawn images 20"),
    ],
)
def test_what_cannot_be_compared_is_refused(drawn: np.ndarray, true: np.ndarray, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        number_distance(drawn, true, np.random.default_rng(1))
