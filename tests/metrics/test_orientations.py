"""Eight orientations that are all different, and neighbours over orientations against a plain search."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from qaugbench.errors import StatisticsError
from qaugbench.metrics.neighbours import nearest
from qaugbench.metrics.orientations import oriented_nearest
from qaugbench.orientations import ORIENTATIONS, oriented


def test_orientations_are_those_of_pillow_and_all_different() -> None:
    image = np.random.default_rng(1).integers(0, 256, (5, 5), dtype=np.uint8)
    for number, name in enumerate(ORIENTATIONS):
        expected = Image.fromarray(image)
        if "left to right" in name:
            expected = ImageOps.mirror(expected)
        if "top to bottom" in name:
            expected = ImageOps.flip(expected)
        degrees = int(name.partition("turned by ")[2].partition(" ")[0] or 0)
        assert (oriented(image, number) == np.asarray(expected.rotate(degrees))).all()
    assert len({oriented(image, number).tobytes() for number in range(8)}) == 8


def test_rows_and_columns_may_be_any_axes() -> None:
    images = np.random.default_rng(1).integers(0, 256, (3, 5, 5, 2), dtype=np.uint8)
    for number in range(8):
        turned = oriented(images, number, axes=(1, 2))
        assert (turned[..., 1] == oriented(images[..., 1], number)).all()


def test_images_that_are_not_square_are_refused() -> None:
    with pytest.raises(StatisticsError, match=r"square.*\(2, 3, 4, 1\)"):
        oriented(np.zeros((2, 3, 4, 1)), 1, axes=(1, 2))


def test_neighbours_are_the_smallest_distances_over_orientations() -> None:
    rng = np.random.default_rng(2)
    tables, references = rng.normal(size=(8, 6, 4)), rng.normal(size=(30, 4))
    found = oriented_nearest(list(tables), references, 5)
    distances = np.linalg.norm(tables[:, :, None] - references[None, None], axis=3)
    rows = np.argsort(distances.min(axis=0), axis=1)[:, :5]
    assert found.rows.tolist() == rows.tolist()
    np.testing.assert_allclose(found.distances, np.take_along_axis(distances.min(axis=0), rows, 1), rtol=1e-5)
    assert found.orientations.tolist() == np.take_along_axis(distances.argmin(axis=0), rows, 1).tolist()


def test_one_orientation_is_the_plain_search() -> None:
    rng = np.random.default_rng(3)
    queries, references = rng.normal(size=(9, 4)), rng.normal(size=(30, 4))
    plain, found = nearest(queries, references, 30), oriented_nearest([queries], references, 30)
    assert (found.distances == plain.distances).all()
    assert (found.rows == plain.rows).all()
    assert (found.orientations == 0).all()


def test_a_mirrored_image_is_found_as_such() -> None:
    images = np.random.default_rng(4).integers(0, 256, (12, 6, 6, 1), dtype=np.uint8)
    tables = [oriented(images[3:4, :, ::-1], number, axes=(1, 2)).reshape(1, -1) for number in range(8)]
    found = oriented_nearest(tables, images.reshape(12, -1))
    assert (found.distances[0, 0], found.rows[0, 0]) == (0, 3)
    assert ORIENTATIONS[found.orientations[0, 0]] == "mirrored left to right"


@pytest.mark.parametrize("tables", [[], [np.zeros((2, 3)), np.zeros((1, 3))], [np.zeros((2, 3))] * 9])
def test_tables_that_are_not_orientations_of_one_set_are_refused(tables: list[np.ndarray]) -> None:
    with pytest.raises(StatisticsError, match="one per orientation"):
        oriented_nearest(tables, np.zeros((4, 3)))
