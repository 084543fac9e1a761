"""Precision, recall, density and coverage: prdc, torch-fidelity, the definition, and borders that rounding would decide."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics import neighbours
from qaugbench.metrics.manifold import Overlap, overlap


def _values(found: Overlap) -> list[float]:
    return [found.precision, found.recall, found.density, found.coverage]


def _sets(n: int, m: int, d: int, spread: float = 0.8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), spread * rng.normal(size=(m, d)) + 0.2


def _by_definition(real: np.ndarray, synthetic: np.ndarray, k: int) -> list[float]:
    def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.linalg.norm(a[:, None] - b[None], axis=2)

    real_radii, synthetic_radii = (np.sort(between(rows, rows), axis=1)[:, k] for rows in (real, synthetic))
    cross = between(real, synthetic)
    in_real, in_synthetic = cross <= real_radii[:, None], cross <= synthetic_radii[None]
    return [in_real.any(0).mean(), in_synthetic.any(1).mean(), in_real.sum(0).mean() / k, in_real.any(1).mean()]


@pytest.mark.parametrize(("n", "m", "d", "k"), [(60, 45, 4, 5), (300, 200, 64, 3), (20, 20, 768, 5)])
def test_overlap_is_its_definition_and_the_prdc_packages(n: int, m: int, d: int, k: int) -> None:
    prdc = pytest.importorskip("prdc")
    real, synthetic = _sets(n, m, d)
    found = _values(overlap(real, synthetic, k))
    assert found == pytest.approx(_by_definition(real.astype(np.float32), synthetic.astype(np.float32), k))
    theirs = prdc.compute_prdc(real, synthetic, nearest_k=k)
    assert found == pytest.approx([theirs[name] for name in ("precision", "recall", "density", "coverage")], rel=1e-4)


def test_precision_and_recall_are_torch_fidelitys() -> None:
    torch = pytest.importorskip("torch")
    metric_prc = pytest.importorskip("torch_fidelity.metric_prc")
    real, synthetic = _sets(300, 250, 16)
    theirs = metric_prc.prc_features_to_metric(
        torch.from_numpy(synthetic), torch.from_numpy(real), prc_neighborhood=5, save_cpu_ram=False, verbose=False
    )
    found = overlap(real, synthetic)
    assert (found.precision, found.recall) == pytest.approx((theirs["precision"], theirs["recall"]), rel=1e-4)


def test_borders_belong_to_balls_however_far_from_the_origin() -> None:
    """On a grid most neighbours are exactly at the radius, where the rounding of a matrix product would decide."""
    grid = np.stack(np.meshgrid(*[np.arange(5.0)] * 3), axis=-1).reshape(-1, 3)
    real, synthetic = grid[:100], grid[20:] + np.array([0.0, 0.0, 1.0])
    expected = _by_definition(real, synthetic, 5)
    assert _values(overlap(real, synthetic)) == pytest.approx(expected)
    assert _values(overlap(real + 1000.0, synthetic + 1000.0)) == pytest.approx(expected)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, synthetic = _sets(70, 50, 6)
    whole = overlap(real, synthetic)
    monkeypatch.setattr(neighbours, "CHUNK_VALUES", 300)
    assert overlap(real, synthetic) == whole


def test_a_collapsed_set_is_precise_and_covers_nothing() -> None:
    real, _ = _sets(200, 1, 8)
    collapsed = overlap(real, np.repeat(real[:1], 200, axis=0) + 1e-4 * real)
    assert collapsed.precision == 1
    assert collapsed.recall <= 0.005
    assert collapsed.coverage < 0.1


def test_swapping_the_sets_swaps_precision_and_recall() -> None:
    real, synthetic = _sets(80, 60, 5)
    one, other = overlap(real, synthetic), overlap(synthetic, real)
    assert (one.precision, one.recall) == (other.recall, other.precision)


def test_ratios_are_to_a_ceiling_of_the_same_size() -> None:
    ceiling = Overlap(0.8, 0.5, 1.0, 0.9, 5, 30, 30)
    found = Overlap(0.4, 0.5, 0.5, 0.9, 5, 30, 30).over(ceiling)
    assert _values(found) == [0.5, 1.0, 0.5, 1.0]
    with pytest.raises(StatisticsError, match="same k and numbers"):
        found.over(Overlap(0.8, 0.5, 1.0, 0.9, 5, 31, 30))
    with pytest.raises(StatisticsError, match="recall 0"):
        found.over(Overlap(0.8, 0.0, 1.0, 0.9, 5, 30, 30))


@pytest.mark.parametrize(
    ("real", "synthetic", "k", "says"),
    [
        (np.ones((19, 2)), np.ones((30, 2)), 5, "need 20 images of each set; given 19 real and 30"),
        (np.ones((30, 2)), np.ones((30, 3)), 5, "one extractor"),
        (np.ones((30, 2)), np.ones((30, 2)), 0, "k at least 1; given 0"),
    ],
)
def test_unusable_sets_are_refused(real: np.ndarray, synthetic: np.ndarray, k: int, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        overlap(real, synthetic, k)
