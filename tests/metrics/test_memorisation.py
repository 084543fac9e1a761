"""C_T and AuthPct by hand, against SciPy and plain loops, and on sets whose copies are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm

from qaugbench.errors import StatisticsError
from qaugbench.metrics.memorisation import LEAST_IN_CELL, authenticity, data_copying, farther_z

SPREAD = (1 + np.arange(16)) ** -0.5


def _features(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(size=(n, 16)) * SPREAD


def test_z_is_that_of_scipy_with_and_without_ties() -> None:
    rng = np.random.default_rng(1)
    for values, others in (
        (rng.normal(size=30), rng.normal(0.4, 1, size=50)),
        (rng.integers(0, 5, 40).astype(float), rng.integers(1, 6, 25).astype(float)),
    ):
        found = mannwhitneyu(values, others, method="asymptotic", use_continuity=False, alternative="less")
        assert farther_z(values, others) == pytest.approx(norm.ppf(found.pvalue), abs=1e-9)
    assert farther_z(np.ones(5), np.ones(7)) == 0.0


def test_c_t_of_few_points_by_hand() -> None:
    # Twenty synthetic images at distance 1 and twenty held-out at distance 2: none of 400 pairs is the other way round.
    training = 100.0 * np.arange(20)[:, None]
    found = data_copying(training + 1, training + 2, training, np.random.default_rng(1))
    tie_correction = 2 * (20**3 - 20) / (40 * 39)
    assert found.z == pytest.approx(-200 / np.sqrt(400 / 12 * (41 - tie_correction)))
    assert (found.nearer, found.n_cells, found.n_used) == (1.0, 1, 1)
    assert found.cells_z == pytest.approx(found.z)
    assert found.cells_error == 1.0


def test_cells_are_those_of_a_plain_computation() -> None:
    rng = np.random.default_rng(2)
    centres = np.array([-50.0, 0.0, 50.0])
    training, synthetic, held_out = (
        rng.normal(np.repeat(centres, counts))[:, None] for counts in ((40, 40, 40), (60, 30, 5), (30, 90, 60))
    )
    found = data_copying(synthetic, held_out, training, np.random.default_rng(3), n_cells=3)
    scores = []
    for mine, theirs in ((slice(0, 60), slice(0, 30)), (slice(60, 90), slice(30, 120))):
        distances = [np.abs(of - training.T).min(axis=1) for of in (synthetic[mine], held_out[theirs])]
        scores.append(farther_z(*distances))
    assert min(5, 60) < LEAST_IN_CELL  # the third cell is left out
    assert (found.n_cells, found.n_used) == (3, 2)
    assert found.cells_z == pytest.approx((30 * scores[0] + 90 * scores[1]) / 120)
    assert found.cells_error == pytest.approx(np.hypot(30, 90) / 120)


def test_without_a_cell_that_is_large_enough_there_is_only_the_global_value() -> None:
    rng = np.random.default_rng(4)
    found = data_copying(_features(rng, 25), _features(rng, 25), _features(rng, 60), rng, n_cells=20)
    assert (found.cells_z, found.cells_error, found.n_used) == (None, None, 0)
    assert np.isfinite(found.z)


def test_c_t_of_honest_sets_is_standard_normal() -> None:
    rng = np.random.default_rng(5)
    scores, by_cell = [], []
    for _ in range(60):
        found = data_copying(_features(rng, 100), _features(rng, 100), _features(rng, 100), rng)
        scores.append(found.z)
        assert found.cells_z is not None
        assert found.cells_error is not None
        by_cell.append(found.cells_z / found.cells_error)
    for z in (scores, by_cell):
        assert abs(np.mean(z)) < 3 / np.sqrt(60)
        assert 0.7 < np.std(z) < 1.35


def test_copies_and_shrinkage_are_both_negative() -> None:
    rng = np.random.default_rng(6)
    training, held_out = _features(rng, 200), _features(rng, 300)
    copied = _features(rng, 300)
    copied[:90] = training[:90] + 0.05 * copied[:90]
    for synthetic, least in ((copied, -3.0), (0.7 * _features(rng, 300), -8.0)):
        assert data_copying(synthetic, held_out, training, rng).z < least
        assert authenticity(synthetic, held_out, training).ci_high < 0
    farther = data_copying(1.3 * _features(rng, 300), held_out, training, rng)
    assert farther.z > 3
    assert farther.nearer < 0.5


def test_the_same_seed_gives_the_same_cells() -> None:
    rng = np.random.default_rng(7)
    sets = [_features(rng, n) for n in (200, 200, 150)]
    first, second = (data_copying(*sets, np.random.default_rng(8)) for _ in range(2))
    assert first == second


def test_authenticity_of_few_points_by_hand() -> None:
    # Training images are 10 apart; at 11 from the last, an image is authentic, at 9 it is not.
    training = 10.0 * np.arange(20)[:, None]
    last = training[-1, 0]
    synthetic = np.array([[last + 9.0]] * 15 + [[last + 11.0]] * 5)
    found = authenticity(synthetic, np.full((20, 1), last + 11.0), training)
    assert (found.synthetic.rate, found.held_out.rate, found.difference, found.ratio) == (0.25, 1.0, -0.75, 0.25)
    below = np.hypot(0.25 - found.synthetic.ci_low, 0.0)
    assert found.ci_low == pytest.approx(-0.75 - below)


def test_authenticity_is_that_of_a_plain_loop() -> None:
    rng = np.random.default_rng(9)
    synthetic, held_out, training = _features(rng, 50), _features(rng, 40), _features(rng, 60)

    def authentic(image: np.ndarray) -> bool:
        distances = np.linalg.norm(training - image, axis=1)
        nearest = distances.argmin()
        others = np.delete(training, nearest, axis=0)
        return bool(distances[nearest] > np.linalg.norm(others - training[nearest], axis=1).min())

    found = authenticity(synthetic, held_out, training)
    assert found.synthetic.count == sum(authentic(image) for image in synthetic)
    assert found.held_out.count == sum(authentic(image) for image in held_out)


def test_an_honest_set_is_as_authentic_as_real_images() -> None:
    rng = np.random.default_rng(10)
    covered = 0
    for _ in range(50):
        found = authenticity(_features(rng, 60), _features(rng, 60), _features(rng, 100))
        covered += found.ci_low <= 0 <= found.ci_high
    assert covered >= 43


def test_exact_copies_are_not_authentic_even_of_images_that_occur_twice() -> None:
    training = np.repeat(_features(np.random.default_rng(11), 20), 2, axis=0)
    found = authenticity(training, training, training)
    assert found.synthetic.count == 0
    assert found.ratio is None


def test_too_few_images_are_named() -> None:
    few, enough = np.zeros((19, 2)), np.zeros((20, 2))
    with pytest.raises(StatisticsError, match="at least 20 held-out images; given 19"):
        data_copying(enough, few, enough, np.random.default_rng(1))
    with pytest.raises(StatisticsError, match="at least 20 training images; given 19"):
        authenticity(enough, enough, few)
    with pytest.raises(StatisticsError, match="20 training images cannot be divided into 21 cells"):
        data_copying(enough, enough, enough, np.random.default_rng(1), n_cells=21)
