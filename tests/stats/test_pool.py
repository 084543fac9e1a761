"""The mean over tasks: by hand, and what it must refuse."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.stats.joint import Joint, combine, stack
from qaugbench.stats.mrmc import NO_VARIATION, OR_HILLIS, SINGLE_RUN, comparison, interval
from qaugbench.stats.pool import POOLED, pool, pool_comparisons

SIZE = {"n_replicates": 10, "n_groups": 400}


def test_pool_by_hand() -> None:
    # Variances (9, 16, 144) e-6 / 9; df = 169^2 / (81/4 + 256/8 + 20736/12).
    pooled = pool([0.01, -0.02, 0.04], [0.003, 0.004, 0.012], [4.0, 8.0, 12.0], **SIZE)
    df = 169**2 / (81 / 4 + 256 / 8 + 20736 / 12)
    assert (pooled.estimate, pooled.se, pooled.df) == pytest.approx((0.01, 0.013 / 3, df))
    reach = stats.t.ppf(0.975, df)
    assert (pooled.ci_low, pooled.ci_high) == pytest.approx((0.01 - reach * pooled.se, 0.01 + reach * pooled.se))
    assert pooled.p_value == pytest.approx(2 * stats.t.sf(0.01 / pooled.se, df))
    assert pooled.mde == pytest.approx((reach + stats.t.ppf(0.8, df)) * pooled.se)
    assert (pooled.method, pooled.n_replicates, pooled.n_groups) == (POOLED, 10, 400)


def test_one_task_is_itself() -> None:
    found = astuple(comparison(0.01, 0.004, 7.0, method=POOLED, **SIZE))
    pooled = astuple(pool([0.01], [0.004], [7.0], **SIZE))
    assert pooled[:7] == pytest.approx(found[:7], rel=1e-12)
    assert pooled[7:] == found[7:]


def test_equal_tasks_shrink_by_the_root_and_add_their_df() -> None:
    pooled = pool([0.01] * 4, [0.004] * 4, [9.0] * 4, **SIZE)
    assert (pooled.estimate, pooled.se, pooled.df) == pytest.approx((0.01, 0.002, 36.0))


def test_pool_agrees_with_the_combined_joint() -> None:
    tasks = stack([Joint.of(np.array([d]), np.array([[d**2]]), 5.0 + d) for d in (0.01, 0.02, 0.05)])
    joint = combine(tasks, np.full((1, 3), 1 / 3))
    pooled = pool(tasks.estimate, tasks.se, tasks.df, **SIZE)
    assert (pooled.estimate, pooled.se, pooled.df) == pytest.approx((joint.estimate[0], joint.se[0], joint.df[0]))


def test_pooled_intervals_cover() -> None:
    random = np.random.default_rng(2)
    held = 0
    for _ in range(1000):
        tasks = []
        for spread in (0.01, 0.02, 0.03, 0.005):
            patients = spread * random.normal(size=40)
            theta = 0.1 + patients.mean() + 0.01 * random.normal(size=5)
            tasks.append(interval(theta, np.repeat(patients[None] / 40, 5, axis=0)))
        pooled = pool_comparisons(tasks)
        held += pooled.ci_low <= 0.1 <= pooled.ci_high
    assert held / 1000 == pytest.approx(0.95, abs=3 * math.sqrt(0.05 * 0.95 / 1000))


def test_a_task_of_one_run_or_without_variation_is_not_hidden() -> None:
    good = comparison(0.01, 0.004, 7.0, method=OR_HILLIS, **SIZE)
    single = comparison(0.02, 0.004, math.inf, method=SINGLE_RUN, n_replicates=1, n_groups=100)
    still = comparison(0.03, 0.0, math.inf, method=OR_HILLIS, **SIZE)
    assert pool_comparisons([good, good]).method == POOLED
    pooled = pool_comparisons([good, single])
    assert (pooled.method, pooled.n_replicates, pooled.n_groups) == (SINGLE_RUN, 1, 500)
    assert pool_comparisons([good, still]).method == NO_VARIATION
    identical = pool([0.0, 0.0], [0.0, 0.0], [math.inf, math.inf], **SIZE)
    assert (identical.se, identical.p_value, identical.method) == (0.0, 1.0, POOLED)


@pytest.mark.parametrize(
    ("estimates", "ses", "dfs", "message"),
    [
        ([], [], [], "no task"),
        ([0.1, 0.2], [0.1], [9.0], "Every task"),
        ([0.1, np.nan], [0.1, 0.1], [9.0, 9.0], "tasks 1"),
        ([0.1, 0.1], [np.inf, -0.1], [9.0, 9.0], "tasks 0, 1"),
        ([0.1], [0.1], [0.0], "tasks 0"),
    ],
)
def test_refuses(estimates: list[float], ses: list[float], dfs: list[float], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        pool(estimates, ses, dfs, **SIZE)
    with pytest.raises(StatisticsError, match="no task"):
        pool_comparisons([])
