"""Effective rank and its companions: by hand, at their ends, and unchanged by what does not matter."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.geometry import effective_rank, first_share, jacobian_geometry, participation_ratio

ALL = (effective_rank, participation_ratio, first_share)


def test_by_hand() -> None:
    values = np.array([[3.0, 1.0]])
    assert effective_rank(values) == pytest.approx(np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25))))
    assert participation_ratio(values) == pytest.approx((9 + 1) ** 2 / (81 + 1))
    assert first_share(values) == pytest.approx(0.9)


@pytest.mark.parametrize("r", [1, 2, 17])
def test_equal_directions_count_in_full_and_a_single_one_once(r: int) -> None:
    equal, single = np.full((2, r), 1e-200), np.eye(r)[:1]
    assert [of(equal)[0] for of in ALL] == pytest.approx([r, r, 1 / r])
    assert [of(single)[0] for of in ALL] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("of", ALL)
def test_scale_order_and_directions_of_no_effect_do_not_matter(of) -> None:
    values = np.random.default_rng(0).exponential(size=(5, 8))
    expected = of(values)
    for same in (1e6 * values, values[:, ::-1], np.column_stack([values, np.zeros((5, 3))])):
        np.testing.assert_allclose(of(same), expected, rtol=1e-12)


def test_means_have_the_errors_of_their_points() -> None:
    values = np.random.default_rng(0).exponential(size=(30, 8))
    found = jacobian_geometry(values)
    assert (found.n, found.r) == (30, 8)
    assert found.effective_rank == pytest.approx(effective_rank(values).mean())
    assert found.first_share_se == pytest.approx(np.std(first_share(values), ddof=1) / np.sqrt(30))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.ones(3), r"needs singular values \[n, r\]"),
        (np.array([[1.0, 2.0], [0.0, 0.0]]), "does not change with its input at points 1"),
        (np.array([[1.0, -2.0]]), "0 or more; not so at points 0"),
        (np.array([[1.0, np.nan]]), "finite"),
        (np.ones((1, 4)), "two latent points"),
    ],
)
def test_unusable_values_are_refused(values: np.ndarray, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        jacobian_geometry(values)
