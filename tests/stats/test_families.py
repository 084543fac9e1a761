"""Adjusted p-values and simultaneous intervals: known quantiles, worked examples, and what must always hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.stats.families import HOLM, MAX_T, benjamini_hochberg, holm, simultaneous, without_covariance
from qaugbench.stats.joint import Joint

CHANCE = 0.03  # three standard errors of a drawn quantile: about .007 each near 2.5 to 4


def _all_pairs(arms: int, df: float, means: np.ndarray | None = None) -> Joint:
    first, second = np.triu_indices(arms, 1)
    contrasts = np.eye(arms)[first] - np.eye(arms)[second]
    estimate = contrasts @ (np.zeros(arms) if means is None else means)
    return Joint.of(estimate, contrasts @ contrasts.T, df)


@pytest.mark.parametrize(("arms", "df"), [(3, 10.0), (5, 20.0), (8, 60.0), (10, math.inf)])
def test_all_pairs_of_equal_means_have_tukeys_quantile(arms: int, df: float) -> None:
    exact = stats.studentized_range.ppf(0.95, arms, 1e6 if math.isinf(df) else df) / math.sqrt(2)
    assert simultaneous(_all_pairs(arms, df)).quantile == pytest.approx(exact, abs=CHANCE)


def test_several_arms_against_one_control_have_dunnetts_quantile() -> None:
    # Dunnett 1964, Table II: 5 %, two-sided, 3 treatments against a control, equal groups, 20 df: 2.54.
    correlation = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    assert simultaneous(Joint.of(np.zeros(3), correlation, 20.0)).quantile == pytest.approx(2.54, abs=CHANCE)


def test_single_step_p_is_the_multivariate_t_probability() -> None:
    correlation = np.array([[1.0, 0.7], [0.7, 1.0]])
    family = simultaneous(Joint.of(np.array([2.2, 1.0]), correlation, 8.0))
    inside = stats.multivariate_t(shape=correlation, df=8)
    for size, found in zip((2.2, 1.0), family.p_single_step, strict=True):
        exact = 1 - inside.cdf([size, size], lower_limit=[-size, -size])
        assert found == pytest.approx(exact, abs=0.006)


def test_independent_contrasts_are_sidaks_and_step_down_drops_those_already_found() -> None:
    family = simultaneous(Joint.of(np.array([3.0, 2.3, 1.0]), np.eye(3), math.inf))
    p = 2 * stats.norm.sf([3.0, 2.3, 1.0])
    assert family.p_value == pytest.approx(p)
    assert family.p_single_step == pytest.approx(1 - (1 - p) ** 3, abs=0.005)
    assert family.p_step_down == pytest.approx(1 - (1 - p) ** [3, 2, 1], abs=0.005)
    assert family.method == MAX_T


def test_copies_of_one_contrast_cost_nothing() -> None:
    family = simultaneous(Joint.of(np.full(4, 2.0), np.ones((4, 4)), 15.0))
    assert family.quantile == pytest.approx(stats.t.ppf(0.975, 15), abs=CHANCE)
    assert family.p_step_down == pytest.approx(np.full(4, 2 * stats.t.sf(2.0, 15)), abs=0.004)


def test_what_always_holds() -> None:
    random = np.random.default_rng(3)
    for _ in range(15):
        factor = random.normal(size=(6, 4))
        joint = Joint.of(2 * random.normal(size=6), factor @ factor.T, random.uniform(3, 40, size=6))
        family = simultaneous(joint, draws=2000)
        assert (family.p_single_step >= family.p_step_down).all()
        assert (family.p_step_down >= family.p_value).all()
        order = np.argsort(-np.abs(joint.estimate) / joint.se)
        assert (np.diff(family.p_step_down[order]) >= 0).all()
        assert ((family.low > 0) | (family.high < 0)).tolist() == (family.p_single_step < 0.05).tolist()
        assert family.quantile >= stats.t.ppf(0.975, joint.df.min())
        assert min(family.p_single_step) >= 1 / 2001


def test_order_and_sign_of_contrasts_do_not_matter() -> None:
    joint = _all_pairs(4, 12.0, np.array([0.0, 1.0, 3.0, 3.5]))
    turn = np.array([3, 0, 5, 1, 4, 2])
    sign = np.array([1, -1, 1, -1, -1, 1])
    turned = Joint(
        sign * joint.estimate[turn], joint.se[turn], joint.df[turn], sign[:, None] * joint.factor[turn], joint.board
    )
    there, back = simultaneous(joint, draws=5000), simultaneous(turned, draws=5000)
    assert back.quantile == there.quantile
    assert back.p_step_down.tolist() == there.p_step_down[turn].tolist()


def test_one_contrast_is_students_t_exactly() -> None:
    family = simultaneous(Joint.of(np.array([2.0]), np.array([[1.0]]), 9.0))
    assert family.quantile == stats.t.ppf(0.975, 9)
    assert family.p_single_step[0] == family.p_step_down[0] == family.p_value[0] == 2 * stats.t.sf(2.0, 9)


def test_a_contrast_that_never_varies_is_kept_and_left_out_of_the_maximum() -> None:
    covariance = np.diag([1.0, 0.0, 1.0])
    family = simultaneous(Joint.of(np.array([2.0, 0.3, 1.0]), covariance, np.array([9.0, 1.0, 9.0])))
    without = simultaneous(Joint.of(np.array([2.0, 1.0]), np.eye(2), 9.0))
    assert (family.low[1], family.high[1], family.p_step_down[1], family.p_value[1]) == (0.3, 0.3, 1.0, 1.0)
    assert family.quantile == pytest.approx(without.quantile, abs=CHANCE)
    nothing = simultaneous(Joint.of(np.zeros(2), np.zeros((2, 2)), 9.0))
    assert nothing.p_single_step.tolist() == [1.0, 1.0]


def test_the_smallest_df_counts() -> None:
    mixed = simultaneous(Joint.of(np.zeros(2), np.eye(2), np.array([4.0, 400.0])))
    assert mixed.quantile == simultaneous(Joint.of(np.zeros(2), np.eye(2), 4.0)).quantile


def test_same_seed_same_bits_other_seed_other_draws() -> None:
    joint = _all_pairs(5, 14.0)
    assert simultaneous(joint, draws=2000, seed=1).quantile == simultaneous(joint, draws=2000, seed=1).quantile
    assert simultaneous(joint, draws=2000, seed=1).quantile != simultaneous(joint, draws=2000, seed=2).quantile


def test_intervals_of_equal_means_hold_together() -> None:
    random = np.random.default_rng(11)
    arms, groups = 4, 4
    quantile = simultaneous(_all_pairs(arms, arms * (groups - 1.0))).quantile
    missed = 0
    for _ in range(4000):
        sample = random.normal(size=(arms, groups))
        pooled = math.sqrt(sample.var(axis=1, ddof=1).mean() * 2 / groups)
        missed += (np.ptp(sample.mean(axis=1)) / pooled) > quantile
    assert missed / 4000 == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 4000))


def test_holm_by_hand() -> None:
    # Sorted .005, .01, .03, .04 times 4, 3, 2, 1: .02, .03, .06, .04 and the last raised to .06.
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).size == 0


def test_benjamini_hochberg_by_hand() -> None:
    # The fifteen p-values of Benjamini & Hochberg 1995, of which theirs finds four at .05, and Bonferroni's kin three.
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    q = benjamini_hochberg(np.array(p[::-1]))[::-1]
    assert (q <= 0.05).sum() == 4
    assert (holm(np.array(p)) <= 0.05).sum() == 3
    assert q == pytest.approx(stats.false_discovery_control(p))


def test_without_covariance_is_bonferroni_and_holm() -> None:
    family = without_covariance(np.array([3.0, 2.0, 0.1]), np.array([1.0, 1.0, 0.0]), np.array([10.0, 20.0, 5.0]))
    p = [2 * stats.t.sf(3.0, 10), 2 * stats.t.sf(2.0, 20)]
    assert family.quantile == pytest.approx(stats.t.ppf(1 - 0.05 / 4, 10))
    assert family.p_step_down.tolist() == pytest.approx([2 * p[0], p[1], 1.0])
    assert family.p_single_step[0] == pytest.approx(2 * p[0])
    assert (family.low[2], family.high[2], family.method) == (0.1, 0.1, HOLM)


@pytest.mark.parametrize("p", [[0.1, np.nan], [-0.1], [1.1], [[0.1]]])
def test_adjustments_refuse(p: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(StatisticsError, match="p-values must"):
            adjust(np.array(p))


def test_families_refuse() -> None:
    joint = _all_pairs(3, 9.0)
    for level, draws in ((1.0, 1000), (0.0, 1000), (0.95, 50), (0.999, 500)):
        with pytest.raises(StatisticsError):
            simultaneous(joint, level=level, draws=draws)
    for columns in (([1.0], [np.nan], [9.0]), ([1.0], [1.0], [0.0]), ([1.0, 2.0], [1.0], [9.0]), ([], [], [])):
        with pytest.raises(StatisticsError):
            without_covariance(*(np.array(column) for column in columns))
