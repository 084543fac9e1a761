"""FID against its closed form, torch-fidelity and SciPy's matrix root; where images are too few; its limit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from qaugbench.errors import StatisticsError
from qaugbench.metrics import frechet
from qaugbench.metrics.frechet import frechet_distance, frechet_limit, pca_frechet_distance


def _correlated(n: int, d: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ np.random.default_rng(99).normal(size=(d, d)) + seed


def test_diagonal_covariances_have_a_closed_form() -> None:
    rng = np.random.default_rng(0)
    white = rng.normal(size=(500, 3))
    white -= white.mean(axis=0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white, rowvar=False))).T  # covariance exactly 1
    found = frechet_distance(white * [1.0, 2.0, 3.0], white * [4.0, 2.0, 1.0] + [0.0, 0.0, 5.0])
    assert found.value == pytest.approx((4 - 1) ** 2 + 0 + (3 - 1) ** 2 + 25)
    assert (found.n_real, found.n_synthetic, found.width) == (500, 500, 3)


def test_fid_is_torch_fidelitys() -> None:
    torch = pytest.importorskip("torch")
    metric_fid = pytest.importorskip("torch_fidelity.metric_fid")
    real, synthetic = _correlated(700, 40, 1), _correlated(600, 40, 2)
    sides = [metric_fid.fid_features_to_statistics(torch.from_numpy(rows)) for rows in (real, synthetic)]
    theirs = metric_fid.fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"]
    assert frechet_distance(real, synthetic).value == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize(("n", "m", "d"), [(30, 25, 8), (9, 7, 20), (50, 6, 12), (6, 50, 12)])
def test_the_trace_of_the_root_is_scipys_for_many_and_few_images(n: int, m: int, d: int) -> None:
    x, y = _correlated(n, d, 1), _correlated(m, d, 2)
    expected = np.trace(sqrtm((x.T @ x) @ (y.T @ y) + 0j)).real
    assert frechet._trace_of_root(x, y) == pytest.approx(expected, rel=1e-5)


def test_features_that_are_constant_or_repeated_do_no_harm() -> None:
    real, synthetic = _correlated(200, 5, 1), _correlated(200, 5, 2)

    def widened(rows: np.ndarray) -> np.ndarray:
        return np.column_stack([rows, rows[:, :2], np.full(len(rows), 7.0)])

    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0]
    value = frechet_distance(widened(real), widened(synthetic)).value
    expected = frechet._frechet(widened(real) @ rotation, widened(synthetic) @ rotation)
    assert value == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(widened(real), widened(real)).value == pytest.approx(0, abs=1e-5)


def test_too_few_images_are_refused_with_the_number_needed() -> None:
    rows = np.random.default_rng(0).normal(size=(4999, 65))
    with pytest.raises(StatisticsError, match=r"65 features needs 5000 images of each set.*given 4999 real"):
        frechet_distance(rows, rows)
    with pytest.raises(StatisticsError, match=r"64 features needs 640 images.*given 640 real and 639 synthetic"):
        frechet_distance(rows[:640, :64], rows[:639, :64])
    assert frechet_distance(rows[:640, :64], rows[640:1280, :64]).width == 64


def test_pca_takes_as_many_axes_as_images_allow_and_finds_their_shift() -> None:
    rng = np.random.default_rng(0)
    scales = np.concatenate([[9.0, 6.0], np.full(98, 0.1)])
    real, synthetic = rng.normal(size=(2, 200, 100)) * scales
    found = pca_frechet_distance(real, real, synthetic)
    assert found.width == 20
    moved = pca_frechet_distance(real, real, real + 5 * (np.arange(100) == 0), width=2)
    assert moved.value == pytest.approx(25, rel=0.01)
    with pytest.raises(StatisticsError, match="at most 64 axes; asked for 65"):
        pca_frechet_distance(real, real, synthetic, width=65)
    with pytest.raises(StatisticsError, match="at least 20 images; given 19"):
        pca_frechet_distance(real, real[:19], synthetic)


def test_the_limit_takes_the_bias_away() -> None:
    real, synthetic = np.random.default_rng(3).normal(size=(2, 2000, 24))
    biased = frechet_distance(real, synthetic + 0.1).value
    limit = frechet_limit(real, synthetic + 0.1, np.random.default_rng(0), draws=20)
    truth = 24 * 0.1**2
    assert limit.slope > 0
    assert abs(limit.value - truth) < 0.5 * (biased - truth)
    with pytest.raises(StatisticsError, match="at least 2000 images; given 1999"):
        frechet_limit(real[:1999], synthetic, np.random.default_rng(0))
