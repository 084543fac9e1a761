"""The debiased calibration error: by hand, near zero where calibrated, and right where it is known."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.reliability import reliability


def test_two_bins_by_hand() -> None:
    stated = np.array([0.1] * 10 + [0.8] * 10)
    happened = np.array([1] * 2 + [0] * 8 + [1] * 5 + [0] * 5)
    found = reliability(stated, happened, bins=2)
    assert [(one.n, round(one.stated, 9), one.happened) for one in found.bins] == [(10, 0.1, 0.2), (10, 0.8, 0.5)]
    assert found.plain**2 == pytest.approx((0.1**2 + 0.3**2) / 2)
    assert found.error**2 == pytest.approx((0.1**2 - 0.16 / 9 + 0.3**2 - 0.25 / 9) / 2)


def test_calibrated_probabilities_have_no_error_on_average_but_a_plain_one() -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        stated = rng.random(300)
        found.append(reliability(stated, (rng.random(300) < stated).astype(float)))
    squares = np.array([one.error**2 for one in found])  # cut off at 0, so a little above it on average
    assert squares.mean() < 0.25 * np.mean([one.plain**2 for one in found])


def test_a_known_error_is_found() -> None:
    rng = np.random.default_rng(1)
    stated = rng.random(20_000) * 0.5
    found = reliability(stated, (rng.random(20_000) < stated + 0.2).astype(float))
    assert found.error == pytest.approx(0.2, abs=0.01)


def test_equal_probabilities_are_never_parted_and_order_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    stated = rng.integers(4, size=200) / 4
    happened = rng.integers(2, size=200)
    found = reliability(stated, happened)
    assert len(found.bins) == 4
    order = rng.permutation(200)
    assert reliability(stated[order], happened[order]) == found


@pytest.mark.parametrize(
    ("stated", "happened", "says"),
    [
        (np.zeros(9), np.zeros(9), "needs 10 images, not 9"),
        (np.full(20, 1.1), np.zeros(20), "must be in"),
        (np.zeros(20), np.full(20, 0.5), "events 0 or 1"),
        (np.zeros(20), np.zeros(19), "one length"),
    ],
)
def test_what_cannot_be_scored_is_refused(stated: np.ndarray, happened: np.ndarray, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        reliability(stated, happened)
