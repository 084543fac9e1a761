"""How alike pairs of images are: known values, errors that hold, and which sets count as collapsed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.image_pairs import distance_ratio, pair_mean, similarity_excess
from qaugbench.metrics.structural_similarity import ms_ssim


def _images(n: int, side: int = 16, seed: int = 0, shared: float = 0.0) -> np.ndarray:
    """Return noise images of which a part, ``shared``, is the same in all."""
    rng = np.random.default_rng(seed)
    own, common = rng.uniform(0, 255, (n, side, side, 1)), rng.uniform(0, 255, (side, side, 1))
    return (1 - shared) * own + shared * common


def test_all_pairs_are_taken_where_they_are_few() -> None:
    images = _images(11, shared=0.3)
    found = pair_mean(images, ms_ssim, np.random.default_rng(0))
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
    every = pair_mean(images, ms_ssim, np.random.default_rng(0), pairs=10_000)
    some = [pair_mean(images, ms_ssim, np.random.default_rng(seed), pairs=300) for seed in range(5)]
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
    assert (fresh.real.n, fresh.synthetic.n, fresh.scales) == (30, 40, 1)


def mean_difference(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.abs(images - others).mean(axis=(1, 2, 3))


def test_images_of_half_the_spread_are_half_as_far_apart() -> None:
    real = _images(60, side=8)
    found = distance_ratio(real, 0.5 * _images(60, side=8, seed=1), mean_difference, np.random.default_rng(0))
    assert found.value == pytest.approx(0.5, abs=4 * found.se)
    assert 0 < found.se < 0.02
    assert found.value == pytest.approx(found.synthetic.mean / found.real.mean)


def test_a_ratio_is_taken_at_the_smaller_number_and_its_error_is_that_of_repetitions() -> None:
    found = [
        distance_ratio(_images(40, 8, seed), _images(25, 8, 100 + seed), mean_difference, np.random.default_rng(seed))
        for seed in range(40)
    ]
    assert {(one.real.n, one.synthetic.n) for one in found} == {(25, 25)}
    assert np.std([one.value for one in found]) == pytest.approx(np.mean([one.se for one in found]), rel=0.5)


def test_unusable_sets_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(StatisticsError, match="at least 10 images"):
        pair_mean(_images(9), ms_ssim, rng)
    with pytest.raises(StatisticsError, match="at least 10 pairs; given 9"):
        pair_mean(_images(12), ms_ssim, rng, pairs=9)
    with pytest.raises(StatisticsError, match="one size and number of channels"):
        similarity_excess(_images(12), np.repeat(_images(12), 3, axis=3), rng)
    with pytest.raises(StatisticsError, match="all alike"):
        distance_ratio(np.ones((12, 8, 8, 1)), _images(12, 8), mean_difference, rng)
