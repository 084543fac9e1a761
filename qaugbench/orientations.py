"""The eight orientations of a square picture."""

from __future__ import annotations

import numpy as np

from qaugbench.errors import StatisticsError

ORIENTATIONS = (
    "as it is",
    "turned by 90 degrees",
    "turned by 180 degrees",
    "turned by 270 degrees",
    "mirrored left to right",
    "mirrored left to right, turned by 90 degrees",
    "mirrored top to bottom",
    "mirrored left to right, turned by 270 degrees",
)


def oriented(pictures: np.ndarray, orientation: int, *, axes: tuple[int, int] = (-2, -1)) -> np.ndarray:
    """Return square ``pictures``, whose rows and columns are ``axes``, in one orientation.

    From 4 on they are mirrored left to right, then turned by 90 degrees counter-clockwise ``orientation`` modulo 4 times.
    Raises StatisticsError for pictures that are not square.

    >>> oriented(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 4], [1, 2]]
    """
    rows, columns = axes
    if pictures.shape[rows] != pictures.shape[columns]:
        raise StatisticsError(f"Only square pictures have eight orientations; given {pictures.shape}.")
    mirrored = np.flip(pictures, columns) if orientation >= 4 else pictures
    return np.rot90(mirrored, orientation % 4, axes=axes)
