"""Distances after registration against a plain search, and copies that only registration brings near."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import affine_transform, gaussian_filter, map_coordinates, rotate

from qaugbench.errors import StatisticsError
from qaugbench.metrics.registration import grey_candidates, registered_distances, small_grey
from qaugbench.orientations import ORIENTATIONS


def _pictures(seed: int, n: int, size: int = 64, channels: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(n, size, size, channels))
    smooth = gaussian_filter(noise, (0, 4, 4, 0))
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def test_small_copies_are_pillow_s_area_averages() -> None:
    image = np.random.default_rng(1).integers(0, 256, (64, 96), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(image.astype(np.float32)).resize((32, 32), Image.Resampling.BOX))
    np.testing.assert_allclose(small_grey(image[None, ..., None])[0], expected, rtol=1e-4)


def test_pixels_of_a_smaller_image_are_repeated() -> None:
    image = np.random.default_rng(1).integers(0, 256, (8, 16), dtype=np.uint8)
    np.testing.assert_allclose(small_grey(image[None, ..., None])[0], np.kron(image, np.ones((4, 2))), rtol=1e-5)


def test_a_whole_image_is_averaged_part_by_part() -> None:
    image = np.random.default_rng(2).integers(0, 256, (9, 5), dtype=np.uint8)
    fine = np.kron(image, np.ones((4, 4)))  # 36 x 20: every quarter is 9 x 5 of these
    expected = fine.reshape(4, 9, 4, 5).mean(axis=(1, 3))
    np.testing.assert_allclose(small_grey(image[None, ..., None], 4)[0], expected, rtol=1e-5)


def test_grey_of_equal_channels_is_that_channel() -> None:
    grey = _pictures(3, 2)
    np.testing.assert_allclose(small_grey(np.repeat(grey, 3, axis=3)), small_grey(grey), rtol=1e-5)


def _plain_distance(synthetic: np.ndarray, training: np.ndarray) -> tuple[float, int]:
    """Return the distance of two pictures [32, 32] and the orientation, every motion tried in turn."""
    best, best_orientation = -1.0, 0
    steps = np.arange(26) - 12.5
    y, x = np.meshgrid(steps, steps, indexing="ij")
    for number, degrees, scale in itertools.product(range(8), (-4, -2, 0, 2, 4), (0.95, 1, 1.05)):
        turned = np.rot90(synthetic[:, ::-1] if number >= 4 else synthetic, number % 4)
        angle = np.radians(degrees)
        at = scale * (np.cos(angle) * y - np.sin(angle) * x), scale * (np.sin(angle) * y + np.cos(angle) * x)
        middle = map_coordinates(turned, [axis + 15.5 for axis in at], order=1)
        for top, left in itertools.product(range(7), range(7)):
            r = np.corrcoef(middle.ravel(), training[top : top + 26, left : left + 26].ravel())[0, 1]
            if r > best + 1e-9:
                best, best_orientation = float(r), number
    return float(np.sqrt(2 - 2 * best)), best_orientation


def test_distances_are_those_of_a_plain_search() -> None:
    synthetic, training = _pictures(4, 1), _pictures(5, 2)
    found = registered_distances(synthetic, training, np.array([[0, 1]]))
    small, fixed = small_grey(synthetic)[0].astype(float), small_grey(training).astype(float)
    plain = sorted((*_plain_distance(small, fixed[row]), row) for row in (0, 1))
    np.testing.assert_allclose(found.distances[0], [distance for distance, _, _ in plain], atol=1e-4)
    assert found.orientations[0].tolist() == [orientation for _, orientation, _ in plain]
    assert found.rows[0].tolist() == [row for _, _, row in plain]


def _cropped(image: np.ndarray) -> np.ndarray:
    return affine_transform(image, np.diag([0.95, 0.95, 1]), offset=(1.6, 1.6, 0), order=1)


ALTERED = {
    "as it is": lambda image: image,
    "mirrored left to right": lambda image: image[:, ::-1],
    "turned by 90 degrees": lambda image: np.rot90(image, -1),
    "shifted": lambda image: np.roll(image, (4, -3), axis=(0, 1)),
    "turned by 2 degrees": lambda image: rotate(image, 2, axes=(0, 1), reshape=False, order=1, mode="nearest"),
    "cropped": _cropped,
    "darker": lambda image: (image * 0.6).astype(np.uint8),
}


@pytest.mark.parametrize("kind", ALTERED)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_copy_is_nearest_to_its_original(kind: str, channels: int) -> None:
    training = _pictures(6, 30, channels=channels)
    copies = np.stack([ALTERED[kind](image) for image in training[:5]]).astype(np.uint8)
    found = registered_distances(copies, training, grey_candidates(copies, training, 10).rows)
    assert found.rows[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert (found.distances[:, 0] < 0.35).all()
    assert (found.distances[:, 1] > 0.6).all()
    if kind in ORIENTATIONS:
        assert {ORIENTATIONS[number] for number in found.orientations[:, 0]} == {kind}


def test_registration_is_what_brings_a_shifted_copy_near() -> None:
    training = _pictures(7, 30)
    shifted = np.roll(training[:5], (4, 4), axis=(1, 2))
    plain = grey_candidates(shifted, training, 10)
    registered = registered_distances(shifted, training, plain.rows)
    assert (registered.distances[:, 0] < 0.2 * plain.distances[:, 0]).all()


@pytest.mark.parametrize("size", [8, 28, 100])
def test_sizes_of_either_side_may_differ(size: int) -> None:
    training = _pictures(8, 6)
    other = _pictures(9, 3, size)
    found = registered_distances(other, training, np.tile(np.arange(6), (3, 1)))
    assert np.isfinite(found.distances).all()
    assert (found.distances >= 0).all()


def test_an_image_without_contrast_is_near_nothing() -> None:
    training = np.concatenate([_pictures(10, 2), np.full((1, 64, 64, 1), 7, np.uint8)])
    found = registered_distances(np.full((1, 64, 64, 1), 9, np.uint8), training, np.array([[0, 1, 2]]))
    assert found.distances[0] == pytest.approx([np.sqrt(2)] * 3)


@pytest.mark.parametrize(
    ("synthetic", "candidates", "says"),
    [
        (np.zeros((2, 8, 8, 1)), np.zeros((2, 1), int), "uint8"),
        (np.zeros((2, 8, 8, 2), np.uint8), np.zeros((2, 1), int), "1 or 3"),
        (np.zeros((2, 8, 8, 1), np.uint8), np.zeros((3, 1), int), r"candidates \[2, K\], not \(3, 1\)"),
        (np.zeros((2, 8, 8, 1), np.uint8), np.array([[0], [4]]), "rows 0 to 3 of the training images; given 0 to 4"),
    ],
)
def test_what_cannot_be_registered_is_refused(synthetic: np.ndarray, candidates: np.ndarray, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        registered_distances(synthetic, np.zeros((4, 8, 8, 1), np.uint8), candidates)
