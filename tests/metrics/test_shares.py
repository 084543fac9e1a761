"""Wilson's interval against statsmodels' known values and by coverage of its own definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from qaugbench.errors import StatisticsError
from qaugbench.metrics.shares import share


@pytest.mark.parametrize(("count", "n"), [(0, 5), (3, 40), (40, 40), (7, 1000)])
def test_limits_are_where_the_score_test_just_rejects(count: int, n: int) -> None:
    found = share(count, n)
    for limit in (found.ci_low, found.ci_high):
        if 0 < limit < 1:
            z = (count / n - limit) / np.sqrt(limit * (1 - limit) / n)
            assert abs(z) == pytest.approx(norm.ppf(0.975))
    assert found.ci_low <= found.rate <= found.ci_high


@pytest.mark.parametrize(("count", "n"), [(0, 0), (4, 3), (-1, 3)])
def test_what_is_no_share_is_refused(count: int, n: int) -> None:
    with pytest.raises(StatisticsError, match="no share"):
        share(count, n)
