"""The fills of the control arms against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import DataError
from qaugbench.experiment.fills import (
    FEWEST,
    class_mean_and_noise,
    copied_images,
    lower_resolution,
    mean_and_deviation,
    shuffled_labels,
)

A, B, BOTH, NONE = (1, 0), (0, 1), (1, 1), (0, 0)


def flat(*levels: int) -> np.ndarray:
    """Return 2 x 2 grey images, each of one level."""
    return np.broadcast_to(np.array(levels, np.uint8)[:, None, None, None], (len(levels), 2, 2, 1)).copy()


def labelled(*vectors: tuple[int, int]) -> np.ndarray:
    return np.array(vectors, dtype=np.float32)


def moments(images: np.ndarray, labels: np.ndarray, vector: tuple[int, int]) -> tuple[float, float]:
    mean, deviation = mean_and_deviation(images, labels, labelled(vector)[0])
    assert mean.shape == deviation.shape == images.shape[1:]
    assert np.ptp(mean) == np.ptp(deviation) == 0
    return float(mean.flat[0]), float(deviation.flat[0])


def test_mean_and_deviation_are_those_of_the_images_with_exactly_this_vector() -> None:
    images, labels = flat(10, 20, 30, 40, 50, 200), labelled(A, A, A, A, A, BOTH)
    assert moments(images, labels, A) == (30.0, pytest.approx(np.sqrt(200.0)))


def test_a_rare_combination_falls_back_to_its_labels_one_by_one() -> None:
    images, labels = flat(10, 30, 110, 150, 100), labelled(A, A, B, B, BOTH)
    of_a, of_b = np.array([10, 30, 100]), np.array([110, 150, 100])
    mean, deviation = moments(images, labels, BOTH)
    assert mean == pytest.approx((of_a.mean() + of_b.mean()) / 2)
    assert deviation == pytest.approx(np.sqrt((of_a.var() + of_b.var()) / 2))


def test_rare_images_without_a_label_fall_back_to_all_images() -> None:
    images, labels = flat(10, 30, 50), labelled(A, B, NONE)
    assert moments(images, labels, NONE) == (30.0, pytest.approx(np.array([10, 30, 50]).std()))


def test_a_small_class_keeps_its_own_mean() -> None:
    images, labels = flat(10, 30, *[200] * FEWEST), labelled(A, A, *[B] * FEWEST)
    assert moments(images, labels, A) == (20.0, 10.0)


def test_a_label_that_no_image_has_is_refused() -> None:
    with pytest.raises(DataError, match="no mean image"):
        mean_and_deviation(flat(1, 2), labelled(A, A), labelled(B)[0])


def test_noise_has_the_class_s_mean_and_spread_and_the_wanted_labels() -> None:
    images, labels = flat(90, 110, *[100] * FEWEST), labelled(A, A, *[B] * FEWEST)
    wanted = labelled(*[A] * 400, *[B] * 4)
    made, given = class_mean_and_noise(images, labels, wanted, seed=3)
    assert made.dtype == np.uint8
    assert (given == wanted).all()
    values = made[:400].astype(float)
    assert values.mean() == pytest.approx(100.0, abs=4 * 10 / np.sqrt(1600))
    assert values.std() == pytest.approx(10.0, rel=0.1)
    assert (made[400:] == 100).all()  # a class without spread has none to add
    assert (made == class_mean_and_noise(images, labels, wanted, seed=3)[0]).all()
    assert (made != class_mean_and_noise(images, labels, wanted, seed=4)[0]).any()


def test_noise_stays_within_eight_bits() -> None:
    images = flat(0, 255, 0, 255, 0, 255)
    made, _ = class_mean_and_noise(images, labelled(*[A] * 6), labelled(*[A] * 50), seed=0)
    assert {0, 255} <= set(made.ravel().tolist())


def test_shuffling_keeps_the_images_and_the_multiset_of_label_vectors() -> None:
    images, labels = flat(*range(40)), labelled(*[A] * 10, *[B] * 20, *[BOTH] * 10)
    same, shuffled = shuffled_labels(images, labels, seed=1)
    assert (same == images).all()
    assert sorted(map(tuple, shuffled)) == sorted(map(tuple, labels))
    assert (shuffled != labels).any()


def test_one_pixel_is_the_rounded_mean() -> None:
    image = np.array([[0, 10], [20, 32]], np.uint8)[None, :, :, None]
    made, labels = lower_resolution(image, labelled(A), side=1)
    assert made.ravel().tolist() == [16, 16, 16, 16]  # 15.5, rounded to 8 bits when it is stored at one pixel
    assert (labels == labelled(A)).all()


def test_what_is_constant_stays_and_what_is_finer_than_the_side_is_lost() -> None:
    board = np.indices((8, 8)).sum(axis=0) % 2 * 200
    images = np.stack([np.full((8, 8, 3), 77), np.repeat(board[:, :, None], 3, axis=2)]).astype(np.uint8)
    made, _ = lower_resolution(images, labelled(A, B), side=4)
    assert (made[0] == 77).all()
    assert (made[1] == 100).all()  # every pixel of the small image averages two black and two bright ones


@pytest.mark.parametrize("side", [0, 2, 3])
def test_a_side_that_loses_nothing_is_refused(side: int) -> None:
    with pytest.raises(DataError, match=f"given {side}"):
        lower_resolution(flat(1), labelled(A), side)


def test_copies_are_real_images_of_exactly_the_wanted_labels() -> None:
    images, labels = flat(*range(30)), labelled(*[A] * 10, *[B] * 10, *[BOTH] * 10)
    wanted = labelled(*[BOTH, A, B] * 60)
    made, given = copied_images(images, labels, wanted, seed=5)
    rows = made[:, 0, 0, 0]
    assert (given == wanted).all()
    assert (labels[rows] == wanted).all()
    assert set(rows.tolist()) == set(
        range(30)
    )  # 60 draws from 10: one that never comes has probability 30 * .9^60 = .05
    assert (rows == copied_images(images, labels, wanted, seed=5)[0][:, 0, 0, 0]).all()


def test_a_vector_that_no_image_has_cannot_be_copied() -> None:
    with pytest.raises(DataError, match="label vectors"):
        copied_images(flat(1), labelled(A), labelled(BOTH), seed=0)
