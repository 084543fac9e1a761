"""SSIM and MS-SSIM against torchmetrics, at the ends of their range and at every size."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics import structural_similarity
from qaugbench.metrics.structural_similarity import WEIGHTS, ms_ssim, scales_for, ssim


def _pairs(n: int, height: int, width: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return smooth images and noisy, brighter versions of them, of unequal noise."""
    rng = np.random.default_rng(height)
    waves = [np.sin(np.linspace(0, 9, side) + phase) for side, phase in ((height, 0.3), (width, 1.0))]
    smooth = 120 + 80 * np.multiply.outer(*waves)[None, :, :, None] * np.linspace(0.5, 1, channels)
    images = smooth + 10 * rng.normal(size=(n, height, width, channels))
    noise = np.linspace(2, 60, n)[:, None, None, None] * rng.normal(size=images.shape)
    return tuple(np.clip(one, 0, 255).astype(np.uint8) for one in (images, images + noise + 20))


@pytest.mark.parametrize(("height", "width", "channels"), [(8, 9, 1), (28, 28, 1), (45, 64, 3), (113, 101, 1)])
def test_they_are_torchmetrics(height: int, width: int, channels: int) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchmetrics.functional.image")
    pair = _pairs(4, height, width, channels)
    tensors = [torch.from_numpy(np.moveaxis(one, 3, 1).astype(np.float64)) for one in pair]
    single = theirs.structural_similarity_index_measure(*tensors, data_range=255.0, reduction="none")
    np.testing.assert_allclose(ssim(*pair), single.numpy(), atol=1e-4)
    scales = scales_for(height, width)
    if scales > 1:
        weights = tuple(float(weight) for weight in np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales]))
        multi = theirs.multiscale_structural_similarity_index_measure(
            *tensors, data_range=255.0, betas=weights, reduction="none"
        )
        np.testing.assert_allclose(ms_ssim(*pair), multi.numpy(), atol=1e-4)


def test_all_five_scales_are_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchmetrics.functional.image")
    pair = _pairs(3, 177, 190, 1)
    tensors = [torch.from_numpy(np.moveaxis(one, 3, 1).astype(np.float64)) for one in pair]
    multi = theirs.multiscale_structural_similarity_index_measure(*tensors, data_range=255.0, reduction="none")
    np.testing.assert_allclose(ms_ssim(*pair), multi.numpy(), atol=1e-4)


@pytest.mark.parametrize("side", [6, 8, 11, 21, 22, 43, 44, 88, 176])
def test_equal_images_have_one_and_pairs_may_be_swapped_at_every_size(side: int) -> None:
    images, others = _pairs(2, side, side, 1)
    assert ms_ssim(images, images) == pytest.approx(1, abs=1e-5)
    assert ms_ssim(images, others) == pytest.approx(ms_ssim(others, images), abs=1e-6)
    assert (ms_ssim(images, others) < 0.999).all()


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = _pairs(5, 30, 30, 1)
    whole = ms_ssim(*pair)
    monkeypatch.setattr(structural_similarity, "CHUNK_PIXELS", 1800)
    np.testing.assert_allclose(ms_ssim(*pair), whole, rtol=1e-6)


def test_flat_images_have_the_luminance_term_by_hand() -> None:
    dark, bright = np.full((1, 12, 12, 1), 50.0), np.full((1, 12, 12, 1), 150.0)
    c1 = 2.55**2
    assert ssim(dark, bright) == pytest.approx((2 * 50 * 150 + c1) / (50**2 + 150**2 + c1), abs=1e-5)


@pytest.mark.parametrize(
    ("images", "others", "says"),
    [
        (np.zeros((2, 5, 9, 1)), np.zeros((2, 5, 9, 1)), "at least 6 x 6 pixels; given 5 x 9"),
        (np.zeros((2, 9, 9, 1)), np.zeros((2, 9, 9, 3)), "one shape"),
        (np.zeros((2, 9, 9)), np.zeros((2, 9, 9)), "one shape"),
        (np.zeros((2, 9, 9, 1)), np.full((2, 9, 9, 1), np.nan), "grey values"),
        (np.full((2, 9, 9, 1), 256.0), np.zeros((2, 9, 9, 1)), "given 256.0 to 256.0"),
    ],
)
def test_unusable_images_are_refused(images: np.ndarray, others: np.ndarray, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        ms_ssim(images, others)
