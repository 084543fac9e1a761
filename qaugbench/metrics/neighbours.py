"""Nearest neighbours among feature vectors, in chunks: the one search that coverage, copies and membership share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError

CHUNK_VALUES = 2**24
"""Products held at once: 64 MiB of float32."""
SPARE = 4
"""Candidates beyond k that are measured exactly: rounding may swap neighbours at almost one distance."""


@dataclass(frozen=True)
class Neighbours:
    """The k nearest references of each query: Euclidean ``distances`` [N, k], ascending, and ``rows`` [N, k]."""

    distances: np.ndarray
    rows: np.ndarray


def nearest(queries: np.ndarray, references: np.ndarray, k: int = 1, *, same: bool = False) -> Neighbours:
    """Return the ``k`` nearest of ``references`` [M, D] for each of ``queries`` [N, D], by Euclidean distance.

    ``same`` says that queries are the references, row for row, so no row is its own neighbour. Candidates are found by one matrix
    product per chunk and their distances computed anew from differences, so equal rows are at distance 0 exactly. Raises
    StatisticsError for values that are not finite, for other shapes and for fewer than ``k`` references (``k`` + 1 with ``same``).

    >>> found = nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]), k=2)
    >>> found.distances.tolist(), found.rows.tolist()
    ([[1.0, 5.0]], [[1, 0]])
    """
    queries, references = _checked(queries, references, k + same)
    norms = np.einsum("md,md->m", references, references)
    candidates = min(k + SPARE + same, len(references))
    rows = max(1, CHUNK_VALUES // len(references))
    parts = [
        _chunk(queries[start : start + rows], references, norms, k, candidates, start if same else None)
        for start in range(0, len(queries), rows)
    ]
    return Neighbours(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("distances", "rows")))


def _chunk(
    queries: np.ndarray, references: np.ndarray, norms: np.ndarray, k: int, candidates: int, start: int | None
) -> Neighbours:
    """Return the neighbours of some queries; ``start`` is their first row among the references, None where they are others."""
    closeness = norms - 2 * (queries @ references.T)  # squared distances but for each query's own norm
    if candidates < len(references):
        rows = np.argpartition(closeness, candidates - 1, axis=1)[:, :candidates]
    else:
        rows = np.broadcast_to(np.arange(len(references)), closeness.shape)
    exact = np.stack([_distances(query, references[found]) for query, found in zip(queries, rows, strict=True)])
    if start is not None:
        exact[rows == start + np.arange(len(queries))[:, None]] = np.inf
    order = np.lexsort((rows, exact))[:, :k]
    return Neighbours(np.take_along_axis(exact, order, 1), np.take_along_axis(rows, order, 1).astype(np.int64))


def _distances(query: np.ndarray, references: np.ndarray) -> np.ndarray:
    return np.linalg.norm(references.astype(np.float64) - query.astype(np.float64), axis=1)


def _checked(queries: np.ndarray, references: np.ndarray, needed: int) -> tuple[np.ndarray, np.ndarray]:
    queries, references = np.asarray(queries, np.float32), np.asarray(references, np.float32)
    if queries.ndim != 2 or references.ndim != 2 or queries.shape[1] != references.shape[1]:
        raise StatisticsError(
            f"Features must be two tables of one width, not {queries.shape} and {references.shape}: take one extractor."
        )
    if not (np.isfinite(queries).all() and np.isfinite(references).all()):
        raise StatisticsError("Features hold values that are not finite: look at their images.")
    if len(references) < needed:
        raise StatisticsError(
            f"{len(references)} references are too few for {needed} neighbours each: give more images."
        )
    return queries, references
