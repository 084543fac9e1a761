"""Nearest neighbours in whichever of eight orientations is nearest: a mirrored copy is a copy.

The features of a turned image are in general others, so the caller gives them for every orientation; only the queries
are turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.neighbours import nearest
from qaugbench.orientations import ORIENTATIONS


@dataclass(frozen=True)
class OrientedNeighbours:
    """The k nearest references of each query: ``distances`` [N, k], ascending, ``rows`` [N, k], all different within a query,
    and ``orientations`` [N, k], indices of ``ORIENTATIONS``: how the query was turned at that distance."""

    distances: np.ndarray
    rows: np.ndarray
    orientations: np.ndarray


def oriented_nearest(queries: Sequence[np.ndarray], references: np.ndarray, k: int = 1) -> OrientedNeighbours:
    """Return the ``k`` references [M, D] that are nearest to each image in its best orientation.

    ``queries`` holds one table of features [N, D] per orientation, in the order of ``ORIENTATIONS``; one table alone leaves the
    images as they are. The distance to a reference is the smallest over orientations. Raises StatisticsError without a
    table, for tables of different shapes, and as ``neighbours.nearest``.

    >>> found = oriented_nearest([np.array([[9.0]]), np.array([[1.0]])], np.array([[0.0], [1.5]]), k=2)
    >>> found.distances.tolist(), found.rows.tolist(), found.orientations.tolist()
    ([[0.5, 1.0]], [[1, 0]], [[1, 1]])
    """
    if not 1 <= len(queries) <= len(ORIENTATIONS) or len({np.shape(table) for table in queries}) != 1:
        shapes = [np.shape(table) for table in queries]
        raise StatisticsError(f"Give one to eight tables of features, one per orientation and all alike, not {shapes}.")
    parts = [nearest(table, references, k) for table in queries]
    orientations = [np.full(part.rows.shape, number) for number, part in enumerate(parts)]
    return nearest_distinct(
        np.concatenate([part.distances for part in parts], axis=1),
        np.concatenate([part.rows for part in parts], axis=1),
        np.concatenate(orientations, axis=1),
        k,
    )


def nearest_distinct(distances: np.ndarray, rows: np.ndarray, orientations: np.ndarray, k: int) -> OrientedNeighbours:
    """Return the ``k`` nearest different rows of each query, of ``distances``, ``rows`` and ``orientations`` [N, J] in any order.

    A row that occurs several times counts at its smallest distance. The caller sees to it that k different rows occur.

    >>> nearest_distinct(np.array([[2.0, 1.0, 3.0]]), np.array([[7, 7, 8]]), np.array([[0, 4, 0]]), 2).distances.tolist()
    [[1.0, 3.0]]
    """
    order = np.lexsort((orientations, distances, rows))
    distances, rows, orientations = (np.take_along_axis(of, order, 1) for of in (distances, rows, orientations))
    again = np.zeros(rows.shape, dtype=bool)
    again[:, 1:] = rows[:, 1:] == rows[:, :-1]
    order = np.lexsort((rows, np.where(again, np.inf, distances)))[:, :k]
    return OrientedNeighbours(*(np.take_along_axis(of, order, 1) for of in (distances, rows, orientations)))
