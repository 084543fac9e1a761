"""Precision, recall, density and coverage: how two sets of features overlap, by balls around images.

Each image of a set has a ball, as large as the distance to its k-th nearest neighbour in its own set; the union of the balls
stands for the region that the set covers. Higher is better. Even two sets of real images do not reach 1, so a value is read
against theirs at the same numbers of images (``Overlap.over``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.neighbours import CHUNK_VALUES, Chunk, checked_rows, distances, nearest, squared_distances

NEIGHBOURS = 5
"""k of Naeem et al. 2020; Kynkäänniemi et al. 2019 take 3."""
LEAST_PER_NEIGHBOUR = 4
"""Images of each set for each of the k: with fewer, one ball holds more than a quarter of its set."""


@dataclass(frozen=True)
class Overlap:
    """How two sets overlap: ``precision``, ``recall`` and ``coverage`` in [0, 1], ``density`` 0 or more and about 1 if alike."""

    precision: float
    recall: float
    density: float
    coverage: float
    k: int
    n_real: int
    n_synthetic: int

    def over(self, ceiling: Overlap) -> Overlap:
        """Return the four as ratios to those of two real sets; StatisticsError for another k, other n or a ceiling of 0."""
        sizes = [(one.k, one.n_real, one.n_synthetic) for one in (self, ceiling)]
        if sizes[0] != sizes[1]:
            raise StatisticsError(
                f"An overlap compares with a ceiling of the same k and numbers of images; given {sizes[0]} and {sizes[1]}."
            )
        names = ("precision", "recall", "density", "coverage")
        nothing = [name for name in names if getattr(ceiling, name) == 0]
        if nothing:
            raise StatisticsError(f"Two real sets have {nothing[0]} 0, so there is no ratio to it: give more images.")
        return replace(self, **{name: getattr(self, name) / getattr(ceiling, name) for name in names})


def overlap(real: np.ndarray, synthetic: np.ndarray, k: int = NEIGHBOURS) -> Overlap:
    """Return the overlap of ``synthetic`` [m, d] with ``real`` [n, d].

    Precision: the share of synthetic images in any real image's ball; recall: of real images in any synthetic ball
    (Kynkäänniemi et al. 2019, equations 1 and 2). Density: real balls around a synthetic image, on average, over k; coverage:
    the share of real balls with a synthetic image (Naeem et al. 2020, equations 3 and 4). A ball contains its border. Raises
    StatisticsError for features as in ``nearest`` and fewer than 4 k images of a set.

    >>> real, far = np.random.default_rng(0).normal(size=(2, 40, 3))
    >>> found = overlap(real, far + 100.0)
    >>> found.precision, found.recall, found.density, found.coverage
    (0.0, 0.0, 0.0, 0.0)
    """
    real, synthetic = checked_rows(real, synthetic, 0)
    _refuse_few(len(real), len(synthetic), k)
    real_radii, synthetic_radii = (nearest(rows, rows, k, same=True).distances[:, -1] for rows in (real, synthetic))
    balls_around, recalled, covered = [], np.zeros(len(real), bool), np.zeros(len(real), bool)
    for chunk in squared_distances(synthetic, real):
        part = slice(chunk.start, chunk.start + len(chunk.squared))
        in_real = _inside(chunk, synthetic[part], real, real_radii[None])
        recalled |= _inside(chunk, synthetic[part], real, synthetic_radii[part, None]).any(axis=0)
        covered |= in_real.any(axis=0)
        balls_around.append(in_real.sum(axis=1))
    around = np.concatenate(balls_around)
    return Overlap(
        precision=float((around > 0).mean()),
        recall=float(recalled.mean()),
        density=float(around.mean() / k),
        coverage=float(covered.mean()),
        k=k,
        n_real=len(real),
        n_synthetic=len(synthetic),
    )


def _inside(chunk: Chunk, queries: np.ndarray, references: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Return which pairs [rows, M] are within ``radii`` (shaped [1, M] or [rows, 1]); where rounding could decide, exactly."""
    gap = chunk.squared - np.square(radii).astype(np.float32)
    inside = gap <= 0
    np.abs(gap, out=gap)
    gap -= chunk.reference_slack
    rows, columns = np.nonzero(gap <= chunk.query_slack[:, None])
    limits = np.broadcast_to(radii, inside.shape)
    step = max(1, CHUNK_VALUES // (4 * references.shape[1]))
    for start in range(0, len(rows), step):
        i, j = rows[start : start + step], columns[start : start + step]
        inside[i, j] = distances(queries[i], references[j]) <= limits[i, j]
    return inside


def _refuse_few(n_real: int, n_synthetic: int, k: int) -> None:
    if k < 1:
        raise StatisticsError(f"Balls reach to the k-th neighbour, k at least 1; given {k}.")
    if min(n_real, n_synthetic) < LEAST_PER_NEIGHBOUR * k:
        raise StatisticsError(
            f"Precision, recall, density and coverage with k = {k} need {LEAST_PER_NEIGHBOUR * k} images of each set; "
            f"given {n_real} real and {n_synthetic} synthetic."
        )
