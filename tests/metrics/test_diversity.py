"""The Vendi score and the likeness of pairs: known values, properties, and which sets count as collapsed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.diversity import pair_similarity, similarity_excess, vendi_ratio, vendi_score
from qaugbench.metrics.structural_similarity import ms_ssim


def _images(n: int, side: int = 16, seed: int = 0, shared: float = 0.0) -> np.ndarray:
    """Return noise images of which a part, ``shared``, is the same in all."""
    rng = np.random.default_rng(seed)
    own, common = rng.uniform(0, 255, (n, side, side, 1)), rng.uniform(0, 255, (side, side, 1))
    return (1 - shared) * own + shared * common


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


def test_all_pairs_are_taken_where_they_are_few() -> None:
    images = _images(11, shared=0.3)
    found = pair_similarity(images, np.random.default_rng(0))
    expected = [ms_ssim(images[[i]], images[[j]])[0] for i, j in combinations(range(11), 2)]
    assert found.pairs == 55
    assert found.mean == pytest.approx(np.mean(expected), abs=1e-6)
    without = [
        np.mean([value for value, pair in zip(expected, combinations(range(11), 2), strict=True) if i not in pair])
        for i in range(11)
    ]
    assert found.se == pytest.approx(np.sqrt(10 / 11 * np.square(without - np.mean(without)).sum()), rel=1e-3)


def test_random_pairs_estimate_the_mean_over_all_within_their_error() -> None:
    images = _images(80, side=8, shared=0.5)
    images[::2] = images[::2] * 0.3
    every = pair_similarity(images, np.random.default_rng(0), pairs=10_000)
    some = [pair_similarity(images, np.random.default_rng(seed), pairs=300) for seed in range(5)]
    assert every.pairs == 80 * 79 // 2
    assert all(one.pairs == 300 and abs(one.mean - every.mean) < 4 * one.se for one in some)
    assert len({one.mean for one in some}) == 5


def test_images_that_share_a_part_are_in_excess_and_flagged() -> None:
    real = _images(30)
    alike = similarity_excess(real, _images(30, seed=1, shared=0.8), np.random.default_rng(0))
    fresh = similarity_excess(real, _images(40, seed=2), np.random.default_rng(0))
    assert alike.collapsed
    assert alike.value == pytest.approx(alike.synthetic.mean - alike.real.mean)
    assert not fresh.collapsed
    assert abs(fresh.value) < 4 * fresh.se
    assert (fresh.real.n, fresh.synthetic.n, fresh.real.scales) == (30, 40, 1)


def test_unusable_classes_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(StatisticsError, match="synthetic images needs at least 10 images; given 9"):
        vendi_ratio(np.ones((10, 3)), np.ones((9, 3)), rng)
    with pytest.raises(StatisticsError, match="all are 0 at images 2"):
        vendi_score(np.array([[1.0], [2.0], [0.0]]))
    with pytest.raises(StatisticsError, match="at least 10 images"):
        pair_similarity(_images(9), rng)
    with pytest.raises(StatisticsError, match="at least 10 pairs; given 9"):
        pair_similarity(_images(12), rng, pairs=9)
    with pytest.raises(StatisticsError, match="one size and number of channels"):
        similarity_excess(_images(12), np.repeat(_images(12), 3, axis=3), rng)
