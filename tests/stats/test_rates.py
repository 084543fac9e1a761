"""Shares over replicates and their differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.stats.rates import OVER_IMAGES, OVER_REPLICATES, rate, rate_difference


@pytest.mark.parametrize(
    ("one", "other", "limits"),
    [((56, 70), (48, 80), (0.0524, 0.3339)), ((9, 10), (3, 10), (0.1705, 0.8090))],
)
def test_one_fit_each_has_the_hybrid_score_interval_as_published(
    one: tuple[int, int], other: tuple[int, int], limits: tuple[float, float]
) -> None:
    found = rate_difference([one], [other])  # Newcombe 1998, table II, method 10
    assert (found.ci_low, found.ci_high) == pytest.approx(limits, abs=5e-5)
    assert found.method == OVER_IMAGES


def test_replicates_have_students_interval() -> None:
    one, other = [(90, 100), (70, 100), (80, 100), (60, 100)], [(60, 100), (65, 100), (50, 100), (55, 100)]
    for found, values in (
        (rate(one), np.array([0.9, 0.7, 0.8, 0.6])),
        (rate_difference(one, other), np.array([0.3, 0.05, 0.3, 0.05])),
    ):
        expected = stats.t.interval(0.95, 3, loc=values.mean(), scale=stats.sem(values))
        assert found.value == pytest.approx(values.mean())
        assert (found.ci_low, found.ci_high) == pytest.approx(expected)
        assert (found.method, found.n_replicates) == (OVER_REPLICATES, 4)


def test_replicates_that_agree_by_chance_do_not_shorten_the_interval_over_images() -> None:
    same = [(10, 10)] * 3
    found = rate(same)
    assert found.ci_low == pytest.approx(rate([(30, 30)]).ci_low)
    assert found.ci_high == 1.0
    apart = rate_difference(same, same)
    assert apart.ci_low < 0 < apart.ci_high


def test_the_interval_covers_models_whose_fits_differ() -> None:
    rng = np.random.default_rng(0)
    covered, n = 0, 400
    for _ in range(n):
        fits = np.clip(rng.normal(0.7, 0.08, (2, 5)), 0, 1)
        one, other = ([(int(rng.binomial(200, share)), 200) for share in own] for own in fits)
        found = rate_difference(one, other)
        covered += found.ci_low <= 0 <= found.ci_high
    assert covered / n > 0.93


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(StatisticsError, match="1 and 2 replicates"):
        rate_difference([(1, 2)], [(1, 2), (1, 2)])
    with pytest.raises(StatisticsError, match="at least one replicate"):
        rate([])
