"""The synthetic images that are closest to a training image, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.orientations import OrientedNeighbours
from qaugbench.orientations import ORIENTATIONS

N_SHOWN = 20


@dataclass(frozen=True)
class ClosePair:
    """Rows of a synthetic and a training image, their ``distance``, and how the synthetic one was turned at that distance."""

    synthetic: int
    training: int
    distance: float
    orientation: int

    @property
    def turned(self) -> str:
        """The orientation in words."""
        return ORIENTATIONS[self.orientation]


def closest_pairs(found: OrientedNeighbours, count: int = N_SHOWN) -> list[ClosePair]:
    """Return at most ``count`` pairs, closest first: each synthetic image once, with its nearest training image.

    ``found`` comes from ``orientations.oriented_nearest``, or from ``registration.registered_distances`` for pairs by pixels. A
    training image occurs as often as it is the nearest, so a set that repeats one of them shows it. Pairs at one distance are
    in the order of the synthetic images. Raises StatisticsError for a count below 1.

    >>> found = OrientedNeighbours(np.array([[3.0], [1.0]]), np.array([[7], [8]]), np.array([[0], [4]]))
    >>> [(pair.synthetic, pair.training, pair.distance, pair.turned) for pair in closest_pairs(found)]
    [(1, 8, 1.0, 'mirrored left to right'), (0, 7, 3.0, 'as it is')]
    """
    if count < 1:
        raise StatisticsError(f"At least one pair is shown; given {count}.")
    nearest = found.distances[:, 0]
    return [
        ClosePair(int(row), int(found.rows[row, 0]), float(nearest[row]), int(found.orientations[row, 0]))
        for row in np.argsort(nearest, kind="stable")[:count]
    ]
