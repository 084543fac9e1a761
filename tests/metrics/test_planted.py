"""Planted copies are what they are called, and are found by the test that the synthetic images go through."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from qaugbench.errors import StatisticsError
from qaugbench.metrics.copies import copy_excess, distance_ratios
from qaugbench.metrics.planted import KINDS, planted_copies, sensitivity
from qaugbench.metrics.registration import grey_candidates, registered_distances
from qaugbench.metrics.shares import share


def _pictures(seed: int, n: int, size: int = 32, channels: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(n, size, size, channels))
    smooth = gaussian_filter(noise, (0, size / 20, size / 20, 0))
    return np.clip(110 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def _of_kind(kind: str, training: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    planted = planted_copies(training, len(training), np.random.default_rng(1))
    chosen = planted.kinds == kind
    return planted.images[chosen], training[planted.rows[chosen]]


@pytest.mark.parametrize("channels", [1, 3])
def test_kinds_that_are_exact_are_exact(channels: int) -> None:
    training = _pictures(1, 6, channels=channels)
    copies, originals = _of_kind("exact", training)
    assert (copies == originals).all()
    copies, originals = _of_kind("mirrored", training)
    assert (copies == originals[:, :, ::-1]).all()
    copies, originals = _of_kind("brighter", training)
    assert (copies == np.minimum(np.rint(originals * 1.15), 255)).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_copies_are_pillow_s(channels: int) -> None:
    copies, originals = _of_kind("JPEG 50", _pictures(2, 3, channels=channels))
    for copy, original in zip(copies, originals, strict=True):
        stream = BytesIO()
        Image.fromarray(np.squeeze(original)).save(stream, "JPEG", quality=50)
        assert (np.squeeze(copy) == np.asarray(Image.open(stream))).all()


def test_noise_has_its_standard_deviation() -> None:
    copies, originals = _of_kind("noise", np.full((4, 64, 64, 1), 128, np.uint8))
    assert np.std(copies.astype(float) - originals) == pytest.approx(0.05 * 255, rel=0.03)


@pytest.mark.parametrize(("kind", "degrees", "scale"), [("turned by 2 degrees", 2, 1.0), ("cropped by 5 %", 0, 0.95)])
def test_turned_and_cropped_copies_show_the_same_places(kind: str, degrees: float, scale: float) -> None:
    # A picture whose value is linear in its coordinates moves exactly under linear interpolation.
    y, x = np.meshgrid(np.arange(31) - 15.0, np.arange(31) - 15.0, indexing="ij")
    copies, _ = _of_kind(kind, (128 + 4 * x + 2 * y).astype(np.uint8)[None, ..., None])
    angle = np.radians(degrees)
    from_x = scale * (np.cos(angle) * x + np.sin(angle) * y)
    from_y = scale * (np.cos(angle) * y - np.sin(angle) * x)
    inside = slice(3, -3)  # beyond, the border is continued
    expected = (128 + 4 * from_x + 2 * from_y)[inside, inside]
    assert np.abs(copies[0, inside, inside, 0] - expected).max() <= 0.51


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 33])
def test_counts_shapes_and_repetition(size: int, channels: int) -> None:
    training = _pictures(3, 5, size, channels)
    planted, again = (planted_copies(training, 7, np.random.default_rng(4)) for _ in range(2))
    assert planted.images.shape == (7 * len(KINDS), size, size, channels)
    assert planted.images.dtype == np.uint8
    assert (planted.images == again.images).all()
    for kind in KINDS:
        rows = planted.rows[planted.kinds == kind]
        assert sorted(np.bincount(rows, minlength=5).tolist()) == [1, 1, 1, 2, 2]
        assert (rows == planted.rows[:7]).all()


def _ratios(images: np.ndarray, training: np.ndarray) -> np.ndarray:
    candidates = grey_candidates(images, training, 8).rows
    return distance_ratios(registered_distances(images, training, candidates).distances)


def test_every_kind_is_found_and_the_synthetic_images_result_is_untouched() -> None:
    training = _pictures(5, 40)
    synthetic, held_out = _ratios(_pictures(6, 40), training), _ratios(_pictures(7, 60), training)
    alone = copy_excess(synthetic, held_out)
    planted = planted_copies(training, 4, np.random.default_rng(8))
    together = _ratios(np.concatenate([_pictures(6, 40), planted.images]), training)
    assert copy_excess(together[:40], held_out) == alone
    found = sensitivity(together[40:], planted.kinds, alone.threshold)
    assert {kind: found[kind].rate for kind in KINDS} == dict.fromkeys(KINDS, 1.0)
    assert found["all"] == share(4 * len(KINDS), 4 * len(KINDS))


def test_a_test_that_is_blind_says_so() -> None:
    found = sensitivity(np.linspace(0.5, 0.9, 40), np.repeat(["exact", "noise"], 20), 0.4)
    assert found["exact"] == share(0, 20)
    assert found["exact"].ci_high == pytest.approx(0.161, abs=0.001)


def test_what_cannot_be_planted_is_refused() -> None:
    rng = np.random.default_rng(9)
    with pytest.raises(StatisticsError, match="uint8"):
        planted_copies(np.zeros((3, 8, 8, 1)), 2, rng)
    with pytest.raises(StatisticsError, match=r"\(0, 8, 8, 1\)"):
        planted_copies(np.zeros((0, 8, 8, 1), np.uint8), 2, rng)
    with pytest.raises(StatisticsError, match="given 0"):
        planted_copies(np.zeros((3, 8, 8, 1), np.uint8), 0, rng)
    with pytest.raises(StatisticsError, match=r"must agree; given \(2,\), \(3,\)"):
        sensitivity(np.zeros(2), np.zeros(3), 0.1)
