"""Two published tests of copying, reported beside the primary one (``copies``): C_T and AuthPct.

Both ask only whether synthetic images are near to training images, so a generator that keeps to the middle of the data looks
like one that copies (Stein et al. 2023). They describe; they decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from qaugbench.errors import StatisticsError
from qaugbench.metrics.neighbours import nearest
from qaugbench.metrics.shares import Share, share

LEAST_IN_CELL = 20
"""Held-out and synthetic images that a cell needs, of each."""
TRAINING_PER_CELL = 50
LEAST_IMAGES = 20


@dataclass(frozen=True)
class DataCopying:
    """C_T: ``z``, negative where synthetic images are nearer to training images than held-out ones are; its standard error is 1.

    ``nearer`` in [0, 1] is the chance that a synthetic image is the nearer of two, .5 if honest. ``cells_z`` is the mean of z over
    the ``n_used`` of ``n_cells`` cells with enough images, weighted by their held-out images, and ``cells_error`` its standard
    error for an honest generator; both are None without such a cell.
    """

    z: float
    nearer: float
    cells_z: float | None
    cells_error: float | None
    n_cells: int
    n_used: int
    n: int
    n_held_out: int


@dataclass(frozen=True)
class Authenticity:
    """AuthPct: the ``synthetic`` share of authentic images, that of ``held_out`` real ones, and their ``difference`` with its 95 %
    interval; below 0 where synthetic images are nearer to training images than honest ones are."""

    synthetic: Share
    held_out: Share
    difference: float
    ci_low: float
    ci_high: float

    @property
    def ratio(self) -> float | None:
        """Synthetic over held-out, 1 if honest; None where no held-out image is authentic."""
        return self.synthetic.rate / self.held_out.rate if self.held_out.count else None


def data_copying(
    synthetic: np.ndarray,
    held_out: np.ndarray,
    training: np.ndarray,
    rng: np.random.Generator,
    n_cells: int | None = None,
) -> DataCopying:
    """Return C_T of features ``synthetic`` [N, D] against ``held_out`` [M, D], by their distances to ``training`` [T, D].

    The z-score of Mann and Whitney's test of the two sets of distances; and its mean over the cells of a k-means partition of the
    training images, ``n_cells`` or one for every 50 of them. Cells with fewer than 20 images of either kind are left out.
    Raises StatisticsError below 20 images of any kind and as ``neighbours.nearest``. Meehan, Chaudhuri & Dasgupta 2020.
    """
    _check_counts(synthetic=synthetic, held_out=held_out, training=training)
    n_cells = max(1, len(training) // TRAINING_PER_CELL) if n_cells is None else n_cells
    if not 1 <= n_cells <= len(training):
        raise StatisticsError(f"{len(training)} training images cannot be divided into {n_cells} cells.")
    of_synthetic, of_held_out = (nearest(of, training).distances[:, 0] for of in (synthetic, held_out))
    scores, weights = [], []
    for mine, theirs in _cells(synthetic, held_out, training, rng, n_cells):
        if min(mine.sum(), theirs.sum()) >= LEAST_IN_CELL:
            scores.append(farther_z(of_synthetic[mine], of_held_out[theirs]))
            weights.append(float(theirs.sum()))
    total = sum(weights)
    return DataCopying(
        z=farther_z(of_synthetic, of_held_out),
        nearer=1 - _farther(of_synthetic, of_held_out),
        cells_z=float(np.dot(scores, weights) / total) if scores else None,
        cells_error=float(np.linalg.norm(weights) / total) if scores else None,
        n_cells=n_cells,
        n_used=len(scores),
        n=len(synthetic),
        n_held_out=len(held_out),
    )


def authenticity(synthetic: np.ndarray, held_out: np.ndarray, training: np.ndarray) -> Authenticity:
    """Return AuthPct of features ``synthetic`` [N, D], and of ``held_out`` [M, D] real images beside it, given ``training`` [T, D].

    An image is authentic if it is farther from its nearest training image than that one is from its nearest other. How many honest
    images are depends on D and T, so only the difference says anything; it does not depend on N, and its interval is
    Newcombe's (1998, method 10). Raises StatisticsError as ``data_copying``. Alaa et al. 2022.
    """
    _check_counts(synthetic=synthetic, held_out=held_out, training=training)
    apart = nearest(training, training, same=True).distances[:, 0]
    one, other = _authentic(synthetic, training, apart), _authentic(held_out, training, apart)
    difference = one.rate - other.rate
    low = difference - np.hypot(one.rate - one.ci_low, other.ci_high - other.rate)
    high = difference + np.hypot(one.ci_high - one.rate, other.rate - other.ci_low)
    return Authenticity(one, other, difference, float(low), float(high))


def farther_z(values: np.ndarray, others: np.ndarray) -> float:
    """Return the z-score of Mann and Whitney's U: above 0 where ``values`` [N] tend to be larger than ``others`` [M].

    Ties count one half and reduce the variance; 0 if all values are equal.

    >>> farther_z(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == -farther_z(np.array([3.0, 4.0]), np.array([1.0, 2.0])) < 0
    True
    """
    n, m = len(values), len(others)
    _, ties = np.unique(np.concatenate([values, others]), return_counts=True)
    total = n + m
    variance = n * m / 12 * (total + 1 - (ties.astype(float) ** 3 - ties).sum() / (total * (total - 1)))
    if variance <= 0:
        return 0.0
    return float(n * m * (_farther(values, others) - 0.5) / np.sqrt(variance))


def _farther(values: np.ndarray, others: np.ndarray) -> float:
    """Return the chance that one of ``values`` is larger than one of ``others``, ties counting one half."""
    n, m = len(values), len(others)
    ranks = rankdata(np.concatenate([values, others]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def _cells(
    synthetic: np.ndarray, held_out: np.ndarray, training: np.ndarray, rng: np.random.Generator, n_cells: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each cell of a partition of the training images, which synthetic and which held-out images are in it."""
    from sklearn.cluster import KMeans

    partition = KMeans(n_cells, n_init=3, random_state=int(rng.integers(2**31))).fit(np.asarray(training, np.float64))
    mine, theirs = (partition.predict(np.asarray(of, np.float64)) for of in (synthetic, held_out))
    return [(mine == cell, theirs == cell) for cell in range(n_cells)]


def _authentic(features: np.ndarray, training: np.ndarray, apart: np.ndarray) -> Share:
    found = nearest(features, training)
    return share(int((found.distances[:, 0] > apart[found.rows[:, 0]]).sum()), len(features))


def _check_counts(**features: np.ndarray) -> None:
    for kind, of in features.items():
        if len(of) < LEAST_IMAGES:
            raise StatisticsError(
                f"Memorisation is measured on at least {LEAST_IMAGES} {kind.replace('_', '-')} images; given {len(of)}."
            )
