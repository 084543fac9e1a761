"""KID and the Gaussian kernel distance: a double loop, torch-fidelity, and errors that are as large as the scatter."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.kernel_distance import kernel_distance, rbf_distance


def _by_hand(real: np.ndarray, synthetic: np.ndarray, kernel) -> float:
    """Return MMD^2_U by its definition, one pair at a time."""

    def within(rows: np.ndarray) -> float:
        n = len(rows)
        return sum(kernel(rows[i], rows[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))

    return within(real) + within(synthetic) - 2 * np.mean([[kernel(x, y) for y in synthetic] for x in real])


def _sets(n: int, m: int, d: int, shift: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + shift


def test_kid_is_the_definition() -> None:
    real, synthetic = _sets(23, 31, 5, 0.3)
    expected = _by_hand(real, synthetic, lambda x, y: (x @ y / 5 + 1) ** 3)
    found = kernel_distance(real, synthetic, np.random.default_rng(1))
    assert found.value == pytest.approx(expected, rel=1e-10)
    assert (found.n_real, found.n_synthetic) == (23, 31)


def test_the_gaussian_distance_is_the_definition_on_rows_of_length_one() -> None:
    real, synthetic = _sets(23, 31, 5, 0.3)
    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (real, synthetic)]
    expected = 1000 * _by_hand(*units, lambda x, y: np.exp(-np.square(x - y).sum() / (2 * 10**2)))
    assert rbf_distance(real, synthetic, np.random.default_rng(1)).value == pytest.approx(expected, rel=1e-8)


def test_kid_is_torch_fidelitys_on_one_subset_of_all_images() -> None:
    """torch-fidelity's "unbiased" estimate of one subset of size n leaves out i = j within a set only: MMD^2_U."""
    torch = pytest.importorskip("torch")
    metric_kid = pytest.importorskip("torch_fidelity.metric_kid")
    real, synthetic = _sets(120, 120, 64, 0.1)
    theirs = metric_kid.kid_features_to_metric(
        torch.from_numpy(synthetic), torch.from_numpy(real), kid_subsets=2, kid_subset_size=120, verbose=False
    )
    ours = kernel_distance(real, synthetic, np.random.default_rng(0))
    assert ours.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)


def test_the_error_is_the_delete_one_jackknife_where_each_image_is_a_block() -> None:
    real, synthetic = _sets(11, 13, 4, 0.5)

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return (x @ y / 4 + 1) ** 3

    variance = 0.0
    for rows, without in (
        (real, lambda i: _by_hand(np.delete(real, i, 0), synthetic, kernel)),
        (synthetic, lambda i: _by_hand(real, np.delete(synthetic, i, 0), kernel)),
    ):
        left = np.array([without(i) for i in range(len(rows))])
        variance += (len(left) - 1) / len(left) * np.square(left - left.mean()).sum()
    found = kernel_distance(real, synthetic, np.random.default_rng(0))
    assert found.se == pytest.approx(np.sqrt(variance), rel=1e-8)


@pytest.mark.parametrize(("shift", "low", "high"), [(0.5, 0.85, 1.15), (0.0, 1.1, 1.8)])
def test_the_error_is_as_large_as_the_scatter_or_a_little_larger_where_nothing_differs(
    shift: float, low: float, high: float
) -> None:
    found = [kernel_distance(*_sets(80, 60, 6, shift, seed), np.random.default_rng(seed)) for seed in range(150)]
    ratio = np.mean([one.se for one in found]) / np.std([one.value for one in found])
    assert low < ratio < high


def test_the_mean_is_zero_for_equal_distributions_at_any_n() -> None:
    values = [kernel_distance(*_sets(20, 40, 6, 0, seed), np.random.default_rng(0)).value for seed in range(200)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(200)


def test_images_of_one_patient_are_left_out_together() -> None:
    real, synthetic = _sets(60, 300, 4, 0.5)
    repeated, groups = np.repeat(real, 5, axis=0), np.repeat(np.arange(60), 5)
    rng = np.random.default_rng
    alone = kernel_distance(repeated, synthetic, rng(0))
    together = kernel_distance(repeated, synthetic, rng(0), real_groups=groups)
    assert together.value == pytest.approx(alone.value)
    assert together.se > 1.4 * alone.se


def test_sets_may_be_swapped_and_orders_do_not_matter() -> None:
    real, synthetic = _sets(30, 40, 6, 0.2)
    rng = np.random.default_rng
    value = kernel_distance(real, synthetic, rng(0)).value
    assert kernel_distance(synthetic, real[::-1], rng(3)).value == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("real", "synthetic", "says"),
    [
        (np.zeros((9, 3)), np.ones((20, 3)), "real images needs at least 10 images; given 9"),
        (np.ones((20, 3)), np.ones((20, 4)), "one extractor"),
        (np.full((20, 3), 1e30), np.ones((20, 3)), r"real images needs finite features, of at most 1e\+20"),
        (np.full((20, 3), "a"), np.ones((20, 3)), "real images needs features .* of numbers"),
        (np.ones((20, 3)), np.full((20, 3), np.nan), "synthetic images needs finite"),
    ],
)
def test_unusable_sets_are_refused(real: np.ndarray, synthetic: np.ndarray, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        kernel_distance(real, synthetic, np.random.default_rng(0))


def test_too_few_patients_and_rows_without_a_direction_are_refused() -> None:
    real, synthetic = _sets(30, 30, 3)
    with pytest.raises(StatisticsError, match="10 patients; given 3"):
        kernel_distance(real, synthetic, np.random.default_rng(0), real_groups=np.arange(30) % 3)
    with pytest.raises(StatisticsError, match="all are 0 at images 4"):
        rbf_distance(real * (np.arange(30) != 4)[:, None], synthetic, np.random.default_rng(0))
