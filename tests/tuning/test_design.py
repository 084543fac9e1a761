"""The design: fixed in advance, the default first, trial k the same whatever the number of trials."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from qaugbench.errors import QaugbenchError
from qaugbench.search_space import search_space
from qaugbench.tuning.design import design, unit_points
from tests.tuning.spaces import TUNED, card

SPACE = search_space(card(**TUNED), "smoke")


def test_trial_0_is_the_untuned_default() -> None:
    assert design(SPACE, 1) == [dict(SPACE.default)]
    assert design(SPACE, 9)[0] == dict(SPACE.default)


@pytest.mark.parametrize("trials", [1, 2, 3, 6, 8, 20])
def test_a_trial_is_the_same_whatever_the_number_of_trials(trials: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert design(SPACE, trials) == design(SPACE, 33)[:trials]


def test_the_order_of_the_table_does_not_matter() -> None:
    turned = search_space(card(**dict(reversed(TUNED.items()))), "smoke")
    assert design(turned, 8) == design(SPACE, 8)


def test_points_are_stratified_as_a_sobol_sequence_is() -> None:
    """Each coordinate has one of the first 16 points in each sixteenth, and each quarter of a plane has four."""
    points = unit_points(3, 16)
    assert ((points >= 0) & (points < 1)).all()
    for coordinate in points.T:
        assert sorted((coordinate * 16).astype(int)) == list(range(16))
    quarters = (points[:, :2] * 2).astype(int) @ [2, 1]
    assert np.bincount(quarters).tolist() == [4, 4, 4, 4]
    assert unit_points(3, 0).shape == (0, 3)


def test_no_trial_is_refused() -> None:
    with pytest.raises(QaugbenchError, match="--trials must be at least 1, got 0"):
        design(SPACE, 0)
