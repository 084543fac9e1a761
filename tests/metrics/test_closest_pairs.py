"""The closest pairs against a search of all of them."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.closest_pairs import closest_pairs
from qaugbench.metrics.orientations import oriented_nearest
from qaugbench.orientations import oriented


def test_pairs_are_the_closest_of_all_in_their_orientation() -> None:
    rng = np.random.default_rng(1)
    training = rng.integers(0, 256, (15, 4, 4, 1)).astype(float)
    synthetic = rng.integers(0, 256, (40, 4, 4, 1)).astype(float)
    synthetic[33] = oriented(training[2:3], 2, axes=(1, 2))[0] + 1.0
    tables = [oriented(synthetic, number, axes=(1, 2)).reshape(40, -1) for number in range(8)]
    pairs = closest_pairs(oriented_nearest(tables, training.reshape(15, -1), 3))
    distances = np.stack([np.linalg.norm(table[:, None] - training.reshape(15, -1), axis=2) for table in tables])
    expected = np.argsort(distances.min(axis=(0, 2)))[:20]
    assert [pair.synthetic for pair in pairs] == expected.tolist()
    for pair in pairs:
        assert pair.distance == pytest.approx(distances[:, pair.synthetic].min(), rel=1e-5)
        assert pair.distance == pytest.approx(distances[pair.orientation, pair.synthetic, pair.training], rel=1e-5)
    assert (pairs[0].synthetic, pairs[0].training, pairs[0].turned) == (33, 2, "turned by 180 degrees")
    assert pairs[0].distance == pytest.approx(4.0)


def test_a_repeated_training_image_is_shown_for_every_copy() -> None:
    training = np.array([[0.0], [10.0]])
    pairs = closest_pairs(oriented_nearest([np.zeros((5, 1))], training), count=3)
    assert [(pair.synthetic, pair.training, pair.distance) for pair in pairs] == [(0, 0, 0), (1, 0, 0), (2, 0, 0)]


def test_no_pairs_cannot_be_shown() -> None:
    with pytest.raises(StatisticsError, match="given 0"):
        closest_pairs(oriented_nearest([np.zeros((2, 1))], np.zeros((3, 1))), count=0)
