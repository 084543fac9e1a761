"""Principal axes against scikit-learn's, for few and for many images."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from qaugbench.errors import StatisticsError
from qaugbench.metrics.projection import principal_axes


@pytest.mark.parametrize(("n", "d"), [(50, 6), (8, 30)])
def test_coordinates_are_scikit_learns_but_for_signs(n: int, d: int) -> None:
    rng = np.random.default_rng(n)
    reference, others = (rng.normal(size=(n, d)) * np.arange(1, d + 1) + 3 for _ in range(2))
    expected = PCA(4, svd_solver="full").fit(reference).transform(others)
    np.testing.assert_allclose(np.abs(principal_axes(reference, 4).of(others)), np.abs(expected), rtol=1e-6, atol=1e-9)


def test_axes_that_are_not_there_are_refused() -> None:
    rows = np.random.default_rng(0).normal(size=(5, 9))
    with pytest.raises(StatisticsError, match="1 to 4 axes; asked for 5"):
        principal_axes(rows, 5)
    with pytest.raises(StatisticsError, match="fitted to 9 values per image; given 8"):
        principal_axes(rows, 2).of(rows[:, :8])
