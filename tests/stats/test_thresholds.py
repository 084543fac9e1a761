"""Thresholds of noise: crossings by hand, their confidence sets and censoring, and when there is nothing to estimate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from qaugbench.errors import StatisticsError
from qaugbench.stats.learning_curve import Censored
from qaugbench.stats.noise_levels import REPLICATES_ALONE
from qaugbench.stats.thresholds import (
    NO_ADVANTAGE,
    TARGET_MISSED,
    advantage_threshold,
    antitonic,
    degradation_threshold,
    maximum_off_zero,
    tolerated_noise,
)

NOISE = np.array([0, 1e-4, 1e-3, 1e-2, 1e-1])
REPLICATES = 6
TWIN = np.full(REPLICATES, 0.8)


def _arm(gains: list[float], sd: float = 1e-4) -> np.ndarray:
    """Return theta [L, R] whose means are exactly .8 + gains, each level with its own replicates of standard deviation sd."""
    drawn = np.random.default_rng(1).normal(size=(len(gains), REPLICATES))
    drawn -= drawn.mean(axis=1, keepdims=True)
    return 0.8 + np.array(gains)[:, None] + sd * drawn / drawn.std(axis=1, ddof=1, keepdims=True)


def test_antitonic_regression_is_scikit_learns() -> None:
    random = np.random.default_rng(0)
    values, weights = random.normal(size=12), random.uniform(1, 5, size=12)
    theirs = IsotonicRegression(increasing=False).fit_transform(np.arange(12.0), values, sample_weight=weights)
    assert antitonic(values, weights) == pytest.approx(theirs)


def test_crossing_is_straight_in_log_noise() -> None:
    found = advantage_threshold(NOISE, _arm([0.04, 0.03, 0.01, -0.03, -0.04]), TWIN)
    assert found.value is not None
    # A quarter of the way, in the logarithm, from 1e-3 to 1e-2.
    assert found.value.estimate == pytest.approx(10**-2.75)
    assert found.value.low < found.value.estimate < found.value.high
    assert found.censored == Censored()
    assert found.at_zero is not None
    assert found.at_zero.method == REPLICATES_ALONE


def test_set_holds_the_levels_at_which_the_simultaneous_band_contains_zero() -> None:
    theta = _arm([0.04, 0.03, 0.01, -0.03, -0.04], sd=4e-3)
    found = advantage_threshold(NOISE, theta, TWIN)
    assert found.value is not None
    assert found.curve is not None
    low, high = np.array(found.curve.low), np.array(found.curve.high)
    fine = np.linspace(0, 4, 40_001)
    inside = fine[(np.interp(fine, range(5), low) <= 0) & (np.interp(fine, range(5), high) >= 0)]
    ends = 10 ** np.interp([inside[0], inside[-1]], range(1, 5), np.log10(NOISE[1:]))
    assert [found.value.low, found.value.high] == pytest.approx(ends, rel=1e-3)
    assert found.curve.quantile > 2.57  # Student's t for one level at 5 df


def test_curve_that_rises_in_between_is_pooled() -> None:
    found = advantage_threshold(NOISE, _arm([0.04, -0.01, 0.02, -0.03, -0.04]), TWIN)
    assert found.curve is not None
    assert found.value is not None
    assert found.curve.fitted == pytest.approx([0.04, 0.005, 0.005, -0.03, -0.04])
    assert found.value.estimate == pytest.approx(10 ** (-3 + 0.005 / 0.035))
    assert found.value.low <= 1e-4  # the band itself is not pooled, and at 1e-4 the arm is behind


@pytest.mark.parametrize(
    ("gains", "words"),
    [
        ([0.04, 0.04, 0.03, 0.03, 0.02], "at least 0.1 (95 % CI at least 0.1)"),
        ([0.04, -0.02, -0.03, -0.03, -0.04], "at most 0.0001 (95 % CI at most 0.0001)"),
    ],
)
def test_what_lies_beyond_the_levels_is_only_bounded(gains: list[float], words: str) -> None:
    assert advantage_threshold(NOISE, _arm(gains), TWIN).words == words


def test_band_that_never_leaves_zero_leaves_the_upper_end_open() -> None:
    found = advantage_threshold(NOISE, _arm([0.04, 0.03, 0.01, -0.001, -0.002], sd=4e-3), TWIN)
    assert found.censored.high == "at least"
    assert found.censored.estimate == ""


@pytest.mark.parametrize("gain", [-0.01, 0.0, 0.0005])
def test_without_a_noiseless_advantage_there_is_no_threshold(gain: float) -> None:
    found = advantage_threshold(NOISE, _arm([gain, -0.01, -0.02, -0.03, -0.04], sd=4e-3), TWIN)
    assert (found.value, found.curve) == (None, None)
    assert found.words.startswith(f"not estimable: {NO_ADVANTAGE}: without noise the difference is")


def test_advantage_that_never_varied_proves_nothing() -> None:
    found = advantage_threshold(NOISE, _arm([0.04, 0.03, 0.01, -0.03, -0.04], sd=0.0), TWIN)
    assert found.value is None
    assert found.reason is not None
    assert "nothing varied" in found.reason


def test_two_replicates_say_nothing() -> None:
    found = advantage_threshold(NOISE, _arm([0.04, 0.03, 0.01, -0.03, -0.04])[:, :2], TWIN[:2])
    assert found.words == "not estimable: 2 replicates: an interval over training runs needs 3"


def test_comparator_at_every_level_is_subtracted_level_by_level() -> None:
    arm = _arm([0.04, 0.03, 0.01, -0.03, -0.04])
    noisy_twin = _arm([0.0, -0.01, -0.02, -0.03, -0.06])[:, ::-1]
    found = advantage_threshold(NOISE, arm, noisy_twin)
    assert found.curve is not None
    assert found.curve.estimate == pytest.approx([0.04, 0.04, 0.03, 0.0, 0.02])


def test_patients_widen_the_set() -> None:
    theta = _arm([0.04, 0.03, 0.01, -0.03, -0.04], sd=2e-3)
    influence = np.random.default_rng(2).normal(scale=2e-4, size=(5, 1, 400)).repeat(REPLICATES, axis=1)
    alone = advantage_threshold(NOISE, theta, TWIN).value
    both = advantage_threshold(
        NOISE, theta, TWIN, influence=influence, comparator_influence=np.zeros((REPLICATES, 400))
    ).value
    assert alone is not None
    assert both is not None
    assert both.low < alone.low < alone.estimate == both.estimate < alone.high < both.high


def test_degradation_is_measured_from_the_arms_own_noiseless_value() -> None:
    theta = _arm([0.04, 0.04, 0.035, 0.015, 0.0])
    found = degradation_threshold(NOISE, theta, 0.01)
    assert found.value is not None
    assert found.value.estimate == pytest.approx(10 ** (-3 + 0.25))  # .005 of the next .02
    assert found.at_zero is None
    shifted = degradation_threshold(NOISE, theta + np.linspace(0, 1, REPLICATES), 0.01)
    assert shifted.value is not None
    assert shifted.value.estimate == pytest.approx(found.value.estimate)
    assert shifted.value.low == pytest.approx(found.value.low, rel=1e-3)  # the maximum is drawn


def test_target_need_not_be_beaten_and_may_be_out_of_reach() -> None:
    theta = _arm([0.001, 0.0005, -0.01, -0.02, -0.03], sd=4e-3)
    reached = tolerated_noise(NOISE, theta, 0.8)
    assert reached.value is not None
    assert reached.value.estimate == pytest.approx(10 ** (-4 + 0.0005 / 0.0105))
    assert tolerated_noise(NOISE, theta, TWIN).value == reached.value
    assert tolerated_noise(NOISE, theta, 0.85).words == f"not estimable: {TARGET_MISSED}, by .049"


def test_gain_by_noise_allows_for_the_number_of_levels() -> None:
    theta = _arm([0.0, 0.001, 0.02, -0.02, -0.05], sd=4e-3)
    found = maximum_off_zero(NOISE, theta)
    assert (found.noise, found.helps) == (1e-3, True)
    assert found.p_value < 0.05
    one = maximum_off_zero(NOISE[[0, 2, 4]], theta[[0, 2, 4]])
    assert one.family.quantile < found.family.quantile
    assert one.p_value <= found.p_value
    assert "noise helped: the clearest gain is +.020 at 0.001" in found.words


def test_where_every_level_lost_nothing_is_called_a_gain() -> None:
    found = maximum_off_zero(NOISE, _arm([0.0, -0.001, -0.02, -0.03, -0.05], sd=4e-3))
    assert found.words == "no level of noise was better than none: none of the 4 levels has a better mean"


def test_best_of_seven_equal_levels_is_rarely_called_a_gain() -> None:
    random = np.random.default_rng(3)
    noise = np.concatenate([[0], np.logspace(-4, -1, 7)])
    runs = [
        maximum_off_zero(noise, 0.8 + 0.01 * random.normal(size=(8, 10)), draws=1000, seed=run) for run in range(100)
    ]
    assert np.mean([run.gain > 0 for run in runs]) > 0.75  # the naive reading
    assert np.mean([run.helps for run in runs]) < 0.07


def test_gain_that_never_varied_proves_nothing() -> None:
    assert not maximum_off_zero(NOISE[:3], np.array([[0.8] * 4, [0.81] * 4, [0.7] * 4])).helps


@pytest.mark.parametrize(
    ("noise", "theta", "match"),
    [
        (NOISE[1:], _arm([0.0] * 4), "ascend from 0"),
        (NOISE[[0, 2, 1, 3, 4]], _arm([0.0] * 5), "ascend from 0"),
        (NOISE[:2], _arm([0.0] * 2), "two or more above it"),
        (NOISE, _arm([0.0] * 4), r"theta \[L, R\]"),
        (NOISE, np.full((5, REPLICATES), math.nan), "NaN"),
    ],
)
def test_unusable_levels_and_values_are_refused(noise: np.ndarray, theta: np.ndarray, match: str) -> None:
    with pytest.raises(StatisticsError, match=match):
        advantage_threshold(noise, theta, TWIN)


def test_unusable_comparators_targets_and_losses_are_refused() -> None:
    theta = _arm([0.04, 0.03, 0.01, -0.03, -0.04])
    influence = np.zeros((5, REPLICATES, 10))
    with pytest.raises(StatisticsError, match="replicates of the arm"):
        advantage_threshold(NOISE, theta, TWIN[:4])
    with pytest.raises(StatisticsError, match="give both, or neither"):
        advantage_threshold(NOISE, theta, TWIN, influence=influence)
    with pytest.raises(StatisticsError, match="the arm's patients"):
        advantage_threshold(NOISE, theta, TWIN, influence=influence, comparator_influence=influence[0, :, :4])
    with pytest.raises(StatisticsError, match="above 0"):
        degradation_threshold(NOISE, theta, -0.01)
    with pytest.raises(StatisticsError, match="finite number"):
        tolerated_noise(NOISE, theta, math.inf)
    with pytest.raises(StatisticsError, match="needs 3"):
        maximum_off_zero(NOISE, theta[:, :2])


def test_same_arguments_give_the_same_numbers() -> None:
    theta = _arm([0.04, 0.03, 0.01, -0.03, -0.04], sd=4e-3)
    assert advantage_threshold(NOISE, theta, TWIN) == advantage_threshold(NOISE, theta, TWIN)
