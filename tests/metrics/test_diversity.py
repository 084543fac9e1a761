"""The Vendi score: known values, properties, and which sets count as collapsed."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.diversity import vendi_ratio, vendi_score


@pytest.mark.parametrize(("n", "d"), [(12, 4), (4, 12)])
def test_the_vendi_score_is_the_entropy_of_the_whole_similarity_matrix(n: int, d: int) -> None:
    rows = np.random.default_rng(0).normal(size=(n, d))
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    shares = np.linalg.eigvalsh(units @ units.T) / n
    shares = shares[shares > 1e-12]
    assert vendi_score(rows) == pytest.approx(np.exp(-np.sum(shares * np.log(shares))))


def test_the_vendi_score_counts_modes_whatever_their_scale() -> None:
    modes = np.linalg.qr(np.random.default_rng(0).normal(size=(9, 9)))[0][:3]
    assert vendi_score(7 * modes[np.arange(60) % 3]) == pytest.approx(3)
    # Modes of shares 1/2, 1/4, 1/4: exp(1.5 log 2).
    assert vendi_score(modes[[0, 0, 1, 2]]) == pytest.approx(2**1.5)


def test_sets_of_unequal_size_are_compared_at_the_smaller() -> None:
    rng = np.random.default_rng(0)
    real, synthetic = rng.normal(size=(300, 50)), rng.normal(size=(40, 50))
    found = vendi_ratio(real, synthetic, np.random.default_rng(1))
    assert found.n == 40
    assert found.value == pytest.approx(1, abs=0.05)
    assert vendi_score(real) / found.real > 1.3
    assert not found.collapsed


def test_few_modes_are_flagged_and_an_honest_set_of_smaller_spread_is_not() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(100, 30))
    modes = real[rng.integers(0, 5, 100)] + 0.05 * rng.normal(size=(100, 30))
    assert vendi_ratio(real, modes, rng).collapsed
    assert not vendi_ratio(real, 0.7 * rng.normal(size=(100, 30)), rng).collapsed


def test_unusable_classes_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(StatisticsError, match="synthetic images needs at least 10 images; given 9"):
        vendi_ratio(np.ones((10, 3)), np.ones((9, 3)), rng)
    with pytest.raises(StatisticsError, match="all are 0 at images 2"):
        vendi_score(np.array([[1.0], [2.0], [0.0]]))
