"""Nearest neighbours among feature vectors, in chunks: the one search that coverage, copies and membership share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError

CHUNK_VALUES = 2**24
"""Products held at once: 64 MiB of float32."""
SPARE = 4
"""Candidates beyond k that are measured exactly: rounding may swap neighbours at almost one distance."""


ROUNDING = 8 * float(np.finfo(np.float32).eps)
"""Rounding of a matrix product, relative to the product of the two lengths and the root of their number of values."""


@dataclass(frozen=True)
class Neighbours:
    """The k nearest references of each query: Euclidean ``distances`` [N, k], ascending, and ``rows`` [N, k]."""

    distances: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Chunk:
    """Squared distances [rows, M] of the queries from row ``start`` on to all references, right to rounding.

    Entry (i, j) is off by at most ``query_slack[i]`` + ``reference_slack[j]``.
    """

    start: int
    squared: np.ndarray
    query_slack: np.ndarray
    reference_slack: np.ndarray


def nearest(queries: np.ndarray, references: np.ndarray, k: int = 1, *, same: bool = False) -> Neighbours:
    """Return the ``k`` nearest of ``references`` [M, D] for each of ``queries`` [N, D], by Euclidean distance.

    ``same`` says that queries are the references, row for row, so no row is its own neighbour. Candidates are found by one matrix
    product per chunk and their distances computed anew from differences, so equal rows are at distance 0 exactly. Raises
    StatisticsError for values that are not finite, for other shapes and for fewer than ``k`` references (``k`` + 1 with ``same``).

    >>> found = nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]), k=2)
    >>> found.distances.tolist(), found.rows.tolist()
    ([[1.0, 5.0]], [[1, 0]])
    """
    queries, references = checked_rows(queries, references, k + same)
    candidates = min(k + SPARE + same, len(references))
    parts = [
        _of_chunk(chunk, queries, references, k, candidates, same=same)
        for chunk in squared_distances(queries, references)
    ]
    return Neighbours(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("distances", "rows")))


def squared_distances(queries: np.ndarray, references: np.ndarray) -> Iterator[Chunk]:
    """Yield the squared distances of all ``queries`` [N, D] to all ``references`` [M, D], float32, some queries at a time.

    From one matrix product, so equal rows may be a little apart, or below 0. The next chunk overwrites the last.
    """
    centre = references.mean(axis=0, dtype=np.float64)  # where the mean is large, its square would use up the digits
    queries, references = (np.asarray(rows - centre, np.float32) for rows in (queries, references))
    norms, own = (np.einsum("nd,nd->n", rows, rows) for rows in (references, queries))
    rounding = np.float32(ROUNDING * np.sqrt(queries.shape[1]))
    step = max(1, CHUNK_VALUES // len(references))
    buffer = np.empty((min(step, len(queries)), len(references)), np.float32)
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        squared = np.matmul(-2 * queries[rows], references.T, out=buffer[: len(own[rows])])
        squared += norms
        squared += own[rows, None]
        yield Chunk(start, squared, rounding * own[rows], rounding * norms)


def distances(queries: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances of ``queries`` [..., D] and ``references`` [..., D], from differences in float64."""
    return np.linalg.norm(references.astype(np.float64) - queries.astype(np.float64), axis=-1)


def _of_chunk(
    chunk: Chunk, queries: np.ndarray, references: np.ndarray, k: int, candidates: int, *, same: bool
) -> Neighbours:
    """Return the neighbours of a chunk's queries among the ``candidates`` that its distances put first."""
    closeness = chunk.squared
    queries = queries[chunk.start : chunk.start + len(closeness)]
    if candidates < len(references):
        rows = np.argpartition(closeness, candidates - 1, axis=1)[:, :candidates]
    else:
        rows = np.broadcast_to(np.arange(len(references)), closeness.shape)
    exact = np.stack([distances(query, references[found]) for query, found in zip(queries, rows, strict=True)])
    if same:
        exact[rows == chunk.start + np.arange(len(queries))[:, None]] = np.inf
    order = np.lexsort((rows, exact))[:, :k]
    return Neighbours(np.take_along_axis(exact, order, 1), np.take_along_axis(rows, order, 1).astype(np.int64))


def checked_rows(queries: np.ndarray, references: np.ndarray, needed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float32; raise StatisticsError as ``nearest`` does where fewer than ``needed`` references are given."""
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
