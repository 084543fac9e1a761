"""The variance of a difference: by hand, its invariances, and its edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.stats.mrmc import NO_VARIATION, OR_HILLIS, SINGLE_RUN, compare, interval, variance_components


def _arrays(arms: int = 3, replicates: int = 5, groups: int = 50, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    persistent = random.normal(size=(arms, 1, groups))
    influence = (persistent + 0.3 * random.normal(size=(arms, replicates, groups))) / groups
    return 0.8 + 0.01 * random.normal(size=(arms, replicates)), influence


def test_variance_by_hand() -> None:
    # d = (.01, .03): V_S = .0002/2. Rows (1,-1,0), (1,0,-1), C=3: v = 1.5*2 = 3 each, so V1 = 3; their mean (1,-.5,-.5)
    # has v = 1.5*1.5 = 2.25 = V_P; V_R = (3-2.25)/1; the patients' part is 2.25 - .75 = 1.5.
    theta = np.array([[0.81, 0.83], [0.80, 0.80]])
    influence = np.array([[[1.0, -1.0, 0.0], [1.0, 0.0, -1.0]], np.zeros((2, 3))])
    parts = variance_components(theta[0] - theta[1], influence[0])
    assert parts.replicates == pytest.approx(0.0001)
    assert parts.patients == pytest.approx(1.5)

    found = compare(theta, influence, np.array([1.0, -1.0]), n_eff=3)
    variance, df = 1.5001, 1.5001**2 / (0.0001**2 / 1 + 1.5**2 / 2)
    assert found.estimate == pytest.approx(0.02)
    assert (found.se, found.df) == pytest.approx((math.sqrt(variance), df))
    assert found.ci_high == pytest.approx(0.02 + stats.t.ppf(0.975, df) * math.sqrt(variance))
    assert found.mde == pytest.approx((stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * math.sqrt(variance))
    assert (found.method, found.n_replicates, found.n_groups) == (OR_HILLIS, 2, 3)


def test_interval_excludes_zero_exactly_when_p_is_below_five_percent() -> None:
    for seed in range(60):
        theta, influence = _arrays(seed=seed)
        found = compare(theta, influence, np.array([1, -1, 0]), 50)
        assert (found.p_value < 0.05) == (found.ci_low > 0 or found.ci_high < 0)


def test_swapping_arms_flips_the_sign_alone() -> None:
    theta, influence = _arrays()
    there, back = (compare(theta, influence, np.array(c), 50) for c in ([1, -1, 0], [-1, 1, 0]))
    assert (there.estimate, there.ci_low) == (-back.estimate, -back.ci_high)
    assert (there.se, there.df, there.p_value, there.mde) == (back.se, back.df, back.p_value, back.mde)


def test_order_of_patients_replicates_and_arms_does_not_matter() -> None:
    theta, influence = _arrays()
    random = np.random.default_rng(9)
    replicates, patients = random.permutation(5), random.permutation(50)
    there = compare(theta, influence, np.array([0.5, 0.5, -1]), 50)
    moved = influence[::-1][:, replicates][:, :, patients]
    back = compare(theta[::-1][:, replicates], moved, np.array([-1, 0.5, 0.5]), 50)
    assert (there.estimate, there.se, there.df) == pytest.approx((back.estimate, back.se, back.df), rel=1e-9)


def test_a_duplicated_arm_differs_by_nothing() -> None:
    theta, influence = _arrays(arms=1)
    found = compare(np.repeat(theta, 2, axis=0), np.repeat(influence, 2, axis=0), np.array([1, -1]), 50)
    assert (found.estimate, found.se, found.p_value, found.ci_low, found.ci_high) == (0, 0, 1, 0, 0)


def test_a_difference_that_never_varies_claims_no_significance() -> None:
    found = interval(np.full(5, 0.5), np.zeros((5, 20)))
    assert (found.method, found.p_value) == (NO_VARIATION, 1.0)


def test_one_replicate_is_delong_and_says_so() -> None:
    theta, influence = _arrays(replicates=1)
    found = compare(theta, influence, np.array([1, -1, 0]), 50)
    difference = influence[0, 0] - influence[1, 0]
    assert found.se == pytest.approx(math.sqrt(50 * difference.var(ddof=1)))
    assert (found.df, found.method) == (math.inf, SINGLE_RUN)
    assert found.ci_high - found.estimate == pytest.approx(stats.norm.ppf(0.975) * found.se)


def test_one_arms_interval_is_the_one_hot_contrast() -> None:
    theta, influence = _arrays()
    assert interval(theta[1], influence[1], 50) == compare(theta, influence, np.array([0, 1, 0]), 50)


def test_patients_bound_what_replicates_can_show() -> None:
    _, influence = _arrays(replicates=400, arms=1)
    found = interval(np.full(400, 0.8), influence[0])
    assert found.se == pytest.approx(math.sqrt(50 * influence[0].mean(axis=0).var(ddof=1)), rel=0.01)


@pytest.mark.parametrize(
    ("theta", "influence", "contrast", "n_eff", "message"),
    [
        (np.zeros((2, 3)), np.zeros((2, 4, 9)), [1, -1], 9, "given shapes"),
        (np.zeros((2, 3)), np.zeros((2, 3, 9)), [1, -1, 0], 9, "given shapes"),
        (np.zeros((2, 3)), np.zeros((2, 3, 9)), [0, 0], 9, "other than 0"),
        (np.zeros((2, 3)), np.zeros((2, 3, 9)), [1, -1], 1, "at least two patients"),
        (np.full((2, 3), np.nan), np.zeros((2, 3, 9)), [1, -1], 9, "NaN"),
    ],
)
def test_refuses(theta: np.ndarray, influence: np.ndarray, contrast: list[int], n_eff: int, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        compare(theta, influence, np.array(contrast), n_eff)
